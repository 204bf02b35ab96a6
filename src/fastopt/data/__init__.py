"""Sources of rows: files that people have, on data larger than memory, and blocks from Python."""

from fastopt.data.open import open_source
from fastopt.data.source import Block, Source

__all__ = ["Block", "Source", "open_source"]
