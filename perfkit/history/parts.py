"""Parts: the P&L of a history cut in different ways, each part counted on its own.

Accounts and strategies are read and replayed apart, the books of symbols replayed apart;
days are valued by cash and positions, without any cost method; what is open beside the
round trips is replayed from where it was opened.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger import Ledger, TradingClock, daily_equity
from perfkit.records import Mark, arrow_schema
from perfkit.records.trade_record import ContractType
from perfkit.tracker.fees import fees_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.history.closes import DeskDays

__all__ = [
    "PartSums",
    "by_currency",
    "day_parts",
    "known_books",
    "line_sums",
    "money_moved",
    "named_parts",
    "symbol_parts",
    "trip_parts",
]

_BOOK = ["account_id", "strategy_id", "symbol"]
_ORDER = [("execution_time", "ascending"), ("sequence", "ascending")]
_READS = 4  # of names: a desk of a thousand strategies is not read a thousand times
_REPLAYS = 64  # of symbols


class PartSums(NamedTuple):
    """One way to cut a history, added up again.

    Attributes
    ----------
    name : str
        What it was cut by.
    parts : int
        How many parts there were.
    sums : DataFrame, by currency
        pnl of the parts, ``open``: what they leave out, fills, and of them those of
        unknown P&L.
    counts_unknown : bool
        Whether books with a fill of unknown P&L take part.
    """

    name: str
    parts: int
    sums: pd.DataFrame
    counts_unknown: bool = True

    @classmethod
    def of(cls, name: str, lines: pd.DataFrame) -> Self:
        """Add up lines of parts and currencies."""
        return cls(name, lines["part"].nunique(), by_currency(lines))


def by_currency(lines: pd.DataFrame) -> pd.DataFrame:
    """Add lines up to one a currency, without loss."""
    groups = lines.groupby("currency")
    counts = groups[["fills", "unknown"]].sum()
    return counts.assign(pnl=groups["pnl"].agg(math.fsum), open=0.0)


def line_sums(table: pa.Table, part: pa.ChunkedArray | None = None) -> pd.DataFrame:
    """Add up the known P&L of each part and currency.

    Parameters
    ----------
    table : pyarrow.Table
        Fills with the P&L of their books.
    part : pyarrow.ChunkedArray, optional
        The part of each fill; None is one part.

    Returns
    -------
    DataFrame
        part, currency (empty for the account's own), pnl, fills, unknown.
    """
    names = pa.repeat("", table.num_rows) if part is None else part
    frame = pd.DataFrame({"part": names.to_pandas(), "currency": _currency(table).to_pandas()})
    pnl = table["pnl"].to_numpy()
    frame["unknown"] = np.isnan(pnl)
    frame["pnl"] = np.nan_to_num(pnl)
    groups = frame.groupby(["part", "currency"], sort=False)
    lines = groups["pnl"].agg(math.fsum).to_frame()
    return lines.assign(fills=groups.size(), unknown=groups["unknown"].sum()).reset_index()


def _currency(table: pa.Table) -> pa.ChunkedArray:
    """Currency of each fill's P&L; empty for the account's own."""
    is_inverse = pc.equal(table["contract"], ContractType.INVERSE.value)
    settled = pc.if_else(is_inverse, table["base_currency"], table["currency"])
    return pc.fill_null(settled, "")


def money_moved(table: pa.Table) -> pd.Series:
    """Value of all fills, by the currency of their P&L."""
    price, size = table["price"].to_numpy(), table["multiplier"].to_numpy()
    is_inverse = pc.equal(table["contract"], ContractType.INVERSE.value).to_numpy()
    unit = np.where(is_inverse, 1.0 / np.where(price == 0.0, 1.0, price), price)
    values = pd.Series(np.abs(unit) * size * table["volume"].to_numpy())
    return values.groupby(_currency(table).to_pandas()).sum()


def known_books(table: pa.Table) -> pa.Table:
    """Leave out the books that have a fill of unknown P&L."""
    if not table["pnl"].null_count:
        return table
    keys = pd.MultiIndex.from_frame(table.select(_BOOK).to_pandas())
    unknown = keys[pc.is_null(table["pnl"]).to_numpy()]
    return table.filter(pa.array(~keys.isin(unknown)))


def named_parts(key: str, names: list[str], read: Callable[[list[str]], pa.Table]) -> PartSums:
    """Read and replay accounts or strategies apart.

    Parameters
    ----------
    key : str
        ``account`` or ``strategy``.
    names : list of str
        All of them.
    read : callable
        Gives the replayed fills of some.
    """
    tables = (read(some) for some in _dealt(names, _READS))
    lines = [line_sums(table, table[f"{key}_id"]) for table in tables]
    return PartSums.of(key, pd.concat([_NO_LINES, *lines]))


def symbol_parts(books: pa.Table, splits: pa.Table, rates: pa.Table) -> PartSums:
    """Replay the books of symbols apart.

    Parameters
    ----------
    books : pyarrow.Table
        Replayed fills.
    splits, rates : pyarrow.Table
        As of `Ledger`.
    """
    lines = []
    for some in _dealt(pc.unique(books["symbol"]).to_pylist(), _REPLAYS):
        own = books.filter(pc.is_in(books["symbol"], pa.array(some)))
        lines.append(line_sums(_replayed(own, splits, rates), own["symbol"]))
    return PartSums.of("symbol", pd.concat([_NO_LINES, *lines]))


def _replayed(fills: pa.Table, splits: pa.Table, rates: pa.Table) -> pa.Table:
    answer = Ledger(splits=splits, rates=rates).apply(fills)
    return fills.drop_columns("pnl").append_column("pnl", answer["pnl"])


def _dealt(names: list[str], most: int) -> Iterator[list[str]]:
    hands = [names[start::most] for start in range(most)]
    return (hand for hand in hands if hand)


def day_parts(books: pa.Table, splits: pa.Table, desk: DeskDays) -> PartSums:
    """Value every day, and take off what is unrealised in the end.

    Parameters
    ----------
    books : pyarrow.Table
        Replayed fills.
    splits : pyarrow.Table
        As of `Ledger`.
    desk : DeskDays
        The trading day.
    """
    table = known_books(books).sort_by(_ORDER)
    lines = line_sums(table)
    sums, days = by_currency(lines), desk.of(table["execution_time"])
    marks, clock = arrow_schema(Mark).empty_table(), TradingClock(*desk)
    for currency in sums.index:
        own = table.filter(pc.equal(_currency(table), currency))
        equity = daily_equity(_in_pnl_money(own), marks, splits=splits, clock=clock)
        sums.loc[currency, "pnl"] = math.fsum(equity["pnl"])
        sums.loc[currency, "fills"] = int(equity["trades"].sum())
        sums.loc[currency, "open"] = -_unrealised(own)
    return PartSums("day", len(np.unique(days)), sums, counts_unknown=False)


def _in_pnl_money(table: pa.Table) -> pa.Table:
    """Say fees in the currency of the P&L, except where they were taken from the asset."""
    in_asset = pa.array(fees_of(table).in_asset)
    for name, money in (
        ("commission", table["fees"]),
        ("fee_currency", pa.scalar(None, pa.string())),
    ):
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.if_else(in_asset, table[name], money))
    return table


def _unrealised(table: pa.Table) -> float:
    """Value every open position at the price of its last fill."""
    names = [*_BOOK, "position", "price", "average_price", "multiplier", "contract"]
    last = table.select(names).to_pandas().drop_duplicates(_BOOK, keep="last")
    last = last[last["position"] != 0.0]
    is_inverse = (last["contract"] == ContractType.INVERSE.value).to_numpy()
    price, entry = last["price"].to_numpy(), last["average_price"].to_numpy()
    with np.errstate(divide="ignore"):  # a linear price may be 0
        gain = np.where(is_inverse, 1.0 / entry - 1.0 / price, price - entry)
    return math.fsum(gain * last["position"].to_numpy() * last["multiplier"].to_numpy())


def trip_parts(trips: pd.DataFrame, books: pa.Table, splits: pa.Table, rates: pa.Table) -> PartSums:
    """Add closed round trips to what was realised in those that are still open.

    Parameters
    ----------
    trips : DataFrame
        All closed round trips.
    books : pyarrow.Table
        Replayed fills.
    splits, rates : pyarrow.Table
        As of `Ledger`.
    """
    table = known_books(books).sort_by(_ORDER)
    keys = pd.MultiIndex.from_frame(table.select(_BOOK).to_pandas().drop_duplicates())
    own = trips[pd.MultiIndex.from_frame(trips[_BOOK]).isin(keys)]
    sums = by_currency(line_sums(table)).assign(pnl=0.0)
    closed = own["pnl"].groupby(own["currency"].fillna("")).agg(math.fsum)
    sums["pnl"] = closed.reindex(sums.index, fill_value=0.0)
    opened = _replayed(_open_trips(table), splits, rates)
    still = by_currency(line_sums(opened))["pnl"]
    sums["open"] = still.reindex(sums.index, fill_value=0.0)
    return PartSums("round_trip", len(own), sums, counts_unknown=False)


def _open_trips(table: pa.Table) -> pa.Table:
    """Give the fills of the trips that are open, each from where it was opened.

    Of a fill that closed one position and opened another the part that opened it.
    """
    frame: pd.DataFrame = table.select([*_BOOK, "position", "position_before"]).to_pandas()
    after, before = frame["position"].to_numpy(), frame["position_before"].to_numpy()
    is_start = (after != 0.0) & ((before == 0.0) | ((before > 0.0) != (after > 0.0)))
    book = frame.groupby(_BOOK, sort=False).ngroup().to_numpy()
    row = np.arange(len(frame))
    start, last = np.zeros((2, book.max(initial=-1) + 1), np.int64)
    start[book[is_start]] = row[is_start]  # of several the last one stays
    last[book] = row
    rows = np.flatnonzero((after[last] != 0.0)[book] & (row >= start[book]))
    is_first = row[rows] == start[book[rows]]
    share = np.where(is_first, after[rows] / (after - before)[rows], 1.0)
    fills = table.take(rows)
    for name in ("volume", "commission"):
        part = pa.array(fills[name].to_numpy() * share)
        fills = fills.set_column(fills.column_names.index(name), name, part)
    return fills


_NO_LINES = pd.DataFrame(
    {"part": pd.Series(dtype=object), "currency": pd.Series(dtype=object)}
    | dict.fromkeys(("pnl",), pd.Series(dtype=np.float64))
    | dict.fromkeys(("fills", "unknown"), pd.Series(dtype=np.int64))
)
