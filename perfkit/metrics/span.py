"""Span: which days, or which round trips, a summary is about.

A span has bounds, or is a window: the last days or the last round trips there are.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypedDict

import numpy as np

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from perfkit.metrics.trade_batch import TradingDay

__all__ = ["Span", "SpanTerms", "span_of"]

Day: TypeAlias = np.datetime64 | None
WINDOW = re.compile(r"([1-9][0-9]{0,8})([dt])")


class SpanTerms(TypedDict, total=False):
    """How a caller says a span.

    Attributes
    ----------
    start, end : date or datetime
        First and last trading day, both inside; a datetime needs a zone.
    window : str
        ``"63d"``: the last 63 trading days of the strategy, up to ``end`` if that is
        said; ``"100t"``: its last 100 closed round trips.
    """

    start: date | None
    end: date | None
    window: str | None


class Span(NamedTuple):
    """First and last day, and the most days or round trips; None is no bound."""

    first: Day
    last: Day
    days: int | None
    trips: int | None


def span_of(terms: SpanTerms, trading_day: TradingDay, kept_trips: int) -> Span:
    """Read what the caller has said.

    Parameters
    ----------
    terms : SpanTerms
        As the caller said them.
    trading_day : callable
        From moments to trading days.
    kept_trips : int
        How many round trips of a strategy there are to be had.

    Raises
    ------
    InvalidArgumentError
        For an unknown term, a moment without a zone, bounds in the wrong order, a window
        that is none or longer than what is kept, and a window beside bounds.
    """
    if unknown := sorted(terms.keys() - SpanTerms.__annotations__.keys()):
        raise InvalidArgumentError(f"a span is said by start, end or window, was given {unknown}")
    first = _day(terms.get("start"), trading_day)
    last = _day(terms.get("end"), trading_day)
    if first is not None and last is not None and first > last:
        raise InvalidArgumentError(f"start must not be after end, was {first} after {last}")
    window = terms.get("window")
    if window is None:
        return Span(first, last, None, None)
    count, unit = _window(window)
    if first is not None or (unit == "t" and last is not None):
        beside = "start" if first is not None else "end"
        raise InvalidArgumentError(
            f"window {window!r} counts back from the end, so {beside} must not be given; "
            "leave one of the two out"
        )
    if unit == "d":
        return Span(None, last, count, None)
    if count > kept_trips:
        raise InvalidArgumentError(
            f"window must be at most {kept_trips}t, as many round trips of a strategy are kept, "
            f"was {window!r}; PerformanceMetrics(kept_trips={count}) keeps more"
        )
    return Span(None, None, None, count)


def _window(window: str) -> tuple[int, str]:
    named = WINDOW.fullmatch(window) if isinstance(window, str) else None
    if named is None:
        raise InvalidArgumentError(
            f"window must be a number of trading days such as '63d', or of closed round trips "
            f"such as '100t', was {window!r}"
        )
    return int(named[1]), named[2]


def _day(moment: date | None, trading_day: TradingDay) -> Day:
    if not isinstance(moment, datetime):
        return None if moment is None else np.datetime64(moment, "D")
    if moment.tzinfo is None:
        raise InvalidArgumentError(
            f"a datetime must have a zone, was {moment}; give a date for a trading day"
        )
    utc = np.array([moment.astimezone(UTC).replace(tzinfo=None)], dtype="M8[us]")
    return np.datetime64(trading_day(utc)[0], "D")
