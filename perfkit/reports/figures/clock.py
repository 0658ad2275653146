"""The hour, the weekday, the month: when round trips earn and when they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from perfkit.reports.figures.intervals import READING, draw_means, explain, known_groups, reach
from perfkit.reports.figures.style import INK, Chart, compact, no_data, plain
from perfkit.reports.figures.ticks import ROUND, StepFormatter, number_tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["time_bars"]

CROWD = 12  # a panel of more groups takes a line for itself


def time_bars(
    views: Mapping[str, pd.DataFrame], currency: str = "account currency", zone: str = "UTC"
) -> Chart:
    """Mean P&L a round trip by hour, weekday, month: one panel a view, one scale.

    Parameters
    ----------
    views : mapping of str to DataFrame
        From the column that names the groups ("hour", "weekday", "month") to
        its frame, in order of time; columns as for `group_bars`. A view of one
        group is left out where another has more.
    currency : str
        Unit of the money.
    zone : str
        Time zone of the groups, for the line that says how to read them.

    Returns
    -------
    Chart

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    title = "When it earns, when it loses"
    known = {by: known_groups(frame, by) for by, frame in views.items()}
    known = {by: rows for by, rows in known.items() if len(rows)}
    if not known:
        return no_data(title, "No round trip has been closed.")
    # a view of one group compares nothing
    known = {by: rows for by, rows in known.items() if len(rows) > 1} or known
    lines = [[by] for by, rows in known.items() if len(rows) > CROWD]
    lines += [rest] if (rest := [by for by, rows in known.items() if len(rows) <= CROWD]) else []
    reading = (
        f"Mean a round trip, {plain(currency, 20)}, by its exit in {plain(zone, 32)}. {READING}"
    )
    description = f"{title}: {_words(known, currency)}."
    chart = Chart(title, reading, description, height=2.1 * len(lines) + 0.75)
    grid = chart.add_gridspec(len(lines), 1)
    limits = reach(*known.values())
    for row, line in enumerate(lines):
        widths = [max(len(known[by]), 3) for by in line]
        cells = grid[row].subgridspec(1, len(line), width_ratios=widths)
        for place, by in enumerate(line):
            axes = chart.add_panel(cells[place], note=f"By {plain(by)}, above n")
            _columns(axes, known[by], by, limits)
    explain(chart, *known.values())
    return chart


def _columns(axes: Axes, rows: pd.DataFrame, by: str, limits: tuple[float, float]) -> None:
    draw_means(axes, rows, "y", limits)
    axes.axhline(0.0, color=INK, linewidth=0.7)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    names = [
        f"{_short(group)}\n{compact(n, 2)}" for group, n in zip(rows[by], rows["n"], strict=True)
    ]
    axes.set_xticks(np.arange(len(rows)), names, fontsize=7.5)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
    axes.yaxis.set_major_formatter(StepFormatter(number_tick))


def _short(group: object) -> str:
    """Keep three letters of Monday and January, and numbers as they are."""
    name = str(group)
    return plain(name[:3] if name.isalpha() else name, 10)


def _words(known: Mapping[str, pd.DataFrame], currency: str) -> str:
    return "; ".join(
        f"{by} {group}: mean {compact(mean)} {currency} (n {n:,.0f})"
        for by, rows in known.items()
        for group, mean, n in zip(rows[by], rows["expectancy"], rows["n"], strict=True)
    )
