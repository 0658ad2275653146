"""Commands that write: `perfkit import`, `perfkit import-news` and `perfkit record`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.archiving import keep_closed_days
from perfkit.cli.opening import open_tracker
from perfkit.cli.terminal import say
from perfkit.errors import InvalidArgumentError, PerfkitError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from perfkit.importers import ImportResult, NewsImport
    from perfkit.records import Bar, CashRecord, Fill, NewsEvent
    from perfkit.store import Receipt
    from perfkit.tracker import TradeTracker

__all__ = ["formats", "import_file", "import_news", "read_statement", "record"]

SHOWN = 20  # rows listed of each kind

Into = Annotated[str, typer.Option("--into", help="The history: a folder or s3://bucket/prefix.")]
Account = Annotated[str | None, typer.Option(help="Account of rows that name none.")]
AcceptRefused = Annotated[
    bool, typer.Option("--accept-refused", help="Record the good rows beside refused ones.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the format, e.g. zone=Europe/Athens; repeatable."),
]
Strategy = Annotated[str | None, typer.Option(help="Strategy of rows that name none.")]


def import_file(
    file: Annotated[Path, typer.Argument(help="The file: CSV, Parquet, JSON, XML or a FIX log.")],
    into: Into,
    form: Annotated[
        str, typer.Option("--format", help="One of those that `perfkit formats` lists.")
    ] = "table",
    account: Account = None,
    strategy: Strategy = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="TOML file that maps the file's columns.")
    ] = None,
    settings: Settings = None,
    accept_refused: AcceptRefused = False,
) -> None:
    """Import a file of a broker, a venue or a backtest: all of it, or nothing and the reasons."""
    from perfkit.importers import LegacyImport

    result = read_statement(file, form, (account, strategy), column_map, settings)
    _tell(result, file, {"fills": result.fills, "cash": result.cash, "splits": result.splits})
    if result.out_of_order:
        say(f"sorted    {result.out_of_order:>9,}  rows stood after a later one")
    if not _is_to_be_recorded(result, accept_refused=accept_refused):
        return
    receipts: dict[str, Receipt] = {}
    try:
        with open_tracker(into) as tracker:
            receipts = tracker.record_all(
                fills=result.fills, cash=result.cash, splits=result.splits
            )
            if isinstance(result, LegacyImport):
                keep_closed_days(tracker.store, result)
    except PerfkitError:
        if not receipts:
            say("recorded          0  (refused as a whole)")
        raise
    for name, receipt in receipts.items():
        _tell_recorded(name, receipt, into)


def import_news(
    file: Annotated[Path, typer.Argument(help="The file: CSV, Parquet or iCalendar (.ics).")],
    into: Into,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", help="Column of a field, e.g. event_time=When; repeatable."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of times that have none, e.g. America/New_York.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Layout of the times, e.g. '%d/%m/%Y %H:%M'.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="When events that do not say were known, e.g. 2025-06-20.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Symbol of events that name none.")] = None,
    calendar: Annotated[
        str | None, typer.Option(help="Exchange calendar of events that name none.")
    ] = None,
    accept_refused: AcceptRefused = False,
) -> None:
    """Import a file of news: all of it, or nothing and the reasons.

    Trades that are recorded later are labelled with what was known of it when they happened.
    """
    from perfkit.importers import TimeStyle, read_news

    result = read_news(
        file,
        columns=dict(_setting(text, "--column", "field=column") for text in columns or ()),
        times=TimeStyle(layout=layout, zone=zone),
        known_at=known_at,
        symbol=symbol,
        calendar=calendar,
    )
    _tell(result, file, {"news": result.news})
    if _is_to_be_recorded(result, accept_refused=accept_refused):
        with open_tracker(into) as tracker:
            receipt = tracker.record_news(result.news)
        _tell_recorded("news", receipt, into)


def formats() -> None:
    """List the formats that can be imported, with their settings."""
    from perfkit.importers import FORMATS, format_settings

    for name in sorted(FORMATS):
        text = " ".join((FORMATS[name].__doc__ or "").split("\n\n")[0].split())
        say(f"{name:<20} {text.split('. ')[0].rstrip('.').replace('``', '')}")
        for key, default in format_settings(name).items():
            said = "optional" if default == "None" else default
            say(f"{'':<20} --set {key}=...  ({said})", "dim")


def read_statement(
    file: Path,
    form: str,
    owner: tuple[str | None, str | None],
    column_map: Path | None,
    settings: list[str] | None,
) -> ImportResult:
    """Read a file as the options of a command say.

    Raises
    ------
    InvalidArgumentError
        When the options contradict each other.
    """
    from perfkit.importers import load_format, read_file, read_table

    account, strategy = owner
    if column_map and form != "table":
        raise InvalidArgumentError(f"--map belongs to --format table, was given with {form!r}")
    if column_map:
        return read_table(file, load_format(column_map), account=account, strategy=strategy)
    given = dict(_setting(text, "--set", "name=value") for text in settings or ())
    return read_file(file, form, account=account, strategy=strategy, settings=given)


def _setting(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidArgumentError(f"{option} must be {form}, was {text!r}")
    return name.strip(), value.strip()


def _tell(result: ImportResult | NewsImport, file: Path, found: Mapping[str, pa.Table]) -> None:
    """Print what became of the rows; the counts sum to the rows read."""
    say(f"read      {result.read:>9,} rows of {file}")
    records = ", ".join(f"{t.num_rows:,} {name}" for name, t in found.items() if t.num_rows)
    say(f"accepted  {result.recorded:>9,}  ({records or 'nothing'})")
    reasons = Counter(row.reason for row in result.skipped)
    for reason, count in reasons.most_common(SHOWN):
        first = next(row.line for row in result.skipped if row.reason == reason)
        say(f"  {count:,} skipped from line {first} on: {reason}", "dim")
    say(f"skipped   {len(result.skipped):>9,}  (no records, or repeated rows)")
    for refusal in result.refused[:SHOWN]:
        say(f"  line {refusal.line}: {refusal.reason}", "yellow")
    if len(result.refused) > SHOWN:
        say(f"  ... and {len(result.refused) - SHOWN:,} more", "yellow")
    say(f"refused   {len(result.refused):>9,}")


def _is_to_be_recorded(result: ImportResult | NewsImport, *, accept_refused: bool) -> bool:
    if result.refused and not accept_refused:
        say("recorded          0  (nothing is half-imported: mend the refused rows, or")
        say("                     say --accept-refused to record the others)")
        raise typer.Exit(1)
    if not result.recorded:
        say("recorded          0  (nothing to record in the file)")
    return result.recorded > 0


def _tell_recorded(name: str, receipt: Receipt, into: str) -> None:
    if receipt.accepted or receipt.duplicates:
        known = f", {len(receipt.duplicates):,} known before" if receipt.duplicates else ""
        say(f"recorded  {receipt.accepted:>9,} {name} into {into}{known}")


def record(
    into: Into,
    file: Annotated[Path | None, typer.Argument(help="Lines of JSON; standard input if none.")] = (
        None
    ),
    account: Account = None,
    strategy: Strategy = None,
) -> None:
    """Record facts, one JSON object a line, each answered when it is on disk.

    A line with trade_id is a fill (account_id, strategy_id, execution_time, symbol, side, price,
    volume, commission ...), one with cash_id a deposit or withdrawal (execution_time, kind,
    amount), one with close_time a bar (symbol, close), one with event_id news (event_time,
    known_at).
    """
    from perfkit.importers import record_from_json

    given = {"account_id": account, "strategy_id": strategy}
    defaults = {name: value for name, value in given.items() if value is not None}
    refused = 0
    # a byte that is no text spoils its own line, not the stream
    source = file.open("rb") if file else sys.stdin.buffer
    lines = TextIOWrapper(source, encoding="utf-8", errors="replace")
    with lines, open_tracker(into) as tracker:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                fact = record_from_json(line, defaults)
                receipt = _record(tracker, fact)
            except StoreError:
                raise
            except PerfkitError as error:
                refused += 1
                answer: dict[str, object] = {"line": number, "refused": str(error)}
            else:
                sequence, is_known = receipt.first_sequence, bool(receipt.duplicates)
                answer = {"line": number, "sequence": sequence, "duplicate": is_known}
            say(json.dumps(answer))
    if refused:
        raise typer.Exit(1)


def _record(tracker: TradeTracker, fact: Fill | CashRecord | Bar | NewsEvent) -> Receipt:
    from perfkit.records import Bar, CashRecord, Fill

    if isinstance(fact, Fill):
        return tracker.record(fact)
    if isinstance(fact, CashRecord):
        return tracker.record_cash([fact])
    return tracker.record_bars([fact]) if isinstance(fact, Bar) else tracker.record_news([fact])
