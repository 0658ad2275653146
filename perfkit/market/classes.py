"""From figures to a context: the classes, and the reason where one is missing.

A class is null wherever a figure that it is read from is NaN. There is no default
class, and every null is explained by ``context_reason``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.market.bars import FloatColumn
from perfkit.records import MarketContext, arrow_schema

if TYPE_CHECKING:
    from perfkit.market.definition import Definition

__all__ = ["FIGURES", "context_table", "stale_after"]

BoolColumn = npt.NDArray[np.bool_]
Figures = dict[str, FloatColumn]

_SHOWN = (
    "close",
    "moving_average",
    "atr",
    "channel_high",
    "channel_low",
    "volatility",
    "volatility_rank",
    "adx",
    "momentum",
    "zscore",
    "relative_volume",
)
FIGURES = (*_SHOWN, "fast_average", "slow_average", "support", "resistance")

_MICROSECONDS_A_DAY = 86_400_000_000


def context_table(
    figures: Figures,
    rows: npt.NDArray[np.intp],
    close_times: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    definition: Definition,
) -> pa.Table:
    """Read contexts from the figures of the last bars before some times.

    Parameters
    ----------
    figures : dict of str to ndarray of shape (n_times,)
        Each of `FIGURES` on that bar; NaN where there is none.
    rows : ndarray of shape (n_times,)
        How many bars of the symbol lie before that bar; -1 where there is none.
    close_times, times : ndarray of shape (n_times,)
        When that bar closed and what was asked for, in microseconds.
    definition : Definition
        Thresholds of the classes.

    Returns
    -------
    pyarrow.Table
        With the schema of `MarketContext`, one row a time.
    """
    known = rows >= 0
    stale = known & (times - close_times >= stale_after(definition))
    usable = known & ~stale
    figures = {name: np.where(usable, values, np.nan) for name, values in figures.items()}
    classes = {
        "price_level": _price_level(figures, definition),
        "volume_profile": _volume_profile(figures, definition),
        "volatility_regime": _volatility_regime(figures, definition),
        "trend": _trend(figures, definition),
    }
    columns: dict[str, pa.Array] = {
        **classes,
        **{name: pa.array(figures[name], from_pandas=True) for name in _SHOWN},
        "context_asof": pa.array(close_times, mask=~known).cast(pa.timestamp("us", tz="UTC")),
        "context_definition": pa.repeat(definition.name, len(rows)),
        "context_reason": _reason(figures, rows, stale, definition),
    }
    schema = arrow_schema(MarketContext)
    return pa.Table.from_arrays(
        [columns.get(f.name, pa.nulls(len(rows), f.type)) for f in schema], schema=schema
    )


def stale_after(definition: Definition) -> int:
    """Give how long after its close a bar no longer speaks of the market, in microseconds."""
    return int(definition.stale_days * _MICROSECONDS_A_DAY) + 1


def _volatility_regime(figures: Figures, definition: Definition) -> pa.Array:
    rank = figures["volatility_rank"]
    low, high = rank < definition.low_rank, rank > definition.high_rank
    return _class(~np.isnan(rank), "medium", low=low, high=high)


def _volume_profile(figures: Figures, definition: Definition) -> pa.Array:
    relative = figures["relative_volume"]
    low, high = relative < definition.low_volume, relative > definition.high_volume
    return _class(~np.isnan(relative), "medium", low=low, high=high)


def _trend(figures: Figures, definition: Definition) -> pa.Array:
    fast, slow, adx = figures["fast_average"], figures["slow_average"], figures["adx"]
    trending = adx >= definition.trend_strength
    known = ~np.isnan(adx) & ~np.isnan(fast) & ~np.isnan(slow)
    up, down = trending & (fast > slow), trending & (fast < slow)
    return _class(known, "range", uptrend=up, downtrend=down)


def _price_level(figures: Figures, definition: Definition) -> pa.Array:
    below = figures["close"] - figures["support"]
    above = figures["resistance"] - figures["close"]
    reach = definition.level_distance * figures["atr"]
    known = ~np.isnan(below) & ~np.isnan(above) & ~np.isnan(reach)
    support = (below <= reach) & (below <= above)
    resistance = (above <= reach) & (above < below)
    return _class(known, "neutral", support=support, resistance=resistance)


def _class(known: BoolColumn, otherwise: str, **words: BoolColumn) -> pa.Array:
    dictionary = [otherwise, *words]
    codes = np.zeros(len(known), dtype=np.int8)
    for code, holds in enumerate(words.values(), start=1):
        codes[holds] = code
    indices = pa.array(codes, mask=~known)
    return pa.DictionaryArray.from_arrays(indices, pa.array(dictionary)).cast(pa.string())


def _reason(
    figures: Figures, rows: npt.NDArray[np.intp], stale: BoolColumn, definition: Definition
) -> pa.Array:
    # support and resistance may be infinite, that is an answer
    missing = {name: np.isnan(values) for name, values in figures.items()}
    no_volume = missing.pop("relative_volume")
    undefined = np.logical_or.reduce(list(missing.values()))
    words = np.array(["no_market_data", "stale", "warming_up", "undefined", "no_volume"])
    holds = [
        rows < 0,
        stale,
        (rows < definition.warm_up) & (undefined | no_volume),
        undefined,
        no_volume,
    ]
    codes = np.select(holds, np.arange(len(words)), default=-1)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(words)).cast(
        pa.string()
    )
