"""Commands that look at the books themselves: `perfkit verify` and `perfkit changes`."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.opening import open_store, place
from perfkit.cli.terminal import cents, exact, print_table, say, say_json

if TYPE_CHECKING:
    from perfkit.cli.terminal import Format
    from perfkit.history import Verification
    from perfkit.store import VerifyReport

__all__ = ["changes", "verify"]

SHOWN = 20  # records listed

_PARTS = {
    "account": "accounts",
    "strategy": "strategies",
    "symbol": "symbols",
    "day": "days",
    "label": "sets of labels",
    "round_trip": "closed round trips",
}

Uri = Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")]
Zone = Annotated[str, typer.Option(help="Time zone of the desk's trading day.")]
Cutoff = Annotated[str, typer.Option(help="When the trading day ends there, HH:MM.")]


def verify(
    uri: Uri,
    zone: Zone = "UTC",
    cutoff: Cutoff = "00:00",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; repair nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Check that what is on disk is what was acknowledged, that its P&L follows, and adds up.

    What a crash or a power loss left half done is repaired when no other process is writing:
    files that can't be believed are moved into the folder _damaged, and their rows come back from
    the journal or from their data files.

    Exit code 0 when all is well; 1 when something was repaired, is odd, when a record's P&L is
    not what the books say and nothing explains it, or parts do not sum to the whole; 2 when
    something on disk is damaged.
    """
    from perfkit.history import History
    from perfkit.store import verify as verify_store

    stored = verify_store(uri, dry_run=dry_run, **place(uri))
    if not as_json:
        _tell_store(stored, dry_run=dry_run)
    if not stored.is_clean:
        if as_json:
            say_json({"is_clean": False, **_store_rows(stored)})
        raise typer.Exit(2)
    started = time.perf_counter()
    found = History(open_store(uri), zone=zone, cutoff=cutoff).verify()
    seconds = time.perf_counter() - started
    if as_json:
        names = ("records", "fills", "unknown", "restated", "sums")
        books = {name: getattr(found, name) for name in names}
        say_json({"is_clean": found.is_clean, **_store_rows(stored), **books, "seconds": seconds})
    else:
        _tell_books(found, seconds)
    if not found.is_clean or stored.repaired or stored.warnings:
        raise typer.Exit(1)


def changes(
    uri: Uri,
    since: Annotated[str, typer.Option(help="When the number was looked at: a date or a time.")],
    until: Annotated[
        str | None, typer.Option(help="What happened up to then counts; by default --since.")
    ] = None,
    zone: Zone = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Say why the P&L of the past is not what it was: each trade, and the record that did it."""
    from perfkit.history import History

    frame = History(open_store(uri), zone=zone).changes(since, valid=until)
    if as_json:
        say_json({"since": since, "changes": frame})
        return
    if frame.empty:
        say(f"nothing that happened until {until or since} has another P&L than was known then")
        return
    formats: dict[str, Format] = dict.fromkeys(("symbol", "trade_id", "change", "caused_by"), str)
    formats |= {"execution_time": str, "pnl_before": cents, "pnl_now": cents, "pnl_change": cents}
    title = f"{len(frame):,} trades whose P&L changed since {since}"
    print_table(frame.head(SHOWN), formats, title=title)
    if len(frame) > SHOWN:
        say(f"... and {len(frame) - SHOWN:,} more; --json lists them all", "dim")
    say(f"together {cents(frame['pnl_change'].sum())}")


def _store_rows(stored: VerifyReport) -> dict[str, object]:
    return {field.name: getattr(stored, field.name) for field in fields(stored)}


def _tell_store(stored: VerifyReport, *, dry_run: bool) -> None:
    for name, rows in stored.table_rows.items():
        say(f"{name:<9} {rows:>9,} rows, {stored.journal_rows.get(name, 0):,} more in the journal")
    say(f"files     {stored.files:>9,} read, byte for byte")
    for line in stored.repaired:
        say(f"repaired  {line}", "yellow")
    for line in stored.warnings:
        say(f"warning   {line}", "yellow")
    for line in stored.damaged:
        say(f"damaged   {line}", "bold red")
    if stored.damaged and dry_run:
        say("only looked: without --dry-run, what can be repaired without loss is")


def _tell_books(found: Verification, seconds: float) -> None:
    wrong = found.unexplained
    said = found.restated["reason"].value_counts().sort_index()
    why = ", ".join(f"{count:,} {reason}" for reason, count in said.items())
    say(f"replayed  {found.records:>9,} trade records in {seconds:.1f} s")
    say(f"restated  {len(found.restated):>9,} by what was learned later ({why or 'none'})")
    say(f"unknown   {found.unknown:>9,} fills whose fee is in a currency without a rate")
    for row in found.sums.to_dict("records"):
        word, style = ("adds up", "") if row["is_equal"] else ("differs", "bold red")
        parts = f"{row['parts']:>9,} {_PARTS[row['partition']]}"
        beside = f" and {cents(row['open'])} open" if row["open"] else ""
        whole = f"{cents(row['whole'])} {row['currency'] or ''}".rstrip()
        off = f", off by {row['difference']:.1e}" if row["difference"] else ""
        say(f"{word:<9} {parts}: {cents(row['pnl'])}{beside} = {whole}{off}", style)
    if len(wrong):
        formats: dict[str, Format] = dict.fromkeys(("account_id", "symbol", "trade_id"), str)
        formats |= {"execution_time": str, "recorded": exact, "pnl": exact}
        title = f"{len(wrong):,} records whose P&L nothing explains"
        print_table(wrong.head(SHOWN), formats, title=title)
    if found.is_clean:
        say("clean: all that was acknowledged is here, and it adds up", "green")
    else:
        say("not clean: the P&L of records or of parts is not what the facts say", "bold red")
