"""The old tracker's JSON: orders that it kept on S3, as ``strategy_orders/recent_orders.json``.

The orders are the facts. Positions, realised P&L and its history were computed from
them and are computed anew; a stated position that the orders do not add up to is
reported, because the old file kept the last 1,000 orders only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.admission import require_identifier
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import require_zone
from perfkit.importers.json_rows import JsonSource, load_json, source_name
from perfkit.importers.owners import strategy_of
from perfkit.importers.row_cells import moment, number, one_of, required, required_word, word
from perfkit.importers.trade_ids import identifier
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from perfkit.importers.result import ImportResult

__all__ = ["read_legacy_json"]

_ORDERS = "strategy_orders/recent_orders.json"
_POSITIONS = "strategy_positions/current_positions.json"
_COMPUTED = ("strategy_positions/realized_pnl.json", "strategy_pnl_history/*.json")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_FLAT = 1e-9  # of what was traded


@dataclass(slots=True)
class _Books:
    """What the orders add up to, by strategy and symbol."""

    held: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    traded: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    seen: set[str] = field(default_factory=set)

    def add(self, fill: dict[str, Any]) -> None:
        if fill["trade_id"] in self.seen:
            return
        self.seen.add(fill["trade_id"])
        key = (fill["strategy_id"], fill["symbol"])
        self.held[key] += fill["volume"] if fill["side"] == Side.BUY else -fill["volume"]
        self.traded[key] += fill["volume"]


def read_legacy_json(
    source: JsonSource,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str = "UTC",
) -> ImportResult:
    """Read the orders of the old per-strategy tracker.

    Parameters
    ----------
    source : path, dict or list of dict
        ``recent_orders.json`` or its content, or a folder that holds the tracker's
        tree: a copy of ``s3://bucket/paper`` or ``s3://bucket/live``.
    account : str
        Whose orders they are; the files do not say.
    strategy : str, optional
        For orders that name none.
    zone : str
        IANA name of the zone of times without their own; the tracker wrote UTC.

    Returns
    -------
    ImportResult
        A fill an order; its id is the order's, and one that stands there twice is
        skipped. Lines count orders, then positions, then files. A position that the
        orders do not add up to is refused, with both quantities; one that they do is
        skipped, like all other files.

    Raises
    ------
    ImportFormatError
        When the source is no such file or folder.
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
    books = _Books()

    def draft(named: tuple[str, dict[str, Any]]) -> list[Draft] | Skip:
        kind, row = named
        if kind == "position":
            return _position(row, books, strategy)
        if kind != "order":
            return Skip(kind)
        fill = _fill(row, strategy, zone)
        books.add(fill)
        return [Draft(Fill, fill)]

    constants = {"account_id": account, "source": "legacy_json"}
    return read_drafts(source_name(source), enumerate(_rows(source), 1), draft, constants)


def _rows(source: JsonSource) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(source, (str, Path)) or not Path(source).is_dir():
        return [("order", row) for row in _listed(source, "orders")]
    folder = Path(source)
    if not (folder / _ORDERS).is_file():
        raise ImportFormatError(
            f"{folder}: must hold {_ORDERS}; give the folder 'paper' or 'live' itself, because "
            "they are two accounts"
        )
    rows = [("order", row) for row in _listed(folder / _ORDERS, "orders")]
    if (folder / _POSITIONS).is_file():
        rows += [("position", row) for row in _listed(folder / _POSITIONS, "positions")]
    computed = [path for pattern in _COMPUTED for path in sorted(folder.glob(pattern))]
    reason = "P&L that the old tracker computed: it is computed anew from the orders"
    return rows + [(reason, {"file": path.name}) for path in computed]


def _listed(source: JsonSource, name: str) -> list[dict[str, Any]]:
    content = load_json(source)
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
        "price": required(number(row, "price", "price"), "price", "price"),
        "volume": required(number(row, "quantity", "volume"), "volume", "quantity"),
        "commission": number(row, "commission", "commission"),
    }


def _position(row: dict[str, Any], books: _Books, strategy: str | None) -> Skip:
    symbol = required_word(row, "symbol", "symbol")
    owner = strategy_of(word(row, "strategy"), strategy, "legacy")
    stated = required(number(row, "quantity", "volume"), "volume", "quantity")
    held = books.held[owner, symbol]
    if abs(held - stated) > _FLAT * max(books.traded[owner, symbol], abs(stated)):
        raise UnreadableCellError(
            "volume",
            f"must be {held:g}, what the orders of {owner} in {symbol} add up to, was {stated:g}; "
            "the old tracker kept its last 1,000 orders and forgot short positions: import the "
            "missing orders from the broker",
        )
    return Skip("a position that the orders add up to")
