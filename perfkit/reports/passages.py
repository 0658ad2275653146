"""Passages: what a report says in words, names escaped, ready to be shown."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Passage", "conventions", "heading", "remark", "scope", "stale_prices"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of HTML that a notebook shows as it is.

    Attributes
    ----------
    html : str
        With every name from outside escaped.
    """

    html: str

    def _repr_html_(self) -> str:
        return self.html


def heading(title: str) -> Passage:
    """Write the heading of a page, which is also its title in a browser."""
    return Passage(f"<h1>{html.escape(title)}</h1>")


def scope(uri: str, days: pd.Index, asked: Mapping[str, str]) -> Passage:
    """Say in one line what a report is about.

    Parameters
    ----------
    uri : str
        The history.
    days : Index
        Days that the report covers.
    asked : mapping of str to str
        What it was asked for: account, strategy, benchmark ...; empty is all, or none.
    """
    span = f"{days.min():%-d %B %Y} to {days.max():%-d %B %Y}" if len(days) else "no day"
    parts = [f"{name} {value}" for name, value in asked.items() if value]
    line = " · ".join([span, *parts, f"history {uri}"])
    return Passage(f'<p class="muted">{html.escape(line)}</p>')


def remark(text: str) -> Passage:
    """Show what a reader must know beside the numbers, such as how the stocks were chosen."""
    return Passage(f'<p class="remark">{html.escape(text)}</p>' if text else "")


def stale_prices(equity: pd.DataFrame) -> Passage:
    """Say how much of the equity rests on prices of earlier days.

    Parameters
    ----------
    equity : DataFrame of shape (n_days, n_columns)
        Of the whole: ``day``, and ``stale_marks``, the positions that were
        valued at a price that is not a mark of that day.

    Returns
    -------
    Passage
        Empty when every position had its price every day.
    """
    stale = equity.set_index("day")["stale_marks"]
    if not stale.any():
        return remark("")
    days, worst = int((stale > 0).sum()), int(stale.max())
    return remark(
        f"On {days:,} of {len(stale):,} days positions were valued at a price that is not of "
        f"that day: {int(stale.sum()):,} times in all, at worst {worst:,} "
        f"position{'s' if worst > 1 else ''} on {stale.idxmax():%-d %B %Y}. Their P&L comes "
        "late, and their risk looks smaller than it was."
    )


def conventions(zone: str, cutoff: str, periods: float) -> Passage:
    """Say which trading day and year the numbers go by.

    Parameters
    ----------
    zone, cutoff : str
        Of the desk: its time zone, and the local time at which a day ends.
    periods : float
        Trading days a year.
    """
    text = f"A trading day ends at {cutoff} in {zone}; {periods:g} of them make a year."
    return Passage(f"<p>{html.escape(text)}</p>")
