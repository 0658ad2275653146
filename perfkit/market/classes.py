"""From figures to classes, and the reason where a figure or a class is missing.

A class is null wherever a figure that it is read from is not known. There is no
default class. A word is a small number here, its place in `WORDS`; 0 is null.

The kernel takes plain arrays, numbers and the tuples of this file: one drawn up
elsewhere could change its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["WORDS", "WORD_COLUMNS", "Evidence", "Thresholds", "fill_words"]

FloatColumn = npt.NDArray[np.float64]

WORDS: Final = (
    None,
    *("support", "resistance", "neutral"),
    *("low", "medium", "high"),
    *("uptrend", "downtrend", "range"),
    *("no_market_data", "stale", "warming_up", "undefined", "no_volume", "no_profile"),
    *("no_calendar", "outside_calendar"),
    "no_events",
)
WORD_COLUMNS: Final = (
    "price_level",
    "volume_profile",
    "volatility_regime",
    "trend",
    "context_reason",
    "market_session",
    "session_reason",
    "news_reason",
    "calendar",
)
_SUPPORT, _RESISTANCE, _NEUTRAL, _LOW, _MEDIUM, _HIGH, _UP, _DOWN, _RANGE = range(1, 10)
_NO_MARKET_DATA, _STALE, _WARMING_UP, _UNDEFINED, _NO_VOLUME, _NO_PROFILE = range(10, 16)
_NO_CALENDAR, _OUTSIDE_CALENDAR, _NO_EVENTS = range(16, 19)
_FIRST_SESSION = len(WORDS)


class Evidence(NamedTuple):
    """What words are read from; shapes are (n_times,) unless said otherwise.

    Attributes
    ----------
    close, support, resistance, atr, relative_volume, volatility_rank, adx, fast_average, \
slow_average, prior_high, prior_low, prior_close, point_of_control, bucket_bars : ndarray of float
        Figures by their names; NaN where one is not known.
    of_prices : ndarray of float of shape (n_figures, n_times)
        The figures that need nothing but bars of prices, all known or a reason given.
    rows : ndarray of int
        How many bars lie before the last one; -1 where there is none.
    stale : ndarray of bool
        Whether the last bar is too old; its figures are NaN.
    session, calendar : ndarray of int
        Place of the session and of the calendar among their words, or -1.
    has_news : ndarray of bool
        Whether any news was known.
    """

    close: FloatColumn
    support: FloatColumn
    resistance: FloatColumn
    atr: FloatColumn
    relative_volume: FloatColumn
    volatility_rank: FloatColumn
    adx: FloatColumn
    fast_average: FloatColumn
    slow_average: FloatColumn
    prior_high: FloatColumn
    prior_low: FloatColumn
    prior_close: FloatColumn
    point_of_control: FloatColumn
    bucket_bars: FloatColumn
    of_prices: npt.NDArray[np.float64]
    rows: npt.NDArray[np.intp]
    stale: npt.NDArray[np.bool_]
    session: npt.NDArray[np.int8]
    calendar: npt.NDArray[np.int16]
    has_news: npt.NDArray[np.bool_]


class Thresholds(NamedTuple):
    """The numbers of a definition that words depend on; `first_calendar` is a word's place."""

    low_volume: float
    high_volume: float
    low_rank: float
    high_rank: float
    trend_strength: float
    level_distance: float
    warm_up: int
    volume: int
    reads_the_clock: bool
    first_calendar: int


@njit(cache=True, error_model="numpy")
def fill_words(evidence: Evidence, thresholds: Thresholds, words: npt.NDArray[np.int16]) -> None:
    """Fill the words of some times.

    Parameters
    ----------
    evidence : Evidence
        Of shape (n_times,).
    thresholds : Thresholds
        Of the definition.
    words : ndarray of int16 of shape (9, n_times)
        One row for each of `WORD_COLUMNS`.
    """
    e, t = evidence, thresholds
    for i in range(words.shape[1]):
        has_session, relative_volume = e.session[i] >= 0, e.relative_volume[i]
        others = (e.prior_high[i], e.prior_low[i], e.point_of_control[i])
        words[0, i] = _price_level(
            e.close[i], e.support[i], e.resistance[i], others, t.level_distance * e.atr[i]
        )
        words[1, i] = _rank(relative_volume, t.low_volume, t.high_volume)
        words[2, i] = _rank(e.volatility_rank[i], t.low_rank, t.high_rank)
        words[3, i] = _trend(e.fast_average[i] - e.slow_average[i], e.adx[i], t.trend_strength)

        is_lacking = False
        for k in range(len(e.of_prices)):
            is_lacking |= math.isnan(e.of_prices[k, i])
        # what would be read from a calendar lacks another reason where none knows the time
        no_volume = math.isnan(relative_volume) and (has_session or not t.reads_the_clock)
        is_warming_up = (
            (is_lacking and e.rows[i] < t.warm_up)
            or (no_volume and e.bucket_bars[i] < t.volume)
            or (has_session and math.isnan(e.prior_close[i]))
        )
        no_profile = has_session and math.isnan(e.point_of_control[i])
        words[4, i] = _first_of(
            e.rows[i] < 0, e.stale[i], is_warming_up, is_lacking, no_volume, no_profile
        )
        words[5, i] = _FIRST_SESSION + e.session[i] if has_session else 0
        words[6, i] = 0 if has_session else _OUTSIDE_CALENDAR
        words[7, i] = 0 if e.has_news[i] else _NO_EVENTS
        words[8, i] = t.first_calendar + e.calendar[i]
        if e.calendar[i] < 0:
            words[6, i], words[8, i] = _NO_CALENDAR, 0


@njit(cache=True, error_model="numpy")
def _rank(value: float, low: float, high: float) -> int:
    if math.isnan(value):
        return 0
    return _LOW if value < low else (_HIGH if value > high else _MEDIUM)


@njit(cache=True, error_model="numpy")
def _trend(gap: float, adx: float, strength: float) -> int:
    if math.isnan(gap) or math.isnan(adx):
        return 0
    if adx < strength or gap == 0.0:
        return _RANGE
    return _UP if gap > 0.0 else _DOWN


@njit(cache=True, error_model="numpy")
def _price_level(
    close: float,
    support: float,
    resistance: float,
    others: tuple[float, float, float],
    reach: float,
) -> int:
    if math.isnan(support) or math.isnan(resistance) or math.isnan(reach):
        return 0
    for level in others:
        # a comparison with NaN is false: a level that is not known is none
        if support < level <= close:
            support = level
        elif close < level < resistance:
            resistance = level
    below, above = close - support, resistance - close
    if below <= reach and below <= above:
        return _SUPPORT
    return _RESISTANCE if above <= reach else _NEUTRAL


@njit(cache=True, error_model="numpy")
def _first_of(
    no_market_data: bool,
    stale: bool,
    warming_up: bool,
    undefined: bool,
    no_volume: bool,
    no_profile: bool,
) -> int:
    if no_market_data:
        return _NO_MARKET_DATA
    if stale:
        return _STALE
    if warming_up:
        return _WARMING_UP
    if undefined:
        return _UNDEFINED
    if no_volume:
        return _NO_VOLUME
    return _NO_PROFILE if no_profile else 0
