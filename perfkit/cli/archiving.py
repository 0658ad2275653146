"""The command `perfkit archive`: closed days of P&L, written to the log and rolled up."""

from __future__ import annotations

import csv
import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.opening import open_store
from perfkit.cli.terminal import cents, print_table, say, say_json
from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.cli.terminal import Format
    from perfkit.importers.platforms.legacy_json import LegacyImport
    from perfkit.ledger import TradingClock
    from perfkit.store import TradeStore
    from perfkit.store.pnl_log import LogReceipt

__all__ = ["archive", "keep_closed_days"]

SHOWN = 40  # rows of a table

_OWNER: dict[str, Format] = {"account_id": str, "strategy_id": str}
_SUMS: dict[str, Format] = dict.fromkeys(
    ("realized_pnl", "fees", "unrealized_pnl", "total_pnl"), cents
)


def archive(
    uri: Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")],
    day: Annotated[
        str | None, typer.Option(help="Only this trading day, e.g. 2024-03-28; by default all.")
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(help="Prices at the end of --day, or now: CSV with symbol,price, or JSON."),
    ] = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="Show months, not last days.")] = False,
    convert_to: Annotated[
        str | None, typer.Option(help="Currency of the log, at recorded prices of pairs.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the desk's trading day.")] = "UTC",
    cutoff: Annotated[str, typer.Option(help="When the trading day ends there, HH:MM.")] = "00:00",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Write every day that is missing in a history's P&L log, or has other numbers by now.

    A day is computed from the trades, cash and prices that are recorded; what was learned
    late corrects it by a new row.
    """
    import polars as pl

    from perfkit.ledger import TradingClock
    from perfkit.store.pnl_log import PnlLog
    from perfkit.tracker.pnl_archive import GivenPrices, archive_days

    desk = TradingClock(zone, cutoff)
    only = None if day is None else _day(day)
    given = None if prices is None else GivenPrices(_prices(prices), _moment(only, desk))
    # a history that is not there is an error; opening it for writing would make one
    store = open_store(uri)
    store.read("trades", where=pl.lit(False), columns=["trade_id"])
    with store:
        receipt = archive_days(store, desk, day=only, given=given, convert_to=convert_to)
        log = PnlLog(store)
        rows = log.monthly() if monthly else log.read()
    if as_json:
        counts = {name: getattr(receipt, name) for name in ("new", "corrected", "unchanged")}
        say_json({**counts, "months" if monthly else "days": rows.to_pylist()})
        return
    _tell(receipt, rows.to_pandas(), uri, monthly=monthly)


def keep_closed_days(store: TradeStore, result: LegacyImport) -> None:
    """Record the days that another program closed, and say where its figures are wrong.

    Parameters
    ----------
    store : TradeStore
        The history that the orders went to.
    result : LegacyImport
        What was read.
    """
    from perfkit.store.pnl_log import PnlLog

    kept = PnlLog(store).append(result.pnl)
    if result.pnl.num_rows:
        known = f", {kept.unchanged:,} known before" if kept.unchanged else ""
        say(f"recorded  {kept.new + kept.corrected:>9,} closed days, as their source claims{known}")
    for claim in result.claims:
        if claim.verdict != "equal":
            whose = f"{claim.strategy_id} {claim.symbol or ''}".rstrip()
            figure = claim.figure.replace("_", " ")
            say(
                f"  {figure} of {whose}: the old tracker says {claim.claimed:,.12g}, right is "
                f"{claim.right:,.12g}: {claim.reason}",
                "yellow",
            )


def _tell(receipt: LogReceipt, frame: pd.DataFrame, uri: str, *, monthly: bool) -> None:
    say(
        f"{receipt.new:,} days new, {receipt.corrected:,} corrected, {receipt.unchanged:,} "
        f"unchanged in the P&L log of {uri}"
    )
    if frame.empty:
        return
    reasons: dict[str, Format] = {"reason": lambda value: value if isinstance(value, str) else ""}
    if monthly:
        change: dict[str, Format] = {"change": cents}
        shown = frame.tail(SHOWN)
        print_table(shown, _OWNER | {"month": str} | _SUMS | change | reasons, title="Months")
        return
    last = frame.groupby(["account_id", "strategy_id"], sort=True).tail(1)
    last = last.assign(day=last["day"].dt.strftime("%Y-%m-%d"))
    print_table(last.head(SHOWN), _OWNER | {"day": str} | _SUMS | reasons, title="Last days")
    unknown = frame[frame["total_pnl"].isna()]
    if len(unknown):
        symbols = sorted({symbol for row in unknown["unpriced"] for symbol in row})
        named = (
            f" ({', '.join(symbols[:5])}{' ...' if len(symbols) > 5 else ''})" if symbols else ""
        )
        say(
            f"{len(unknown):,} days have no total, for want of a price or a rate{named}: record "
            "bars, or give --prices",
            "dim",
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"--day must be a date such as 2024-03-28, was {text!r}"
        ) from error


def _moment(day: date | None, desk: TradingClock) -> datetime:
    """Give the end of a trading day, or now."""
    import numpy as np

    from perfkit.ledger.trading_day import day_ends

    if day is None:
        return datetime.now(UTC)
    end = day_ends(np.array([day], "datetime64[D]"), desk.zone, desk.cutoff)[0]
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(end))


def _prices(path: Path) -> dict[str, float]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            rows = list(json.loads(text).items())
        else:
            rows = [(row["symbol"], row["price"]) for row in csv.DictReader(text.splitlines())]
        prices = {symbol: float(price) for symbol, price in rows}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"--prices {path} must be a CSV with the columns symbol and price, or a JSON object "
            f'such as {{"SPY": 470.5}}: {error!r}'
        ) from error
    if wrong := [symbol for symbol, price in prices.items() if not math.isfinite(price)]:
        raise InvalidArgumentError(
            f"--prices {path}: prices must be finite numbers, was {prices[wrong[0]]} for "
            f"{wrong[0]!r}; leave out a symbol that has none"
        )
    return prices
