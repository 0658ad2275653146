"""Periods: what the strategies of one part of a history did on each trading day.

A pure function of an address and a part, which any process can be told. What it says of a
strategy does not depend on which others are in its part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from perfkit.errors import UnfitFillError
from perfkit.history.period_days import day_cuts
from perfkit.history.period_fills import (
    by_currency,
    fill_table,
    part_fills,
    part_terms,
    some_unnamed,
)
from perfkit.history.period_plan import OWNER, SIZE
from perfkit.history.period_rows import MIXED, SCHEMA
from perfkit.history.strategy_days import strategy_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.period_plan import Part, Source

__all__ = ["period_table"]


def period_table(source: Source, part: Part, size: int = SIZE) -> pa.Table:
    """Compute the period rows of one part.

    Parameters
    ----------
    source : Source
        What all parts share.
    part : Part
        Which strategies.
    size : int
        Fills of one strategy that are read at once; a day is never cut.

    Returns
    -------
    pyarrow.Table
        With `SCHEMA`, by account, strategy and day.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    rows = _rows_of_one if part.first == part.last and part.fills > size else _rows
    try:
        tables = list(rows(source, part, size))
    except UnfitFillError:  # said again with the name of the fill
        tables = list(rows(source, part, size, "trade_id"))
    order = [(name, "ascending") for name in (*OWNER, "day")]
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).sort_by(order)


def _rows(source: Source, part: Part, _size: int, *more: str) -> Iterator[pa.Table]:
    """Read all fills at once."""
    cash = pl.DataFrame(source.cash).filter(part.where)
    fills = part_fills(source, part.where, *more)
    for currency, own_fills, own_cash in by_currency(source, fills, cash):
        if MIXED in (currency or ""):
            yield _placeholders(source, currency, own_fills, own_cash)
        else:
            pieces = [fill_table(own_fills)]
            yield strategy_days(source, currency, pieces, own_cash.to_arrow())


def _rows_of_one(source: Source, part: Part, size: int, *more: str) -> Iterator[pa.Table]:
    """Read the fills of one strategy in pieces of whole days."""
    cash = pl.DataFrame(source.cash).filter(part.where)
    every = part_terms(source, part.where)
    if source.question.convert_to is not None and some_unnamed(every):
        yield from _rows(source, part, size, *more)  # a later fill names an earlier one's money
        return
    for currency, terms, own_cash in by_currency(source, every, cash):
        if MIXED in (currency or ""):
            yield _placeholders(source, currency, terms, own_cash)
        else:
            cuts = day_cuts(source.snapshot, source.question.desk, part.where, size)
            pieces = (fill_table(part_fills(source, part.where & cut, *more)) for cut in cuts)
            yield strategy_days(source, currency, pieces, own_cash.to_arrow())


def _placeholders(
    source: Source, currency: str | None, fills: pl.DataFrame, cash: pl.DataFrame
) -> pa.Table:
    """Say of strategies whose money can't be added up that it can't; never shown."""
    keys = [rows.select(OWNER).cast(pl.String) for rows in (fills, cash)]
    zeros = {name: pl.lit(0) for name in SCHEMA.names[len(OWNER) :]}
    said = zeros | {"day": pl.lit(source.calendar[0]), "currency": pl.lit(currency)}
    frame = pl.concat(keys).unique().with_columns(**said)
    return frame.select(SCHEMA.names).to_arrow().cast(SCHEMA)
