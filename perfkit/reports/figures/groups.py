"""Groups of round trips: what each earned, from how many, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from perfkit.reports.figures.intervals import (
    LOOKS,
    READING,
    draw_bars,
    draw_means,
    explain,
    known_groups,
    reach,
    standings,
)
from perfkit.reports.figures.style import INK, Chart, compact, no_data, plain
from perfkit.reports.figures.ticks import ROUND, StepFormatter, number_tick

__all__ = ["group_bars"]

MOST = 30  # rows that one picture can carry


def group_bars(frame: pd.DataFrame, by: str, currency: str = "account currency") -> Chart:
    """What each group contributed, beside its mean a round trip with the interval.

    Parameters
    ----------
    frame : DataFrame
        One row a group, drawn from the top in the order given: ``by``, ``n``
        (round trips), ``contribution`` (its part of the net P&L),
        ``expectancy`` (mean P&L), ``mean_low`` and ``mean_high`` (95 %
        interval of that mean; NaN where n is too small). With a column
        ``known_at``, groups of "exit" are marked: they describe an outcome.
    by : str
        Column that names the groups: label, strategy, symbol, size.
    currency : str
        Unit of the money.

    Returns
    -------
    Chart
        Of more than 30 groups the first and the last 15, and it says so.

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    title = f"Who earns, who loses, by {plain(by)}"
    rows = known_groups(frame, by)
    if rows.empty:
        return no_data(title, f"No closed round trip has a {plain(by)}.")
    omitted = f"; {len(rows) - MOST} in the middle left out" if len(rows) > MOST else ""
    if omitted:
        rows = pd.concat([rows.head(MOST // 2), rows.tail(MOST // 2)])
    reading = f"In {plain(currency, 20)}. {READING}{omitted}"
    names, height = _names(rows, by), 0.26 * len(rows) + 1.6
    chart = Chart(title, reading, _words(title, names, rows, currency), height)
    total = chart.add_panel(1, 2, 1, note="Part of the net P&L")
    mean = chart.add_panel(1, 2, 2, note="Mean a round trip")
    looks = [LOOKS[standing] for standing in standings(rows)]
    draw_bars(total, rows["contribution"], looks, "x")
    draw_means(mean, rows, "x", reach(rows))
    places = np.arange(len(rows), dtype=float)
    total.set_yticks(places, [f"{name}  " for name in names], color=INK)
    mean.set_yticks(places, [f"n {n:,.0f}" for n in rows["n"]])
    for axes in (total, mean):
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.axvline(0.0, color=INK, linewidth=0.7)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
        axes.xaxis.set_major_formatter(StepFormatter(number_tick))
    explain(chart, rows)
    return chart


def _names(rows: pd.DataFrame, by: str) -> list[str]:
    if isinstance(rows[by].dtype, pd.CategoricalDtype) and isinstance(
        rows[by].cat.categories, pd.IntervalIndex
    ):
        return _spans(rows[by])
    marks = [" (at exit)" if standing == "outcome" else "" for standing in standings(rows)]
    return [f"{plain(group)}{mark}" for group, mark in zip(rows[by], marks, strict=True)]


def _spans(sizes: pd.Series) -> list[str]:
    """Write each interval in as few digits as tell all its edges apart."""
    edges = {edge for size in sizes for edge in (size.left, size.right)}
    digits = next(
        (d for d in range(3, 17) if len({compact(edge, d) for edge in edges}) == len(edges)), 17
    )
    ends = [(compact(size.left, digits), compact(size.right, digits)) for size in sizes]
    return [low if low == high else f"{low} to {high}" for low, high in ends]


def _words(title: str, names: list[str], rows: pd.DataFrame, currency: str) -> str:
    verdicts = (LOOKS[standing].words for standing in standings(rows))
    groups = zip(names, rows["contribution"], rows["n"], verdicts, strict=True)
    said = "; ".join(f"{name} {compact(p)} (n {n:,.0f}, {word})" for name, p, n, word in groups)
    return f"{title}, net P&L in {currency}: {said}."
