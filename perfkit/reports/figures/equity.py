"""Equity and drawdown: what the money did, and how deep it fell on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullLocator

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.reports.figures.lines import LETTER, colours, date_axis, name_ends
from perfkit.reports.figures.style import Chart, compact, no_data, plain
from perfkit.reports.figures.ticks import StepFormatter, number_tick, percent_tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["equity_curve"]

SCALES = ("auto", "log", "linear")
MANIFOLD = 10.0  # highest over lowest, above which a linear scale hides the early years


def equity_curve(
    curves: pd.DataFrame,
    drawdowns: pd.DataFrame | None = None,
    *,
    unit: str,
    benchmark: str | None = None,
    scale: str = "auto",
    title: str = "Equity",
) -> Chart:
    """Lines of equity above, their drawdowns below, on one axis of days.

    Parameters
    ----------
    curves : DataFrame of shape (n_days, n_lines)
        NAV in money, or growth of 1; indexed by day, one named column a line.
    drawdowns : DataFrame of shape (n_days, n_lines), optional
        Fractions below the peak, from 0 to 1, of some or all of these lines;
        the first is filled.
    unit : str
        Of ``curves``: "USD", "growth of 1".
    benchmark : str, optional
        The column to draw thin and grey.
    scale : {"auto", "log", "linear"}
        On a logarithmic scale equal steps are equal percentages; "auto" takes
        it where the highest value is more than 10 times the lowest. Where a
        value is 0 or less the scale is linear, and the figure says so where
        "log" was asked for.
    title : str
        Heading of the figure.

    Returns
    -------
    Chart

    Raises
    ------
    SchemaError
        When a drawdown, or the benchmark, belongs to no curve.
    InvalidArgumentError
        When the scale is none of the three.
    """
    depths = pd.DataFrame(index=curves.index) if drawdowns is None else drawdowns
    strangers = [name for name in depths if name not in curves]
    strangers += [benchmark] if benchmark is not None and benchmark not in curves else []
    if strangers:
        raise SchemaError(
            f"the curves must hold a column {strangers[0]!r}, "
            f"they hold {', '.join(map(repr, curves))}; give each drawdown its curve's name"
        )
    seen = curves.dropna(how="all").dropna(how="all", axis=1).rename(columns=str)
    if seen.empty:
        return no_data(title, "No day has a known value. Equity needs fills and prices.")
    painted = colours([str(name) for name in seen], benchmark)
    depths = depths.rename(columns=str)
    depths = depths.loc[depths.index.isin(seen.index), [name for name in painted if name in depths]]
    is_log, remark = _log_or_linear(seen, scale)
    heights = [max(2.7, LETTER * len(painted) + 0.4), *([1.25] if len(depths.columns) else [])]
    reading = f"{plain(unit, 60)}, day by day{remark}"
    chart = Chart(title, reading, f"{title} {_words(seen, unit)}", height=sum(heights) + 0.95)
    grid = chart.add_gridspec(len(heights), 1, height_ratios=heights)
    upper = chart.add_panel(grid[0])
    if is_log:
        _log_scale(upper)
    _rise(upper, seen, painted, benchmark)
    if len(depths.columns):
        lower = chart.add_panel(grid[1], note="Drawdown: how far below the highest so far, %")
        _hang(lower, depths, painted)
        upper.tick_params(labelbottom=False)
    for axes in chart.axes:
        date_axis(axes, seen.index)
    name_ends(upper, seen, painted, heights[0])
    return chart


def _log_or_linear(curves: pd.DataFrame, scale: str) -> tuple[bool, str]:
    """Decide on a scale, and say so where it is not the linear one that was expected."""
    if scale not in SCALES:
        raise InvalidArgumentError(f"scale must be one of {', '.join(SCALES)}, was {scale!r}")
    values = curves.to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if scale == "log" and low <= 0:
        return False, ", linear as it reaches 0 or less"
    if scale == "log" or (scale == "auto" and high > MANIFOLD * low > 0):
        return True, ", log scale"
    return False, ""


def _rise(
    axes: Axes, curves: pd.DataFrame, painted: Mapping[str, str], benchmark: str | None
) -> None:
    for name, colour in painted.items():
        line = curves[name].dropna()
        behind = name == benchmark
        (drawn,) = axes.plot(line.index, line, color=colour, linewidth=1.0 if behind else 1.4)
        drawn.set(zorder=1.5 if behind else 2.0, marker="o" if len(line) == 1 else "")
    axes.yaxis.set_major_formatter(StepFormatter(number_tick))


def _hang(axes: Axes, drawdowns: pd.DataFrame, painted: Mapping[str, str]) -> None:
    deepest = 0.0
    for place, name in reversed(list(enumerate(drawdowns))):
        line = -drawdowns[name].dropna()
        axes.plot(line.index, line, color=painted[str(name)], linewidth=0.7)
        if place == 0:
            axes.fill_between(
                line.index, line, 0.0, color=painted[str(name)], alpha=0.2, linewidth=0
            )
        deepest = min(deepest, float(line.min()) if len(line) else 0.0)
    axes.set_ylim(deepest * 1.06 or -0.01, 0.0)
    axes.yaxis.set_major_formatter(StepFormatter(percent_tick))


def _log_scale(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axes.yaxis.set_minor_locator(NullLocator())


def _words(curves: pd.DataFrame, unit: str) -> str:
    first, last = (pd.Timestamp(curves.index[i]).date() for i in (0, -1))
    ends = "; ".join(
        f"{name} ends at {compact(float(curves[name].dropna().iloc[-1]))}" for name in curves
    )
    return f"from {first} to {last}, in {unit}: {ends}."
