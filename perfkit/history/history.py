"""`History`: everything that a notebook opens, over one recorded history.

It holds no numbers of its own. The books are kept anew by the ledger on
every question, so that corrections and late fills are always in the answer;
the rooms below do the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pandas as pd

from perfkit.attribution import AttributionAnalyzer
from perfkit.errors import InvalidArgumentError
from perfkit.history.closes import DeskDays, close_returns, days_a_year, missing_days
from perfkit.history.facts import Facts
from perfkit.history.groups import drawdown, group_columns, measure, with_known_at, with_labels
from perfkit.history.restatement import restated
from perfkit.history.selection import (
    Selection,
    chosen,
    currencies,
    flat_frame,
    require_one_currency,
    span,
)
from perfkit.ledger import combine_equity, daily_equity, round_trips
from perfkit.metrics import PERIODS_PER_YEAR, PerformanceMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from perfkit.ledger.cost import Method
    from perfkit.ledger.round_trip import Grouping
    from perfkit.records import PerformanceSummary

__all__ = ["History"]


class History:
    """A recorded history, ready for questions.

    Parameters
    ----------
    uri : str
        A folder, or ``s3://bucket/prefix``.
    zone, cutoff : str
        The desk's trading day: its zone, and the local time at which a day ends.
    periods : int, optional
        Trading days a year, for everything annualised. By default 365 where one
        day in five is on a weekend, else 252.
    storage_options : mapping of str to str, optional
        Passed to the object store.

    Notes
    -----
    Nothing is read before the first question; that there is no history at ``uri`` is its error.
    """

    def __init__(
        self,
        uri: str,
        *,
        zone: str = "UTC",
        cutoff: str = "00:00",
        periods: int | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self.uri = str(uri)
        self.desk = DeskDays(zone, cutoff)
        self._periods = periods
        self._facts = Facts(self.uri, storage_options)

    def __repr__(self) -> str:
        return f"History({self.uri!r}, zone={self.desk.zone!r}, cutoff={self.desk.cutoff!r})"

    @property
    def periods(self) -> int:
        """Trading days a year: given, or 365 where one day in five is on a weekend, else 252."""
        days = self.desk.days(self._facts.fills({}), self._facts.closes())
        return self._periods or days_a_year(days)

    def trades(self, **select: Unpack[Selection]) -> pd.DataFrame:
        """Every fill in force, with its context, labels and books.

        Parameters
        ----------
        **select
            Keywords of `Selection`.

        Returns
        -------
        DataFrame of shape (n_fills, n_columns)
            Columns of `TradeRecord`, with those of context and account state, in
            canonical order; P&L, position and average price are the books' as of now.
        """
        records = flat_frame(self._facts.records(select))
        return chosen(records, select, "execution_time", self.desk.zone)

    def round_trips(
        self,
        *,
        method: Method = "average",
        grouping: Grouping = "flat_to_flat",
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Closed round trips, each with the labels of its first and last fill.

        Parameters
        ----------
        method : str
            ``average`` or ``fifo``.
        grouping : str
            ``flat_to_flat``, ``fill_to_fill`` or ``flat_to_reduced``.
        **select
            Keywords of `Selection`; the span is about the exit.

        Returns
        -------
        DataFrame of shape (n_trips, n_columns)
            As `perfkit.round_trips` gives it, ``currency``, and ``labels``: a sorted tuple.
        """
        fills = self._facts.fills(select, "labels")
        trips = round_trips(fills, method=method, grouping=grouping)
        return chosen(with_labels(trips, fills), select, "exit_time", self.desk.zone)

    def equity(
        self, by: str | Sequence[str] = ("account", "strategy"), **select: Unpack[Selection]
    ) -> pd.DataFrame:
        """Daily P&L, capital, return and drawdown.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        **select
            Keywords of `Selection`; labels do not apply to a day.

        Returns
        -------
        DataFrame of shape (n_days * n_groups, n_columns)
            Columns of ``by``, those of `perfkit.daily_equity`, and ``drawdown``: of the
            returns compounded since ``start``, a positive fraction. A history without daily
            prices or fills has a row for every weekday.
        """
        columns = group_columns(by)
        if refused := sorted({"symbol", "label"} & select.keys()):
            raise InvalidArgumentError(
                f"equity is capital, which symbols and labels share; was asked for {refused}; "
                "ask attribution(by=[...]) what they earned"
            )
        fills, cash = self._facts.fills(select), self._facts.cash(select)
        closes = self._facts.closes()
        require_one_currency(currencies(fills), currencies(cash))
        days = self.desk.days(fills, closes)
        further = missing_days(days, self._periods or days_a_year(days))
        zone, cutoff = self.desk
        frame = daily_equity(fills, closes, cash, zone=zone, cutoff=cutoff, days=further)
        frame = self.desk.within(combine_equity(frame, columns), span(select, zone))
        return frame.assign(drawdown=drawdown(frame, columns))

    def returns(
        self, by: str | Sequence[str] = "strategy", **select: Unpack[Selection]
    ) -> pd.DataFrame:
        """Daily returns, one column a group, NaN before its first capital.

        Takes what `equity` takes; of shape (n_days, n_groups), indexed by day.
        """
        columns = group_columns(by)
        frame = self.equity(by, **select)
        if not columns:
            return frame.set_index("day")[["return"]].rename(columns={"return": "total"})
        return frame.pivot(index="day", columns=columns, values="return")

    def benchmark(self, symbol: str) -> pd.Series:
        """Daily returns of one symbol's closes, by the desk's trading day.

        Parameters
        ----------
        symbol : str
            A symbol whose bars are in the history.

        Returns
        -------
        Series of shape (n_days,)
            See `close_returns`.
        """
        return close_returns(self._facts.closes(), symbol, self.desk)

    def metrics(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        metrics: str | Sequence[str] = "headline",
        rf: float = 0.0,
        benchmark: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Measure each account or strategy.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        metrics : str or sequence of str
            ``headline``, ``all``, or names of `METRICS`.
        rf : float
            Risk-free rate a year: 0.04 is 4 %.
        benchmark : str, optional
            Symbol to compare with.
        **select
            Keywords of `Selection`; the span bounds days, and exits of trips.

        Returns
        -------
        DataFrame of shape (n_groups, 1 + n_metrics)
            ``net_pnl``, with what is open, and the metrics; ``.attrs["reasons"]`` says for each
            group why a metric is undefined.
        """
        sample = {"periods": self.periods, "rf": rf, "metrics": metrics}
        if benchmark:
            sample["benchmark"] = self.benchmark(benchmark)
        equity, trips = self.equity(by, **select), self.round_trips(**select)
        return measure(equity, trips, group_columns(by), sample)

    def attribution(
        self, by: str | Sequence[str] = "label", **select: Unpack[Selection]
    ) -> pd.DataFrame:
        """Who earns and who loses: closed round trips by any dimension.

        Parameters
        ----------
        by : str or sequence of str
            One or several of the analyzer's dimensions: label, strategy,
            account, symbol, direction, hour, weekday, month, year, size.
        **select
            Keywords of `Selection`; the span is about the exit.

        Returns
        -------
        DataFrame
            One row a group, see `AttributionAnalyzer`; its ``contribution`` sums to the
            P&L of all the round trips. Hours and dates are the desk's. By label, ``known_at``
            says ``entry`` or ``exit``; the verdict of the latter is ``outcome``.
        """
        dimensions = [by] if isinstance(by, str) else list(by)
        trips = self.round_trips(**select)
        require_one_currency(trips["currency"])
        frame = AttributionAnalyzer(trips).by(dimensions, zone=self.desk.zone)
        return with_known_at(frame) if "label" in dimensions else frame

    def restated(self) -> pd.DataFrame:
        """Trades whose P&L is no longer what was recorded with them.

        Returns
        -------
        DataFrame
            account_id, strategy_id, symbol, trade_id, execution_time, and the P&L
            as ``recorded`` and as it is now, ``pnl``: a late fill, a correction or
            a bust changed the books.
        """
        return restated(self._facts.stored(), self._facts.records({}))

    def summary(
        self,
        account: str,
        strategy: str,
        period: str = "daily",
        *,
        start: str | date | None = None,
        end: str | date | None = None,
        rf: float = 0.0,
    ) -> PerformanceSummary:
        """The specification's performance summary of one account's strategy.

        Parameters
        ----------
        account, strategy : str
            Whose.
        period : str
            ``daily``, ``weekly`` or ``monthly``: whose returns the Sharpe ratio is of.
        start, end : date or str, optional
            First and last trading day, both inside.
        rf : float
            Risk-free rate a year.
        """
        owner: Selection = {"account": account, "strategy": strategy}
        live = PerformanceMetrics(
            trading_day=self.desk.of, periods={**PERIODS_PER_YEAR, "daily": self.periods}
        )
        live.update(self._facts.records(owner))
        live.update_equity(self.equity(**owner))
        first, last = (None if day is None else pd.Timestamp(day).date() for day in (start, end))
        return live.summary(account, strategy, period, start=first, end=last, rf=rf)
