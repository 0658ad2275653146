"""How numbers look in a terminal: one table, one style, one width.

Frames come in finished; nothing is computed here. A name from outside is
printed as text, never read as markup.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

__all__ = [
    "Format",
    "cents",
    "console",
    "count",
    "exact",
    "money",
    "number",
    "percent",
    "print_table",
    "progress",
    "say",
    "say_json",
    "size",
]

# a pipe has no width of its own; a table that is folded to 80 columns can't be read
console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
Format = Callable[[object], str]


def say(message: str, style: str = "") -> None:
    """Print one line of plain text."""
    console.print(Text(message, style=style), soft_wrap=True)


def say_json(value: Mapping[str, object]) -> None:
    """Print a line of JSON; a frame is a list of its rows, what is undefined is null."""
    from perfkit.records import to_json

    rows = {
        name: part.to_dict("records") if isinstance(part, pd.DataFrame) else part
        for name, part in value.items()
    }
    say(json.dumps(to_json(rows)))


def print_table(frame: pd.DataFrame, formats: Mapping[str, Format], *, title: str) -> None:
    """Print a frame with one format a column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Only the columns that have a format are shown, in the order of ``formats``.
    formats : mapping of str to callable
        From column name to a function from value to text.
    title : str
        One line above the table.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = [name for name in formats if name in frame.columns]
    for name in shown:
        is_number = frame[name].dtype.kind in "fiu"
        table.add_column(
            Text(name.replace("_", " ")),
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number,
        )
    for row in frame[shown].itertuples(index=False):
        cells = (_cell(formats[name], value) for name, value in zip(shown, row, strict=True))
        table.add_row(*cells)
    if frame.empty:
        table.add_row(*(["(none)"] + [""] * (len(shown) - 1)))
    say(f"\n{title}", "bold")
    console.print(table)


def _cell(form: Format, value: object) -> Text:
    text = form(value)
    is_loss = isinstance(value, float) and value < 0 and text.startswith("-")
    return Text(text, style="red" if is_loss else "")


def money(value: object) -> str:
    """Three digits of an amount, such as 15.9M; a dash where undefined."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return _float(value, "")
    if abs(value) >= 1e18:
        return f"{value:.2e}"
    size, unit = abs(value), ""
    for unit in ("", "k", "M", "B", "T"):
        if size < 999.5 or unit == "T":
            break
        size /= 1000.0
    digits = 0 if not unit or size >= 100 else 1
    return f"{'-' if value < 0 and size >= 0.5 else ''}{size:,.{digits}f}{unit}"


def exact(value: object) -> str:
    """Every digit of a number, and what is none as text; a dash where undefined."""
    if isinstance(value, float):
        return _float(value, "{:,.12g}")
    return "–" if value is None else str(value)


def cents(value: object) -> str:
    """Two decimals of an amount."""
    is_huge = isinstance(value, (int, float)) and abs(value) >= 1e18
    text = _float(value, "{:.6e}" if is_huge else "{:,.2f}")
    return "0.00" if text == "-0.00" else text


def size(value: object) -> str:
    """Bounds of a size, as money."""
    left, right = getattr(value, "left", math.nan), getattr(value, "right", math.nan)
    return f"{money(left)} to {money(right)}"


def percent(value: object) -> str:
    """One decimal of a percent."""
    return _float(value, "{:.1%}")


def number(value: object) -> str:
    """Two decimals."""
    return _float(value, "{:,.2f}")


def count(value: object) -> str:
    """Whole number with thousands."""
    return _float(value, "{:,.0f}")


def _float(value: object, form: str) -> str:
    if not isinstance(value, (int, float)) or math.isnan(value):
        return "–"
    return form.format(value) if math.isfinite(value) else "∞" if value > 0 else "-∞"


@contextmanager
def progress(what: str, *, at_once: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the terminal's error stream; yields ``step(done, total)``.

    Unless ``at_once`` it is shown only when a first step of several was done.
    """
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=False)
    with ExitStack() as shown:
        tasks = []

        def show() -> None:
            shown.enter_context(bar)
            tasks.append(bar.add_task(what, total=None))

        def step(done: int, total: int) -> None:
            if not tasks and total > 1:
                show()
            for task in tasks:
                bar.update(task, completed=done, total=total)

        if at_once:
            show()
        yield step
        for task in tasks:
            bar.update(task, total=1, completed=1)
