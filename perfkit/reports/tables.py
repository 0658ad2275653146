"""Tables for a page: finished numbers with units, names escaped, nothing raw."""

from __future__ import annotations

import html
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from perfkit.metrics import METRICS, REASONS
from perfkit.reports.passages import Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pandas.io.formats.style import Styler

__all__ = ["definitions", "metrics_table", "readings_table", "undefined"]

WORDS = {"cagr": "return a year", "trade_count": "round trips"}
PROPER = {
    word.lower(): word
    for word in (
        *("Burke", "Calmar", "Cornish", "CPC", "CVaR", "Fisher", "Gaussian", "Henriksson", "Kelly"),
        *("Mazuy", "Merton", "Rachev", "Sharpe", "Sortino", "Sterling", "Treynor", "VaR"),
    )
} | {"pnl": "P&L"}
FINEST = 6  # decimals; what is smaller is rounding
UNITS = {"fraction": "", "fraction a year": "a year"}  # the per cent stand with the value


def metrics_table(*frames: pd.DataFrame) -> Styler:
    """Style metrics, one row a metric, by the unit that the catalogue gives it.

    Parameters
    ----------
    *frames : DataFrame
        As `History.metrics` gives them: one row a strategy, an account or
        the whole, which become the columns. The first says which metrics.

    Returns
    -------
    Styler
        A metric that is undefined for all is left out; a name that comes
        twice is shown once.
    """
    rows = pd.concat(frames)[list(frames[0])]
    shown = rows[~rows.index.duplicated()].dropna(axis=1, how="all")
    units = {"net_pnl": "account currency"} | {name: m.unit for name, m in METRICS.items()}
    names = [str(name) for name in shown if name in units]
    texts = {_head(name): shown[name].map(_format(units[name])) for name in names}
    table = pd.DataFrame(texts, index=shown.index).T
    styled = table.style.format(escape="html").format_index(escape="html", axis=1)
    return styled.hide(axis="columns", names=True)


def readings_table(readings: Mapping[str, pd.DataFrame]) -> Passage:
    """Show metrics one a row, each with its unit, how much it rests on, and what it lacks.

    Parameters
    ----------
    readings : mapping of str to DataFrame
        By name, from `perfkit.metrics.compute`. The first says which metrics and how many
        observations; the others stand beside it.

    Returns
    -------
    Passage
        Why a value of the first is undefined stands in its row.
    """
    first = next(iter(readings.values()))
    names = [str(name) for name in first.index]
    rows = []
    for name, unit, n, reason in zip(
        names, first["unit"], first["n"], first["reason"], strict=True
    ):
        values = "".join(f"<td>{_value(table, name)}</td>" for table in readings.values())
        rows.append(
            f'<tr><th>{html.escape(_head(name))}</th>{values}<td class="word">'
            f'{UNITS.get(unit, unit)}</td><td>{n:,}</td><td class="word muted">'
            f"{REASONS.get(reason, '')}</td></tr>"
        )
    words = ("word", *[""] * len(readings), "word", "", "word")
    heads = zip(words, ("", *readings, "unit", "n", ""), strict=True)
    head = "".join(f'<th class="{word}">{html.escape(text)}</th>' for word, text in heads)
    return Passage(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def undefined(frame: pd.DataFrame) -> Passage:
    """Say which metrics have no value, and why.

    Parameters
    ----------
    frame : DataFrame
        From `History.metrics`, whose ``attrs["reasons"]`` hold the reasons.

    Returns
    -------
    Passage
        Empty when every metric has a value.
    """
    said: dict[tuple[str, str], list[str]] = {}
    for group, reasons in frame.attrs.get("reasons", {}).items():
        for metric, reason in reasons.items():
            said.setdefault((str(group), reason), []).append(_head(metric))
    items = [
        f"{group}: no value for {', '.join(metrics)}, because {REASONS.get(reason, reason)}"
        for (group, reason), metrics in said.items()
    ]
    lines = "".join(f"<li>{html.escape(item)}.</li>" for item in items)
    return Passage(f'<ul class="muted">{lines}</ul>' if lines else "")


def definitions(names: Sequence[str]) -> Passage:
    """List how metrics are defined: formula, unit and source.

    Parameters
    ----------
    names : sequence of str
        Names of `METRICS`; others are passed over.
    """
    rows = "".join(
        f"<tr><th>{html.escape(_head(name))}</th>"
        f'<td class="word"><code>{html.escape(METRICS[name].formula)}</code></td>'
        f'<td class="word">{html.escape(METRICS[name].unit)}</td>'
        f'<td class="word">{html.escape(METRICS[name].source)}</td></tr>'
        for name in names
        if name in METRICS
    )
    heads = "".join(f'<th class="word">{h}</th>' for h in ("metric", "formula", "unit", "source"))
    return Passage(f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")


def _head(name: str) -> str:
    words = (PROPER.get(word, word) for word in name.split("_"))
    return WORDS.get(name) or " ".join(words)


def _value(table: pd.DataFrame, name: str) -> str:
    if name not in table.index:
        return ""
    unit, value = str(table["unit"][name]), float(table["value"][name])
    text = _format(unit)(value)
    if value == 0.0 or any(digit in text for digit in "123456789–∞"):
        return text
    # two digits that count: the mean return of a day is not 0.0%
    size = abs(value) * (100.0 if text.endswith("%") else 1.0)
    digits = min(1 - math.floor(math.log10(size)), FINEST)
    return _signed(f"{{:.{digits}{'%' if text.endswith('%') else 'f'}}}", value)


def _format(unit: str) -> Callable[[float], str]:
    shape = FORMATS.get(unit.removesuffix(" a year"), "{:,.2f}")
    return partial(_signed, shape)


FORMATS: Mapping[str, str] = {
    "fraction": "{:,.1%}",
    "count": "{:,.0f}",
    "periods": "{:,.0f}",
    "account currency": "{:,.0f}",
}


def _signed(shape: str, value: float) -> str:
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = shape.format(abs(value))
    nothing = not any(digit in text for digit in "123456789")
    return text if value >= 0 or nothing else f"−{text}"
