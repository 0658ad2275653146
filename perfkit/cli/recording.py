"""Commands that write: `perfkit import` and `perfkit record`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.terminal import say
from perfkit.errors import InvalidArgumentError, PerfkitError

if TYPE_CHECKING:
    from perfkit.tracker import TradeTracker

__all__ = ["import_file", "open_tracker", "record"]

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

    if form not in FORMATS:
        raise InvalidArgumentError(f"--format must be one of {', '.join(FORMATS)}, was {form!r}")
    if column_map and form != "table":
        raise InvalidArgumentError(f"--map belongs to --format table, was given with {form!r}")
    if column_map:
        layout = load_format(column_map)
        result = read_table(file, layout, account=account, strategy=strategy)
    else:
        result = FORMATS[form](file, account=account, strategy=strategy)
    say(f"read      {result.read:>9,} rows of {file}")
    for row in result.skipped[:20]:
        say(f"  line {row.line}: skipped, {row.reason}", "dim")
    say(f"skipped   {len(result.skipped):>9,}  (not trades)")
    for refusal in result.refused[:20]:
        say(f"  line {refusal.line}: {refusal.reason}", "yellow")
    say(f"refused   {len(result.refused):>9,}")
    if result.refused and not accept_refused:
        say("recorded          0  (nothing is half-imported: mend the refused rows, or")
        say("                     say --accept-refused to record the others)")
        raise typer.Exit(1)
    with open_tracker(into) as tracker:
        receipt = tracker.record_many(result.fills)
    say(f"recorded  {receipt.accepted:>9,} into {into}")
    say(f"known     {len(receipt.duplicates):>9,}  (recorded before, unchanged)")


def open_tracker(into: str | Path) -> TradeTracker:
    """Open a history for writing, with the context and labels that its bars allow."""
    from perfkit.labels import LabelGenerator
    from perfkit.market import MarketState
    from perfkit.tracker import TradeTracker

    return TradeTracker(into, market=MarketState(), labeler=LabelGenerator())


def record(
    into: Into,
    file: Annotated[Path | None, typer.Argument(help="Lines of JSON; standard input if none.")] = (
        None
    ),
    account: Account = None,
    strategy: Strategy = None,
) -> None:
    """Record fills, one JSON object a line; each line is answered when it is on disk."""
    from perfkit.importers import fill_from_json

    given = {"account_id": account, "strategy_id": strategy}
    defaults = {name: value for name, value in given.items() if value is not None}
    refused = 0
    lines = file.open(encoding="utf-8") if file else sys.stdin
    with lines, open_tracker(into) as tracker:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                fill = fill_from_json(line, defaults)
                receipt = tracker.record(fill)
            except (PerfkitError, ValueError) as error:
                refused += 1
                answer: dict[str, object] = {"line": number, "refused": str(error)}
            else:
                answer = {
                    "line": number,
                    "trade_id": fill.trade_id,
                    "sequence": receipt.first_sequence,
                    "duplicate": bool(receipt.duplicates),
                }
            say(json.dumps(answer))
    if refused:
        raise typer.Exit(1)
