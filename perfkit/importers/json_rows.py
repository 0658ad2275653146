"""JSON files of a venue's API: read whole, and handed on as rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.source_bytes import load_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = [
    "JsonSource",
    "child",
    "children",
    "is_json",
    "json_objects",
    "load_json",
    "parse_json",
    "source_name",
]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

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
    path, data = load_bytes(source)
    try:
        return parse_json(data)
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{path}: must be JSON: {error}; export it again") from error


def parse_json(data: str | bytes) -> Any:
    """Read JSON in which every name stands once, and all text is text.

    Raises
    ------
    ValueError
        When it is not so; what a name that stands twice means is not said by JSON.

    Examples
    --------
    >>> parse_json('{"price": 1, "price": 2}')
    Traceback (most recent call last):
    ValueError: 'price' stands twice in one object
    """
    text = data.decode(json.detect_encoding(data)) if isinstance(data, bytes) else data
    value = json.loads(text, object_pairs_hook=_once)
    if _SURROGATE.search(text):
        # half of a pair is no character, and can't be stored
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return found


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
