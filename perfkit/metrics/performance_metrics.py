"""PerformanceMetrics: the performance of every strategy, live and in batch.

A trade adds to the day of its strategy; a summary is a reading of the days.
Feeding trades one by one, in batches or all at once gives the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Unpack

import numpy as np
import pandas as pd
import pyarrow as pa

from perfkit.errors import SchemaError, UnknownNameError
from perfkit.metrics.compounding import PERIODS_PER_YEAR
from perfkit.metrics.day_rows import DayRows
from perfkit.metrics.span import SpanTerms, span_of
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
    from perfkit.metrics.last_trips import LastTrips
    from perfkit.metrics.owner_days import OwnerDays
    from perfkit.metrics.tally import Tally
    from perfkit.records import TradeRecord

__all__ = ["PerformanceMetrics"]

Day: TypeAlias = np.datetime64 | None

_TABLES = (pa.Table, pd.DataFrame)
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
    kept_trips : int
        How many of each strategy's closed round trips are kept one by one: the longest
        window of round trips that a summary can be asked for.

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
        kept_trips: int = 1_000,
    ) -> None:
        self._trading_day = trading_day
        self._periods = periods
        self._days = DayRows(kept_trips)

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
        if isinstance(trades, _TABLES):
            numbers = numbers_of_table(trades, self._days, self._trading_day)
        elif records := list(trades):
            numbers = numbers_of_records(records, self._days, self._trading_day)
        else:
            return
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
        """Go on from a state, in place of what is remembered; its ``kept_trips`` hold."""
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
        rf: float = 0.0,
        **span: Unpack[SpanTerms],
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
        rf : float
            Risk-free rate a year.
        **span
            ``start`` and ``end``, first and last trading day, both inside, as a date
            or a datetime with a zone. Or ``window``: ``"63d"`` is the last 63 trading
            days that the strategy has, up to ``end`` where that is given too;
            ``"100t"`` its last 100 closed round trips, which have no returns. What is
            not there is not made up: a window can be shorter.

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
            When the period or the span is none, or a window is longer than what is kept.
        """
        rows, bounds = self._asked(account, strategy, span)
        metrics = summary_readings(rows, period=period, rf=rf, periods=self._periods)
        return PerformanceSummary(
            account_id=account,
            strategy_id=strategy,
            period=period,
            **summary_fields(rows, metrics, bounds),
        )

    def tally(self, account: str, strategy: str, **span: Unpack[SpanTerms]) -> Tally:
        """Give the count of a strategy's closed round trips, for metrics of trades.

        Parameters
        ----------
        account, strategy : str
            Whose round trips.
        **span
            As of `summary`.

        Returns
        -------
        Tally
            A copy; metrics of trades take it in place of a column.

        Raises
        ------
        UnknownNameError, InvalidArgumentError
            As `summary`.
        """
        return self._asked(account, strategy, span)[0].trips()

    def _asked(
        self, account: str, strategy: str, terms: SpanTerms
    ) -> tuple[OwnerDays | LastTrips, tuple[Day, Day]]:
        """Select what a summary is about, and the days that bound it where they were said."""
        span = span_of(terms, self._trading_day, self._days.kept_trips)
        days = self._range(account, strategy, span.first, span.last)
        if span.trips is None:
            rows = days if span.days is None else days.last(span.days)
            return rows, (span.first, span.last)
        trips = self._days.trips_of((account, strategy), span.trips)
        day = None if trips.days.size else days.dates[-1]
        return trips, (day, day)

    def _range(self, account: str, strategy: str, first: Day, last: Day) -> OwnerDays:
        owner = account, strategy
        if not self._days.has_days(owner):
            known = ", ".join(f"{a}/{s}" for a, s in self.strategies()) or "none yet"
            raise UnknownNameError(f"no trades of {account}/{strategy}; there are {known}")
        bounds = (None if day is None else int(day.astype(np.int64)) for day in (first, last))
        return self._days.days_of(owner, *bounds)
