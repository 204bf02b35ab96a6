"""A model from its file, and data as it was trained on."""

from typing import Any

from fastopt.cli.options import check_format


def opened(path: str, data: str, given: dict[str, Any]) -> tuple[Any, Any]:
    """Return the model of a file, and the source of data that have the columns it was trained on;
    what is `given` are further arguments of `open_source`.
    """
    import fastopt
    from fastopt.data import open_source

    check_format(data, given)
    model = fastopt.load(path)
    schema = getattr(model, "source_schema_", None)
    if schema is not None:
        given = {"like": schema, **given}
    source = open_source(data, **given)
    return model, source
