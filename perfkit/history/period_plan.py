"""The plan of a computation: which strategies are computed together, and on which days.

The history is looked through once, by the few columns that this needs. What all parts
share, their calendar and their prices, is found here, so that no answer depends on how
the history was cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from perfkit.history.closes import DeskDays, days_a_year, missing_days
from perfkit.history.period_days import last_closes, traded_days
from perfkit.records import CashRecord, RecordType, SplitRecord, arrow_schema
from perfkit.tracker.booked_fills import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from perfkit.store import Snapshot

__all__ = [
    "OWNER",
    "Calendar",
    "Part",
    "Plan",
    "Question",
    "Source",
    "corrected_fills",
    "kept",
    "plan",
    "shared_facts",
]

SIZE = 1_200_000  # of a part: bounds memory, and is enough work for a worker
OWNER = ("account_id", "strategy_id")
_BOOKED = (
    *("trade_id", *OWNER, "execution_time", "symbol", "side", "price", "volume", "commission"),
    *("fee_currency", "currency", "base_currency", "multiplier", "contract", "record_type"),
    *("original_trade_id", "recorded_at", "sequence"),
)
_NO_DAYS = np.array([], "datetime64[D]")
Owner = tuple[str, str]


class Question(NamedTuple):
    """All that rows depend on beside the facts; fields as of `History`."""

    desk: DeskDays
    periods: int | None = None
    currency: str | None = None
    convert_to: str | None = None
    valid: datetime | None = None


class Source(NamedTuple):
    """What all parts share: where fills are, the calendar, closes, cash and splits."""

    snapshot: Snapshot
    question: Question
    calendar: npt.NDArray[np.datetime64]
    closes: pa.Table
    cash: pa.Table
    splits: pa.Table


class Calendar(NamedTuple):
    """Trading days of a desk.

    Attributes
    ----------
    every : ndarray of datetime64[D]
        Every day that rows are made for, ascending.
    lived : ndarray of datetime64[D]
        Those with a fill or a price, from the first fill on.
    periods : int
        Trading days a year.
    """

    every: npt.NDArray[np.datetime64]
    lived: npt.NDArray[np.datetime64]
    periods: int


class Part(NamedTuple):
    """Strategies from the first to the last, inclusive, in order.

    An account with corrections is whole, for a correction may move a fill to another
    strategy.
    """

    first: Owner
    last: Owner
    is_corrected: bool

    def may_hold(self, account: str) -> bool:
        """Tell whether an account may be in it."""
        return self.first[0] <= account <= self.last[0]

    @property
    def where(self) -> pl.Expr:
        """Which rows are of it; said so that files can be skipped by their statistics."""
        account, strategy = (pl.col(name) for name in OWNER)
        (low, begin), (high, end) = self.first, self.last
        if self.is_corrected:
            return account.is_between(pl.lit(low), pl.lit(high))
        if low == high:
            return (account == low) & strategy.is_between(pl.lit(begin), pl.lit(end))
        is_in = account.is_between(pl.lit(low), pl.lit(high))
        return (
            is_in & ((account > low) | (strategy >= begin)) & ((account < high) | (strategy <= end))
        )


class _Traded(NamedTuple):
    """Fills in force of each strategy, the days on which there was one, corrected accounts."""

    fills: dict[Owner, int]
    days: npt.NDArray[np.datetime64]
    corrected: set[str]


class Plan(NamedTuple):
    """What all parts share, the parts in order, and the desk's days."""

    source: Source
    parts: list[Part]
    days: Calendar


def plan(snapshot: Snapshot, question: Question, size: int = SIZE) -> Plan:
    """Look a history through.

    Parameters
    ----------
    snapshot : Snapshot
        The history.
    question : Question
        What is asked of it.
    size : int
        Fills of a part, and days of its strategies, at most; a strategy, and an account
        with corrections, is one part whatever its size.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    InvalidArgumentError
        When there is no such zone or cut-off.
    """
    question.desk.of(np.array([], "datetime64[us]"))  # refuses a zone or a cut-off that is none
    traded = _traded(snapshot, question)
    source = shared_facts(snapshot, question)
    days = _calendar(source, traded.days)
    cash = source.cash
    owners = (
        dict.fromkeys(zip(*(cash[name].to_pylist() for name in OWNER), strict=True), 0)
        | traded.fills
    )
    sizes = {owner: fills + len(days.every) for owner, fills in owners.items()}
    parts = list(_parts(sizes, traded.corrected, size))
    return Plan(source._replace(calendar=days.every), parts, days)


def shared_facts(snapshot: Snapshot, question: Question) -> Source:
    """Read what all parts share but the calendar.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    of_all = question._replace(currency=None)
    return Source(
        snapshot=snapshot,
        question=question,
        calendar=_NO_DAYS,
        closes=last_closes(snapshot, question.desk, kept(of_all, "close_time")),
        cash=_facts(snapshot, "cash", CashRecord, question),
        splits=_facts(snapshot, "splits", SplitRecord, of_all),
    )


def _calendar(source: Source, traded: npt.NDArray[np.datetime64]) -> Calendar:
    desk = source.question.desk
    days = np.unique(np.concatenate([traded, desk.of(source.closes["time"])]))
    lived = days[days >= traded.min()] if len(traded) else days
    periods = source.question.periods or days_a_year(lived)
    days = np.unique(np.concatenate([days, missing_days(lived, periods)]))
    paid = np.unique(desk.of(source.cash["execution_time"]))
    late = paid[paid > days[-1]] if len(days) else paid
    return Calendar(np.concatenate([days, late]), lived, periods)


def kept(question: Question, time: str = "execution_time") -> pl.Expr:
    """Which rows a question is about: what happened by then, in its currency or in none."""
    is_kept = pl.lit(value=True)
    if question.valid is not None:
        is_kept &= pl.col(time) <= question.valid
    if question.currency is not None:  # a record that names none is in the account's own
        currency = pl.col("currency")
        is_kept &= (currency == question.currency) | currency.is_null()
    return is_kept


def corrected_fills(snapshot: Snapshot, question: Question, where: pl.Expr) -> pa.Table:
    """Read the fills of whole accounts, as what was recorded later corrects them."""
    fills = in_force(snapshot.read("trades", _BOOKED, where))
    keys = pl.DataFrame({n: fills[n].to_pylist() for n in ("execution_time", "currency")})
    typed = keys.with_columns(
        pl.col("execution_time").cast(pl.Datetime("us", "UTC")), pl.col("currency").cast(pl.String)
    )
    is_kept = typed.with_columns(kept(question).alias("kept"))["kept"]
    return fills.filter(pa.array(is_kept.to_list(), pa.bool_()))


def _traded(snapshot: Snapshot, question: Question) -> _Traded:
    is_later = pl.col("record_type") != RecordType.NEW.value
    is_kept = kept(question) & (pl.col("sequence") > 0)  # of a row: a literal has no sum
    found = snapshot.select(
        "trades",
        lambda rows: rows.group_by(OWNER).agg(
            is_kept.sum().alias("fills"), is_later.any().alias("later")
        ),
    )
    corrected = set(found.filter("later")["account_id"])
    plain = found.filter(~pl.col("account_id").is_in(corrected), pl.col("fills") > 0)
    fills = {(row[0], row[1]): row[2] for row in plain.select(*OWNER, "fills").iter_rows()}
    is_plain = ~pl.col("account_id").is_in(corrected) if corrected else True
    days = [traded_days(snapshot, question.desk, kept(question) & is_plain)]
    for account in sorted(corrected):
        table = corrected_fills(snapshot, question, pl.col("account_id") == account)
        days.append(question.desk.of(table["execution_time"]))
        fills[account, ""] = 0  # all of it may be busted, and is no neighbour's then
        for row in table.select(OWNER).group_by(OWNER).aggregate([([], "count_all")]).to_pylist():
            fills[row["account_id"], row["strategy_id"]] = row["count_all"]
    return _Traded(fills, np.unique(np.concatenate(days)), corrected)


def _facts(snapshot: Snapshot, name: str, record: type, question: Question) -> pa.Table:
    columns = arrow_schema(record).names
    return snapshot.read(name, columns, kept(question))


def _parts(sizes: dict[Owner, int], corrected: set[str], size: int) -> Iterator[Part]:
    """Put neighbours together; what may not be cut is a part of its own if it is larger."""
    units: dict[tuple[str, ...], list[Owner]] = {}
    for owner in sorted(sizes):
        units.setdefault(owner[:1] if owner[0] in corrected else owner, []).append(owner)
    held: list[Owner] = []
    count, is_corrected = 0, False
    for unit in units.values():
        more, is_other = sum(sizes[owner] for owner in unit), unit[0][0] in corrected
        if held and (count + more > size or is_other != is_corrected):
            yield Part(held[0], held[-1], is_corrected)
            held, count = [], 0
        held, count, is_corrected = [*held, *unit], count + more, is_other
    if held:
        yield Part(held[0], held[-1], is_corrected)
