"""pyarrow, which reads the tables; an extra."""

from collections.abc import Iterator
from contextlib import contextmanager

try:
    import pyarrow as pa
    from pyarrow import compute, csv, ipc, parquet, types
except ImportError as error:
    raise ImportError("tables need pyarrow: pip install 'fastopt[data]'") from error

__all__ = ["compute", "csv", "ipc", "pa", "parquet", "reading", "types"]


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Name the file in what pyarrow says of one that it cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # there is no such file
        raise ValueError(f"{name}: {error}") from error
