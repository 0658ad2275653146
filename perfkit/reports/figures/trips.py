"""Single round trips: the best and the worst, and how all of them are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from perfkit.errors import SchemaError
from perfkit.reports.figures.style import GAIN, INK, LOSS, Chart, compact, no_data, percent, plain
from perfkit.reports.figures.ticks import StepFormatter, number_tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["best_and_worst", "pnl_distribution"]

COLUMNS = ("symbol", "strategy_id", "direction", "entry_time", "exit_time", "pnl", "return_")


def best_and_worst(
    trips: pd.DataFrame, count: int = 8, currency: str = "account currency"
) -> Chart:
    """Bars of the round trips that earned and that lost most, best first.

    Parameters
    ----------
    trips : DataFrame
        Closed round trips: ``symbol``, ``strategy_id``, ``direction``,
        ``entry_time``, ``exit_time``, ``pnl`` (net, money), ``return_``
        (fraction of the entry value).
    count : int
        Best, and again worst, to show.
    currency : str
        Unit of the money.

    Returns
    -------
    Chart

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    title = "Best and worst round trips"
    missing = [column for column in COLUMNS if column not in trips]
    if missing:
        raise SchemaError(
            f"round trips must have the columns {', '.join(COLUMNS)}; they lack "
            f"{', '.join(missing)}; perfkit.ledger.round_trips makes such frames"
        )
    ranked = trips.dropna(subset="pnl").sort_values("pnl", ascending=False, kind="stable")
    if ranked.empty:
        return no_data(title, "No round trip has been closed.")
    n = len(ranked)
    if n > 2 * count:
        ranked = pd.concat([ranked.head(count), ranked.tail(count)])
    first, last = ranked["pnl"].iloc[0], ranked["pnl"].iloc[-1]
    description = f"{title}: from {compact(first)} to {compact(last)} {currency}."
    reading = (
        f"Net P&L, {plain(currency, 20)}, and return on the entry value; n {n:,} round trips in all"
    )
    chart = Chart(title, reading, description, height=0.235 * len(ranked) + 0.8)
    grid = chart.add_gridspec(1, 2, width_ratios=(4.4, 5.2))
    _names(chart.add_panel(grid[0]), ranked)
    _bars(chart.add_panel(grid[1]), ranked)
    for axes in chart.axes:
        axes.set_ylim(len(ranked) - 0.4, -0.6)
        axes.set_axis_off()
    return chart


def _names(axes: Axes, ranked: pd.DataFrame) -> None:
    for row, trip in enumerate(ranked.to_dict("records")):
        entry, leave = (
            f"{pd.Timestamp(trip[end]):%Y-%m-%d}" for end in ("entry_time", "exit_time")
        )
        days = entry if entry == leave else f"{entry} to {leave}"
        cells = (
            f"{plain(trip['symbol'], 14)} {trip['direction']}",
            plain(trip["strategy_id"], 26),
            days,
        )
        for left, cell in zip((0.0, 0.22, 0.64), cells, strict=True):
            axes.text(left, row, cell, va="center_baseline", fontsize=7.5, color=INK)


def _bars(axes: Axes, ranked: pd.DataFrame) -> None:
    pnl = ranked["pnl"].to_numpy(dtype=float)
    axes.barh(np.arange(len(pnl)), pnl, height=0.62, color=np.where(pnl < 0, LOSS, GAIN))
    axes.axvline(0.0, color=INK, linewidth=0.7)
    low, high = min(pnl.min(), 0.0), max(pnl.max(), 0.0)
    span = (high - low) or 1.0
    for row, (value, gain) in enumerate(zip(pnl, ranked["return_"], strict=True)):
        said, side = f"{compact(value)}  ({percent(gain)})", -1 if value < 0 else 1
        axes.text(
            value + side * span * 0.015,
            row,
            said,
            ha="left" if side > 0 else "right",
            va="center_baseline",
            fontsize=7.5,
            color=INK,
        )
    # room beyond the longest bars for the words at their ends
    axes.set_xlim(low - span * 0.32 * (low < 0), high + span * 0.32)


def pnl_distribution(pnl: pd.Series, currency: str = "account currency") -> Chart:
    """Histogram of the P&L of round trips, losses and gains told apart.

    Parameters
    ----------
    pnl : Series
        Net P&L of each closed round trip, money.
    currency : str
        Unit of the money.

    Returns
    -------
    Chart
        The middle 95 %; the note counts those beyond.
    """
    title = "How round trips are spread"
    known = pnl.dropna().to_numpy(dtype=float)
    if known.size == 0:
        return no_data(title, "No round trip has been closed.")
    low, high = (
        np.quantile(known, [0.025, 0.975]) if known.size > 200 else (known.min(), known.max())
    )
    width = max(high - min(low, 0.0), 0.0 - low) / 50 or 1.0
    edges = np.arange(np.floor(low / width), np.ceil(high / width) + 1.5) * width
    counts, _ = np.histogram(known, edges)
    beyond = known.size - int(counts.sum())
    reading = f"Number of round trips by their net P&L, {plain(currency, 20)}; n {known.size:,}"
    reading += f", of which {beyond:,} lie beyond the picture" if beyond else ""
    chart = Chart(title, reading, f"{title}: {reading}.", height=2.5)
    axes = chart.add_panel()
    middles = edges[:-1] + width / 2
    axes.bar(middles, counts, width * 0.94, color=np.where(middles < 0, LOSS, GAIN))
    axes.xaxis.set_major_formatter(StepFormatter(number_tick))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return chart
