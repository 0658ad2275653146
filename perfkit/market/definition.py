"""The numbers behind a context: windows, thresholds and the name they go by.

A name stands for one set of numbers, so that a context written years ago can be
recomputed: whoever changes a number changes the name.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import NamedTuple

from perfkit.errors import InvalidArgumentError
from perfkit.records.rules import Text

__all__ = ["DAILY", "INTRADAY", "Definition", "check_definition"]

_MINUTES_A_DAY = 1440
_MOST_DAYS = 36_525  # a century: what is never to be stale
_MOST_MINUTES = 525_600  # a year
_FEW = f"be at least 0 minutes, at most {_MOST_MINUTES}"
_NEW = "be new for new numbers"


class Definition(NamedTuple):
    """How figures and classes are read from bars; windows count bars.

    Attributes
    ----------
    name : str
        Written into every context as ``context_definition``.
    average, slow_average : int
        Window of the moving average, the z-score and the fast exponential
        average; window of the slow exponential average.
    momentum : int
        How many bars ago the return of ``momentum`` starts.
    atr, adx : int
        Wilder's smoothing windows.
    trend_strength : float
        ADX from which there is a trend, 0 to 100.
    decay : float
        RiskMetrics' lambda, between 0 and 1.
    decay_seed : int
        Returns whose mean square starts the recursion.
    rank : int
        Earlier volatilities that the current one is ranked among.
    low_rank, high_rank : float
        Ranks below and above which volatility is low and high, 0 to 1.
    channel : int
        Bars before the current one whose extremes are the channel.
    swing : int
        Bars on either side of a swing that it must exceed, and so the number
        of bars after which it is known.
    levels : int
        Bars for which a confirmed swing is remembered.
    level_distance : float
        Distance to a swing, in ATR, within which the price is at a level.
    volume : int
        Earlier bars of the same time of day whose median volume is the usual one.
    volume_bucket : int
        Minutes that are one time of day, on the clock of the symbol's calendar;
        they divide a day. 1440: all bars are of one time of day, and no calendar
        is asked.
    low_volume, high_volume : float
        Relative volumes below and above which volume is low and high.
    stale_days : float
        Calendar days after which the last bar says nothing of now.
    stale_minutes : float
        Minutes of regular session after which it says nothing of now, where the
        symbol has a calendar.
    news_minutes : float
        Minutes before and after an event that are its window.
    """

    name: str = "daily-2"
    average: int = 20
    slow_average: int = 50
    momentum: int = 20
    atr: int = 14
    adx: int = 14
    trend_strength: float = 25.0
    decay: float = 0.94
    decay_seed: int = 20
    rank: int = 252
    low_rank: float = 0.33
    high_rank: float = 0.67
    channel: int = 55
    swing: int = 5
    levels: int = 252
    level_distance: float = 0.5
    volume: int = 20
    volume_bucket: int = _MINUTES_A_DAY
    low_volume: float = 0.67
    high_volume: float = 1.5
    stale_days: float = 5.0
    stale_minutes: float = math.inf
    news_minutes: float = 30.0

    @property
    def reads_the_clock(self) -> bool:
        """Whether relative volume is of a time of day, and so needs a calendar."""
        return self.volume_bucket < _MINUTES_A_DAY

    @property
    def warm_up(self) -> int:
        """Bars before the first one on which every figure but two can be known.

        Relative volume waits for bars of the same time of day, and the levels of
        the session before for the end of a session.
        """
        return max(
            self.average - 1,
            self.slow_average - 1,
            self.momentum,
            self.atr,
            2 * self.adx - 1,
            self.decay_seed + self.rank,
            self.channel,
            2 * self.swing + self.levels - 1,
        )


DAILY = Definition()
INTRADAY = Definition(name="intraday-1", volume_bucket=1, stale_minutes=30.0)


def check_definition(definition: Definition) -> None:
    """Check the numbers of a definition, and that they go by their own name.

    Raises
    ------
    InvalidArgumentError
        When a window is no whole number or below 1, a number is none or outside its
        range, or the definition differs from `DAILY` or `INTRADAY` and still carries its name.
    """
    d = definition
    windows = [name for name, default in DAILY._asdict().items() if isinstance(default, int)]
    for name, default in DAILY._asdict().items():
        _require_kind(d, name, default)
    windows.remove("volume_bucket")
    divides_a_day = d.volume_bucket in range(1, 1441) and _MINUTES_A_DAY % d.volume_bucket == 0
    requirements = [
        *((name, getattr(d, name) >= 1, "be at least 1 bar") for name in windows),
        ("volume_bucket", divides_a_day, "divide the 1440 minutes of a day"),
        ("decay", 0.0 < d.decay < 1.0, "lie between 0 and 1"),
        ("low_rank", 0.0 <= d.low_rank < d.high_rank, "lie between 0 and high_rank"),
        ("high_rank", d.high_rank <= 1.0, "be at most 1"),
        ("low_volume", 0.0 <= d.low_volume < d.high_volume, "lie between 0 and high_volume"),
        ("trend_strength", 0.0 <= d.trend_strength <= 100.0, "lie between 0 and 100"),
        ("level_distance", d.level_distance >= 0.0, "be at least 0 ATR"),
        ("stale_days", 0.0 < d.stale_days <= _MOST_DAYS, f"be above 0 days, at most {_MOST_DAYS}"),
        ("stale_minutes", d.stale_minutes > 0.0, "be above 0 minutes"),
        ("news_minutes", 0.0 <= d.news_minutes <= _MOST_MINUTES, _FEW),
        ("name", d.name not in {DAILY.name, INTRADAY.name} or d in (DAILY, INTRADAY), _NEW),
    ]
    for name, holds, requirement in requirements:
        if not holds:
            raise InvalidArgumentError(
                f"definition {d.name!r}: {name} must {requirement}, was {getattr(d, name)!r}; "
                "change it with DAILY._replace(name=..., ...)"
            )


def _require_kind(definition: Definition, name: str, default: object) -> None:
    """Check that a field holds what its default is: text, a whole number or a number."""
    value = getattr(definition, name)
    if isinstance(default, str):
        fits, kind = Text(64).accepts(value), "1 to 64 printable characters"
    elif isinstance(default, int):
        fits, kind = isinstance(value, Integral) and not isinstance(value, bool), "a whole number"
    else:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        fits, kind = is_number and not math.isnan(value), "a number"
    if not fits:
        raise InvalidArgumentError(
            f"definition {definition.name!r}: {name} must be {kind}, was {value!r}; "
            f"by default it is {default!r}"
        )
