"""Drawings: quantstats draws, and what it draws are our numbers in our style.

Its public plots count before they draw: they take returns above 1 for prices, fill what is
not known with 0, and show means of their own. The layer below them draws what it is given,
so it is given finished numbers. Then titles, colours, ticks and names are made those of
every other figure.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from perfkit.reports.figures.lines import colours, date_axis, name_ends
from perfkit.reports.figures.style import (
    GAIN,
    INK,
    LEFT,
    MUTED,
    SECOND_LINE,
    STYLE,
    WIDTH,
    image,
    pale,
    svg_of,
)
from perfkit.reports.figures.ticks import ROUND, StepFormatter, number_tick, percent_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes

__all__ = ["Drawing", "draw_depth", "draw_distribution", "draw_growth", "draw_rolling"]

MANIFOLD = 10.0  # highest over lowest, above which a linear scale hides the early years
LABELLED = {1.7: (1.0, 1.5, 2.0, 3.0, 5.0, 7.0), 3.5: (1.0, 2.0, 5.0), math.inf: (1.0,)}
FAINT = "#b8c0c9"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that quantstats drew, in the house style.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Its only axes hold our numbers.
    title : str
        Heading.
    description : str
        What the picture shows, for readers who can't see it.
    """

    figure: Figure
    title: str
    description: str

    def _repr_html_(self) -> str:
        with mpl.rc_context(STYLE):
            return image(svg_of(self.figure, self.title), self.description)


def draw_growth(growth: pd.DataFrame, benchmark: str | None = None) -> Drawing:
    """Draw what 1 became, beside what the benchmark made of it.

    Parameters
    ----------
    growth : DataFrame of shape (n_days, n_lines)
        Wealth from 1, indexed by day: one column, and the benchmark's.
    benchmark : str, optional
        The column to draw thin and grey.
    """
    title, reading = "Growth", "Growth of 1, day by day"
    values = growth.to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    is_log = high > MANIFOLD * low > 0.0
    with _quantstats() as core:
        figure = _timeseries(core, growth, benchmark)
        axes = figure.axes[0]
        if is_log:
            axes.set_yscale("log")
            decades = math.log10(high / low)  # more of them leave less room for each
            steps = next(steps for most, steps in LABELLED.items() if decades <= most)
            axes.yaxis.set_major_locator(LogLocator(subs=steps))
            axes.yaxis.set_minor_locator(NullLocator())
        _dress(figure, title, reading + (", log scale" if is_log else ""), height=3.4)
        _finish(axes, growth, number_tick)
        painted = colours([str(name) for name in growth], benchmark)
        name_ends(axes, growth.rename(columns=str), painted, 2.6)
    ends = "; ".join(f"{name} ends at {growth[name].dropna().iloc[-1]:.2f}" for name in growth)
    return Drawing(figure, title, f"{reading}: {ends}.")


def draw_depth(depth: pd.Series) -> Drawing:
    """Draw how far below its highest so far wealth stood.

    Parameters
    ----------
    depth : Series of shape (n_days,)
        Positive fractions, indexed by day.
    """
    title, reading = "Drawdown", "How far below the highest so far, %"
    below = -depth.to_frame("depth")
    with _quantstats() as core:
        figure = _timeseries(core, below, None, fill=True)
        axes = figure.axes[0]
        axes.lines[0].set_linewidth(0.7)
        _dress(figure, title, reading, height=2.1)
        _finish(axes, below, percent_tick)
        axes.set_ylim(float(below["depth"].min()) * 1.06 or -0.01, 0.0)
    deepest = f"{depth.max():.1%}, on {depth.idxmax():%Y-%m-%d}" if depth.max() > 0 else "none"
    return Drawing(figure, title, f"{title}: the deepest was {deepest}.")


def draw_rolling(
    curve: pd.Series,
    title: str,
    reading: str,
    *,
    write: Callable[[float, float], str] = number_tick,
    level: float | None = None,
) -> Drawing:
    """Draw a metric over its windows; where a window has no value, the line has a gap.

    Parameters
    ----------
    curve : Series of shape (n_windows,)
        From `perfkit.metrics.rolling`, indexed by the window's last day.
    title, reading : str
        Heading, and how to read the picture.
    write : callable
        How a tick is written: `number_tick` or `percent_tick`.
    level : float, optional
        Where a thin line goes across.
    """
    finite = curve.where(np.isfinite(curve)).to_frame("curve")
    with _quantstats() as core:
        figure = _timeseries(core, finite, None)
        axes = figure.axes[0]
        if level is not None:
            axes.axhline(level, color=FAINT, linewidth=0.7, zorder=1)
        _dress(figure, title, reading, height=1.9)
        _finish(axes, finite, write)
    last = curve.dropna().iloc[-1]
    said = f"{last:.1%}" if write is percent_tick else f"{last:.2f}"
    return Drawing(figure, title, f"{title}, {reading}; the last is {said}.")


def draw_distribution(months: pd.Series) -> Drawing:
    """Draw how often a month returned how much.

    Parameters
    ----------
    months : Series of shape (n_months,)
        Return of each month, as a fraction.
    """
    title = "Distribution of months"
    reading = "How often a month returned how much, %; the line is smoothed"
    # quantstats adds the days of each month up: here each "day" is a month already
    each = pd.Series(months.to_numpy(), pd.date_range("2000-01-31", periods=len(months), freq="ME"))
    with _quantstats() as core:
        figure = core.plot_histogram(
            each, None, resample="ME", ylabel=False, subtitle=False, title="", fontname=_FONT,
            show=False,
        )  # fmt: skip
        axes = figure.axes[0]
        (*smooth, mean) = axes.lines
        mean.remove()
        for line in smooth:
            line.set(color=GAIN, linewidth=1.4)
        for bar in axes.patches:
            bar.set(facecolor=pale(GAIN), edgecolor="white", alpha=1.0)
        _dress(figure, title, reading, height=2.4)
        axes.axvline(0.0, color=MUTED, linewidth=0.7)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=ROUND))
        axes.xaxis.set_major_formatter(StepFormatter(percent_tick))
    said = f"{(months > 0).sum()} of {len(months)} months made money"
    return Drawing(figure, title, f"{title}: {said}.")


_FONT = STYLE["font.family"]


@contextmanager
def _quantstats() -> Iterator[Any]:
    """Open quantstats' drawing layer in the house style, and leave matplotlib as it was."""
    with mpl.rc_context():  # the import sets a theme for the whole process
        from quantstats._plotting import core

    with mpl.rc_context(STYLE):
        yield core


def _timeseries(
    core: Any, lines: pd.DataFrame, benchmark: str | None, *, fill: bool = False
) -> Figure:
    """Let quantstats draw lines as they are, then take away what else it drew."""
    own = next(str(name) for name in lines if name != benchmark)
    order = [own] if benchmark is None else [benchmark, own]  # from the back to the front
    *behind, front = [lines[name].rename(None) for name in order]  # a name may be anything
    figure: Figure = core.plot_timeseries(
        front, behind[0] if behind else None, "", raw_data=True, fill=fill, percent=False,
        subtitle=False, fontname=_FONT, show=False,
    )  # fmt: skip
    axes = figure.axes[0]
    for across in axes.lines[len(order) :]:
        across.remove()
    painted = colours([str(name) for name in lines], benchmark)
    for name, line in zip(order, axes.lines, strict=True):
        # quantstats takes what is not known for 0
        line.set_data(lines.index, lines[name])
        line.set(color=painted[name], linewidth=1.0 if name == benchmark else 1.4)
        line.set_marker("o" if lines[name].notna().sum() == 1 else "")
    for area in axes.collections:
        area.set(color=GAIN, alpha=0.2, linewidth=0)
    return figure


def _dress(figure: Figure, title: str, reading: str, height: float) -> None:
    """Give a figure size, heading and axes of the house."""
    figure.set_size_inches(WIDTH, height)
    figure.set_layout_engine("constrained")
    # the layout knows one heading: its empty second line is room for the reading
    figure.suptitle(f"{title}\n", x=LEFT, y=None, ha="left", color=INK)
    figure.text(LEFT, 1.0 - SECOND_LINE / height, reading, va="top", color=MUTED)
    axes = figure.axes[0]
    if (legend := axes.get_legend()) is not None:
        legend.remove()
    axes.set(xlabel="", ylabel="", title="")
    axes.spines[["left", "bottom"]].set_visible(True)


def _finish(axes: Axes, lines: pd.DataFrame, write: Callable[[float, float], str]) -> None:
    """Fit the axes to the lines, and write their ticks."""
    axes.relim()
    axes.autoscale_view()
    axes.yaxis.set_major_formatter(StepFormatter(write))
    date_axis(axes, lines.index)
    axes.tick_params(axis="x", labelrotation=0)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("center")
