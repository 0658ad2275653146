"""Rows of news as they enter the room: checked, and told apart by event and time of knowledge.

What was known of an event at a time is never changed: the same again is left out, and
anything else under the same ``event_id`` and ``known_at`` contradicts it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import (
    ConflictError,
    InvalidTableError,
    RowError,
    SchemaError,
    UnknownNameError,
)
from perfkit.market.exchange_schedule import canonical_name
from perfkit.records import NewsEvent, conform, invalid_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = [
    "WHY_KNOWN_AT",
    "NewsContent",
    "NewsKey",
    "checked_news",
    "invalid_news",
    "news_conflict",
    "news_contents",
    "require_known_at",
]

NewsKey: TypeAlias = "tuple[str, int]"  # event_id, and known_at in microseconds
NewsContent: TypeAlias = "tuple[int, str | None, str | None, str | None, str | None]"

WHY_KNOWN_AT = (
    "say from when one knew of it, for a trade is described by what was known: of a scheduled "
    "event that is the day its schedule was published, of any other the time the news came out"
)
_CONTENT = ("event_time", "symbol", "calendar", "importance", "title")


def require_known_at(names: Collection[str]) -> None:
    """Check that the columns of some news say when it was known.

    Raises
    ------
    SchemaError
        When they do not; the message says why they must, and what to give.
    """
    if "known_at" not in names:
        raise SchemaError(f"news must have a column 'known_at', has {list(names)}; {WHY_KNOWN_AT}")


def checked_news(events: pa.Table) -> pa.Table:
    """Bring news to the schema of `NewsEvent`, and check each row.

    Raises
    ------
    SchemaError
        When a column is missing, unknown or of another type.
    InvalidTableError
        When a field breaks its rule, or a calendar does not exist; lists every such row.
    """
    if not isinstance(events, pa.Table):
        raise SchemaError(
            f"news must be a pyarrow.Table, was {type(events).__name__}; make one by "
            "to_table(events, NewsEvent) or read_news(frame).news"
        )
    require_known_at(events.column_names)
    table = conform(events, NewsEvent)
    if bad := invalid_news(table):
        raise InvalidTableError("news event", bad, table.num_rows)
    return table


def invalid_news(news: pa.Table) -> tuple[RowError, ...]:
    """List every row of the columns of `NewsEvent` that breaks a rule; see `invalid_rows`.

    A calendar must be one of exchange_calendars: nobody follows any other.
    """
    found = {error.row: _explained(news, error) for error in invalid_rows(news, NewsEvent)}
    for row, reason in _unknown_calendars(news).items():
        message = f"news event {news['event_id'][row].as_py()!r}: {reason}"
        found.setdefault(row, RowError(row=row, field="calendar", message=message))
    return tuple(found[row] for row in sorted(found))


def news_contents(news: pa.Table) -> Iterator[tuple[NewsKey, NewsContent]]:
    """Give what each row is about, and what it says of it.

    Parameters
    ----------
    news : pyarrow.Table
        Checked columns of `NewsEvent`.
    """
    keys = zip(news["event_id"].to_pylist(), _micros(news["known_at"]), strict=True)
    words = (news[name].to_pylist() for name in _CONTENT[1:])
    contents = zip(_micros(news["event_time"]), *words, strict=True)
    return zip(keys, contents, strict=True)


def news_conflict(key: NewsKey, before: NewsContent, content: NewsContent) -> ConflictError:
    """Name the fields in which two rows differ that are about the same."""
    pairs = zip(_CONTENT, _shown(before), _shown(content), strict=True)
    differences = ", ".join(f"{n} was {a} and is now {b}" for n, a, b in pairs if a != b)
    return ConflictError(
        f"event_id {key[0]!r}, known_at {_time(key[1])}, was told before with other content: "
        f"{differences}; what was known is never changed, what became known later has its own "
        "known_at"
    )


def _explained(table: pa.Table, error: RowError) -> RowError:
    if error.field != "known_at" or table["known_at"][error.row].is_valid:
        return error
    name = table["event_id"][error.row].as_py()
    message = f"news event {name!r}: known_at must be given, was None; {WHY_KNOWN_AT}"
    return replace(error, message=message)


def _unknown_calendars(news: pa.Table) -> dict[int, str]:
    column = news["calendar"]
    if column.null_count == len(column):
        return {}
    reasons = {}
    for name in pc.unique(column).drop_null().to_pylist():
        try:
            canonical_name(name)
        except UnknownNameError as error:
            reasons[name] = str(error)
    rows = enumerate(column.to_pylist()) if reasons else ()
    return {row: reasons[name] for row, name in rows if name in reasons}


def _micros(times: pa.ChunkedArray) -> list[int]:
    micros: list[int] = times.cast(pa.int64()).to_pylist()
    return micros


def _shown(content: NewsContent) -> list[str]:
    return [_time(content[0]), *map(repr, content[1:])]


def _time(micros: int) -> str:
    return str(pa.scalar(micros, pa.timestamp("us", tz="UTC")).as_py())
