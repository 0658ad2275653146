"""Groups of round trips: what each earned, from how many, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from perfkit.reports.figures.intervals import COLOURS, draw_means, known_groups, reach, verdicts
from perfkit.reports.figures.style import INK, Chart, compact, no_data, plain

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
        interval of that mean; NaN where n is too small).
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
    description = _words(title, rows, by, currency)
    chart = Chart(
        title,
        f"In {plain(currency, 20)}. {COLOURS}{omitted}",
        description,
        height=0.26 * len(rows) + 1.35,
    )
    total = chart.add_panel(1, 2, 1, note="Part of the net P&L")
    mean = chart.add_panel(1, 2, 2, note="Mean a round trip")
    places = np.arange(len(rows), dtype=float)
    total.barh(places, rows["contribution"], height=0.62, color=verdicts(rows))
    draw_means(mean, rows, "x", reach(rows))
    total.set_yticks(places, [f"{_name(group)}  " for group in rows[by]], color=INK)
    mean.set_yticks(places, [f"n {n:,.0f}" for n in rows["n"]])
    for axes in (total, mean):
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.axvline(0.0, color=INK, linewidth=0.7)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    return chart


def _name(group: object) -> str:
    if isinstance(group, pd.Interval):
        return f"{compact(group.left, 4)} to {compact(group.right, 4)}"
    return plain(group)


def _words(title: str, rows: pd.DataFrame, by: str, currency: str) -> str:
    groups = zip(rows[by], rows["contribution"], rows["n"], strict=True)
    said = "; ".join(f"{name} {compact(part)} (n {n:,.0f})" for name, part, n in groups)
    return f"{title}, net P&L in {currency}: {said}."
