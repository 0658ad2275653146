"""The days of a history and what they measure: equity, returns, metrics.

Everything here is read from period rows. They are stored beside the tables with the mark
of the facts they were computed from, and computed anew when those have changed, or when
the history is seen from another moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Unpack, cast

from perfkit.errors import InvalidArgumentError
from perfkit.history.book_history import BookHistory
from perfkit.history.closes import close_returns
from perfkit.history.groups import drawdown, group_columns, measure, owner_return
from perfkit.history.period_plan import Question
from perfkit.history.period_reading import days_a_year_of, period_rows
from perfkit.history.rolled import rolled_days, rolled_trips
from perfkit.history.selection import Selection, names_of, require_known_keywords, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from perfkit.cluster import Scheduler
    from perfkit.history.period_rows import PeriodRows, TripDays
    from perfkit.history.selection import Names
    from perfkit.metrics import Profile

__all__ = ["MeasuredHistory", "Measuring", "parted"]


class Measuring(Selection, total=False):
    """Keywords of `metrics`, beside those of `Selection`.

    Attributes
    ----------
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or Series
        Risk-free rate a day instead; a Series is aligned by date.
    benchmark : str
        Symbol to compare with.
    profile : str or Profile
        Whose conventions, see `perfkit.compute`.
    rolling : str
        A window, so that every full one is measured: ``"63d"``, the last 63 days with a
        return, or ``"100t"``, the last 100 closed round trips.
    convert_to : str
        Currency of the answer, as of `equity`.
    scheduler : "dask" or dask.distributed.Client
        Where rows are computed that are not stored, see `map_reduce`; None, the default,
        is this process.
    """

    rf: float
    rf_per_period: Any
    benchmark: str | None
    profile: str | Profile
    rolling: str | None
    convert_to: str | None
    scheduler: Scheduler


class Days(NamedTuple):
    """The days that a question is about.

    Attributes
    ----------
    equity : DataFrame
        By group and day.
    trips : dict of tuple of str to TripDays
        The round trips of each group, by the day on which they closed.
    columns : list of str
        What makes a group.
    terms : dict
        Keywords of `perfkit.compute`.
    """

    equity: pd.DataFrame
    trips: dict[tuple[str, ...], TripDays]
    columns: list[str]
    terms: dict[str, Any]


class MeasuredHistory(BookHistory):
    """A recorded history, ready for questions about its days; see `BookHistory`."""

    @property
    def periods(self) -> int:
        """Trading days a year: given, or 365 where one day in five is on a weekend, else 252."""
        if self._periods is not None:
            return self._periods
        return days_a_year_of(self._facts.store, self._question())

    def metrics(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        metrics: str | Sequence[str] = "headline",
        **how: Unpack[Measuring],
    ) -> pd.DataFrame:
        """Measure each account or strategy.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        metrics : str or sequence of str
            ``headline``, ``all``, or names of `METRICS`.
        **how
            Keywords of `Measuring` and of `Selection`; the span bounds trading days, for
            days and for the round trips that closed on them.

        Returns
        -------
        DataFrame of shape (n_groups, 1 + n_metrics)
            ``net_pnl``, with what is open, and the metrics; ``.attrs["reasons"]`` says for each
            group why a metric is undefined. Of several strategies, the round trips of a day
            are counted one strategy after the other, which only streaks depend on. With
            ``rolling`` one row a group and window, indexed by its last day or exit.
        """
        days = self._days(by, how)
        sample = {"metrics": metrics} | days.terms
        window = how.get("rolling")
        if window is None:
            trips = {key: own.counted() for key, own in days.trips.items()}
            return measure(days.equity, trips, days.columns, sample)
        if not isinstance(window, str):
            raise InvalidArgumentError(
                f"rolling must be a window such as '63d' or '100t', was {window!r}; "
                "a number alone does not say of what"
            )
        if "profile" in how:
            raise InvalidArgumentError(
                f"rolling metrics have perfkit's own definitions, profile was {how['profile']!r}; "
                "leave one of the two out"
            )
        if window.endswith("t"):
            closed = self.round_trips(convert_to=how.get("convert_to"), **parted(how)[0])
            return rolled_trips(closed, days.columns, window, metrics)
        return rolled_days(days.equity, days.trips, days.columns, window, sample)

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
            returns compounded since ``start``, a positive fraction. Every day on which the
            desk had a price or a fill has a row, whoever is asked for; a desk without daily
            prices or fills has one for every weekday.
        """
        columns = group_columns(by)
        rows = self._period_rows(select, convert_to)
        frame = self.desk.within(rows.equity(columns), span(select, self.desk.zone))
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

    def _days(self, by: str | Sequence[str], how: Measuring) -> Days:
        """Read the days and round trips that `metrics` and its views are about."""
        columns, (select, more) = group_columns(by), parted(how)
        rows = self._period_rows(select, more.pop("convert_to", None), more.pop("scheduler", None))
        more.pop("rolling", None)
        if more.get("benchmark") is None:
            more.pop("benchmark", None)
        else:
            more["benchmark"] = self.benchmark(more["benchmark"])
        bounds = span(select, self.desk.zone)
        equity = self.desk.within(rows.equity(columns), bounds)
        trips = dict(rows.within(self.desk, bounds).trip_days(columns))
        return Days(equity, trips, columns, {"periods": rows.periods} | more)

    def _period_rows(
        self, select: Selection, convert_to: str | None, scheduler: Scheduler = None
    ) -> PeriodRows:
        """Give the rows of the accounts and strategies that are asked for."""
        require_known_keywords(select)
        if refused := sorted({"symbol", "label"} & select.keys()):
            raise InvalidArgumentError(
                f"equity is capital, which symbols and labels share; was asked for {refused}; "
                "ask attribution(by=[...]) what they earned"
            )
        accounts, strategies = _names(select.get("account")), _names(select.get("strategy"))
        question = self._question(select.get("currency"), convert_to)
        rows = period_rows(self._facts.store, question, accounts, scheduler, self.progress)
        rows = rows.of(accounts, strategies)
        self._facts.require_names(select, rows.table)
        return rows

    def _question(self, currency: str | None = None, convert_to: str | None = None) -> Question:
        return Question(self.desk, self._periods, currency, convert_to, self.knowledge.valid)


def _names(value: Names | None) -> list[str] | None:
    return None if value is None else names_of(value)


def parted(how: Measuring) -> tuple[Selection, dict[str, Any]]:
    """Part the keywords into the selection and the others."""
    if unknown := sorted(how.keys() - Measuring.__annotations__.keys()):
        raise InvalidArgumentError(
            f"metrics has the keywords {', '.join(Measuring.__annotations__)}, was given {unknown}"
        )
    of_selection = Selection.__annotations__.keys()
    select = {name: value for name, value in how.items() if name in of_selection}
    more = {name: value for name, value in how.items() if name not in of_selection}
    return cast("Selection", select), more
