"""Commands that write: `perfkit import` and `perfkit record`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.terminal import say
from perfkit.errors import InvalidArgumentError, PerfkitError, StoreError

if TYPE_CHECKING:
    from perfkit.importers import ImportResult
    from perfkit.records import Bar, CashRecord, Fill
    from perfkit.store import Receipt
    from perfkit.tracker import TradeTracker

__all__ = ["import_file", "record"]

SHOWN = 20  # rows listed of each kind

Into = Annotated[str, typer.Option("--into", help="The history: a folder or s3://bucket/prefix.")]
Account = Annotated[str | None, typer.Option(help="Account of rows that name none.")]
Strategy = Annotated[str | None, typer.Option(help="Strategy of rows that name none.")]


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file of trades.")],
    into: Into,
    form: Annotated[str, typer.Option("--format", help="table or pyfolio.")] = "table",
    account: Account = None,
    strategy: Strategy = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="TOML file that maps the file's columns.")
    ] = None,
    accept_refused: Annotated[
        bool, typer.Option("--accept-refused", help="Record the good rows beside refused ones.")
    ] = False,
) -> None:
    """Import a file of trades: all of it, or nothing and the reasons."""
    from perfkit.importers import FORMATS, load_format, read_table
    from perfkit.tracker import TradeTracker

    if form not in FORMATS:
        raise InvalidArgumentError(f"--format must be one of {', '.join(FORMATS)}, was {form!r}")
    if column_map and form != "table":
        raise InvalidArgumentError(f"--map belongs to --format table, was given with {form!r}")
    if column_map:
        layout = load_format(column_map)
        result = read_table(file, layout, account=account, strategy=strategy)
    else:
        result = FORMATS[form](file, account=account, strategy=strategy)
    _tell(result, file)
    if result.refused and not accept_refused:
        say("recorded          0  (nothing is half-imported: mend the refused rows, or")
        say("                     say --accept-refused to record the others)")
        raise typer.Exit(1)
    if not result.fills.num_rows:
        say("recorded          0  (no fills in the file)")
        return
    try:
        with TradeTracker(into) as tracker:
            receipt = tracker.record_many(result.fills)
    except PerfkitError:
        say("recorded          0  (refused as a whole)")
        raise
    say(f"recorded  {receipt.accepted:>9,} into {into}")
    say(f"known     {len(receipt.duplicates):>9,}  (recorded before, unchanged)")


def _tell(result: ImportResult, file: Path) -> None:
    """Print what became of the rows; the counts sum to the rows read."""
    say(f"read      {result.read:>9,} rows of {file}")
    for row in result.skipped[:SHOWN]:
        say(f"  line {row.line}: skipped, {row.reason}", "dim")
    say(f"skipped   {len(result.skipped):>9,}  (no trades, or repeated rows)")
    for refusal in result.refused[:SHOWN]:
        say(f"  line {refusal.line}: {refusal.reason}", "yellow")
    if len(result.refused) > SHOWN:
        say(f"  ... and {len(result.refused) - SHOWN:,} more", "yellow")
    say(f"refused   {len(result.refused):>9,}")
    if result.out_of_order:
        say(f"sorted    {result.out_of_order:>9,}  rows stood after a later one")


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
    amount), one with close_time a bar (symbol, close).
    """
    from perfkit.importers import record_from_json
    from perfkit.tracker import TradeTracker

    given = {"account_id": account, "strategy_id": strategy}
    defaults = {name: value for name, value in given.items() if value is not None}
    refused = 0
    lines = file.open(encoding="utf-8", errors="replace") if file else sys.stdin
    with lines, TradeTracker(into) as tracker:
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


def _record(tracker: TradeTracker, fact: Fill | CashRecord | Bar) -> Receipt:
    from perfkit.records import CashRecord, Fill

    if isinstance(fact, Fill):
        return tracker.record(fact)
    return (
        tracker.record_cash([fact]) if isinstance(fact, CashRecord) else tracker.record_bars([fact])
    )
