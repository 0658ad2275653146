"""Files that are read as a whole before they are taken apart."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from perfkit.errors import ImportFormatError

__all__ = ["LARGEST", "load_bytes", "load_text"]

LARGEST = 1 << 30  # bytes that an archive may unpack to


def load_bytes(source: str | Path | bytes) -> tuple[str, bytes]:
    """Read a file (``.gz`` is unpacked); bytes are given back as they are.

    Returns
    -------
    tuple of (str, bytes)
        What messages call the source, and what it holds.

    Raises
    ------
    ImportFormatError
        When the file can't be read, or unpacks to more than `LARGEST` bytes.
    """
    if isinstance(source, bytes):
        return "bytes", source
    path = Path(source)
    try:
        if path.suffix != ".gz":
            return str(path), path.read_bytes()
        with gzip.open(path) as archive:
            data = archive.read(LARGEST + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ImportFormatError(
            f"{path}: must be a whole, undamaged file of its format: {error}; export it again"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise ImportFormatError(f"{path}: must be a readable file: {reason}") from error
    if len(data) > LARGEST:
        raise ImportFormatError(
            f"{path}: must unpack to at most {LARGEST:,} bytes; unpack it yourself, and give "
            "the file"
        )
    return str(path), data


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
