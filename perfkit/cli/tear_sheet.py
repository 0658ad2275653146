"""Command `perfkit tear-sheet`: a page on the daily returns of a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from perfkit.cli.opening import open_store
from perfkit.cli.questions import (
    Account,
    AsOf,
    Benchmark,
    ConvertTo,
    Currency,
    Cutoff,
    End,
    Periods,
    Rf,
    Start,
    Strategy,
    Uri,
    Zone,
)
from perfkit.cli.terminal import progress, say
from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.history import Selection

__all__ = ["tear_sheet"]


def tear_sheet(
    uri: Uri,
    out: Annotated[Path, typer.Option(help="The page to write, ending in .html.")] = Path(
        "tear_sheet.html"
    ),
    account: Account = None,
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
    benchmark: Benchmark = None,
    rf: Rf = 0.0,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    currency: Currency = None,
    convert_to: ConvertTo = None,
    as_of: AsOf = None,
    zone: Zone = "UTC",
    cutoff: Cutoff = "00:00",
    periods: Periods = None,
) -> None:
    """Write a tear sheet: the daily returns of all that is chosen, as one strategy."""
    from perfkit import reports
    from perfkit.history import History

    given = {"account": account, "strategy": strategy, "start": start, "end": end}
    chosen = {name: value for name, value in (given | {"currency": currency}).items() if value}
    history = History(open_store(uri), zone=zone, cutoff=cutoff, periods=periods)
    history = history if as_of is None else history.as_of(as_of)
    name = " + ".join([*(account or []), *(strategy or [])]) or "all strategies"
    with progress("valuing the days", at_once=False) as history.progress:
        days = history.equity((), convert_to=convert_to, **cast("Selection", chosen))
    market = history.benchmark(benchmark).rename(benchmark) if benchmark else None
    returns = _whole_returns(days, name)
    with progress("drawing the tear sheet"):
        page = reports.tear_sheet(
            returns, out, periods=history.periods, benchmark=market, rf=rf, title=title
        )
    say(f"tear sheet {page}")


def _whole_returns(days: pd.DataFrame, name: str) -> pd.Series:
    """Take the returns, unless they leave out what was earned."""
    unfunded, unknown = int((days["unfunded"] > 0).sum()), int(days["pnl"].isna().sum())
    if unfunded or unknown:
        raise InvalidArgumentError(
            f"returns of {name} leave out days: {unfunded:,} on which money was made without "
            f"capital, {unknown:,} whose P&L is not known; record deposits and bars of the "
            "currency pairs, or say --start"
        )
    return days.set_index("day")["return"].rename(name)
