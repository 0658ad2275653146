"""Returns by the calendar: a table of months, and years beside the benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from perfkit.errors import SchemaError
from perfkit.reports.figures.lines import colours, name_row
from perfkit.reports.figures.style import Chart, no_data, pale, percent, plain
from perfkit.reports.figures.ticks import StepFormatter, percent_tick

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["monthly_returns", "yearly_returns"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COLUMNS = (*range(1, 13), "year")
# light enough at both ends for dark digits
LOSS_TO_GAIN = LinearSegmentedColormap.from_list("loss_to_gain", ["#f0a068", "#ffffff", "#7fb8de"])


def monthly_returns(table: pd.DataFrame, basis: str = "net of costs") -> Chart:
    """Table of years by months, shaded from loss to gain, with each year's total.

    Parameters
    ----------
    table : DataFrame of shape (n_years, 13)
        Fractions; indexed by year, columns 1 to 12 and "year"; NaN where
        there was no day.
    basis : str
        What the returns are, for the line that says how to read them.

    Returns
    -------
    Chart

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    title = "Return by month"
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise SchemaError(
            f"a table of months must have the columns 1 to 12 and 'year', it lacks {missing}; "
            "perfkit.reports.monthly_table makes one"
        )
    values = table[list(COLUMNS)].dropna(how="all")
    if values.empty:
        return no_data(title, "No month has a known return. Returns need capital and prices.")
    words = "; ".join(f"{year}: {percent(total)}" for year, total in values["year"].items())
    description = f"{title}, with the year's total: {words}."
    reading = ", ".join(["%, compounded from daily returns", *([basis] if basis else [])])
    chart = Chart(title, reading, description, height=0.235 * len(values) + 0.85)
    axes = chart.add_panel()
    _shade(axes, values.to_numpy(dtype=float)[:, :12])
    _write(axes, values.to_numpy(dtype=float))
    axes.set(xlim=(0, 13.5), ylim=(len(values), 0))
    axes.set_xticks([*np.arange(12) + 0.5, 12.9], [*MONTHS, "Year"])
    axes.set_yticks(np.arange(len(values)) + 0.5, [plain(year) for year in values.index])
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return chart


def _shade(axes: Axes, months: npt.NDArray[np.float64]) -> None:
    known = np.abs(months[np.isfinite(months)])
    # one crash must not bleach all other months
    strong = float(np.quantile(known, 0.95)) if known.size else 0.0
    axes.pcolormesh(
        np.arange(13),
        np.arange(len(months) + 1),
        np.ma.masked_invalid(months),
        cmap=LOSS_TO_GAIN,
        norm=Normalize(-(strong or 1.0), strong or 1.0),
        edgecolors="white",
        linewidth=1.2,
    )


def _write(axes: Axes, values: npt.NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            total = column == 12
            axes.text(
                12.9 if total else column + 0.5,
                row + 0.5,
                percent(value).removesuffix("%"),
                ha="center",
                va="center_baseline",
                fontsize=7.5,
                fontweight="bold" if total else "normal",
            )


def yearly_returns(
    table: pd.DataFrame, benchmark: str | None = None, basis: str = "net of costs"
) -> Chart:
    """Bars of each calendar year's return, lines side by side.

    Parameters
    ----------
    table : DataFrame of shape (n_years, n_lines)
        Fractions; indexed by year, one named column a line.
    benchmark : str, optional
        The column to draw grey.
    basis : str
        What the returns are, for the line that says how to read them.

    Returns
    -------
    Chart

    Raises
    ------
    SchemaError
        When the benchmark is no column.
    """
    title = "Return by year"
    if benchmark is not None and benchmark not in table:
        raise SchemaError(
            f"the table of years must hold the benchmark {benchmark!r}, "
            f"it holds {', '.join(map(repr, table))}"
        )
    values = table.dropna(how="all").dropna(how="all", axis=1).rename(columns=str)
    if values.empty:
        return no_data(title, "No year has a known return. Returns need capital and prices.")
    words = "; ".join(f"{name}: {percent(line.iloc[-1])}" for name, line in values.items())
    reading = ", ".join(["%", *([basis] if basis else [])])
    reading += "; the first and the last year may be parts of years"
    chart = Chart(title, reading, f"{title}; in {values.index[-1]}, the last: {words}.", height=2.6)
    axes = chart.add_panel()
    painted = colours([str(name) for name in values], benchmark)
    width = 0.8 / len(painted)
    for place, (name, colour) in enumerate(painted.items()):
        left = values.index.to_numpy(dtype=float) - 0.4 + place * width
        shade = pale(colour) if name == benchmark else colour
        axes.bar(left, values[name], width * 0.92, align="edge", color=shade)
    axes.axhline(0.0, color="#b8c0c9", linewidth=0.7)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(values.index.min() - 0.6, values.index.max() + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(min(len(values), 17), integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
    axes.yaxis.set_major_formatter(StepFormatter(percent_tick))
    name_row(axes, painted)
    return chart
