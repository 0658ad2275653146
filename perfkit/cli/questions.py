"""Commands that read: `perfkit summary`, `attribution`, `report`, `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import pandas as pd
import typer

from perfkit.cli.terminal import (
    Format,
    count,
    money,
    number,
    percent,
    print_table,
    progress,
    say,
)

if TYPE_CHECKING:
    from perfkit.history import Selection

__all__ = ["attribution", "attribution_table", "metrics_table", "report", "summary", "verify"]

Uri = Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")]
Account = Annotated[list[str] | None, typer.Option(help="Only this account; may be repeated.")]
Strategy = Annotated[list[str] | None, typer.Option(help="Only this strategy; may be repeated.")]
Start = Annotated[str | None, typer.Option(help="From this day on, e.g. 2020-01-01.")]
End = Annotated[str | None, typer.Option(help="Up to, and without, this day.")]
By = Annotated[str, typer.Option(help="Dimensions, separated by commas.")]


def summary(
    uri: Uri,
    by: By = "strategy",
    account: Account = None,
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
    rf: Annotated[float, typer.Option(help="Annual risk-free rate, 0.04 is 4 %.")] = 0.0,
    benchmark: Annotated[str | None, typer.Option(help="Symbol to compare with.")] = None,
) -> None:
    """Print the metrics of a history, one row an account or strategy."""
    from perfkit.history import History

    history = History(uri)
    frame = history.metrics(
        by=by.split(","), rf=rf, benchmark=benchmark, **_selection(account, strategy, start, end)
    )
    metrics_table(frame, title=f"{uri}, annualised with {history.periods} days a year")
    for group, reasons in frame.attrs["reasons"].items():
        for metric, reason in reasons.items():
            say(f"  {group}: {metric} is undefined, {reason}", "dim")


def attribution(
    uri: Uri,
    by: By = "label",
    account: Account = None,
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
) -> None:
    """Print who earns and who loses, by label, strategy, symbol, hour, size ..."""
    from perfkit.history import History

    frame = History(uri).attribution(by=by.split(","), **_selection(account, strategy, start, end))
    attribution_table(frame, title=f"{uri}: closed round trips by {by}, net of fees")


def report(
    uri: Uri,
    strategy: Annotated[str, typer.Option(help="Only this strategy; all without it.")] = "",
    benchmark: Annotated[str, typer.Option(help="Symbol to compare with.")] = "",
    output: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("data/reports"),
) -> None:
    """Run the strategy report to one self-contained HTML page."""
    from perfkit.reports import run_notebook

    page = output / f"{strategy or 'strategies'}.html"
    parameters = {"uri": uri, "strategy": strategy, "benchmark": benchmark}
    with progress("running the strategy report") as step:
        run = run_notebook("strategy", page, parameters, timeout=600.0, progress=step)
    say(f"report    {run.html}")


def verify(uri: Uri) -> None:
    """Check that what is on disk is what was acknowledged, and replay it.

    Exit code 0 when all is well, 2 when something is damaged.
    """
    from perfkit.history import History
    from perfkit.store import verify as verify_store

    answer = verify_store(uri)
    for name, rows in answer.table_rows.items():
        say(f"{name:<9} {rows:>9,} rows, {answer.journal_rows.get(name, 0):,} more in the journal")
    say(f"files     {answer.files:>9,} read, byte for byte")
    for damage in answer.damaged:
        say(f"damaged   {damage}", "bold red")
    if answer.damaged:
        raise typer.Exit(2)
    restated = History(uri).restated()
    say(f"restated  {len(restated):>9,} trades whose P&L a late or corrected fill has changed")
    say("clean: all that was acknowledged is here", "green")


def metrics_table(frame: pd.DataFrame, *, title: str) -> None:
    """Print `History.metrics`."""
    named = {
        "account_id": "account",
        "strategy_id": "strategy",
        "net_pnl": "P&L",
        "cagr": "CAGR",
        "volatility": "vol",
        "sharpe_ratio": "Sharpe",
        "max_drawdown": "max DD",
        "trade_count": "trips",
        "win_rate": "wins",
        "profit_factor": "PF",
        "alpha": "alpha",
        "beta": "beta",
    }
    formats: dict[str, Format] = dict.fromkeys(("account", "strategy"), str)
    formats |= {"P&L": money, "CAGR": percent, "vol": percent, "Sharpe": number}
    formats |= {"max DD": percent, "trips": count, "wins": percent, "PF": number}
    formats |= {"alpha": percent, "beta": number}
    print_table(frame.reset_index().rename(columns=named), formats, title=title)


def attribution_table(frame: pd.DataFrame, *, title: str) -> None:
    """Print `History.attribution`."""
    lows, highs = frame["mean_low"], frame["mean_high"]
    known = lows.notna() & highs.notna()
    frame = frame.assign(
        interval=[
            f"[{money(low)}, {money(high)}]" if is_known else "–"
            for low, high, is_known in zip(lows, highs, known, strict=True)
        ]
    ).rename(columns={"pnl": "P&L", "contribution": "part", "win_rate": "wins"})
    frame = frame.rename(columns={"expectancy": "mean", "interval": "95 % interval"})
    numbers: dict[str, Format] = {"n": count, "P&L": money, "part": money, "wins": percent}
    numbers |= {"mean": money, "95 % interval": str, "verdict": str}
    hidden = {*numbers, "share", "days", "profit_factor", "mean_low", "mean_high"}
    dimensions: dict[str, Format] = {name: str for name in frame.columns if name not in hidden}
    print_table(frame, dimensions | numbers, title=title)


def _selection(
    account: list[str] | None, strategy: list[str] | None, start: str | None, end: str | None
) -> Selection:
    given = {"account": account, "strategy": strategy, "start": start, "end": end}
    return cast("Selection", {name: value for name, value in given.items() if value})
