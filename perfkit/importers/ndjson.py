"""Facts as lines of JSON: one object a line, with perfkit's own field names.

A line with a ``trade_id`` is a fill, one with a ``cash_id`` a deposit or
withdrawal, one with a ``close_time`` a bar, one with an ``event_id`` news.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from perfkit.errors import ImportFormatError
from perfkit.importers.json_rows import parse_json
from perfkit.records import Bar, CashRecord, Fill, NewsEvent
from perfkit.records.fields import field_specs, record_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["record_from_json"]

Fact: TypeAlias = Fill | CashRecord | Bar | NewsEvent

_KINDS: Mapping[str, type[Fact]] = MappingProxyType(
    {"trade_id": Fill, "cash_id": CashRecord, "close_time": Bar, "event_id": NewsEvent}
)


def record_from_json(line: str, defaults: Mapping[str, Any] | None = None) -> Fact:
    """Read one fact from one line of JSON.

    Parameters
    ----------
    line : str
        A JSON object with the fields of `Fill`, `CashRecord`, `Bar` or `NewsEvent`;
        times are ISO 8601 with a zone.
    defaults : mapping of str to object, optional
        Values for fields that the line leaves out, e.g. ``account_id``.

    Returns
    -------
    Fill, CashRecord, Bar or NewsEvent

    Raises
    ------
    ImportFormatError
        When the line is not a JSON object, or a field is missing, unknown,
        given twice or not a time.
    InvalidRecordError
        When a field breaks its rule.
    """
    row = _object(line)
    cls = next((cls for key, cls in _KINDS.items() if key in row), None)
    if cls is None:
        raise ImportFormatError(
            f"a line must have one of {', '.join(_KINDS)}, which say what it is; had {sorted(row)}"
        )
    specs = {spec.name: spec for spec in field_specs(cast("type", cls))}
    given = {name: value for name, value in (defaults or {}).items() if name in specs}
    row = given | row
    missing = [spec.name for spec in specs.values() if spec.required and spec.name not in row]
    if missing or row.keys() - specs.keys():
        raise ImportFormatError(
            f"a {record_kind(cls)} must have {', '.join(missing) or 'only known fields'}; "
            f"unknown {sorted(row.keys() - specs.keys())}; the fields are {', '.join(specs)}"
        )
    for name, value in row.items():
        if specs[name].kind is datetime and isinstance(value, str):
            row[name] = _time(name, value)
    return cls(**row)


def _object(line: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"a fact must be one JSON object a line: {error}") from error
    if not isinstance(row, dict):
        raise ImportFormatError(f"a fact must be a JSON object, was {type(row).__name__}")
    return row


def _time(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ImportFormatError(
            f"{name} must be an ISO 8601 time with a zone such as 2026-03-02T12:00:00Z, "
            f"was {value!r}"
        ) from error
