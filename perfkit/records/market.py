"""The market: bars as a venue prints them, single marks, and news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, Text

__all__ = ["Bar", "Importance", "Mark", "NewsEvent"]


class Importance(StrEnum):
    """How much an event is expected to move."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, known from its close on.

    Attributes
    ----------
    symbol : str
        As the desk names the instrument.
    close_time : datetime
        When the bar ended: from then on it may be used.
    open, high, low : float, optional
        None where the source has closes only.
    close : float
        Last price.
    volume : float, optional
        Units traded; None where the source has none.
    recorded_at : datetime, optional
        When we knew; stamped by the tracker.

    Notes
    -----
    Prices are as they were quoted, not adjusted for later splits. A bar whose
    symbol is ``EUR/USD`` is an exchange rate: units of the second currency for
    one of the first.
    """

    symbol: Annotated[str, Text(64)]
    close_time: datetime
    open: Annotated[float, "quote currency", Finite()] | None = None
    high: Annotated[float, "quote currency", Finite()] | None = None
    low: Annotated[float, "quote currency", Finite()] | None = None
    close: Annotated[float, "quote currency", Finite()]
    volume: Annotated[float, "units", Finite()] | None = None
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        check_record(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A price at which a position is valued.

    Attributes
    ----------
    symbol : str
        As the desk names the instrument.
    time : datetime
        When the price was known.
    price : float
        Quote currency a unit.
    """

    symbol: Annotated[str, Text(64)]
    time: datetime
    price: Annotated[float, "quote currency", Finite()]

    def __post_init__(self) -> None:
        check_record(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsEvent:
    """Something that moves a market, and when it was known that it would or did.

    Attributes
    ----------
    event_id : str
        Names the event. Another record of the same id with a later ``known_at`` is
        what was known from then on: an event that was moved.
    event_time : datetime
        When it takes, or took, place.
    known_at : datetime
        From when on one knew of it: of a scheduled event when the schedule was
        published, of any other when the news came out.
    symbol : str, optional
        The instrument it is about.
    calendar : str, optional
        The exchange calendar whose instruments it is about. Without symbol and
        calendar it is about every instrument.
    importance : Importance, optional
        ``low``, ``medium`` or ``high``.
    title : str, optional
        In words.
    recorded_at : datetime, optional
        When we stored it; stamped by the tracker.
    """

    event_id: Annotated[str, Identifier()]
    event_time: datetime
    known_at: datetime
    symbol: Annotated[str, Text(64)] | None = None
    calendar: Annotated[str, Text(64)] | None = None
    importance: Importance | None = None
    title: Annotated[str, Text(500)] | None = None
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        check_record(self)
