"""Means with their intervals: a bar, its whisker, and a look that says what is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from perfkit.errors import SchemaError
from perfkit.reports.figures.style import GAIN, INK, LOSS, UNSURE, pale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["READING", "draw_bars", "draw_means", "explain", "known_groups", "reach", "standings"]

COLUMNS = ("n", "contribution", "expectancy", "mean_low", "mean_high")
READING = "Line: 95% interval of the mean"


class Look(NamedTuple):
    """How a bar of one standing is drawn, and the words that explain it."""

    words: str
    face: str
    edge: str
    hatch: str


LOOKS = {
    "earns": Look("mean above 0", GAIN, GAIN, ""),
    "loses": Look("mean below 0", LOSS, LOSS, ""),
    "unclear": Look("can't be told from 0", UNSURE, UNSURE, ""),
    "insufficient": Look("too few days to tell", "white", UNSURE, ""),
    "outcome": Look("known at the exit: describes, does not predict", "white", UNSURE, "//////"),
}


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


def standings(rows: pd.DataFrame) -> list[str]:
    """Say of each group what may be said of it.

    Returns
    -------
    list of str
        ``earns``, ``loses`` or ``unclear`` by the interval, ``insufficient``
        without one; ``outcome`` where ``known_at`` is "exit": what is known
        with the result has no verdict.
    """
    low, high = rows["mean_low"], rows["mean_high"]
    is_outcome = rows["known_at"].eq("exit") if "known_at" in rows else low.isna() & False
    known = [is_outcome, low.isna() | high.isna(), low > 0, high < 0]
    said = np.select(known, ["outcome", "insufficient", "earns", "loses"], "unclear")
    return [str(standing) for standing in said]


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


def draw_bars(axes: Axes, values: pd.Series, looks: list[Look], along: Literal["x", "y"]) -> None:
    """Draw a bar a group from 0 to its value."""
    places = np.arange(len(values), dtype=float)
    how: dict[str, Any] = {
        "color": [look.face for look in looks],
        "edgecolor": [look.edge for look in looks],
        "hatch": [look.hatch for look in looks],
        "linewidth": 0.7,
    }
    if along == "x":
        axes.barh(places, values, height=0.62, **how)
    else:
        axes.bar(places, values, width=0.62, **how)


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
    looks = [LOOKS[standing] for standing in standings(rows)]
    softer = [look._replace(face=pale(look.face), edge=pale(look.edge)) for look in looks]
    draw_bars(axes, rows["expectancy"], softer, along)
    places = np.arange(len(rows), dtype=float)
    low, high = (rows[side].clip(*limits) for side in ("mean_low", "mean_high"))
    if along == "x":
        axes.hlines(places, low, high, colors=INK, linewidth=0.9)
        axes.set_xlim(*limits)
    else:
        axes.vlines(places, low, high, colors=INK, linewidth=0.9)
        axes.set_ylim(*limits)


def explain(figure: Figure, *frames: pd.DataFrame) -> None:
    """Write below a figure what the looks in it mean."""
    seen = {standing for rows in frames for standing in standings(rows)}
    patches = [
        Patch(facecolor=look.face, edgecolor=look.edge, hatch=look.hatch, label=look.words)
        for standing, look in LOOKS.items()
        if standing in seen
    ]
    figure.legend(
        handles=patches,
        loc="outside lower left",
        ncols=len(LOOKS),
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.6,
    )
