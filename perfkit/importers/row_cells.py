"""Single cells: a number, a moment, a word, from what a row of JSON, XML or CSV holds.

The counterpart of `cells`, which reads whole columns. Each function is told which
field of the record it reads, and says so when it can't.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from perfkit.errors import UnreadableCellError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "from_epoch",
    "moment",
    "number",
    "one_of",
    "required",
    "required_number",
    "required_word",
    "word",
]

_EMPTY = ("", "-", "--", "\u2014")


def word(row: Mapping[str, Any], *names: str) -> str | None:
    """Give the first of some cells that says something, as trimmed text.

    Raises
    ------
    UnreadableCellError
        When an object or a list stands there.
    """
    for name in names:
        value = row.get(name)
        if isinstance(value, (dict, list)) and value:
            raise UnreadableCellError(
                "row", f"must have one word in {name!r}, had {value!r}; mend it at its source"
            )
        if value is not None and (text := str(value).strip()) not in _EMPTY:
            return text
    return None


def number(row: Mapping[str, Any], name: str, field: str) -> float | None:
    """Read a number; None for an empty cell.

    Text has a point as its decimal mark, and may have commas between groups of
    three digits.

    Raises
    ------
    UnreadableCellError
        When the cell holds anything else.
    """
    value = row.get(name)
    if isinstance(value, str):
        value = value.strip()
        if value in _EMPTY:
            return None
        value = _ungrouped(value)
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        found = float(value)
    except (OverflowError, TypeError, ValueError) as error:
        raise UnreadableCellError(
            field, f"must be a number, was {row[name]!r} in {name!r}; mend it at its source"
        ) from error
    return None if math.isnan(found) else found


def _ungrouped(text: str) -> str:
    whole, point, fraction = text.partition(".")
    groups = whole.lstrip("+-").split(",")
    is_grouped = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    return whole.replace(",", "") + point + fraction if len(groups) > 1 and is_grouped else text


def required(value: float | None, field: str, names: str) -> float:
    """Give a number that must be there.

    Raises
    ------
    UnreadableCellError
        When it is not.
    """
    if value is None:
        raise UnreadableCellError(
            field, f"must be given, {names!r} was empty; export the file with that column"
        )
    return value


def required_number(row: Mapping[str, Any], name: str, field: str) -> float:
    """Read a number that must be there.

    Raises
    ------
    UnreadableCellError
        When the cell is empty, or holds no number.
    """
    return required(number(row, name, field), field, name)


def required_word(row: Mapping[str, Any], name: str, field: str) -> str:
    """Give the text of a cell that must say something.

    Raises
    ------
    UnreadableCellError
        When it is empty.
    """
    text = word(row, name)
    if text is None:
        raise UnreadableCellError(
            field, f"must be given, {name!r} was empty; export the file with that column"
        )
    return text


def one_of(row: Mapping[str, Any], name: str, field: str, meaning: Mapping[str, str]) -> str:
    """Translate a word, upper and lower case alike.

    Raises
    ------
    UnreadableCellError
        When it is none of those that are known.
    """
    text = word(row, name)
    known = {key.casefold(): value for key, value in meaning.items()}
    if text is None or text.casefold() not in known:
        words = ", ".join(meaning)
        raise UnreadableCellError(
            field, f"must be one of {words}, was {text!r} in {name!r}; mend it at its source"
        )
    return known[text.casefold()]


def moment(
    text: str | None, field: str, layouts: Sequence[str] = (), zone: str | None = None
) -> datetime:
    """Read a time in ISO 8601 or in one of some layouts, as UTC.

    Parameters
    ----------
    text : str or None
        The cell.
    field : str
        The field that it gives.
    layouts : sequence of str
        ``strptime`` formats that are tried in turn; without any, ISO 8601.
    zone : str, optional
        IANA name of the zone of a time that does not carry its own.

    Raises
    ------
    UnreadableCellError
        When it is no such time, has no zone and none is known, or is a time that
        the clock of the zone skips or shows twice.
    """
    found = None if text is None else _parsed(text, layouts)
    if found is None:
        wanted = " or ".join(layouts) or "ISO 8601"
        raise UnreadableCellError(field, f"must be a time in {wanted}, was {text!r}")
    if found.tzinfo is None:
        if zone is None:
            raise UnreadableCellError(
                field, f"must have a zone, was {text!r}; say which one the source is in"
            )
        found = _in_zone(found, field, zone)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise UnreadableCellError(
            field, f"must lie in the years 1 to 9999 of UTC, was {text!r}; mend it at its source"
        ) from error


def from_epoch(ticks: float | None, field: str, unit: float) -> datetime:
    """Read a time that is counted since 1970 in UTC; ``unit`` is its tick in seconds.

    Raises
    ------
    UnreadableCellError
        When there is none, or it lies outside of the years 1 to 9999.
    """
    try:
        micros = round(required(ticks, field, "time") * unit * 1e6)
        whole, rest = divmod(micros, 1_000_000)
        return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)
    except (OverflowError, OSError, ValueError) as error:
        raise UnreadableCellError(
            field, f"must be a time since 1970 in units of {unit} s, was {ticks!r}"
        ) from error


def _parsed(text: str, layouts: Sequence[str]) -> datetime | None:
    for layout in layouts:
        try:
            return datetime.strptime(text, layout)  # noqa: DTZ007 the zone is the caller's
        except ValueError:
            continue
    try:
        return None if layouts else datetime.fromisoformat(text)
    except ValueError:
        return None


def _in_zone(naive: datetime, field: str, zone: str) -> datetime:
    early, late = (naive.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise UnreadableCellError(
            field,
            f"must be a time that the clock of {zone} shows once, was {naive}; "
            "export the file in UTC",
        )
    return early
