"""The P&L log: one row per account, strategy and trading day, corrected by later rows.

A row is written once. The same numbers again write nothing; other numbers are a new
row, which is the one that is read, and both remain for who asks what was known when.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

import polars as pl
import pyarrow as pa

from perfkit.errors import InvalidArgumentError
from perfkit.records import PnlLogEntry, to_table
from perfkit.store.receipt import Receipt
from perfkit.store.tables import table_layout
from perfkit.store.trade_store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["LogReceipt", "PnlLog"]

_NAME = "pnl"
_KEY = list(table_layout(_NAME).key)
_FLOATS = [f.name for f in table_layout(_NAME).schema if pa.types.is_floating(f.type)]
_PLAIN = ["day_end", "trades", "stale_marks", "unpriced", "reason", "currency", "source"]
_ROUNDING = 1e-9  # of a row's largest sum: books that grow add their days up in other steps
_MONTH = ["account_id", "strategy_id", "currency", "month"]


def _now() -> datetime:
    return datetime.now(UTC)


class LogReceipt(NamedTuple):
    """What became of rows that were given to the log.

    Attributes
    ----------
    receipt : Receipt
        Of the rows that were written; they survive a power loss.
    new, corrected, unchanged : int
        Days that were not in the log, days with other numbers than before, and days
        for which nothing had to be written.
    """

    receipt: Receipt
    new: int
    corrected: int
    unchanged: int


class PnlLog:
    """The closed days of every strategy of one history.

    Parameters
    ----------
    store : TradeStore, str or pathlib.Path
        The history; a store `as_of` a time gives the log as it was known then.
    clock : callable, optional
        Gives the time that is stamped as ``recorded_at``.

    Examples
    --------
    >>> import tempfile
    >>> def closed(day, total):
    ...     return PnlLogEntry(account_id="main", strategy_id="trend", realized_pnl=total, fees=0.0,
    ...                        day=datetime(2024, *day, tzinfo=UTC), unrealized_pnl=0.0,
    ...                        total_pnl=total)
    >>> with tempfile.TemporaryDirectory() as folder, TradeStore(folder) as store:
    ...     log = PnlLog(store)
    ...     _ = log.append([closed((1, 30), 10.0), closed((1, 31), 25.0), closed((2, 1), 5.0)])
    ...     log.append([closed((1, 31), 25.0), closed((2, 1), 7.0)])[1:]
    ...     log.monthly().select(["month", "total_pnl", "change"]).to_pylist()
    (0, 1, 1)
    [{'month': '2024-01', 'total_pnl': 25.0, 'change': 25.0},
     {'month': '2024-02', 'total_pnl': 7.0, 'change': -18.0}]
    """

    def __init__(
        self, store: TradeStore | str | Path, *, clock: Callable[[], datetime] = _now
    ) -> None:
        self._store = store if isinstance(store, TradeStore) else TradeStore(store)
        self._clock = clock

    def append(self, rows: pa.Table | Iterable[PnlLogEntry]) -> LogReceipt:
        """Write the days that are not in the log, and those whose numbers changed.

        Parameters
        ----------
        rows : pyarrow.Table or iterable of PnlLogEntry
            At most one for each account, strategy and day. Numbers that differ by less
            than 1e-9 of the row's largest sum are the same. A row with a ``source`` is
            another program's claim and never takes the place of a day that was
            computed here.

        Returns
        -------
        LogReceipt
            What was written survives a power loss from now on.

        Raises
        ------
        SchemaError, InvalidTableError
            When the rows are not those of `PnlLogEntry`; nothing is written.
        InvalidArgumentError
            When a day is given twice, or ended at another time by the clock it was
            logged with; nothing is written.
        StoreError
            When the disk refuses, or another writer has the history.
        """
        table = rows if isinstance(rows, pa.Table) else to_table(rows, PnlLogEntry)
        given = _frame(table_layout(_NAME).checked(table).drop_columns("sequence"))
        _require_once(given)
        found = given.join(
            self._known(given).with_columns(is_known=True),
            on=_KEY,
            how="left",
            suffix="_known",
            maintain_order="left",
        ).with_columns(pl.col("is_known").fill_null(False))
        _require_one_clock(found)
        is_beaten = pl.col("source").is_not_null() & pl.col("source_known").is_null()
        found = found.with_columns(
            is_wanted=~pl.col("is_known") | ~(is_beaten | _is_same()),
            recorded_at=pl.col("recorded_at").fill_null(self._clock()),
        )
        wanted = found.filter("is_wanted")
        receipt = Receipt.of_nothing()
        if len(wanted):
            receipt = self._store.append(_NAME, _table(wanted))
        new = int((~wanted["is_known"]).sum())
        return LogReceipt(receipt, new, len(wanted) - new, len(found) - len(wanted))

    def read(
        self,
        account: str | None = None,
        strategy: str | None = None,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> pa.Table:
        """Read the days as they are known now.

        Parameters
        ----------
        account, strategy : str, optional
            Only this account, only this strategy.
        start, end : date or str, optional
            Half-open span [start, end) of trading days, e.g. ``"2024-03-01"``.

        Returns
        -------
        pyarrow.Table
            Columns of `PnlLogEntry`, by account, strategy and day; of several rows for
            one day the last recorded.

        Raises
        ------
        InvalidArgumentError
            When a bound is no date.
        StoreError, DamagedStoreError
            As `TradeStore.read`.
        """
        clauses = [
            clause
            for clause in (
                None if account is None else pl.col("account_id") == account,
                None if strategy is None else pl.col("strategy_id") == strategy,
                None if start is None else pl.col("day") >= _day("start", start),
                None if end is None else pl.col("day") < _day("end", end),
            )
            if clause is not None
        ]
        where = pl.all_horizontal(clauses) if clauses else None
        rows = self._store.read(_NAME, where=where)
        return rows.sort_by([(name, "ascending") for name in _KEY])

    def monthly(self, account: str | None = None, strategy: str | None = None) -> pa.Table:
        """Roll the days up to months: the last day of each, and the change over it.

        Parameters
        ----------
        account, strategy : str, optional
            Only this account, only this strategy.

        Returns
        -------
        pyarrow.Table, one row per account, strategy, currency and month
            account_id, strategy_id, currency, month (``2024-03``), the columns of its
            last day (day, realized_pnl, fees, unrealized_pnl, funding, dividends,
            total_pnl, market_value, reason, source), ``change``: the total less that of
            the last month in which it was known, and ``trades``: fills of the month.
            The changes of a strategy sum to its last known total. Where the last day's
            total is not known, neither is the change, and the reason is the day's.

        Raises
        ------
        StoreError, DamagedStoreError
            As `read`.
        """
        days = _frame(self.read(account, strategy))
        ends = ["day", "realized_pnl", "fees", "unrealized_pnl", "funding", "dividends"]
        ends += ["total_pnl", "market_value", "reason", "source"]
        trades = pl.col("trades")
        months = (
            days.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
            .group_by(_MONTH, maintain_order=True)
            .agg(
                pl.col(ends).last(),
                trades=pl.when(trades.is_null().any()).then(None).otherwise(trades.sum()),
            )
        )
        before = pl.col("total_pnl").forward_fill().shift(1).over(_MONTH[:3]).fill_null(0.0)
        return months.with_columns(change=pl.col("total_pnl") - before).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )

    def _known(self, given: pl.DataFrame) -> pl.DataFrame:
        first, last = cast("datetime", given["day"].min()), cast("datetime", given["day"].max())
        where = pl.lit(False) if given.is_empty() else pl.col("day").is_between(first, last)
        return _frame(self._store.read(_NAME, where=where))


def _frame(rows: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _table(frame: pl.DataFrame) -> pa.Table:
    schema = table_layout(_NAME).schema
    rows = frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
    return rows.cast(schema)


def _is_same() -> pl.Expr:
    """Tell whether a row says what the row before it said."""
    pairs = [(pl.col(name), pl.col(f"{name}_known")) for name in _FLOATS]
    scale = pl.max_horizontal(*(each.abs() for pair in pairs for each in pair))
    near = [
        one.eq_missing(other) | ((one - other).abs() <= _ROUNDING * scale).fill_null(False)
        for one, other in pairs
    ]
    equal = [pl.col(name).eq_missing(pl.col(f"{name}_known")) for name in _PLAIN]
    return pl.all_horizontal(*near, *equal)


def _require_once(given: pl.DataFrame) -> None:
    again = given.filter(pl.struct(_KEY).is_duplicated())
    if len(again):
        account, strategy, day = again.select(_KEY).row(0)
        raise InvalidArgumentError(
            f"the P&L log takes one row for each account, strategy and day, was given "
            f"{len(again)} for such as {account!r}, {strategy!r}, {day:%Y-%m-%d}; give the last"
        )


def _require_one_clock(found: pl.DataFrame) -> None:
    moved = found.filter(pl.col("day_end") != pl.col("day_end_known"))
    if len(moved):
        row = moved.row(0, named=True)
        raise InvalidArgumentError(
            f"day_end of {row['day']:%Y-%m-%d} must be {row['day_end_known'].isoformat()}, as it "
            f"was logged, was {row['day_end'].isoformat()}; archive with the zone and cut-off of "
            "the log"
        )


def _day(name: str, value: date | str) -> datetime:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except (AttributeError, ValueError) as error:
        raise InvalidArgumentError(
            f"{name} must be a day such as '2024-03-01', was {value!r}"
        ) from error
