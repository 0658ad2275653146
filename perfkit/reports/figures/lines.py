"""Several lines in one picture: colours, names beside them, an axis of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

from perfkit.reports.figures.style import BENCHMARK, SERIES, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["colours", "date_axis", "name_ends", "name_row", "spread"]

LETTER = 0.155  # inches from one line of small text to the next


def colours(names: Sequence[str], benchmark: str | None) -> dict[str, str]:
    """Give each line its colour; the benchmark, and what exceeds the palette, is grey."""
    own = [name for name in names if name != benchmark]
    painted = dict.fromkeys(names, BENCHMARK)
    painted.update(zip(own, SERIES, strict=False))
    return painted


def date_axis(axes: Axes, days: pd.Index) -> None:
    """Put few, short dates below the axes, each said once."""
    locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    first, last = pd.Timestamp(days.min()), pd.Timestamp(days.max())
    edge = max((last - first) * 0.01, pd.Timedelta(hours=12))
    axes.set_xlim(mdates.date2num(first - edge), mdates.date2num(last + edge))


def name_ends(axes: Axes, frame: pd.DataFrame, painted: Mapping[str, str], height: float) -> None:
    """Write each line's name at its right end, none upon another.

    Parameters
    ----------
    axes : Axes
        With its lines drawn and its limits final.
    frame : DataFrame
        One column a line, as drawn.
    painted : mapping of str to str
        Colour of each name.
    height : float
        Height of the axes in inches, roughly.
    """
    named = [(name, frame[name].dropna()) for name in painted if name in frame]
    ends = {name: float(line.iloc[-1]) for name, line in named if len(line)}
    to_figure = axes.transData + axes.transAxes.inverted()
    wanted = [float(to_figure.transform((0.0, value))[1]) for value in ends.values()]
    for name, y in zip(ends, spread(wanted, LETTER / height), strict=True):
        axes.text(
            1.008,
            y,
            plain(name),
            transform=axes.transAxes,
            color=painted[name],
            va="center",
            fontsize=8,
            fontweight="bold",
        )


def name_row(axes: Axes, painted: Mapping[str, str]) -> None:
    """Write names in their colours in one row above the axes, on the right."""
    words: list[Artist] = [
        TextArea(plain(name, 20), textprops={"color": colour, "fontsize": 8, "fontweight": "bold"})
        for name, colour in painted.items()
    ]
    row = HPacker(children=words, pad=0, sep=10)
    axes.add_artist(
        AnchoredOffsetbox(
            "lower right",
            child=row,
            frameon=False,
            pad=0.0,
            borderpad=0.7,
            bbox_to_anchor=(1.0, 1.0),
            bbox_transform=axes.transAxes,
        )
    )


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Move positions apart until neighbours keep their gap, as little as possible.

    Parameters
    ----------
    wanted : sequence of float
        Positions from 0 to 1, in any order.
    gap : float
        Least distance of neighbours.

    Returns
    -------
    list of float
        Positions in the order given; inside 0 to 1 as long as all have room.

    Notes
    -----
    With the i-th smallest lowered by ``i * gap``, "keeps its gap" becomes "is
    not decreasing", and the nearest such positions are an isotonic regression,
    found by pooling neighbours that violate it [1]_.

    References
    ----------
    .. [1] R. E. Barlow et al. (1972), *Statistical Inference under Order
       Restrictions*, Wiley.

    Examples
    --------
    >>> spread([0.5, 0.5, 1.0], gap=0.25)
    [0.375, 0.625, 1.0]
    """
    order = np.argsort(np.asarray(wanted, dtype=float), kind="stable")
    pools: list[list[float]] = []
    for rank, index in enumerate(order):
        pools.append([wanted[index] - rank * gap])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    room = max(1.0 - (len(order) - 1) * gap, 0.0)
    level = [min(max(float(np.mean(pool)), 0.0), room) for pool in pools for _ in pool]
    placed = [0.0] * len(level)
    for rank, index in enumerate(order):
        placed[index] = level[rank] + rank * gap
    return placed
