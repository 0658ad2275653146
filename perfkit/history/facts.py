"""The facts that a question is about: what is read, and that the names exist.

Nothing is computed here but the books, which every position and every P&L
needs from the first fill on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.history.selection import Selection, book_filter, names_of, require_known_keywords
from perfkit.ledger import Ledger, effective_fills
from perfkit.records import Fill, TradeRecord, arrow_schema
from perfkit.store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.history.selection import Names

__all__ = ["Facts"]

_BOOKS = ("pnl", "cumulative_pnl", "position", "average_price", "round_trip_pnl")
_NAMED = {"account": "account_id", "strategy": "strategy_id", "symbol": "symbol"}
_SHOWN = 20  # names in a message


class Facts:
    """Reads of one history; each sees what was acknowledged by then.

    Parameters
    ----------
    uri : str
        A folder, or ``s3://bucket/prefix``.
    storage_options : mapping of str to str, optional
        Passed to the object store.
    """

    def __init__(self, uri: str, storage_options: Mapping[str, str] | None) -> None:
        self._store = TradeStore(uri, storage_options=storage_options)

    def fills(self, select: Selection, *more: str) -> pa.Table:
        """Fills in force, with ``more`` columns of the record beside their own."""
        columns = [*arrow_schema(Fill).names, "sequence", *more]
        return self._in_force(select, columns)

    def records(self, select: Selection) -> pa.Table:
        """Every record in force, with the P&L and position of the books as of now."""
        facts = self._in_force(select, None)
        books = Ledger().apply(facts)
        for name in _BOOKS:
            field = arrow_schema(TradeRecord).field(name)
            facts = facts.set_column(facts.schema.get_field_index(name), field, books[name])
        return facts

    def stored(self) -> pa.Table:
        """Every record as it was written, corrections and busts too."""
        return self._store.read("trades")

    def cash(self, select: Selection) -> pa.Table:
        """Deposits and withdrawals."""
        return self._store.read("cash", where=book_filter(select))

    def closes(self) -> pa.Table:
        """Symbol, time and price of every bar's close."""
        bars = self._store.read("bars", columns=["symbol", "close_time", "close"])
        return bars.rename_columns(["symbol", "time", "price"])

    def _in_force(self, select: Selection, columns: list[str] | None) -> pa.Table:
        require_known_keywords(select)
        table = self._store.read("trades", where=book_filter(select), columns=columns)
        self._require_names(select, table)
        return effective_fills(table)

    def _require_names(self, select: Selection, found: pa.Table) -> None:
        """Refuse an account, a strategy or a symbol that the history has never seen."""
        for keyword, column in _NAMED.items():
            wanted = set(names_of(cast("Names | None", select.get(keyword))))
            if wanted <= set(pc.unique(found[column]).to_pylist()):
                continue
            known = self._names(column)
            if unknown := sorted(wanted - known):
                listed = ", ".join(sorted(known)[:_SHOWN]) or "none"
                more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
                raise UnknownNameError(
                    f"the history has no {keyword} {', '.join(map(repr, unknown))}; "
                    f"there are {listed}{more}"
                )

    def _names(self, column: str) -> set[str]:
        tables = ("trades",) if column == "symbol" else ("trades", "cash")
        read = (self._store.read(name, columns=[column])[column] for name in tables)
        return {name for names in read for name in pc.unique(names).to_pylist()}
