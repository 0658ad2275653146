"""PerformanceMetrics: the performance of every strategy, live and in batch.

A trade adds to the day of its strategy; a summary is a reading of the days.
Feeding trades one by one, in batches or all at once gives the same numbers.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError
from perfkit.metrics.day_rows import DayRows
from perfkit.metrics.returns import PERIODS_PER_YEAR
from perfkit.metrics.summary import summary_fields, summary_readings
from perfkit.metrics.trade_batch import (
    TradingDay,
    numbers_of_records,
    numbers_of_table,
    utc_day,
)
from perfkit.records import PerformanceSummary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from perfkit.metrics.day_rows import DayState, Mark
    from perfkit.metrics.owner_days import OwnerDays
    from perfkit.records import TradeRecord

__all__ = ["PerformanceMetrics"]

Day: TypeAlias = np.datetime64 | None

EQUITY_COLUMNS = ("account_id", "strategy_id", "day", "pnl", "nav", "return")


class PerformanceMetrics:
    """Running performance of each (account, strategy).

    Parameters
    ----------
    trading_day : callable
        From an array of UTC moments to the trading day of each; the default
        is the UTC date. A desk with a zone and a cut-off gives its own.
    periods : mapping of str to float
        Periods in a year for ``daily``, ``weekly`` and ``monthly``; a market
        that never closes has 365 days.

    Notes
    -----
    Trades come in canonical order and once each: whoever records them sees
    to that. A trade of an earlier day touches that day only.

    Examples
    --------
    >>> live = PerformanceMetrics()
    >>> live.strategies()
    []
    """

    def __init__(
        self,
        *,
        trading_day: TradingDay = utc_day,
        periods: Mapping[str, float] = PERIODS_PER_YEAR,
    ) -> None:
        self._trading_day = trading_day
        self._periods = periods
        self._days = DayRows()

    def update(self, trades: pa.Table | pd.DataFrame | Iterable[TradeRecord]) -> None:
        """Add recorded trades.

        Parameters
        ----------
        trades : Table, DataFrame or iterable of TradeRecord
            Columns of `TradeRecord`: account_id, strategy_id, symbol,
            execution_time, commission, labels, pnl, position and
            round_trip_pnl.

        Raises
        ------
        SchemaError
            When a column is missing.
        InvalidArgumentError
            When a commission or a position is not known, or money out of all bounds.

        Notes
        -----
        A P&L that is not known, a null, makes the realised P&L of its day unknown, and
        its round trip is not counted.
        """
        if isinstance(trades, pa.Table | pd.DataFrame):
            numbers = numbers_of_table(trades, self._days, self._trading_day)
        else:
            numbers = numbers_of_records(list(trades), self._days, self._trading_day)
        self._days.add(numbers)

    def update_equity(self, equity: pd.DataFrame) -> None:
        """Add marked days, which replace what was only realised on them.

        Parameters
        ----------
        equity : DataFrame
            One row an (account, strategy, day): account_id, strategy_id, day,
            pnl and nav in the account currency, return as a fraction; nav
            and return are NaN without capital. A day given again replaces
            itself.

        Raises
        ------
        SchemaError
            When a column is missing.
        """
        if missing := [name for name in EQUITY_COLUMNS if name not in equity.columns]:
            raise SchemaError(
                f"marked days must have the columns {', '.join(EQUITY_COLUMNS)}; missing {missing}"
            )
        days = pd.DatetimeIndex(equity["day"]).tz_localize(None).to_numpy().astype("M8[D]")
        owners = zip(equity["account_id"], equity["strategy_id"], strict=True)
        numbers = [self._days.number_of(owner) for owner in owners]
        self._days.mark_days(
            np.array(numbers, np.int64),
            days.astype(np.int64),
            equity[["pnl", "nav", "return"]].to_numpy(np.float64),
        )

    def strategies(self) -> list[tuple[str, str]]:
        """Every (account, strategy) that has a day."""
        return self._days.strategies()

    def has_days(self, owner: tuple[str, str]) -> bool:
        """Tell whether an (account, strategy) has a day."""
        return self._days.has_days(owner)

    def days(self, account: str, strategy: str) -> pd.DataFrame:
        """One row a trading day of a strategy.

        Returns
        -------
        DataFrame
            ``day``, ``pnl`` (marked, else realised), ``realized_pnl``,
            ``fees``, ``trades`` (fills), ``round_trips`` (closed), ``nav``
            and ``return`` (NaN without capital).

        Raises
        ------
        UnknownNameError
            When the strategy has no day.
        """
        rows = self._range(account, strategy, None, None).periods()
        return pd.DataFrame(
            {
                "day": np.array([p.day for p in rows], dtype="M8[s]"),
                "pnl": [p.pnl for p in rows],
                "realized_pnl": [p.realized_pnl for p in rows],
                "fees": [p.fees for p in rows],
                "trades": [p.trades for p in rows],
                "round_trips": [p.round_trips.n for p in rows],
                "nav": [p.nav for p in rows],
                "return": [p.return_ for p in rows],
            }
        )

    def state(self) -> DayState:
        """Copy what is remembered, as names and arrays; see `restore`."""
        return self._days.state()

    def restore(self, state: DayState) -> None:
        """Go on from a state, in place of what is remembered."""
        self._days = DayRows.restored(state)

    def mark(self) -> Mark:
        """Mark this moment; it can be gone back to as long as the mark is held."""
        return self._days.mark()

    def back_to(self, mark: Mark) -> None:
        """Go back to a moment that was marked since the last `forget` or `restore`."""
        self._days.back_to(mark)

    def forget(self, owners: Collection[tuple[str, str]]) -> None:
        """Forget some (account, strategy), as if they had never traded."""
        self._days.forget(owners)

    def summary(
        self,
        account: str,
        strategy: str,
        period: str = "daily",
        *,
        start: date | None = None,
        end: date | None = None,
        rf: float = 0.0,
    ) -> PerformanceSummary:
        """Read the headline metrics of a strategy.

        Parameters
        ----------
        account, strategy : str
            Whose performance.
        period : str
            ``daily``, ``weekly`` or ``monthly``: the returns that the Sharpe
            ratio is made of. Total return, drawdown and Calmar ratio are
            always those of the daily path.
        start, end : date or datetime, optional
            First and last trading day, both inside; a datetime needs a zone.
        rf : float
            Risk-free rate a year.

        Returns
        -------
        PerformanceSummary
            Undefined metrics are NaN or infinite, with their code in
            ``reasons``. Dates are those of trading days, written in UTC.

        Raises
        ------
        UnknownNameError
            When the strategy has no day, listing those that have.
        InvalidArgumentError
            When the period or the range is none.
        """
        span = self._span(start, end)
        rows = self._range(account, strategy, *span)
        metrics = summary_readings(rows, period=period, rf=rf, periods=self._periods)
        return PerformanceSummary(
            account_id=account,
            strategy_id=strategy,
            period=period,
            **summary_fields(rows, metrics, span),
        )

    def _range(self, account: str, strategy: str, first: Day, last: Day) -> OwnerDays:
        owner = account, strategy
        if not self._days.has_days(owner):
            known = ", ".join(f"{a}/{s}" for a, s in self.strategies()) or "none yet"
            raise UnknownNameError(f"no trades of {account}/{strategy}; there are {known}")
        bounds = (None if day is None else int(day.astype(np.int64)) for day in (first, last))
        return self._days.days_of(owner, *bounds)

    def _span(self, start: date | None, end: date | None) -> tuple[Day, Day]:
        first, last = self._day(start), self._day(end)
        if first is not None and last is not None and first > last:
            raise InvalidArgumentError(f"start must not be after end, was {first} after {last}")
        return first, last

    def _day(self, moment: date | None) -> Day:
        if not isinstance(moment, datetime):
            return None if moment is None else np.datetime64(moment, "D")
        if moment.tzinfo is None:
            raise InvalidArgumentError(
                f"a datetime must have a zone, was {moment}; give a date for a trading day"
            )
        utc = np.array([moment.astimezone(UTC).replace(tzinfo=None)], dtype="M8[us]")
        return np.datetime64(self._trading_day(utc)[0], "D")
