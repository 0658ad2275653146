"""Doubled trades: one id of an account under two numbers, which no tracker writes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from perfkit.store.delta_tables import DeltaTables
from perfkit.store.journal import Journal
from perfkit.store.reader import Question, read_rows
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from perfkit.store.location import Location

__all__ = ["doubled_trades"]

_ID = ["account_id", "trade_id"]


def doubled_trades(location: Location) -> list[str]:
    """Name every trade that is recorded more than once.

    Parameters
    ----------
    location : Location
        Of a history whose files and journal are whole.
    """
    question = Question(columns=(*_ID, "sequence"))
    layout, tables = TABLES["trades"], DeltaTables(location)
    if location.journal.exists():
        with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
            rows = read_rows(layout, tables, journal, question)
    else:
        rows = read_rows(layout, tables, None, question)
    counted = rows.group_by(_ID).aggregate([("sequence", "list"), ("sequence", "count")])
    doubled = counted.filter(pc.greater(counted.column("sequence_count"), 1))
    return [
        f"trade {row['trade_id']!r} of account {row['account_id']!r} is recorded more than once: "
        f"as numbers {', '.join(map(str, sorted(row['sequence_list'])))}; record a bust of it, and "
        "the trade anew under another id"
        for row in doubled.sort_by([(name, "ascending") for name in _ID]).to_pylist()
    ]
