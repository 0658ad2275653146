"""Fills as lines of JSON: one object a line, with perfkit's own field names."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError
from perfkit.records import Fill

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fill_from_json"]

_TIMES = ("execution_time", "recorded_at")


def fill_from_json(line: str, defaults: Mapping[str, Any] | None = None) -> Fill:
    """Read one fill from one line of JSON.

    Parameters
    ----------
    line : str
        A JSON object with the fields of `Fill`; times are ISO 8601 with a zone.
    defaults : mapping of str to object, optional
        Values for fields that the line leaves out, e.g. ``account_id``.

    Returns
    -------
    Fill

    Raises
    ------
    ImportFormatError
        When the line is not a JSON object, or a field is missing, unknown or
        not a time.
    InvalidRecordError
        When a field breaks its rule.
    """
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ImportFormatError(f"a fill must be one JSON object a line: {error}") from error
    if not isinstance(row, dict):
        raise ImportFormatError(f"a fill must be a JSON object, was {type(row).__name__}")
    row = {**(defaults or {}), **row}
    for name in _TIMES:
        if isinstance(row.get(name), str):
            row[name] = _time(name, row[name])
    known = set(Fill.__slots__)
    required = {"trade_id", "account_id", "strategy_id", "execution_time", "symbol", "side"}
    missing = sorted((required | {"price", "volume"}) - row.keys())
    if missing or row.keys() - known:
        raise ImportFormatError(
            f"a fill must have {', '.join(missing) or 'only known fields'}; "
            f"unknown {sorted(row.keys() - known)}; the fields are {sorted(known)}"
        )
    return Fill(**row)


def _time(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ImportFormatError(
            f"{name} must be an ISO 8601 time with a zone such as 2026-03-02T12:00:00Z, "
            f"was {value!r}"
        ) from error
