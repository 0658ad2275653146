"""The table of contexts: what was found out about some times, as Arrow columns.

Columns of one kind are built together and cut apart, for a call of Arrow costs more
than the few rows of a live batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.market.classes import WORD_COLUMNS, WORDS, Evidence, Thresholds, fill_words
from perfkit.market.known_figures import SHOWN, KnownFigures
from perfkit.market.session_levels import LEVELS
from perfkit.market.sessions import SESSION_WORDS, SessionColumns
from perfkit.records import MarketContext, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.market.definition import Definition
    from perfkit.market.news import NewsColumns
    from perfkit.market.symbol_codes import Codes

__all__ = ["Findings", "context_table", "thresholds_of", "words_of"]

_SCHEMA = arrow_schema(MarketContext)
_NAMES = tuple(_SCHEMA.names)
_TIMESTAMP = pa.timestamp("us", tz="UTC")
_MINUTES = ("minutes_from_open", "minutes_to_close", "news_minutes")
_FIGURES = Evidence._fields[: Evidence._fields.index("of_prices")]
_DEFINITION = len(WORDS) + len(SESSION_WORDS)  # place of its name among the words


class Findings(NamedTuple):
    """What was found out about some times; every array has shape (n_times,).

    Attributes
    ----------
    known : KnownFigures
        Figures of the last bars.
    stale : ndarray of bool
        Whether the last bar is too old.
    calendar : ndarray of int
        Code of the symbol's calendar; -1 where it has none.
    session : SessionColumns
        What that calendar says.
    news : NewsColumns
        The news that was known.
    """

    known: KnownFigures
    stale: npt.NDArray[np.bool_]
    calendar: Codes
    session: SessionColumns
    news: NewsColumns


def words_of(definition: Definition, calendars: Sequence[str]) -> pa.Array:
    """Give all words that stand in a context of this definition and these calendars."""
    return pa.array([*WORDS, *SESSION_WORDS, definition.name, *calendars], pa.string())


def thresholds_of(definition: Definition) -> Thresholds:
    """Give the numbers of a definition that its words depend on."""
    first_calendar = _DEFINITION + 1
    names = Thresholds._fields[:-1]
    return Thresholds._make([*(getattr(definition, name) for name in names), first_calendar])


def context_table(
    found: Findings, thresholds: Thresholds, words: pa.Array, ids: pa.Array
) -> pa.Table:
    """Read contexts from what was found out.

    Parameters
    ----------
    found : Findings
        Figures that are stale, or of a session that the calendar does not know, are
        set to NaN.
    thresholds : Thresholds
        As `thresholds_of` gives them.
    words : pyarrow.Array of str
        As `words_of` gives them.
    ids : pyarrow.Array of str
        Names of the events.

    Returns
    -------
    pyarrow.Table
        With the schema of `MarketContext`, one row a time.
    """
    known, session, news = found.known, found.session, found.news
    if found.stale.any():
        known.values[:, found.stale] = np.nan
    known.values[: len(LEVELS), session.code < 0] = np.nan
    codes = _word_codes(found, thresholds)
    minutes = np.concatenate([session.minutes_from_open, session.minutes_to_close, news.minutes])
    columns: dict[str, pa.Array] = {
        **_cut(words.take(pa.array(codes.ravel())), (*WORD_COLUMNS, "context_definition")),
        **_cut(_floats(known.shown()), SHOWN),
        **_cut(_floats(minutes), _MINUTES),
        "news_event": pa.array(news.near, mask=~news.known),
        "news_id": _news_ids(news, ids),
        "context_asof": _array(_TIMESTAMP, known.close_times, known.rows >= 0),
    }
    return pa.Table.from_arrays([columns[name] for name in _NAMES], schema=_SCHEMA)


def _word_codes(found: Findings, thresholds: Thresholds) -> npt.NDArray[np.int16]:
    known = found.known
    evidence = Evidence._make(
        [
            *(known.figure(name) for name in _FIGURES),
            known.of_prices(),
            *(known.rows, found.stale, found.session.code, found.calendar, found.news.known),
        ]
    )
    codes = np.empty((len(WORD_COLUMNS) + 1, len(found.stale)), dtype=np.int16)
    fill_words(evidence, thresholds, codes)
    codes[-1] = _DEFINITION
    return codes


def _floats(values: npt.NDArray[np.float64]) -> pa.Array:
    return _array(pa.float64(), values, values == values)  # noqa: PLR0124 - NaN is null


def _array(kind: pa.DataType, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> pa.Array:
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)])


def _news_ids(news: NewsColumns, ids: pa.Array) -> pa.Array:
    if not news.near.any():
        return pa.nulls(len(news.near), pa.string())
    return ids.take(pa.array(news.event, mask=~news.near))


def _cut(array: pa.Array, names: Sequence[str]) -> dict[str, pa.Array]:
    length = len(array) // len(names)
    return {name: array.slice(place * length, length) for place, name in enumerate(names)}
