"""Prices: bars as a venue prints them, and single marks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Text

__all__ = ["Bar", "Mark"]


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
