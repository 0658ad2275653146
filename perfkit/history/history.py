"""`History`: everything that a notebook opens, over one recorded history.

It holds no numbers of its own. The books answer first (`BookHistory`), labels are read and
given beside them (`LabelHistory`, `JudgingHistory`), and the rooms below measure and judge
what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

import pandas as pd

from perfkit.attribution import AttributionAnalyzer
from perfkit.history.changes import changes
from perfkit.history.facts import EVERYTHING, Knowledge
from perfkit.history.groups import with_known_at
from perfkit.history.judging_history import JudgingHistory
from perfkit.history.reconciliation import Reconciliation, Recorded, Told, reconciliation
from perfkit.history.restatement import WRITTEN, restated
from perfkit.history.selection import (
    Selection,
    moment_of,
    require_known_pnl,
    require_one_currency,
)
from perfkit.history.verification import Verification, verification
from perfkit.metrics import PERIODS_PER_YEAR, PerformanceMetrics
from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema, conform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pyarrow as pa

    from perfkit.history.selection import Moment, Names
    from perfkit.metrics.span import SpanTerms
    from perfkit.records import PerformanceSummary

__all__ = ["History"]


class Within(TypedDict, total=False):
    """Keywords of `History.summary`: the days, or the last of them."""

    start: str | date | None
    end: str | date | None
    window: str | None


class History(JudgingHistory):
    """A recorded history, ready for every question; see `BookHistory` for its parameters."""

    def attribution(
        self,
        by: str | Sequence[str] = "label",
        *,
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Who earns and who loses: closed round trips by any dimension.

        Parameters
        ----------
        by : str or sequence of str
            One or several of the analyzer's dimensions: label, strategy,
            account, symbol, direction, hour, weekday, month, year, size.
        convert_to : str, optional
            Currency of the answer, as of `round_trips`.
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
        trips = self.round_trips(convert_to=convert_to, **select)
        require_one_currency(trips["currency"])
        require_known_pnl(trips)
        frame = AttributionAnalyzer(trips).by(dimensions, zone=self.desk.zone)
        return with_known_at(frame) if "label" in dimensions else frame

    def restated(self) -> pd.DataFrame:
        """Records whose P&L is no longer what was recorded with them.

        Returns
        -------
        DataFrame, by execution time
            account_id, strategy_id, symbol, trade_id, execution_time, the P&L as
            ``recorded`` and as it is now, ``pnl`` (NaN of a busted trade), the reason, and
            caused_by: the record that was written later and changed the books. The reason is
            ``late``, ``corrected``, ``busted``, ``split``, ``rate``, or ``unexplained``: nothing
            that was learned later explains it.
        """
        facts = self._facts
        written, books = facts.stored(*WRITTEN), facts.replayed({})
        return restated(written, books, facts.splits({}), facts.rates())

    def verify(self) -> Verification:
        """Replay the whole history, and add it up in every way.

        Returns
        -------
        Verification
            Whether the P&L stamped into every record is what the books say, or was
            restated for a reason; and whether the P&L of accounts, strategies, symbols,
            days, labels and round trips each sum to that of the whole. Whatever moment
            this history is seen from, all of it is verified.
        """
        whole = self._seen_with(EVERYTHING)
        return verification(whole._facts, whole.round_trips(), whole.desk)

    def reconcile(
        self,
        fills: pa.Table,
        cash: pa.Table | None = None,
        splits: pa.Table | None = None,
        *,
        symbol: Names | None = None,
        tolerance: float = 0.005,
    ) -> Reconciliation:
        """List the differences between a broker's statement and this history.

        Parameters
        ----------
        fills : pyarrow.Table
            The statement's: columns of ``Fill``. Strategies are not compared.
        cash, splits : pyarrow.Table, optional
            Its cash and splits: columns of ``CashRecord`` and ``SplitRecord``. What it does
            not tell of at all is not compared.
        symbol : str or list of str, optional
            What the statement is about, where that is not the whole account.
        tolerance : float
            Less is no difference between amounts of a currency that has cents. Others, and
            prices and volumes, differ by more than 1e-9 of their size.

        Returns
        -------
        Reconciliation
            Fills one by one; then positions, cash and realised P&L that follow from them.

        Raises
        ------
        InvalidArgumentError
            When the statement is empty.
        SchemaError, UnknownNameError
            When a table has not the columns of its record, or the statement corrects a
            trade that neither it nor this history has.
        """
        cash, splits = (
            arrow_schema(record).empty_table() if table is None else conform(table, record)
            for table, record in ((cash, CashRecord), (splits, SplitRecord))
        )
        told, facts = Told(conform(fills, Fill), cash, splits), self._facts
        written = facts.stored(*arrow_schema(Fill).names)
        recorded = Recorded(
            facts.fills({}), written, facts.cash({}), facts.splits({}), facts.rates()
        )
        if symbol is not None:
            told, recorded = told.about(symbol), recorded.about(symbol)
        return reconciliation(told, recorded, tolerance)

    def summary(
        self,
        account: str,
        strategy: str,
        period: str = "daily",
        *,
        rf: float = 0.0,
        **within: Unpack[Within],
    ) -> PerformanceSummary:
        """The specification's performance summary of one account's strategy.

        Parameters
        ----------
        account, strategy : str
            Whose.
        period : str
            ``daily``, ``weekly``, ``monthly`` or so many days, such as ``"5d"``: whose returns
            the Sharpe ratio is of.
        rf : float
            Risk-free rate a year.
        **within
            ``start`` and ``end``, the first and last trading day, both inside; or a
            ``window``: ``"63d"``, the last 63 days, or ``"100t"``, the last 100 of at most
            1,000 round trips.
        """
        owner: Selection = {"account": account, "strategy": strategy}
        live = PerformanceMetrics(
            trading_day=self.desk.of, periods={**PERIODS_PER_YEAR, "daily": self.periods}
        )
        live.update(self._facts.records(owner))
        live.update_equity(self.equity(**owner))
        span: dict[str, Any] = dict(within)
        for bound in ("start", "end"):
            if span.get(bound) is not None:
                span[bound] = pd.Timestamp(span[bound]).date()
        return live.summary(account, strategy, period, rf=rf, **cast("SpanTerms", span))

    def as_of(self, valid: Moment | None, known: Moment | None = None) -> History:
        """Look at the history from another moment.

        Parameters
        ----------
        valid : str, date or datetime, optional
            Only what happened until then; None is no bound.
        known : str, date or datetime, optional
            Only what had been recorded by then; by default the same moment, so that
            ``as_of(t)`` is what we knew at ``t``.

        Returns
        -------
        History
            Answers every question so. A moment without a zone is in the desk's.
        """
        until = moment_of("valid", valid, self.desk.zone)
        recorded = until if known is None else moment_of("known", known, self.desk.zone)
        return self._seen_with(Knowledge(until, recorded))

    def changes(self, since: Moment, *, valid: Moment | None = None) -> pd.DataFrame:
        """Say why a number of the past is not what it was.

        Parameters
        ----------
        since : str, date or datetime
            When the number was looked at.
        valid : str, date or datetime, optional
            Up to when the number counted; by default ``since``.

        Returns
        -------
        DataFrame, by execution time
            account_id, strategy_id, symbol, trade_id, execution_time, change: ``late``,
            ``busted``, ``corrected``, or ``restated`` when the books before it changed,
            pnl_before, pnl_now, pnl_change (these sum to the change of the realised P&L),
            recorded_at and caused_by: the record that did it, none where it was a split
            or an exchange rate.
        """
        seen = moment_of("since", since, self.desk.zone)
        until = seen if valid is None else moment_of("valid", valid, self.desk.zone)
        then, now = (self._seen_with(Knowledge(until, known)) for known in (seen, None))
        written = self._facts.stored()
        return changes(then._facts.records({}), now._facts.records({}), written, seen)

    def _seen_with(self, knowledge: Knowledge) -> History:
        seen = History(
            self._source,
            zone=self.desk.zone,
            cutoff=self.desk.cutoff,
            periods=self._periods,
            storage_options=self._storage_options,
            knowledge=knowledge,
        )
        seen.progress = self.progress
        return seen
