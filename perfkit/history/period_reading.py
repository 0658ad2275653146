"""Period rows of a history: read where they are stored and current, else computed and stored.

Of facts that only grew since rows were stored, those are computed that grew.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from perfkit.cluster import map_reduce
from perfkit.history.period_plan import Question, plan
from perfkit.history.period_rows import SCHEMA, PeriodRows
from perfkit.history.period_update import told_of, update_plan, updated
from perfkit.history.periods import period_table
from perfkit.metrics.day_kernel import TALLY_FIELDS
from perfkit.store import Growth, Snapshot, StoredPeriods

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from perfkit.cluster import Progress, Scheduler
    from perfkit.history.period_plan import Part, Plan, Source
    from perfkit.store import TradeStore

__all__ = ["days_a_year_of", "period_rows"]

Run: TypeAlias = "Callable[..., pa.Table]"  # `map_reduce`, told where and whom to tell
DEFINITION = 2  # another number when rows of the same facts become others


def period_rows(
    store: TradeStore,
    question: Question,
    accounts: Collection[str] | None = None,
    scheduler: Scheduler = None,
    progress: Progress | None = None,
) -> PeriodRows:
    """Give the period rows of a history.

    Parameters
    ----------
    store : TradeStore
        The history; one as of a time is computed each time.
    question : Question
        What is asked of it.
    accounts : collection of str, optional
        At least the rows of these; all when None.
    scheduler : None, "dask" or dask.distributed.Client
        Where they are computed, see `map_reduce`.
    progress : callable, optional
        Is told how far they are, see `map_reduce`.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    stored = StoredPeriods(store, _said(question)) if question.valid is None else None
    found = None if stored is None else stored.read(accounts)
    if found is not None:
        return PeriodRows(found[0], int(found[1]["periods"]))
    run = partial(map_reduce, scheduler=scheduler, progress=progress)
    mark = None if stored is None else stored.mark()
    snapshot = Snapshot.of(store)
    if stored is None or mark is None:
        planned = plan(snapshot, question)
        parts = planned.parts
        if accounts is not None:
            parts = [part for part in parts if any(map(part.may_hold, accounts))]
        return PeriodRows(_computed(planned.source, parts, run), planned.days.periods)
    planned, table = _whole(snapshot, question, stored, run)
    stored.write(table, mark, told_of(planned))
    return PeriodRows(table, planned.days.periods)


def _whole(
    snapshot: Snapshot, question: Question, stored: StoredPeriods, run: Run
) -> tuple[Plan, pa.Table]:
    """Compute all rows, from those that are stored where the facts only grew since."""
    grown = stored.read(growth=Growth.APPENDED)
    if grown is not None:
        planned = update_plan(snapshot, question, grown[1])
        if planned is not None:
            computed = _computed(planned.source, planned.parts, run)
            return planned, updated(grown[0], planned.parts, computed)
    planned = plan(snapshot, question)
    return planned, _computed(planned.source, planned.parts, run)


def _computed(source: Source, parts: list[Part], run: Run) -> pa.Table:
    if not parts:
        return SCHEMA.empty_table()
    table: pa.Table = run(period_table, source, parts, _joined)
    return table


def days_a_year_of(store: TradeStore, question: Question) -> int:
    """Give the trading days of a year, without computing any row.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    if question.valid is None:
        told = StoredPeriods(store, _said(question)).find()
        if told is not None:
            return int(told["periods"])
    return plan(Snapshot.of(store), question).days.periods


def _joined(earlier: pa.Table, later: pa.Table) -> pa.Table:
    return pa.concat_tables([earlier, later])


def _said(question: Question) -> dict[str, Any]:
    """All that stored rows depend on beside the facts."""
    return {
        "definition": [DEFINITION, TALLY_FIELDS, version("perfkit")],
        "zone": question.desk.zone,
        "cutoff": question.desk.cutoff,
        "periods": question.periods,
        "currency": question.currency,
        "convert_to": question.convert_to,
    }
