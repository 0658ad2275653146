"""The old tracker's JSON: orders that it kept in S3, as ``strategy_orders/recent_orders.json``.

The orders are the facts. Its positions and its realised P&L are compared with what the
orders add up to; the days that it closed are kept as what they are, another program's
claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.admission import require_identifier
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import require_zone
from perfkit.importers.json_rows import JsonSource, load_json, source_name
from perfkit.importers.owners import strategy_of
from perfkit.importers.platforms.legacy_books import LegacyBooks
from perfkit.importers.platforms.legacy_claims import Claims, LegacyClaim
from perfkit.importers.platforms.legacy_days import closed_day, closed_days
from perfkit.importers.platforms.legacy_tree import (
    HISTORY,
    ORDERS,
    POSITIONS,
    REALIZED,
    LegacyTree,
    legacy_tree,
)
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.row_cells import moment, number, one_of, required_number, required_word, word
from perfkit.records import Fill, PnlLogEntry, Side, arrow_schema, to_table
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["LegacyImport", "read_legacy_json"]

Reader: TypeAlias = Callable[[dict[str, Any]], PnlLogEntry | Skip]

_SOURCE = "legacy_json"
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyImport(ImportResult):
    """What the old tracker's files hold.

    Attributes
    ----------
    pnl : pyarrow.Table
        With ``arrow_schema(PnlLogEntry)``: the days that it closed, as it claims them.
    claims : tuple of LegacyClaim
        Its positions and realised P&L beside what the orders give.
    """

    pnl: pa.Table = field(default_factory=arrow_schema(PnlLogEntry).empty_table)
    claims: tuple[LegacyClaim, ...] = ()


def read_legacy_json(
    source: JsonSource,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str = "UTC",
) -> LegacyImport:
    """Read the orders and the closed days of the old per-strategy tracker.

    Parameters
    ----------
    source : path, dict or list of dict
        ``s3://bucket/paper``, ``s3://bucket/live`` or a folder that holds a copy of one;
        or ``recent_orders.json`` alone, or its content. In S3, credentials and endpoint
        come from the usual AWS chain.
    account : str
        Whose orders they are; the files do not say.
    strategy : str, optional
        For orders that name none.
    zone : str
        IANA name of the zone of times without their own; the tracker wrote UTC.

    Returns
    -------
    LegacyImport
        A fill an order; its id is the order's, and one that stands there twice is
        skipped. Lines count orders, then positions, then realised P&L by strategy, then
        closed days by strategy. A position or realised P&L is skipped where the orders
        add up to it, or where the old tracker's own mistakes explain it; otherwise it is
        refused, with both figures, because orders are missing.

    Raises
    ------
    ImportFormatError
        When the source is no such file, folder or address.
    InvalidArgumentError
        When the account is missing, or a strategy that is needed, or the zone is none.

    Examples
    --------
    >>> order = {
    ...     "order_id": "o1", "strategy": "NUCLEAR", "symbol": "SMR", "side": "BUY",
    ...     "quantity": 100.0, "price": 50.0, "timestamp": "2025-07-01T19:35:02+00:00",
    ... }
    >>> result = read_legacy_json({"orders": [order, order]}, account="paper")
    >>> result.fills.num_rows, result.skipped[0].reason
    (1, 'the same record, with the same id, again')
    """
    if account is None:
        raise InvalidArgumentError("account must be given, was None; the files do not name it")
    require_identifier("account", account)
    require_zone(zone)
    tree = legacy_tree(source)
    orders = _listed(load_json(source) if tree is None else tree.load(ORDERS), source, "orders")
    old = LegacyBooks()

    def draft(row: dict[str, Any]) -> list[Draft]:
        fill = _fill(row, strategy, zone)
        old.add(fill)
        return [Draft(Fill, fill)]

    constants = {"account_id": account, "source": _SOURCE}
    read = read_drafts(source_name(source), enumerate(orders, 1), draft, constants)
    result = LegacyImport(**{each.name: getattr(read, each.name) for each in fields(read)})
    if tree is None:
        return result
    claims = Claims(result.fills, old, strategy)
    rows = _further_rows(tree, claims, lambda row: closed_day(row, account, _SOURCE))
    return replace(_with_further(result, rows), claims=tuple(claims.compared))


def _further_rows(
    tree: LegacyTree, claims: Claims, day: Reader
) -> list[tuple[Reader, dict[str, Any]]]:
    """List everything that is no order, each with its reader."""
    rows: list[tuple[Reader, dict[str, Any]]] = []
    if (positions := tree.load(POSITIONS)) is not None:
        rows += [(claims.position, row) for row in _listed(positions, POSITIONS, "positions")]
    realized = tree.load(REALIZED) or {}
    if not isinstance(realized, Mapping):
        raise ImportFormatError(
            f"{REALIZED}: must be an object with a number for each strategy; give the file as the "
            "tracker wrote it"
        )
    rows += [
        (claims.realized_pnl, {"strategy": tag, "realized_pnl": value})
        for tag, value in realized.items()
    ]
    return rows + [(day, row) for row in closed_days(tree, HISTORY)]


def _with_further(result: LegacyImport, rows: list[tuple[Reader, dict[str, Any]]]) -> LegacyImport:
    """Read what is no order, each row into exactly one place."""
    skipped, refused = list(result.skipped), list(result.refused)
    days: dict[tuple[str, datetime], PnlLogEntry] = {}
    for line, (reader, row) in enumerate(rows, result.read + 1):
        try:
            found = reader(row)
        except UnreadableCellError as error:
            refused.append(RefusedRow(line=line, field=error.field, reason=str(error)))
            continue
        if isinstance(found, Skip):
            skipped.append(SkippedRow(line=line, reason=found.reason))
        elif (found.strategy_id, found.day) in days:
            reason = f"day must be closed once, was {found.day:%Y-%m-%d} again; keep one file"
            refused.append(RefusedRow(line=line, field="day", reason=reason))
        else:
            days[found.strategy_id, found.day] = found
    return replace(
        result,
        read=result.read + len(rows),
        recorded=result.recorded + len(days),
        skipped=tuple(skipped),
        refused=tuple(refused),
        pnl=to_table(days.values(), PnlLogEntry),
    )


def _listed(content: Any, source: JsonSource, name: str) -> list[dict[str, Any]]:
    rows = content.get(name) if isinstance(content, dict) else content
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise ImportFormatError(
            f'{source_name(source)}: must be {{"{name}": [...]}} with an object for each; '
            "give the file as the tracker wrote it"
        )
    return list(rows)


def _fill(row: dict[str, Any], strategy: str | None, zone: str) -> dict[str, Any]:
    order_id = required_word(row, "order_id", "order_id")
    return {
        "trade_id": identifier(order_id),
        "order_id": order_id,
        "strategy_id": strategy_of(word(row, "strategy"), strategy, "legacy"),
        "execution_time": moment(word(row, "timestamp"), "execution_time", zone=zone),
        "symbol": required_word(row, "symbol", "symbol"),
        "side": one_of(row, "side", "side", _SIDES),
        "price": required_number(row, "price", "price"),
        "volume": required_number(row, "quantity", "volume"),
        "commission": number(row, "commission", "commission"),
    }
