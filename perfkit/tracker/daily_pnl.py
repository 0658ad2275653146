"""Daily P&L: what every strategy had made by the end of each trading day.

From the facts alone, so that what becomes known late changes the days that it belongs
to. A position that never had a price is not valued: the day's total is then not known,
and its symbols are named.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger import TradingClock, daily_equity, effective_fills, trading_day
from perfkit.ledger.trading_day import day_ends
from perfkit.records import ContractType, PnlLogEntry, arrow_schema, conform
from perfkit.records.schema import TIMESTAMP
from perfkit.tracker.held_days import Days, HeldDays, held_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PricedFacts", "daily_pnl"]

Owner: TypeAlias = tuple[str, str]

_OWNER = ["account_id", "strategy_id"]
_SUMS = ["realized_pnl", "fees", "funding", "dividends", "pnl"]
_OF_DAY = ["market_value", "trades", "stale_marks"]


class PricedFacts(NamedTuple):
    """All that a desk's P&L follows from.

    Attributes
    ----------
    fills : pyarrow.Table
        Columns of `Fill`, and ``sequence``: every record, corrections and busts too.
    cash, splits : pyarrow.Table
        Columns of `CashRecord` and `SplitRecord`.
    marks : pyarrow.Table
        Columns of `Mark`.
    """

    fills: pa.Table
    cash: pa.Table
    splits: pa.Table
    marks: pa.Table

    def of(self, owners: Iterable[Owner]) -> PricedFacts:
        """Keep the fills and the cash of some strategies."""
        wanted = pa.array([f"{account}/{strategy}" for account, strategy in owners], pa.string())
        fills, cash = (
            table.filter(pc.is_in(_owner_names(table), value_set=wanted))
            for table in (self.fills, self.cash)
        )
        return self._replace(fills=fills, cash=cash)


def daily_pnl(facts: PricedFacts, clock: TradingClock, convert_to: str | None = None) -> pa.Table:
    """Say what every strategy had made by the end of each trading day.

    Parameters
    ----------
    facts : PricedFacts
        The whole history.
    clock : TradingClock
        The desk's trading day. Days are those with a mark, a fill or cash, and its
        ``further_days``.
    convert_to : str, optional
        Currency of the sums; without it each strategy's money must be of one currency.

    Returns
    -------
    pyarrow.Table
        Columns of `PnlLogEntry`, by account, strategy and day, from the day of a
        strategy's first record on, be it busted later: days and strategies only grow,
        whatever is learned.

    Raises
    ------
    InvalidArgumentError
        When a strategy has money of several currencies and ``convert_to`` is None, and
        as `daily_equity`.
    """
    first = _first_days(facts, clock)
    days = _days(facts, clock)
    days = days[days >= min(first.values(), default=np.datetime64("NaT", "D"))]
    counted = facts._replace(fills=effective_fills(facts.fills))
    held = held_days(counted.fills, facts.splits, facts.marks, clock, days)
    tables = [arrow_schema(PnlLogEntry).empty_table()]
    for currency, owners in _by_currency(counted, first, convert_to).items():
        own = counted.of(owners)
        equity = daily_equity(
            own.fills,
            own.marks,
            own.cash,
            splits=own.splits,
            convert_to=convert_to,
            clock=clock._replace(further_days=days),
        )
        groups = dict(iter(equity.groupby(_OWNER, sort=False)))
        for owner in owners:
            frame = _sums(groups.get(owner, equity.iloc[:0]), days)
            frame = _valued(frame, held[owner], is_converted=convert_to is not None)
            frame = frame[days >= first[owner]].assign(currency=currency)
            tables.append(_entries(frame, owner, clock))
    return pa.concat_tables(tables).sort_by([(name, "ascending") for name in (*_OWNER, "day")])


def _days(facts: PricedFacts, clock: TradingClock) -> Days:
    times = (facts.fills["execution_time"], facts.cash["execution_time"], facts.marks["time"])
    named = [trading_day(each, clock.zone, clock.cutoff) for each in times]
    return np.unique(np.concatenate([clock.further_days, *named]))


def _first_days(facts: PricedFacts, clock: TradingClock) -> dict[Owner, np.datetime64]:
    """Give the day of each strategy's first record, in the order of their names."""
    parts = []
    for table in (facts.fills, facts.cash):
        frame: pd.DataFrame = table.select(_OWNER).to_pandas()
        days = trading_day(table["execution_time"], clock.zone, clock.cutoff)
        parts.append(frame.assign(day=days.astype("datetime64[s]")))
    first = pd.concat(parts).groupby(_OWNER, sort=True)["day"].min()
    days = first.to_numpy().astype("datetime64[D]")
    return {(str(a), str(s)): day for (a, s), day in zip(first.index, days, strict=True)}


def _by_currency(
    facts: PricedFacts, owners: Iterable[Owner], convert_to: str | None
) -> dict[str | None, list[Owner]]:
    """Group strategies by the currency of their money; one that names none is the account's."""
    if convert_to is not None:
        return {convert_to: list(owners)}
    fills, cash = facts.fills, facts.cash
    is_inverse = pc.equal(fills["contract"], ContractType.INVERSE.value)
    settled = pc.if_else(is_inverse, fills["base_currency"], fills["currency"])
    named: Mapping[str, set[str]] = defaultdict(set)
    for names, currencies in (
        (_owner_names(fills), settled),
        (_owner_names(cash), cash["currency"]),
    ):
        table = pa.table({"name": names, "currency": currencies}).group_by(["name", "currency"])
        for row in table.aggregate([]).to_pylist():
            named[row["name"]].add(row["currency"])
    groups: dict[str | None, list[Owner]] = defaultdict(list)
    for account, strategy in owners:
        # of several, the first stands for all: adding them up is then refused
        found = sorted(name for name in named[f"{account}/{strategy}"] if name is not None)
        groups[found[0] if found else None].append((account, strategy))
    return groups


def _sums(equity: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Add a strategy's days up; before its first one in force there was nothing."""
    index = pd.DatetimeIndex(days.astype("datetime64[us]"), name="day")
    sums = equity[_SUMS].cumsum(skipna=False).join(equity[_OF_DAY])
    return sums.set_index(pd.DatetimeIndex(equity["day"])).reindex(index, fill_value=0)


def _valued(frame: pd.DataFrame, held: HeldDays, *, is_converted: bool) -> pd.DataFrame:
    closed = frame["realized_pnl"] - frame["fees"] + frame["funding"] + frame["dividends"]
    # nothing is open, and no exchange rate moved: exactly nothing is unrealised
    is_closed = (held.positions == 0) & (not is_converted)
    total = frame["pnl"].where(~is_closed, closed)
    is_unpriced = np.array([bool(symbols) for symbols in held.unpriced], np.bool_)
    reason = pd.Series(None, frame.index, dtype=object)
    reason = reason.mask(total.isna(), "no_rate").mask(is_unpriced, "no_price")
    return frame.assign(
        total_pnl=total.mask(is_unpriced),
        unrealized_pnl=(total - closed).mask(is_unpriced),
        market_value=frame["market_value"].mask(is_unpriced),
        unpriced=pd.Series(held.unpriced, frame.index, dtype=object),
        reason=reason,
    )


def _entries(frame: pd.DataFrame, owner: Owner, clock: TradingClock) -> pa.Table:
    days = frame.index.to_numpy().astype("datetime64[D]")
    ends = day_ends(days, clock.zone, clock.cutoff)
    columns = {
        "account_id": pa.repeat(owner[0], len(days)),
        "strategy_id": pa.repeat(owner[1], len(days)),
        "day": pa.array(days.astype("datetime64[us]").astype(np.int64)).cast(TIMESTAMP),
        "day_end": pa.array(ends).cast(TIMESTAMP),
    }
    for field in arrow_schema(PnlLogEntry):
        if field.name in frame:
            values = frame[field.name].to_numpy()
            columns[field.name] = pa.array(values, field.type, from_pandas=True)
    return conform(pa.table(columns), PnlLogEntry)


def _owner_names(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["account_id"], table["strategy_id"], "/")
