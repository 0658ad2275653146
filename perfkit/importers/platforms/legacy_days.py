"""The days that the old tracker closed, as entries of the P&L log that name their source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, InvalidRecordError, UnreadableCellError
from perfkit.importers.drafts import Skip
from perfkit.importers.json_rows import child
from perfkit.importers.owners import strategy_of
from perfkit.importers.row_cells import required_number, required_word
from perfkit.records import PnlLogEntry

if TYPE_CHECKING:
    from perfkit.importers.platforms.legacy_tree import LegacyTree

__all__ = ["closed_day", "closed_days"]


def closed_days(tree: LegacyTree, folder: str) -> list[dict[str, Any]]:
    """List what each file of the P&L history says of each strategy.

    Raises
    ------
    ImportFormatError
        When a file is not of that shape.
    """
    rows: list[dict[str, Any]] = []
    for name in tree.names(folder):
        content = tree.load(name)
        strategies = content.get("strategies") if isinstance(content, Mapping) else None
        if not isinstance(strategies, Mapping) or not all(
            isinstance(each, Mapping) for each in strategies.values()
        ):
            raise ImportFormatError(
                f'{name}: must be {{"date": ..., "strategies": {{...}}}} with an object for each; '
                "give the file as the tracker wrote it"
            )
        rows += [
            {"date": content.get("date"), "strategy": tag, **each}
            for tag, each in strategies.items()
        ]
    return rows


def closed_day(row: Mapping[str, Any], account: str, source: str) -> PnlLogEntry | Skip:
    """Read one strategy's day.

    Parameters
    ----------
    row : mapping
        From `closed_days`.
    account : str
        Whose it is.
    source : str
        Who closed it.

    Returns
    -------
    PnlLogEntry or Skip
        As the old tracker claims it. Positions that have no value had no price: what
        they earned is then not known, where the old tracker says 0.

    Raises
    ------
    UnreadableCellError
        When a field can't be read.
    """
    realized, unrealized, total, value = (
        required_number(row, name, name)
        for name in ("realized_pnl", "unrealized_pnl", "total_pnl", "allocation_value")
    )
    positions = child(row, "positions")
    if not positions and not (realized or unrealized or total):
        return Skip("a day of a strategy that held and had earned nothing")
    unpriced = tuple(sorted(positions)) if positions and value == 0.0 else ()
    try:
        return PnlLogEntry(
            account_id=account,
            strategy_id=strategy_of(required_word(row, "strategy", "strategy_id"), None, "legacy"),
            day=_day(row),
            realized_pnl=realized,
            unrealized_pnl=None if unpriced else unrealized,
            fees=None,
            funding=None,
            dividends=None,
            total_pnl=None if unpriced else total,
            market_value=None if unpriced else value,
            unpriced=unpriced,
            reason="no_price" if unpriced else None,
            source=source,
        )
    except InvalidRecordError as error:
        raise UnreadableCellError("row", str(error)) from error


def _day(row: Mapping[str, Any]) -> datetime:
    text = required_word(row, "date", "day")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableCellError(
            "day", f"must be a date such as 2025-07-01, was {text!r}; mend it at its source"
        ) from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
