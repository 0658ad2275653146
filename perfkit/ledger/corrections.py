"""Corrections: what the history says once every correction and bust is heard.

A fact is never changed; a later record points at an earlier one. What counts is the
latest record of each trade: its values, or nothing when it is a bust.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import SchemaError, UnknownNameError
from perfkit.records.trade_record import RecordType

__all__ = ["effective_fills"]

_KEPT = ("trade_id", "sequence")  # a corrected trade keeps its name and its number
_NEVER = np.iinfo(np.int64).min


def effective_fills(fills: pa.Table) -> pa.Table:
    """Apply corrections and remove busts.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of ``Fill``, and ``sequence`` where there is one. Which record is the
        latest is decided by ``sequence``, without it by ``recorded_at`` (null first),
        then by row.

    Returns
    -------
    pyarrow.Table
        With the same columns, every record ``new``. A corrected trade stands at the
        row of the original and keeps its ``trade_id`` and ``sequence``; all else is as
        the latest correction says.

    Raises
    ------
    UnknownNameError
        When a correction or bust points at a trade that is not in the table.
    SchemaError
        When a column is missing, or a correction points at nothing.
    """
    needed = ("trade_id", "account_id", "record_type", "original_trade_id", "recorded_at")
    if missing := [name for name in needed if name not in fills.column_names]:
        raise SchemaError(
            f"a table of fills must have the columns of Fill; missing {missing}; "
            "bring it to the schema with conform(table, Fill)"
        )
    is_later = pc.not_equal(fills.column("record_type"), RecordType.NEW.value).to_numpy()
    if not is_later.any():
        return fills
    later = _by_knowledge(fills, np.flatnonzero(is_later))
    targets = _targets(fills, later)
    latest = np.arange(fills.num_rows)
    for row, target in zip(later.tolist(), targets, strict=True):
        latest[target] = row
    is_bust = pc.equal(fills.column("record_type"), RecordType.BUST.value).to_numpy()
    rows = np.flatnonzero(~is_later & ~is_bust[latest])
    return _as_new(fills, rows, latest[rows])


def _by_knowledge(fills: pa.Table, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    if "sequence" in fills.column_names and fills.column("sequence").null_count == 0:
        known = fills.column("sequence").to_numpy()
    else:
        known = pc.fill_null(fills.column("recorded_at").cast(pa.int64()), _NEVER).to_numpy()
    return rows[np.argsort(known[rows], kind="stable")]


def _targets(fills: pa.Table, later: npt.NDArray[np.intp]) -> list[int]:
    """Row of the first record of the trade that each correction is about."""
    ids = fills.select(["account_id", "trade_id", "original_trade_id"]).take(later).to_pylist()
    pointed = {(r["account_id"], r["trade_id"]): r["original_trade_id"] for r in ids}
    roots = [_root(r["account_id"], r["trade_id"], pointed) for r in ids]
    named = pc.is_in(fills.column("trade_id"), value_set=pa.array([root for _, root in roots]))
    is_new = pc.equal(fills.column("record_type"), RecordType.NEW.value)
    candidates = np.flatnonzero(pc.and_(named, is_new).to_numpy())
    keys = fills.select(["account_id", "trade_id"]).take(candidates).to_pylist()
    rows = {tuple(k.values()): r for k, r in zip(keys, candidates.tolist(), strict=True)}
    for root, row in zip(roots, ids, strict=True):
        if root not in rows:
            raise UnknownNameError(
                f"fill {row['trade_id']!r}: original_trade_id must name a trade of account "
                f"{root[0]!r} in this table, was {row['original_trade_id']!r}; "
                "read the history that holds the original too"
            )
    return [rows[root] for root in roots]


def _root(account: str, trade: str, pointed: dict[tuple[str, str], str | None]) -> tuple[str, str]:
    chain = [trade]
    while (account, chain[-1]) in pointed:
        original = pointed[account, chain[-1]]
        if original is None or original in chain:
            raise SchemaError(
                f"fill {trade!r}: original_trade_id must lead to the trade that it corrects, "
                f"was {original!r}; give the trade_id of the first record"
            )
        chain.append(original)
    return account, chain[-1]


def _as_new(fills: pa.Table, rows: npt.NDArray[np.intp], latest: npt.NDArray[np.intp]) -> pa.Table:
    answer = fills.take(latest)
    for name in fills.column_names:
        place, field = fills.column_names.index(name), fills.schema.field(name)
        if name in _KEPT:
            answer = answer.set_column(place, field, fills.column(name).take(rows))
        elif name == "record_type":
            word = pa.repeat(pa.scalar(RecordType.NEW.value, field.type), len(rows))
            answer = answer.set_column(place, field, word)
        elif name == "original_trade_id":
            answer = answer.set_column(place, field, pa.nulls(len(rows), field.type))
    return answer
