"""Fills of one part of a history: read, ordered by strategy, parted by currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from perfkit.history.period_plan import OWNER, kept
from perfkit.history.period_rows import MIXED
from perfkit.ledger.runs import run_starts
from perfkit.records.schema import TIMESTAMP
from perfkit.records.trade_record import ContractType, RecordType, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.history.period_plan import Source

__all__ = ["by_currency", "fill_table", "part_fills", "part_terms", "some_unnamed"]

_WORDS = (*OWNER, "symbol", "fee_currency", "currency", "base_currency")
_MONEY = (*OWNER, "currency", "base_currency")
# words of which there are two, and the question that tells them apart
_SIDES = [side.value for side in (Side.BUY, Side.SELL)]
_CONTRACTS = [kind.value for kind in (ContractType.LINEAR, ContractType.INVERSE)]
_PAIRS = {"is_sell": ("side", _SIDES), "is_inverse": ("contract", _CONTRACTS)}
_EITHER = [(pl.col(name) == words[1]).alias(flag) for flag, (name, words) in _PAIRS.items()]
_SETTLED = pl.when("is_inverse").then(pl.col("base_currency")).otherwise(pl.col("currency"))
_NUMBERS = ("execution_time", "price", "volume", "commission", "multiplier", "sequence")
_WORD = pa.dictionary(pa.uint32(), pa.large_string())  # as polars gives a category
_RUN = 256  # rows of a run on average, from which on runs are moved faster than rows
_WIDE = 1 << 32  # codes of words are narrower
# what all fills in force say, and what only messages need
_OF_ALL = {"record_type": RecordType.NEW.value, "trade_id": ""}
_NEVER = {"original_trade_id": pa.string(), "recorded_at": TIMESTAMP}


def part_fills(source: Source, where: pl.Expr, *more: str) -> pl.DataFrame:
    """Read fills in force, strategy by strategy, each in canonical order.

    Parameters
    ----------
    source : Source
        As of `period_table`.
    where : polars.Expr
        Which fills.
    *more : str
        Further columns.

    Returns
    -------
    polars.DataFrame
        Columns of ``Fill`` that books need, words as categories; ``is_sell`` and
        ``is_inverse`` say side and contract.
    """
    columns = [pl.col(_WORDS).cast(pl.Categorical), *_EITHER, *_NUMBERS, *more]
    return _by_owner(_read(source, where, lambda rows: rows.select(columns)))


def part_terms(source: Source, where: pl.Expr) -> pl.DataFrame:
    """Read of fills in force only what `by_currency` asks, each answer once."""
    columns = [pl.col(_MONEY).cast(pl.Categorical), _EITHER[1]]
    return _read(source, where, lambda rows: rows.select(columns).unique())


def _read(
    source: Source, where: pl.Expr, shape: Callable[[pl.LazyFrame], pl.LazyFrame]
) -> pl.DataFrame:
    is_wanted = where & kept(source.question)
    is_other, settled = source.settled.others(is_wanted), source.settled.of(is_wanted)
    fills = source.snapshot.select("trades", lambda rows: shape(rows.filter(is_other)))
    if settled.num_rows == 0:
        return fills
    return pl.concat([fills, shape(pl.DataFrame(settled).lazy()).collect()])


def fill_table(fills: pl.DataFrame) -> pa.Table:
    """Give fills as what the ledger takes."""
    starts, count = _owner_starts(fills), fills.height
    absent = [name for name in _WORDS if fills[name].null_count() == count]
    columns = {name: pa.nulls(count, _WORD) for name in absent}
    if count:
        columns |= {name: _of_runs(fills[name], starts) for name in OWNER}
    for flag, (name, words) in _PAIRS.items():
        codes = fills[flag].to_arrow().cast(pa.int8())
        columns[name] = pa.DictionaryArray.from_arrays(codes, pa.array(words))
    alike = pa.array(np.zeros(count, np.int8))
    for name, word in _OF_ALL.items():
        columns[name] = pa.DictionaryArray.from_arrays(alike, pa.array([word]))
    columns |= {name: pa.nulls(count, kind) for name, kind in _NEVER.items()}
    told = fills.drop(*_PAIRS, *(columns.keys() & set(_WORDS)))
    table: pa.Table = told.to_arrow(compat_level=pl.CompatLevel.oldest())
    for name, column in columns.items():
        if name not in table.column_names:
            table = table.append_column(name, column)
    return table


def _owner_starts(fills: pl.DataFrame) -> npt.NDArray[np.intp]:
    """Where fills begin that are of another strategy than the one before."""
    account, strategy = (run_starts(fills[name].to_physical().to_numpy()) for name in OWNER)
    return np.union1d(account, strategy)


def _of_runs(words: pl.Series, starts: npt.NDArray[np.intp]) -> pa.DictionaryArray:
    """Give a column that changes at some rows only."""
    said = words.gather(starts).cast(pl.String).to_list()
    number = {word: place for place, word in enumerate(dict.fromkeys(said))}
    codes = np.array([number[word] for word in said], np.int32)
    sizes = np.diff(starts, append=len(words))
    return pa.DictionaryArray.from_arrays(np.repeat(codes, sizes), pa.array(list(number)))


def _by_owner(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring strategies together, each in canonical order.

    Files are sorted so, one month after the other: then whole runs of rows are moved.
    """
    starts = _owner_starts(frame)
    if len(starts) * _RUN > frame.height:
        names = (pl.col(name).to_physical() for name in OWNER)
        return frame.sort(*names, "execution_time", "sequence")
    account, strategy = (frame[name].to_physical().to_numpy() for name in OWNER)
    owner = account[starts].astype(np.uint64) * _WIDE + strategy[starts]
    runs, sizes = np.argsort(owner, kind="stable"), np.diff(starts, append=frame.height)
    pieces = [frame.slice(int(starts[run]), int(sizes[run])) for run in runs]
    frame = pl.concat(pieces or [frame], rechunk=True)
    others = np.cumsum(sizes[runs])[:-1][np.diff(owner[runs]) != 0]
    is_late = _is_late(frame)
    is_late[others - 1] = False  # another strategy begins after these
    late = np.unique(np.searchsorted(others, np.flatnonzero(is_late), side="right"))
    return _sorted_in(frame, np.append(0, others), set(late.tolist())) if len(late) else frame


def _sorted_in(frame: pl.DataFrame, starts: npt.NDArray[np.intp], late: set[int]) -> pl.DataFrame:
    """Sort some strategies, by their number and where each begins."""
    sizes = np.diff(starts, append=frame.height).tolist()
    pieces = [
        frame.slice(start, size).sort("execution_time", "sequence")
        if number in late
        else frame.slice(start, size)
        for number, (start, size) in enumerate(zip(starts.tolist(), sizes, strict=True))
    ]
    return pl.concat(pieces, rechunk=True)


def _is_late(frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell of each row but the last whether it belongs behind the next one."""
    time, sequence = frame["execution_time"].to_physical().to_numpy(), frame["sequence"].to_numpy()
    is_tied = (time[1:] == time[:-1]) & (sequence[1:] < sequence[:-1])
    return np.asarray((time[1:] < time[:-1]) | is_tied)


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
    terms = fills.select(*_MONEY, "is_inverse")
    is_inverse = terms["is_inverse"]
    of_one = all(terms[name].n_unique() < 2 for name in ("currency", "base_currency"))
    if of_one and is_inverse.any() == is_inverse.all():
        terms = terms[_owner_starts(fills)]  # of one each is enough
    traded = terms.unique()
    traded = traded.with_columns(pl.col(_MONEY).cast(pl.String))
    moved = cash.select(*OWNER, pl.col("currency").alias("money")).unique()
    spoken = pl.concat([traded.select(*OWNER, _SETTLED.alias("money")), moved])
    money = pl.col("money").drop_nulls().unique().sort().str.join(MIXED)
    names = spoken.group_by(OWNER).agg(money)
    labels = sorted(set(names["money"]))
    for label in labels:
        own = names.filter(pl.col("money") == label)
        parts = (_of_owners(rows, own) for rows in (fills, cash)) if labels[1:] else (fills, cash)
        yield (label or None, *parts)


def some_unnamed(terms: pl.DataFrame) -> bool:
    """Tell whether some fills name the money of their P&L, and some do not."""
    unnamed = terms.select(_SETTLED.is_null())
    return 0 < int(unnamed.sum().item()) < terms.height


def _of_owners(rows: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    wanted = owners.select(OWNER).cast(rows.select(OWNER).schema)
    return rows.join(wanted, on=OWNER, how="semi", maintain_order="left")
