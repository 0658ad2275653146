"""The books of a history: trades, round trips, equity and returns.

Nothing is kept between two questions: the books are built anew by the ledger, so that
corrections, late fills and splits are always in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.history.closes import DeskDays, close_returns, days_a_year, missing_days
from perfkit.history.conversion import converted_trips
from perfkit.history.facts import EVERYTHING, Facts, Knowledge
from perfkit.history.groups import drawdown, group_columns, owner_return, with_labels
from perfkit.history.selection import Selection, chosen, flat_frame, span
from perfkit.ledger import TradingClock, combine_equity, daily_equity, round_trips
from perfkit.store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from perfkit.ledger.cost import Method
    from perfkit.ledger.trip_grouping import Grouping

__all__ = ["BookHistory"]


class BookHistory:
    """A recorded history, ready for questions that its books answer.

    Parameters
    ----------
    uri : str, pathlib.Path or TradeStore
        A folder, or ``s3://bucket/prefix``; or a store of it, e.g. one whose journal
        lies elsewhere.
    zone, cutoff : str
        The desk's trading day: its zone, and the local time at which a day ends.
    periods : int, optional
        Trading days a year, for everything annualised. By default 365 where one
        day in five is on a weekend, else 252.
    storage_options : mapping of str to str, optional
        Passed to the object store.
    knowledge : Knowledge
        How far to look, see `History.as_of`.

    Notes
    -----
    Nothing is read before the first question; that there is no history at ``uri`` is its error.
    """

    def __init__(
        self,
        uri: str | Path | TradeStore,
        *,
        zone: str = "UTC",
        cutoff: str = "00:00",
        periods: int | None = None,
        storage_options: Mapping[str, str] | None = None,
        knowledge: Knowledge = EVERYTHING,
    ) -> None:
        self._source = uri if isinstance(uri, TradeStore) else str(uri)
        self.uri = uri.uri if isinstance(uri, TradeStore) else str(uri)
        self.desk = DeskDays(zone, cutoff)
        self.knowledge = knowledge
        self._periods = periods
        self._storage_options = storage_options
        self._facts = Facts(self._source, storage_options, knowledge)

    def __repr__(self) -> str:
        bounds = {n: t for n, t in self.knowledge._asdict().items() if t is not None}
        named = {"zone": self.desk.zone, "cutoff": self.desk.cutoff} | bounds
        said = "".join(f", {name}={str(value)!r}" for name, value in named.items())
        return f"History({self.uri!r}{said})"

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
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Closed round trips, each with the labels of its first and last fill.

        Parameters
        ----------
        method : str
            ``average``, ``fifo``, ``lifo`` or ``hifo``.
        grouping : str
            ``flat_to_flat``, ``fill_to_fill`` or ``flat_to_reduced``.
        convert_to : str, optional
            Currency of the answer, at the rate of each exit.
        **select
            Keywords of `Selection`; the span is about the exit.

        Returns
        -------
        DataFrame of shape (n_trips, n_columns)
            As `perfkit.round_trips` gives it, with excursions by the recorded bars, and
            ``labels``: a sorted tuple.
        """
        facts = self._facts
        fills, rates = facts.fills(select, "labels"), facts.rates()
        trips = round_trips(
            fills,
            method=method,
            grouping=grouping,
            splits=facts.splits(select),
            rates=rates,
            prices=facts.bars(pc.unique(fills["symbol"]).to_pylist()),
        )
        if convert_to is not None:
            trips = converted_trips(trips, rates, convert_to)
        return chosen(with_labels(trips, fills), select, "exit_time", self.desk.zone)

    def equity(
        self,
        by: str | Sequence[str] = ("account", "strategy"),
        *,
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Daily P&L, capital, return and drawdown.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        convert_to : str, optional
            Currency of the answer, at the rates of the recorded currency pairs; without
            it all money must be of one currency.
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
        days = self.desk.days(fills, closes)
        further = missing_days(days, self._periods or days_a_year(days))
        frame = daily_equity(
            fills,
            closes,
            cash,
            splits=self._facts.splits(select),
            convert_to=convert_to,
            clock=TradingClock(*self.desk, further),
        )
        frame = self.desk.within(combine_equity(frame, columns), span(select, self.desk.zone))
        return frame.assign(drawdown=drawdown(frame, columns))

    def returns(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Daily returns, one column a group, NaN before its first capital.

        Takes what `equity` takes; of shape (n_days, n_groups), indexed by day.
        """
        columns = group_columns(by)
        frame = self.equity(by, convert_to=convert_to, **select)
        if not columns:
            return frame.set_index("day")[["return"]].rename(columns={"return": "total"})
        return frame.pivot(index="day", columns=columns, values="return")

    def money_weighted_return(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.Series:
        """What the money earned a year, by when it was there (XIRR), of each group.

        Takes what `equity` takes; of shape (n_groups,), NaN without a deposit. The
        time-weighted return, which does not know how much there was, is `total_return`
        among the metrics.
        """
        frame = self.equity(by, convert_to=convert_to, **select)
        return owner_return(frame, group_columns(by))

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
