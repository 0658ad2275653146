"""Files that are read as a whole before they are taken apart."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from perfkit.errors import ImportFormatError

__all__ = ["load_bytes", "load_text"]


def load_bytes(source: str | Path | bytes) -> tuple[str, bytes]:
    """Read a file (``.gz`` is unpacked); bytes are given back as they are.

    Returns
    -------
    tuple of (str, bytes)
        What messages call the source, and what it holds.

    Raises
    ------
    ImportFormatError
        When the file can't be read.
    """
    if isinstance(source, bytes):
        return "bytes", source
    path = Path(source)
    try:
        data = path.read_bytes()
        return str(path), gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFormatError(f"{path}: must be a readable file: {error}") from error


def load_text(source: str | Path | bytes) -> tuple[str, str]:
    """Read a file as UTF-8, with or without a BOM.

    Raises
    ------
    ImportFormatError
        When the file can't be read or is no such text.
    """
    name, data = load_bytes(source)
    try:
        return name, data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFormatError(
            f"{name}: must be text in UTF-8: {error}; save it in that encoding"
        ) from error
