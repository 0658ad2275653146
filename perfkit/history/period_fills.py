"""Fills of one part of a history: read, ordered by strategy, parted by currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from perfkit.history.period_plan import OWNER, corrected_fills, kept
from perfkit.history.period_rows import MIXED
from perfkit.records.schema import TIMESTAMP
from perfkit.records.trade_record import ContractType, RecordType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.period_plan import Part, Source

__all__ = ["by_currency", "fill_table", "part_fills"]

_WORDS = (
    *(*OWNER, "symbol", "side"),
    *("fee_currency", "currency", "base_currency", "contract"),
)
_MONEY = (*OWNER, "currency", "base_currency", "contract")
_NUMBERS = ("execution_time", "price", "volume", "commission", "multiplier", "sequence")
_RUN = 256  # rows of a run on average, from which on runs are moved faster than rows
_WIDE = 1 << 32  # codes of words are narrower
# what all fills of accounts without corrections say, and what only messages need
_OF_ALL = {
    "record_type": pa.scalar(RecordType.NEW.value),
    "original_trade_id": pa.scalar(None, pa.string()),
    "recorded_at": pa.scalar(None, TIMESTAMP),
    "trade_id": pa.scalar(""),
}


def part_fills(source: Source, part: Part, *more: str) -> pl.DataFrame:
    """Read the fills in force of a part, strategy by strategy, each in canonical order.

    Parameters
    ----------
    source, part
        As of `period_table`.
    *more : str
        Further columns.

    Returns
    -------
    polars.DataFrame
        Columns of ``Fill`` that books need, words as categories.
    """
    words = pl.col(_WORDS).cast(pl.Categorical)
    if part.is_corrected:
        fills = corrected_fills(source.snapshot, source.question, part.where)
        return _by_owner(pl.DataFrame(fills).select(*_WORDS, *_NUMBERS, *more).with_columns(words))
    is_wanted = part.where & kept(source.question)
    return _by_owner(
        source.snapshot.select(
            "trades",
            lambda rows: (
                rows.filter(is_wanted).select(*_WORDS, *_NUMBERS, *more).with_columns(words)
            ),
        )
    )


def fill_table(fills: pl.DataFrame) -> pa.Table:
    """Give fills as what the ledger takes."""
    table: pa.Table = fills.to_arrow(compat_level=pl.CompatLevel.oldest())
    for name, value in _OF_ALL.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table


def _by_owner(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring strategies together, each in canonical order.

    Files are sorted so, one month after the other: then whole runs of rows are moved.
    """
    account, strategy = (pl.col(n).to_physical().cast(pl.UInt64) for n in OWNER)
    owner = frame.select(account * _WIDE + strategy).to_series().to_numpy()
    starts = np.flatnonzero(np.diff(owner, prepend=~owner[:1]))
    if len(starts) * _RUN > len(owner):
        return frame.sort(account, strategy, "execution_time", "sequence")
    sizes = np.diff(starts, append=len(owner))
    runs = np.argsort(owner[starts], kind="stable")
    pieces = [frame.slice(int(starts[run]), int(sizes[run])) for run in runs]
    frame = pl.concat(pieces or [frame], rechunk=True)
    owner = np.repeat(owner[starts][runs], sizes[runs])
    later = np.diff(frame["execution_time"].to_physical().to_numpy())
    is_late = (later < 0) | ((later == 0) & (np.diff(frame["sequence"].to_numpy()) < 0))
    if (is_late & (owner[1:] == owner[:-1])).any():
        return frame.sort(account, strategy, "execution_time", "sequence")
    return frame


def by_currency(
    source: Source, fills: pl.DataFrame, cash: pl.DataFrame
) -> Iterator[tuple[str | None, pl.DataFrame, pl.DataFrame]]:
    """Part fills and cash into those whose money can be added up, with its currency.

    Yields
    ------
    tuple of str or None, polars.DataFrame and polars.DataFrame
        The currency, several names where a strategy's money can't be added up; then the
        fills and the cash of the strategies with it.
    """
    target = source.question.convert_to
    if target is not None:
        yield target, fills, cash
        return
    is_inverse = pl.col("contract") == ContractType.INVERSE.value
    settled = pl.when(is_inverse).then(pl.col("base_currency")).otherwise(pl.col("currency"))
    traded = fills.select(_MONEY).unique().with_columns(pl.col(_MONEY).cast(pl.String))
    moved = cash.select(*OWNER, pl.col("currency").alias("money")).unique()
    spoken = pl.concat([traded.select(*OWNER, settled.alias("money")), moved])
    money = pl.col("money").drop_nulls().unique().sort().str.join(MIXED)
    names = spoken.group_by(OWNER).agg(money)
    labels = sorted(set(names["money"]))
    for label in labels:
        own = names.filter(pl.col("money") == label)
        parts = (_of_owners(rows, own) for rows in (fills, cash)) if labels[1:] else (fills, cash)
        yield (label or None, *parts)


def _of_owners(rows: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    wanted = owners.select(OWNER).cast(rows.select(OWNER).schema)
    return rows.join(wanted, on=OWNER, how="semi", maintain_order="left")
