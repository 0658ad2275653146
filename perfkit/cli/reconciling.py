"""The command `perfkit reconcile`: a broker's statement beside the recorded history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.opening import open_store
from perfkit.cli.recording import SHOWN, Account, Settings, read_statement
from perfkit.cli.terminal import exact, print_table, say, say_json

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.cli.terminal import Format
    from perfkit.history import Reconciliation
    from perfkit.importers import ImportResult

__all__ = ["reconcile"]

_LISTS = {
    "different": "Fields in which matched fills differ",
    "only_in_statement": "Fills that are only in the statement",
    "only_in_history": "Fills that are only in the history",
}
_TOTALS = {
    "positions": "positions at the end of the statement",
    "cash": "totals of cash",
    "splits": "splits",
    "realized": "figures realised within the statement",
}


def reconcile(
    statement: Annotated[Path, typer.Argument(help="The broker's file.")],
    against: Annotated[str, typer.Option(help="The history: a folder or s3://bucket/prefix.")],
    form: Annotated[
        str, typer.Option("--format", help="One of those that `perfkit formats` lists.")
    ] = "table",
    account: Account = None,
    strategy: Annotated[
        str, typer.Option(help="Strategy of rows that name none; it is not compared.")
    ] = "statement",
    column_map: Annotated[
        Path | None, typer.Option("--map", help="TOML file that maps the file's columns.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of the statement's times; the same as --set zone=.")
    ] = None,
    settings: Settings = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="The statement is of this symbol only; repeatable.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Less is no difference, of money that has cents.")
    ] = 0.005,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """List the differences between a broker's statement and the history; nothing is written.

    Exit code 0 when they are equal, 1 when they differ or a row of the statement was refused.
    """
    from perfkit.history import History

    given = [*(settings or []), *([f"zone={zone}"] if zone else [])]
    told = read_statement(statement, form, (account, strategy), column_map, given)
    found = History(open_store(against)).reconcile(
        told.fills, told.cash, told.splits, symbol=symbol, tolerance=tolerance
    )
    is_equal = found.is_equal and not told.refused
    if as_json:
        parts = {name: getattr(found, name) for name in ("span", *_LISTS, *_TOTALS)}
        refused = [f"line {row.line}: {row.reason}" for row in told.refused]
        say_json({"is_equal": is_equal, "counts": found.counts, "refused": refused, **parts})
    else:
        _tell(found, told)
    if not is_equal:
        raise typer.Exit(1)


def _tell(found: Reconciliation, told: ImportResult) -> None:
    say(", ".join(f"{name} {count:,}" for name, count in found.counts.items()), "bold")
    for row in found.span.itertuples(index=False):
        say(f"{row.account_id}: from {row.start} to {row.end}")
    if told.refused:
        say(f"refused {len(told.refused):,} rows of the statement: not compared", "yellow")
        for refusal in told.refused[:SHOWN]:
            say(f"  line {refusal.line}: {refusal.reason}", "yellow")
    for name, what in _LISTS.items():
        _print(getattr(found, name), what)
    for name, what in _TOTALS.items():
        frame = getattr(found, name)
        differ = frame[~frame["is_equal"].astype(bool)]
        silent = "; the statement tells of none" if frame.empty and name != "positions" else ""
        say(f"\n{len(frame):,} {what} compared, {len(differ):,} differ{silent}")
        _print(differ.drop(columns="is_equal"), f"{what.capitalize()} that differ")


def _print(frame: pd.DataFrame, title: str) -> None:
    hidden = {"strategy_id", "multiplier", "currency"} if "side" in frame else set()
    formats: dict[str, Format] = {name: exact for name in frame.columns if name not in hidden}
    if len(frame):
        more = f" (the first {SHOWN} of {len(frame):,})" if len(frame) > SHOWN else ""
        print_table(frame.head(SHOWN), formats, title=f"{title}{more}")
