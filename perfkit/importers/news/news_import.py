"""What an importer of news hands back, and the gate that its rows pass.

The gate is that of all importers: a row is news when all its cells could be read and the
record's own rules hold, or it is listed with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.importers.result import RefusedRow, SkippedRow
from perfkit.market.news_rows import invalid_news, news_contents
from perfkit.records import NewsEvent, conform

if TYPE_CHECKING:
    from perfkit.importers.admission import Candidates, Reading
    from perfkit.market.news_rows import NewsContent, NewsKey

__all__ = ["NewsImport", "admit_news"]

_IDENTITY = ("event_time", "symbol", "calendar", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsImport:
    """The rows of one file of news, each recorded, skipped or refused.

    Attributes
    ----------
    source : str
        The file, or ``frame``.
    news : pyarrow.Table
        With ``arrow_schema(NewsEvent)``, in order of event time.
    read : int
        Rows or events of the source.
    recorded : int
        Those that became news.
    skipped : tuple of SkippedRow
        Those that are none, by line.
    refused : tuple of RefusedRow
        Those that break a rule, by line.

    Raises
    ------
    InvalidArgumentError
        When ``read`` is not recorded + skipped + refused: a row was lost.
    """

    source: str
    news: pa.Table
    read: int
    recorded: int
    skipped: tuple[SkippedRow, ...] = ()
    refused: tuple[RefusedRow, ...] = ()

    def __post_init__(self) -> None:
        told = self.recorded + len(self.skipped) + len(self.refused)
        if told != self.read:
            raise InvalidArgumentError(
                f"import of {self.source}: recorded, skipped and refused must add up to the "
                f"{self.read} rows read, were {told}; the importer lost or doubled a row"
            )


def admit_news(reading: Reading, candidates: Candidates) -> NewsImport:
    """Check the candidates and bring those that hold into order of time.

    Parameters
    ----------
    reading : Reading
        What was read.
    candidates : Candidates
        Rows that should be `NewsEvent`; an id that is null or absent is derived from
        time, symbol, calendar and title.
    """
    table = conform(pa.table(_identified(candidates)), NewsEvent)
    for error in invalid_news(table):
        candidates.refuse(error.row, error.field, error.message)
    repeated = _repeated(table, candidates)
    refused = candidates.refused
    kept = [n for n in range(table.num_rows) if n not in refused and n not in repeated]
    rows = table.take(pa.array(kept, pa.int64()))
    times = rows["event_time"].cast(pa.int64()).to_numpy()
    return NewsImport(
        source=reading.source,
        news=rows.take(np.argsort(times, kind="stable")),
        read=reading.read,
        recorded=len(kept),
        skipped=tuple(sorted([*reading.skipped, *repeated.values()], key=lambda r: r.line)),
        refused=tuple(sorted([*reading.refused, *refused.values()], key=lambda r: r.line)),
    )


def _identified(candidates: Candidates) -> dict[str, pa.Array]:
    fields, count = candidates.fields, len(candidates.lines)
    given = fields.get("event_id", pa.nulls(count, pa.string()))
    if not given.null_count:
        return fields
    nothing = [None] * count
    columns = [
        fields[name].cast(pa.int64()).to_pylist() if name == "event_time"
        else fields[name].to_pylist() if name in fields else nothing
        for name in _IDENTITY
    ]  # fmt: skip
    derived = [
        blake2b(repr(row).encode(), digest_size=12).hexdigest()
        for row in zip(*columns, strict=True)
    ]
    return {**fields, "event_id": pc.coalesce(given, pa.array(derived, pa.string()))}


def _repeated(table: pa.Table, candidates: Candidates) -> dict[int, SkippedRow]:
    """Find what is told twice of an event: the same is skipped, anything else refused."""
    repeated: dict[int, SkippedRow] = {}
    first: dict[NewsKey, tuple[int, NewsContent]] = {}
    for row, (key, content) in enumerate(news_contents(table)):
        if row in candidates.refused:
            continue
        line = int(candidates.lines[row])
        before, said = first.setdefault(key, (row, content))
        if before == row:
            continue
        if said == content:
            repeated[row] = SkippedRow(line=line, reason="the same event, with the same id, again")
            continue
        reason = (
            f"event_id must be unique among what was known at one time, was {key[0]!r} on line "
            f"{candidates.lines[before]} with other content; give what became known later its own "
            "known_at"
        )
        candidates.refuse(row, "event_id", reason)
    return repeated
