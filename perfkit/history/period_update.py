"""The update of period rows: of facts that only grew, what grew is computed, no more.

A fill changes its own strategy. A new day, a price, a payment, a split or a correction may
change every row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.history.period_plan import OWNER, Calendar, Part, Plan, kept, shared_facts
from perfkit.records import RecordType
from perfkit.store import FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.history.period_plan import Question
    from perfkit.store import Snapshot

__all__ = ["told_of", "update_plan", "updated"]

MANY = 16  # parts, from which on it is as quick to compute all of them
_LATER = ("record_type", "execution_time", "currency")


def told_of(plan: Plan) -> dict[str, Any]:
    """Say of rows what `update_plan` asks, as JSON can hold it."""
    every, lived, periods = plan.days
    return {
        "last": plan.source.snapshot.last,
        "periods": periods,
        "days": every.astype(np.int64).tolist(),
        "lived": np.isin(every, lived).astype(np.int64).tolist(),
    }


def update_plan(snapshot: Snapshot, question: Question, told: dict[str, Any]) -> Plan | None:
    """Plan what must be computed since rows were stored.

    Parameters
    ----------
    snapshot : Snapshot
        The history, of which there is only more than there was.
    question : Question
        What was asked of it, and is.
    told : dict
        From `told_of`, when the rows were stored.

    Returns
    -------
    Plan or None
        With the parts that may have changed, each alone; None when every row may have.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    if told["last"] > snapshot.last:  # another process stored them meanwhile
        return None
    later = {
        name: snapshot.select(name, lambda rows: rows.select(pl.len()), told["last"]).item()
        for name in FACTS
    }
    if any(rows for name, rows in later.items() if name != "trades"):
        return None
    days = _days(told)
    fills = _later_fills(snapshot, question, told["last"])
    if fills is None or not np.isin(_days_of(fills, question), days.lived).all():
        return None
    owners = sorted(fills.select(OWNER).unique().iter_rows())
    if len(owners) > MANY:
        return None
    parts = [Part(owner, owner, _count(snapshot, owner)) for owner in owners]
    source = shared_facts(snapshot, question)._replace(calendar=days.every)
    return Plan(source, parts, days)


def updated(rows: pa.Table, parts: Sequence[Part], computed: pa.Table) -> pa.Table:
    """Put the rows of some parts in the place of those that were there.

    Parameters
    ----------
    rows, computed : pyarrow.Table
        All rows as they were stored, and those of the parts.
    parts : sequence of Part
        Of `update_plan`.
    """
    account, strategy = (rows[name] for name in OWNER)
    for part in parts:
        is_part = pc.and_(pc.equal(account, part.first[0]), pc.equal(strategy, part.first[1]))
        rows = rows.filter(pc.invert(is_part))
        account, strategy = (rows[name] for name in OWNER)
    order = [(name, "ascending") for name in (*OWNER, "day")]
    return pa.concat_tables([rows, computed]).sort_by(order)


def _days(told: dict[str, Any]) -> Calendar:
    every = np.array(told["days"], np.int64).view("datetime64[D]")
    return Calendar(every, every[np.array(told["lived"], np.bool_)], told["periods"])


def _later_fills(snapshot: Snapshot, question: Question, last: int) -> pl.DataFrame | None:
    """Read the fills since, None when one corrects another."""
    fills = snapshot.select("trades", lambda rows: rows.select(*OWNER, *_LATER), last)
    if (fills["record_type"] != RecordType.NEW.value).any():
        return None
    return fills.filter(kept(question))


def _days_of(fills: pl.DataFrame, question: Question) -> Any:
    return question.desk.of(fills["execution_time"].dt.replace_time_zone(None).to_numpy())


def _count(snapshot: Snapshot, owner: tuple[str, str]) -> int:
    """Count the fills of a strategy, about."""
    of_owner = Part(owner, owner, 0).where
    found = snapshot.select("trades", lambda rows: rows.filter(of_owner).select(pl.len()))
    return int(found.item())
