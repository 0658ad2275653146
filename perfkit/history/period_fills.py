"""Fills of one part of a history: read, ordered by strategy, parted by currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from perfkit.history.period_plan import OWNER, corrected_fills, kept
from perfkit.history.period_rows import MIXED
from perfkit.ledger.runs import run_starts
from perfkit.records.schema import TIMESTAMP
from perfkit.records.trade_record import ContractType, RecordType, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.period_plan import Part, Source

__all__ = ["by_currency", "fill_table", "part_fills"]

_WORDS = (*OWNER, "symbol", "fee_currency", "currency", "base_currency")
_MONEY = (*OWNER, "currency", "base_currency")
# words of which there are two, and the question that tells them apart
_SIDES = [side.value for side in (Side.BUY, Side.SELL)]
_CONTRACTS = [kind.value for kind in (ContractType.LINEAR, ContractType.INVERSE)]
_EITHER = {"is_sell": ("side", _SIDES), "is_inverse": ("contract", _CONTRACTS)}
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
        Columns of ``Fill`` that books need, words as categories; ``is_sell`` and
        ``is_inverse`` say side and contract.
    """
    columns: list[Any] = [pl.col(_WORDS).cast(pl.Categorical), *_NUMBERS, *more]
    for flag, (name, words) in _EITHER.items():
        columns.append((pl.col(name) == words[1]).alias(flag))
    if part.is_corrected:
        fills = corrected_fills(source.snapshot, source.question, part.where)
        return _by_owner(pl.DataFrame(fills).select(columns))
    is_wanted = part.where & kept(source.question)
    return _by_owner(
        source.snapshot.select("trades", lambda rows: rows.filter(is_wanted).select(columns))
    )


def fill_table(fills: pl.DataFrame) -> pa.Table:
    """Give fills as what the ledger takes."""
    table: pa.Table = fills.to_arrow(compat_level=pl.CompatLevel.oldest())
    for flag, (name, words) in _EITHER.items():
        codes = table.column(flag).combine_chunks().cast(pa.int8())
        said = pa.DictionaryArray.from_arrays(codes, pa.array(words))
        table = table.drop_columns(flag).append_column(name, said)
    for name, value in _OF_ALL.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table


def _by_owner(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring strategies together, each in canonical order.

    Files are sorted so, one month after the other: then whole runs of rows are moved.
    """
    account, strategy = (frame[name].to_physical().to_numpy() for name in OWNER)
    starts = np.union1d(run_starts(account), run_starts(strategy))
    if len(starts) * _RUN > frame.height:
        return _sorted(frame)
    owner = account[starts].astype(np.uint64) * _WIDE + strategy[starts]
    runs, sizes = np.argsort(owner, kind="stable"), np.diff(starts, append=frame.height)
    pieces = [frame.slice(int(starts[run]), int(sizes[run])) for run in runs]
    frame = pl.concat(pieces or [frame], rechunk=True)
    is_late = _is_late(frame)
    others = np.cumsum(sizes[runs])[:-1][np.diff(owner[runs]) != 0]
    is_late[others - 1] = False  # another strategy begins after these
    return _sorted(frame) if is_late.any() else frame


def _is_late(frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell of each row but the last whether it belongs behind the next one."""
    time, sequence = frame["execution_time"].to_physical().to_numpy(), frame["sequence"].to_numpy()
    is_tied = (time[1:] == time[:-1]) & (sequence[1:] < sequence[:-1])
    return np.asarray((time[1:] < time[:-1]) | is_tied)


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    owner = (pl.col(name).to_physical() for name in OWNER)
    return frame.sort(*owner, "execution_time", "sequence")


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
    settled = pl.when("is_inverse").then(pl.col("base_currency")).otherwise(pl.col("currency"))
    traded = fills.select(*_MONEY, "is_inverse").unique()
    traded = traded.with_columns(pl.col(_MONEY).cast(pl.String))
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
