"""`History`: everything that a notebook opens, over one recorded history.

It holds no numbers of its own. Facts are read from the store, the books are
kept anew by the ledger on every question, so that corrections and late
fills are always in the answer; the rooms below do the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pandas as pd

from perfkit.attribution import AttributionAnalyzer
from perfkit.errors import InvalidArgumentError
from perfkit.history.closes import close_returns, days_a_year
from perfkit.history.groups import drawdown, group_columns, measure, with_labels
from perfkit.history.restatement import restated
from perfkit.history.selection import (
    Selection,
    book_filter,
    chosen,
    flat_frame,
    require_one_currency,
    span,
)
from perfkit.ledger import (
    Ledger,
    combine_equity,
    daily_equity,
    effective_fills,
    round_trips,
)
from perfkit.records import Fill, TradeRecord, arrow_schema
from perfkit.store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from perfkit.ledger.cost import Method
    from perfkit.ledger.round_trip import Grouping

__all__ = ["History"]

_BOOKS = ("pnl", "cumulative_pnl", "position", "average_price", "round_trip_pnl")


class History:
    """A recorded history, ready for questions.

    Parameters
    ----------
    uri : str
        A folder, or ``s3://bucket/prefix``.
    zone, cutoff : str
        The desk's trading day: its zone, and the local time at which a day ends.
    periods : int, optional
        Trading days a year, for everything annualised. By default 365 when
        the history has prices on a weekend, else 252.
    storage_options : mapping of str to str, optional
        Passed to the object store.

    Raises
    ------
    StoreError
        When there is no history at ``uri``.
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
        self.zone = zone
        self.cutoff = cutoff
        self._periods = periods
        self._store = TradeStore(self.uri, storage_options=storage_options)

    def __repr__(self) -> str:
        return f"History({self.uri!r}, zone={self.zone!r}, cutoff={self.cutoff!r})"

    @property
    def periods(self) -> int:
        """Trading days a year: given, or 365 with prices on a weekend, else 252."""
        if self._periods is not None:
            return self._periods
        return days_a_year(self._bars())

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
        table = self._books(select)
        return chosen(flat_frame(table), select, "execution_time")

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
        fills = self._facts(select, "labels")
        trips = round_trips(fills, method=method, grouping=grouping)
        return chosen(with_labels(trips, fills), select, "exit_time")

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
            Columns of ``by``, those of `perfkit.daily_equity`, and ``drawdown``:
            of the compounded returns, a positive fraction.
        """
        columns = group_columns(by)
        if refused := sorted({"symbol", "label"} & select.keys()):
            raise InvalidArgumentError(
                f"equity is capital, which symbols and labels share; was asked for {refused}; "
                "ask attribution(by=[...]) what they earned"
            )
        marks = self._bars().select(["symbol", "close_time", "close"])
        marks = marks.rename_columns(["symbol", "time", "price"])
        cash = self._store.read("cash", where=book_filter(select))
        facts = self._facts(select)
        require_one_currency(facts["currency"].to_pylist(), cash["currency"].to_pylist())
        frame = daily_equity(facts, marks, cash, zone=self.zone, cutoff=self.cutoff)
        frame = combine_equity(frame, columns)
        frame["drawdown"] = drawdown(frame, columns)
        start, end = (bound.tz_localize(None) for bound in span(select))
        return frame[(frame["day"] >= start) & (frame["day"] < end)].reset_index(drop=True)

    def returns(
        self, by: str | Sequence[str] = "strategy", **select: Unpack[Selection]
    ) -> pd.DataFrame:
        """Daily returns, one column a group.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        **select
            Keywords of `Selection`, as for `equity`.

        Returns
        -------
        DataFrame of shape (n_days, n_groups)
            Indexed by day; NaN before a group's first capital.
        """
        columns = group_columns(by)
        frame = self.equity(by, **select)
        if not columns:
            return frame.set_index("day")[["return"]].rename(columns={"return": "total"})
        return frame.pivot_table(index="day", columns=columns, values="return", dropna=False)

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
        return close_returns(self._bars(), symbol, self.zone, self.cutoff)

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
            One row a group, see `AttributionAnalyzer`; its ``contribution``
            sums to the P&L of all the round trips.
        """
        dimensions = [by] if isinstance(by, str) else list(by)
        trips = self.round_trips(**select)
        require_one_currency(trips["currency"])
        frame: pd.DataFrame = AttributionAnalyzer(trips).by(dimensions)
        return frame

    def restated(self) -> pd.DataFrame:
        """Trades whose P&L is no longer what was recorded with them.

        Returns
        -------
        DataFrame
            account_id, strategy_id, symbol, trade_id, execution_time, and the P&L
            as ``recorded`` and as it is now, ``pnl``: a late fill, a correction or
            a bust changed the books.
        """
        return restated(self._store.read("trades"), self._books({}))

    def _bars(self) -> pa.Table:
        return self._store.read("bars")

    def _facts(self, select: Selection, *more: str) -> pa.Table:
        """Fills in force, with ``more`` columns of the record beside their own."""
        columns = [*arrow_schema(Fill).names, "sequence", *more]
        facts = self._store.read("trades", where=book_filter(select), columns=columns)
        return effective_fills(facts)

    def _books(self, select: Selection) -> pa.Table:
        """Every record in force, with the P&L and position of the books as of now."""
        facts = effective_fills(self._store.read("trades", where=book_filter(select)))
        books = Ledger().apply(facts)
        for name in _BOOKS:
            field = arrow_schema(TradeRecord).field(name)
            facts = facts.set_column(facts.schema.get_field_index(name), field, books[name])
        return facts
