"""JSON files of a venue's API: read whole, and handed on as rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from perfkit.errors import ImportFormatError, UnreadableCellError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["JsonSource", "child", "children", "is_json", "json_objects", "load_json", "source_name"]

JsonSource: TypeAlias = "str | Path | Sequence[dict[str, Any]] | dict[str, Any]"


def source_name(source: JsonSource) -> str:
    """Name a source in messages: its file, or what it is."""
    return str(source) if isinstance(source, (str, Path)) else "objects"


def is_json(source: JsonSource | pd.DataFrame) -> TypeGuard[JsonSource]:
    """Tell JSON, a file by its name (``.json``, ``.json.gz``), from tables."""
    if isinstance(source, (str, Path)):
        return Path(str(source).removesuffix(".gz")).suffix == ".json"
    return isinstance(source, (list, tuple, dict))


def load_json(source: JsonSource) -> Any:
    """Read a JSON file (``.gz`` is unpacked); objects are given back as they are.

    Raises
    ------
    ImportFormatError
        When the file can't be read, or is no JSON.
    """
    if not isinstance(source, (str, Path)):
        return source
    path = Path(source)
    try:
        data = path.read_bytes()
        return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, EOFError) as error:
        raise ImportFormatError(f"{path}: must be a readable file: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{path}: must be JSON: {error}; export it again") from error


def json_objects(source: JsonSource, what: str) -> list[tuple[int, dict[str, Any]]]:
    """Read a list of objects, numbered from 1.

    Raises
    ------
    ImportFormatError
        When the file can't be read, or holds something else.
    """
    rows = load_json(source)
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise ImportFormatError(
            f"{source_name(source)}: must be a JSON list of {what}; save what the API answered"
        )
    return list(enumerate(rows, 1))


def child(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give the object inside an object; an empty one where there is none.

    Raises
    ------
    UnreadableCellError
        When something else stands there.
    """
    value = row.get(name) or {}
    if not isinstance(value, dict):
        raise UnreadableCellError(
            "row", f"must have an object in {name!r}, had {value!r}; save what the API answered"
        )
    return value


def children(row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the list of objects inside an object; an empty one where there is none.

    Raises
    ------
    UnreadableCellError
        When something else stands there.
    """
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UnreadableCellError(
            "row",
            f"must have a list of objects in {name!r}, had {value!r}; save what the API answered",
        )
    return value
