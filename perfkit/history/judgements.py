"""Judgements: the rows in which a label is recorded beside a trade, once.

What a judge has said before of a trade is known since then: said again it is a
duplicate, and said otherwise it is another judgement, which needs its own version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from perfkit.errors import ConflictError
from perfkit.labels.verdicts import JUDGEMENT
from perfkit.labels.versions import RECORDED
from perfkit.records import LabelRecord, LabelSource, arrow_schema

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    from perfkit.labels.verdicts import Judge

__all__ = ["judgement_frame", "judgement_rows", "known_since"]

_SCHEMA = arrow_schema(LabelRecord)
_TRADE = ["trade_id", "account_id", "strategy_id"]
_IDENTITY = ["account_id", "trade_id", "label", "source", "version"]


def judgement_rows(
    trades: pa.Table,
    labels: pa.Array,
    judge: Judge,
    holds: npt.NDArray[np.bool_],
    labelled_at: datetime | pa.ChunkedArray,
) -> pa.Table:
    """Put the rows of one judge together.

    Parameters
    ----------
    trades : pyarrow.Table
        ``trade_id``, ``account_id`` and ``strategy_id`` of each judged trade.
    labels : pyarrow.Array of shape (n_judged,)
        What each is about.
    judge : Judge
        Source and version.
    holds : ndarray of shape (n_judged,)
        Whether it holds: a confidence of 1 or 0.
    labelled_at : datetime, or pyarrow.ChunkedArray of shape (n_judged,)
        When it could first be known.

    Returns
    -------
    pyarrow.Table
        Columns of `LabelRecord`.
    """
    count = trades.num_rows
    field = _SCHEMA.field("labelled_at")
    if not isinstance(labelled_at, pa.ChunkedArray):
        labelled_at = pa.repeat(pa.scalar(labelled_at, field.type), count)
    columns = {
        **{name: trades.column(name) for name in _TRADE},
        "label": labels,
        "source": pa.repeat(judge.source, count),
        "version": pa.repeat(judge.version, count),
        "labelled_at": labelled_at,
        "confidence": pa.array(holds.astype(np.float64)),
        "recorded_at": pa.nulls(count, _SCHEMA.field("recorded_at").type),
    }
    return pa.table([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def known_since(rows: pa.Table, recorded: pa.Table) -> pa.Table:
    """Give judgements that were recorded before the time since when they are known.

    Parameters
    ----------
    rows, recorded : pyarrow.Table
        Columns of `LabelRecord`: what is said now, and what was said before.

    Raises
    ------
    ConflictError
        When a judge said otherwise before.
    """
    before = recorded.select([*_IDENTITY, "labelled_at", "confidence"])
    now, then = _frame(rows), _frame(before)
    found = now.join(then, on=_IDENTITY, how="left", suffix="_then", maintain_order="left")
    is_known = pl.col("labelled_at_then").is_not_null()
    differ = found.filter(is_known & pl.col("confidence").ne_missing(pl.col("confidence_then")))
    if differ.height:
        first = differ.row(0, named=True)
        raise ConflictError(
            f"{differ.height} of {found.height} judgements differ from what {first['source']} "
            f"{first['version']!r} said before: {first['label']} of trade {first['trade_id']!r} "
            f"had a confidence of {first['confidence_then']} and has {first['confidence']} now; "
            "a judgement is never changed, give the new ones their own version"
        )
    times = found.select(pl.coalesce("labelled_at_then", "labelled_at")).to_series()
    place, field = rows.schema.get_field_index("labelled_at"), _SCHEMA.field("labelled_at")
    return rows.set_column(place, field, times.to_arrow().cast(field.type))


def judgement_frame(trades: pd.DataFrame, recorded: pa.Table) -> pd.DataFrame:
    """Put what stands in trade records, and what is recorded beside them, into one frame.

    Parameters
    ----------
    trades : DataFrame
        trade_id, account_id, strategy_id, execution_time and ``labels`` of the trades
        that are asked about.
    recorded : pyarrow.Table
        Columns of `LabelRecord`; judgements of other trades are left out.

    Returns
    -------
    DataFrame
        Columns `JUDGEMENT`, by trade, then by the time since when each is known.
    """
    stamped = trades[[*_TRADE, "execution_time", "labels"]].explode("labels")
    stamped = stamped.rename(columns={"labels": "label", "execution_time": "labelled_at"})
    stamped = stamped[stamped["label"].notna()].assign(row=lambda frame: frame.index)
    stamped = stamped.assign(source=LabelSource.RULE.value, version=RECORDED, confidence=1.0)
    beside: pd.DataFrame = recorded.select(_SCHEMA.names).to_pandas()
    keys, asked = (
        pd.MultiIndex.from_frame(f[["account_id", "trade_id"]]) for f in (trades, beside)
    )
    beside = beside.assign(row=keys.get_indexer(asked))
    beside = beside[beside["row"] >= 0]
    beside["strategy_id"] = trades["strategy_id"].to_numpy()[beside["row"].to_numpy()]
    columns = [*JUDGEMENT, "row"]
    both = [frame[columns] for frame in (stamped, beside) if len(frame)] or [stamped[columns]]
    found = pd.concat(both, ignore_index=True)
    found = found.sort_values(["row", "labelled_at"], kind="stable", ignore_index=True)
    return found[list(JUDGEMENT)]


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
