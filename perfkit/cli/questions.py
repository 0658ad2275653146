"""Commands that read: `perfkit summary`, `attribution`, `report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import pandas as pd
import typer

from perfkit.cli.opening import open_store
from perfkit.cli.terminal import (
    Format,
    count,
    money,
    number,
    percent,
    print_table,
    progress,
    say,
    size,
)
from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.history import History, Selection

__all__ = [
    "attribution",
    "attribution_table",
    "metrics_table",
    "names_in",
    "report",
    "selection",
    "summary",
]

Uri = Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")]
Names = list[str] | None
Account = Annotated[Names, typer.Option(help="Only this account; may be repeated.")]
Strategy = Annotated[Names, typer.Option(help="Only this strategy; may be repeated.")]
Symbol = Annotated[Names, typer.Option(help="Only this symbol; may be repeated.")]
Label = Annotated[Names, typer.Option(help="Only trades with this label; may be repeated.")]
Start = Annotated[str | None, typer.Option(help="From this day on, e.g. 2020-01-01.")]
End = Annotated[str | None, typer.Option(help="Up to, and without, this day.")]
Currency = Annotated[str | None, typer.Option(help="Only money of this currency.")]
ConvertTo = Annotated[
    str | None,
    typer.Option(help="Answer in this currency, at recorded prices of pairs such as EUR/USD."),
]
AsOf = Annotated[str | None, typer.Option(help="What was known at this date or time.")]
Rf = Annotated[float, typer.Option(help="Annual risk-free rate, 0.04 is 4 %.")]
Zone = Annotated[str, typer.Option(help="Time zone of the desk's trading day.")]
Cutoff = Annotated[str, typer.Option(help="When the trading day ends there, HH:MM.")]
Periods = Annotated[int | None, typer.Option(help="Trading days a year; by default 252 or 365.")]
Benchmark = Annotated[str | None, typer.Option(help="Symbol to compare with.")]


def summary(
    uri: Uri,
    by: Annotated[str, typer.Option(help="account, strategy, or both with a comma.")] = "strategy",
    account: Account = None,
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
    currency: Currency = None,
    convert_to: ConvertTo = None,
    as_of: AsOf = None,
    rf: Rf = 0.0,
    benchmark: Benchmark = None,
    zone: Zone = "UTC",
    cutoff: Cutoff = "00:00",
    periods: Periods = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The specification's summary, one line a strategy.")
    ] = False,
) -> None:
    """Print the metrics of a history, one row an account or strategy."""
    from perfkit.history import History

    history = History(open_store(uri), zone=zone, cutoff=cutoff, periods=periods)
    history = history if as_of is None else history.as_of(as_of)
    select = selection(account=account, strategy=strategy, start=start, end=end, currency=currency)
    if as_json and convert_to:
        raise InvalidArgumentError(
            "--json answers in recorded money, was given --convert-to; leave one of them out"
        )
    if as_json:
        _print_summaries(history, select, rf)
        return
    with progress("valuing the days", at_once=False) as history.progress:
        frame = history.metrics(
            by=names_in(by), rf=rf, benchmark=benchmark, convert_to=convert_to, **select
        )
    metrics_table(frame, title=f"{uri}, annualised with {history.periods} days a year")
    for sentence in _undefined(frame.attrs["reasons"]):
        say(sentence, "dim")


def _print_summaries(history: History, select: Selection, rf: float) -> None:
    from perfkit.records import to_json

    unknown = history.trades(**select)["pnl"].isna()
    if unknown.any():
        raise InvalidArgumentError(
            f"the P&L of {unknown.sum():,} of {len(unknown):,} fills is not known: a fee needs an "
            "exchange rate; record bars of the pair, such as BNB/USDT"
        )
    pairs = history.equity(("account", "strategy"), **select)[["account_id", "strategy_id"]]
    for account, strategy in pairs.drop_duplicates().itertuples(index=False):
        found = history.summary(
            account, strategy, start=select.get("start"), end=select.get("end"), rf=rf
        )
        say(json.dumps(to_json(found)))


def _undefined(reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say once for each group and reason which metrics are undefined."""
    from perfkit.metrics import REASONS

    sentences = []
    for group, of_metric in reasons.items():
        for code in dict.fromkeys(of_metric.values()):
            metrics = ", ".join(name for name, why in of_metric.items() if why == code)
            sentences.append(f"  {group}: no {metrics}: {REASONS[code]} ({code})")
    return sentences


def attribution(
    uri: Uri,
    by: Annotated[
        str,
        typer.Option(
            help="label, strategy, account, symbol, direction, hour, weekday, month, year, size; "
            "several with commas."
        ),
    ] = "label",
    account: Account = None,
    strategy: Strategy = None,
    symbol: Symbol = None,
    label: Label = None,
    start: Start = None,
    end: End = None,
    currency: Currency = None,
    convert_to: ConvertTo = None,
    as_of: AsOf = None,
    zone: Zone = "UTC",
) -> None:
    """Print who earns and who loses: closed round trips, net of fees."""
    from perfkit.history import History

    select = selection(
        account=account, strategy=strategy, symbol=symbol, label=label,
        start=start, end=end, currency=currency,
    )  # fmt: skip
    history = History(open_store(uri), zone=zone)
    history = history if as_of is None else history.as_of(as_of)
    frame = history.attribution(by=names_in(by), convert_to=convert_to, **select)
    attribution_table(frame, title=f"{uri}: closed round trips by {by}, net of fees")


def report(
    uri: Uri,
    strategy: Annotated[str, typer.Option(help="Only this strategy; all without it.")] = "",
    account: Annotated[str, typer.Option(help="Only this account; all without it.")] = "",
    start: Start = None,
    end: End = None,
    benchmark: Benchmark = None,
    rf: Rf = 0.0,
    currency: Annotated[str, typer.Option(help="How the money is called.")] = "account currency",
    note: Annotated[str, typer.Option(help="What a reader must know beside the numbers.")] = "",
    zone: Zone = "UTC",
    cutoff: Cutoff = "00:00",
    periods: Periods = None,
    output: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("data/reports"),
) -> None:
    """Run the strategy report to one self-contained HTML page."""
    from perfkit.history import History
    from perfkit.reports import run_notebook

    select = selection(account=account, strategy=strategy, start=start, end=end)
    history = History(open_store(uri), zone=zone, cutoff=cutoff, periods=periods)
    history.round_trips(**select)  # what can't be answered is said before a kernel starts
    if benchmark:
        history.benchmark(benchmark)
    parameters = {
        **select, "uri": uri, "benchmark": benchmark or "", "rf": rf, "currency": currency,
        "note": note, "zone": zone, "cutoff": cutoff, "periods": periods or 0,
    }  # fmt: skip
    page = output / f"{strategy or 'strategies'}.html"
    with progress("running the strategy report") as step:
        run = run_notebook("strategy", page, parameters, timeout=600.0, progress=step)
    say(f"report    {run.html}")


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
    hidden = {*numbers, "known_at", "share", "days", "profit_factor", "mean_low", "mean_high"}
    shown = [name for name in frame.columns if name not in hidden]
    dimensions: dict[str, Format] = {name: size if name == "size" else str for name in shown}
    print_table(frame, dimensions | numbers, title=title)


def names_in(text: str) -> list[str]:
    """Read names that stand with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def selection(**given: object) -> Selection:
    """Make a selection of what was said."""
    return cast("Selection", {name: value for name, value in given.items() if value})
