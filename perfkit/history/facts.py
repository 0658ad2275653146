"""The facts that a question is about: what is read, and that the names exist.

Nothing is computed here but the books, which every position and every P&L
needs from the first fill on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.history.selection import Selection, book_filter, names_of, require_known_keywords
from perfkit.history.settled_fills import BOOKED, settled_fills
from perfkit.ledger import Ledger
from perfkit.records import Fill, RecordType, TradeRecord, arrow_schema
from perfkit.store import TABLES, Snapshot, TradeStore
from perfkit.tracker.booked_fills import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from perfkit.history.selection import Names

__all__ = ["EVERYTHING", "Facts", "Knowledge"]

_BOOKS = ("pnl", "cumulative_pnl", "position", "average_price", "round_trip_pnl")
_NAMED = {"account": "account_id", "strategy": "strategy_id", "symbol": "symbol"}
_SHOWN = 20  # names in a message


class Knowledge(NamedTuple):
    """What happened until ``valid`` and was recorded until ``known``; None is no bound."""

    valid: datetime | None = None
    known: datetime | None = None


EVERYTHING = Knowledge()


class Facts:
    """Reads of one history; each sees what was acknowledged by then.

    Parameters
    ----------
    uri : str or TradeStore
        A folder, or ``s3://bucket/prefix``; or a store of it.
    storage_options : mapping of str to str, optional
        Passed to the object store; not asked for with a store.
    knowledge : Knowledge
        How far to look.
    """

    def __init__(
        self,
        uri: str | TradeStore,
        storage_options: Mapping[str, str] | None,
        knowledge: Knowledge,
    ) -> None:
        store = uri
        if not isinstance(store, TradeStore):
            store = TradeStore(store, storage_options=storage_options)
        self._store = store if knowledge.known is None else store.as_of(knowledge.known)
        self._valid = knowledge.valid

    @property
    def store(self) -> TradeStore:
        """Where they are read from."""
        return self._store

    def fills(self, select: Selection, *more: str) -> pa.Table:
        """Fills in force, with ``more`` columns of the record beside their own."""
        columns = [*arrow_schema(Fill).names, "sequence", *more]
        return self._in_force(select, columns)

    def records(self, select: Selection) -> pa.Table:
        """Every record in force, with the P&L and position of the books as of now."""
        facts = self._in_force(select, None)
        books = Ledger(splits=self.splits(select), rates=self.rates()).apply(facts)
        for name in _BOOKS:
            field = arrow_schema(TradeRecord).field(name)
            facts = facts.set_column(facts.schema.get_field_index(name), field, books[name])
        return facts

    def replayed(self, select: Selection, *more: str) -> pa.Table:
        """Fills in force by the columns that books need, and what the ledger says of each."""
        fills = self._in_force(select, [*BOOKED, *more])
        books = Ledger(splits=self.splits(select), rates=self.rates()).apply(fills)
        for field in books.schema:
            fills = fills.append_column(field, books[field.name])
        return fills

    def stored(self, *columns: str) -> pa.Table:
        """Every record as it was written, corrections and busts too; all columns if none."""
        return self._store.read("trades", columns=columns or None)

    def cash(self, select: Selection) -> pa.Table:
        """Capital, funding, dividends and all other cash that is no fill's."""
        where = _both(book_filter(select), self._until("execution_time"))
        return self._store.read("cash", where=where)

    def splits(self, select: Selection) -> pa.Table:
        """Splits of the accounts that are asked for."""
        accounts = {"account": select["account"]} if "account" in select else {}
        where = _both(book_filter(cast("Selection", accounts)), self._until("execution_time"))
        return self._store.read("splits", where=where)

    def closes(self) -> pa.Table:
        """Symbol, time and price of every bar's close, and when it was recorded."""
        return self._closes(None)

    def bars(self, symbols: Iterable[str]) -> pa.Table:
        """Close time, high, low and close of every bar of some symbols."""
        where = _both(pl.col("symbol").is_in(list(symbols)), self._until("close_time"))
        columns = ["symbol", "close_time", "high", "low", "close"]
        return self._store.read("bars", where=where, columns=columns)

    def market(self) -> dict[str, pa.Table]:
        """Every ``bars`` and every ``news`` row, whatever moment the question is about."""
        return {name: self._store.read(name) for name in ("bars", "news")}

    def judgements(self) -> pa.Table:
        """Labels that were recorded beside the trades."""
        return self._store.read("labels", where=self._until("labelled_at"))

    def named(self, trade_id: str) -> pa.Table:
        """Trade, account and strategy of every trade of one id, as first recorded."""
        is_new = pl.col("record_type") == RecordType.NEW.value
        columns = ["trade_id", "account_id", "strategy_id"]
        return self._store.read(
            "trades", where=is_new & (pl.col("trade_id") == trade_id), columns=columns
        )

    def rates(self) -> pa.Table:
        """The closes of currency pairs, such as EUR/USD."""
        return self._closes(pl.col("symbol").str.contains("/", literal=True))

    def require_names(self, select: Selection, found: pa.Table) -> None:
        """Refuse an account, a strategy or a symbol that the history has never seen.

        Raises
        ------
        UnknownNameError
            Naming it, and those that there are.
        """
        for keyword, column in _NAMED.items():
            wanted = set(names_of(cast("Names | None", select.get(keyword))))
            if not wanted or wanted <= set(pc.unique(found[column]).to_pylist()):
                continue
            known = self._names(column)
            if unknown := sorted(wanted - known):
                listed = ", ".join(sorted(known)[:_SHOWN]) or "none"
                more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
                raise UnknownNameError(
                    f"the history has no {keyword} {', '.join(map(repr, unknown))}; "
                    f"there are {listed}{more}"
                )

    def _closes(self, where: pl.Expr | None) -> pa.Table:
        bars = self._store.read(
            "bars",
            where=_both(where, self._until("close_time")),
            columns=["symbol", "close_time", "close", "recorded_at"],
        )
        return bars.rename_columns(["symbol", "time", "price", "recorded_at"])

    def _in_force(self, select: Selection, columns: list[str] | None) -> pa.Table:
        require_known_keywords(select)
        fills = self._effective(select, columns)
        self.require_names(select, fills)
        if self._valid is None:
            return fills
        # a correction may have moved a fill over the bound
        return fills.filter(pc.less_equal(fills["execution_time"], pa.scalar(self._valid)))

    def _effective(self, select: Selection, columns: list[str] | None) -> pa.Table:
        """Read what is selected; a correction may have moved a fill into it, or out of it."""
        accounts: Selection = {"account": select["account"]} if "account" in select else {}
        own, wanted = book_filter(accounts), book_filter(select)

        snapshot = Snapshot.of(self._store)  # what is recorded meanwhile is not half seen
        names = TABLES["trades"].schema.names if columns is None else columns

        def read(where: pl.Expr) -> pa.Table:
            return snapshot.read("trades", names, where if own is None else own & where)

        settled = settled_fills(read)
        is_wanted = pl.lit(value=True) if wanted is None else wanted
        fills = read(settled.others(is_wanted))
        if not settled.left_out:
            return fills
        return in_order(pa.concat_tables([fills, settled.of(is_wanted)]))

    def _until(self, time: str) -> pl.Expr | None:
        return None if self._valid is None else pl.col(time) <= self._valid

    def _names(self, column: str) -> set[str]:
        tables = ("trades",) if column == "symbol" else ("trades", "cash")
        read = (self._store.read(name, columns=[column])[column] for name in tables)
        return {name for names in read for name in pc.unique(names).to_pylist()}


def _both(one: pl.Expr | None, other: pl.Expr | None) -> pl.Expr | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other
