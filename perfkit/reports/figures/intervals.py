"""Means with their intervals: a bar, its whisker, and a colour that says what is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from perfkit.errors import SchemaError
from perfkit.reports.figures.style import GAIN, INK, LOSS, UNSURE, pale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "draw_means", "known_groups", "reach", "verdicts"]

COLUMNS = ("n", "contribution", "expectancy", "mean_low", "mean_high")
COLOURS = "Line: 95% interval of the mean; blue lies above 0, orange below, grey can't tell"


def known_groups(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the groups that hold a round trip.

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    missing = [column for column in (by, *COLUMNS) if column not in frame]
    if missing:
        raise SchemaError(
            f"groups must have the columns {', '.join((by, *COLUMNS))}; {', '.join(missing)} "
            f"is not among {', '.join(map(str, frame))}; perfkit.attribution makes such frames"
        )
    return frame[(frame["n"] > 0) & frame["expectancy"].notna()]


def verdicts(rows: pd.DataFrame) -> list[str]:
    """Return a colour a group: gain or loss where the interval says so, else grey."""
    sure = np.select([rows["mean_low"] > 0, rows["mean_high"] < 0], [1, 2], default=0)
    return [(UNSURE, GAIN, LOSS)[i] for i in sure]


def reach(*frames: pd.DataFrame) -> tuple[float, float]:
    """Return how far the axis of means must reach, 0 included.

    A group of few has an interval that would squash all others: beyond three
    times the largest mean, whiskers leave the picture.
    """
    rows = pd.concat(frames)
    edge = 3.0 * float(rows["expectancy"].abs().max())
    drawn = rows[["expectancy", "mean_low", "mean_high"]].clip(-edge, edge).to_numpy(dtype=float)
    low, high = min(float(np.nanmin(drawn)), 0.0), max(float(np.nanmax(drawn)), 0.0)
    pad = 0.06 * (high - low) or 1.0
    return low - pad * (low < 0), high + pad * (high > 0 or low == 0)


def draw_means(
    axes: Axes, rows: pd.DataFrame, along: Literal["x", "y"], limits: tuple[float, float]
) -> None:
    """Draw a bar a group from 0 to its mean, and its interval upon it.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        From `known_groups`.
    along : {"x", "y"}
        Axis of the money.
    limits : tuple of float
        From `reach`.
    """
    places, means = np.arange(len(rows), dtype=float), rows["expectancy"]
    low, high = (rows[side].clip(*limits) for side in ("mean_low", "mean_high"))
    painted = [pale(colour) for colour in verdicts(rows)]
    if along == "x":
        axes.barh(places, means, height=0.62, color=painted)
        axes.hlines(places, low, high, colors=INK, linewidth=0.9)
        axes.set_xlim(*limits)
    else:
        axes.bar(places, means, width=0.62, color=painted)
        axes.vlines(places, low, high, colors=INK, linewidth=0.9)
        axes.set_ylim(*limits)
