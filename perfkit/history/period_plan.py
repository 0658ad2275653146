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

from perfkit.history.closes import DeskDays, days_a_year, missing_days
from perfkit.history.period_days import last_closes, traded_days
from perfkit.history.settled_fills import BOOKED, SettledFills, settled_fills
from perfkit.records import CashRecord, SplitRecord, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from perfkit.store import Snapshot

__all__ = [
    "OWNER",
    "Calendar",
    "Part",
    "Plan",
    "Question",
    "Source",
    "kept",
    "plan",
    "shared_facts",
]

SIZE = 1_200_000  # of a part: bounds memory, and is enough work for a worker
OWNER = ("account_id", "strategy_id")
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
    """What all parts share: where fills are, calendar, closes, cash, splits, corrections."""

    snapshot: Snapshot
    question: Question
    calendar: npt.NDArray[np.datetime64]
    closes: pa.Table
    cash: pa.Table
    splits: pa.Table
    settled: SettledFills


class Calendar(NamedTuple):
    """Trading days of a desk.

    Attributes
    ----------
    every : ndarray of datetime64[D]
        Every day that rows are made for, ascending.
    lived : ndarray of datetime64[D]
        Those with a fill or a price, from the first fill on; none before there is one.
    periods : int
        Trading days a year.
    """

    every: npt.NDArray[np.datetime64]
    lived: npt.NDArray[np.datetime64]
    periods: int


class Part(NamedTuple):
    """Strategies from the first to the last, inclusive, in order, and how many fills."""

    first: Owner
    last: Owner
    fills: int

    def may_hold(self, account: str) -> bool:
        """Tell whether an account may be in it."""
        return self.first[0] <= account <= self.last[0]

    @property
    def where(self) -> pl.Expr:
        """Which rows are of it; said so that files can be skipped by their statistics."""
        account, strategy = (pl.col(name) for name in OWNER)
        (low, begin), (high, end) = self.first, self.last
        if low == high:
            return (account == low) & strategy.is_between(pl.lit(begin), pl.lit(end))
        is_in = account.is_between(pl.lit(low), pl.lit(high))
        return (
            is_in & ((account > low) | (strategy >= begin)) & ((account < high) | (strategy <= end))
        )


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
        Fills of a part, and days of its strategies, at most; a strategy is one part
        whatever its size, and is read in pieces.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    InvalidArgumentError
        When there is no such zone or cut-off.
    """
    question.desk.of(np.array([], "datetime64[us]"))  # refuses a zone or a cut-off that is none
    source = shared_facts(snapshot, question)
    fills, traded = _traded(source)
    days = _calendar(source, traded)
    cash = source.cash
    paid = dict.fromkeys(zip(*(cash[name].to_pylist() for name in OWNER), strict=True), 0)
    parts = list(_parts(paid | fills, len(days.every), size))
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
        settled=settled_fills(lambda where: snapshot.read("trades", BOOKED, where)),
    )


def _calendar(source: Source, traded: npt.NDArray[np.datetime64]) -> Calendar:
    desk = source.question.desk
    days = np.unique(np.concatenate([traded, desk.of(source.closes["time"])]))
    lived = days[days >= traded.min()] if len(traded) else days
    periods = source.question.periods or days_a_year(lived)
    days = np.unique(np.concatenate([days, missing_days(lived, periods)]))
    paid = np.unique(desk.of(source.cash["execution_time"]))
    late = paid[paid > days[-1]] if len(days) else paid
    return Calendar(np.concatenate([days, late]), lived if len(traded) else _NO_DAYS, periods)


def kept(question: Question, time: str = "execution_time") -> pl.Expr:
    """Which rows a question is about: what happened by then, in its currency or in none."""
    is_kept = pl.lit(value=True)
    if question.valid is not None:
        is_kept &= pl.col(time) <= question.valid
    if question.currency is not None:  # a record that names none is in the account's own
        currency = pl.col("currency")
        is_kept &= (currency == question.currency) | currency.is_null()
    return is_kept


def _traded(source: Source) -> tuple[dict[Owner, int], npt.NDArray[np.datetime64]]:
    """Count the fills in force of each strategy, and find the days with one."""
    snapshot, question, settled = source.snapshot, source.question, source.settled
    is_kept = kept(question)
    is_other, of_day = settled.others(is_kept), settled.of(is_kept)
    count = pl.len().alias("count")
    found = snapshot.select("trades", lambda rows: rows.filter(is_other).group_by(OWNER).agg(count))
    fills = {(account, strategy): rows for account, strategy, rows in found.iter_rows()}
    for owner in zip(*(of_day[name].to_pylist() for name in OWNER), strict=True):
        fills[owner] = fills.get(owner, 0) + 1
    days = traded_days(snapshot, question.desk, is_other)
    settled_days = question.desk.of(of_day["execution_time"])
    return fills, np.unique(np.concatenate([days, settled_days]))


def _facts(snapshot: Snapshot, name: str, record: type, question: Question) -> pa.Table:
    columns = arrow_schema(record).names
    return snapshot.read(name, columns, kept(question))


def _parts(fills: dict[Owner, int], days: int, size: int) -> Iterator[Part]:
    """Put neighbours together; a strategy is one part even if it is larger."""
    held: list[Owner] = []
    count = 0
    for owner in sorted(fills):
        if held and count + fills[owner] + (len(held) + 1) * days > size:
            yield Part(held[0], held[-1], count)
            held, count = [], 0
        held, count = [*held, owner], count + fills[owner]
    if held:
        yield Part(held[0], held[-1], count)
