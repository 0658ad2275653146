"""What the rows of a table become: trades, cash and splits, each read as its kind says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.importers.cells import Cells
from perfkit.importers.tables.table_cells import Block, in_order, read_block, rows_that_say
from perfkit.importers.tables.table_rows import CAPITAL, CASH_FIELDS, SPLIT_FIELDS
from perfkit.records import CashKind

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from perfkit.importers.source_rows import SourceRows
    from perfkit.importers.tables.table_format import TableFormat
    from perfkit.importers.tables.table_rows import CashRows, Columns

__all__ = ["read_cash", "read_splits", "read_trades"]

# most cash belongs to no instrument: a kind says so itself where it does
_OF_CASH = tuple(name for name in CASH_FIELDS if name != "symbol")
Mask = npt.NDArray[np.bool_]
_NEW_UNITS_ALONE = (
    "must follow from the row with the old units before it, and there is none; "
    "export the file from before the split"
)


def read_trades(
    rows: SourceRows,
    layout: TableFormat,
    are: Mask,
    columns: Columns,
    constants: Mapping[str, str | float],
) -> Block:
    """Read the rows that are trades, each as its kind says."""
    blocks, rest = [], are.copy()
    for kind in layout.trades:
        chosen = rest & rows_that_say(rows, kind.rows)
        rest &= ~chosen
        given = {n: c for n, c in columns.items() if n not in kind.constants} | dict(kind.columns)
        same = {n: c for n, c in constants.items() if n not in kind.columns} | dict(kind.constants)
        blocks.append(read_block(rows, layout, np.flatnonzero(chosen), given, same))
    blocks.append(read_block(rows, layout, np.flatnonzero(rest), columns, constants))
    for block in blocks:
        _settle_price(block)
    return in_order(blocks, newest_first=layout.newest_first)


def read_cash(
    rows: SourceRows,
    layout: TableFormat,
    may_be: Mask,
    columns: Columns,
    constants: Mapping[str, str | float],
) -> Block:
    """Read the rows that are cash; what a kind does not name is read as for a trade."""
    blocks = []
    for kind in layout.cash:
        chosen = np.flatnonzero(may_be & rows_that_say(rows, kind.rows))
        given = {**_shared(columns, _OF_CASH, kind.constants), **kind.columns}
        same = {**_shared(constants, _OF_CASH, kind.columns), **kind.constants}
        blocks.append(_as_cash(read_block(rows, layout, chosen, given, same), kind))
    return in_order(blocks, newest_first=layout.newest_first)


def read_splits(
    rows: SourceRows,
    layout: TableFormat,
    may_be: Mask,
    columns: Columns,
    constants: Mapping[str, str | float],
) -> tuple[Block, dict[int, int]]:
    """Read the rows that are splits.

    Returns
    -------
    tuple of Block and dict of int to int
        The splits, and of each row with old units that was used the row with the new.
    """
    blocks: list[Block] = []
    used: dict[int, int] = {}
    for kind in layout.splits:
        given = {**_shared(columns, SPLIT_FIELDS, ()), **kind.columns}
        same = _shared(constants, SPLIT_FIELDS, kind.columns)
        chosen = np.flatnonzero(may_be & rows_that_say(rows, kind.rows))
        block = read_block(rows, layout, chosen, given, same)
        if kind.old_rows:
            chosen = np.flatnonzero(may_be & rows_that_say(rows, kind.old_rows))
            old = read_block(rows, layout, chosen, given, same)
            block, pairs = _with_ratio(block, old, newest_first=layout.newest_first)
            used |= pairs
        blocks.append(block)
    return in_order(blocks, newest_first=layout.newest_first), used


def _shared(
    given: Mapping[str, Any], fields: tuple[str, ...], elsewhere: Container[str]
) -> dict[str, Any]:
    return {
        name: value
        for name, value in given.items()
        if name in (*fields, "zone") and name not in elsewhere
    }


def _settle_price(block: Block) -> None:
    """Let the price follow from the size of the notional, where the table gives no price."""
    notional = block.fields.pop("notional", None)
    if notional is None:
        return
    volume = block.fields["volume"].values
    # a volume of 0 is refused for itself
    price = pc.divide(
        pc.abs(notional.values), pc.if_else(pc.equal(volume, 0.0), None, pc.abs(volume))
    )
    block.fields["price"] = Cells(price, notional.unreadable)


def _as_cash(block: Block, kind: CashRows) -> Block:
    amount, units = block.fields["amount"], block.fields.pop("units", None)
    values, reasons = amount.values, dict(amount.unreadable)
    if units is not None:
        values, reasons = pc.multiply(values, units.values), {**units.unreadable, **reasons}
    if kind.paid:
        # subtracted, because -1.0 * 0.0 is -0.0
        values = pc.subtract(0.0, values)
    block.fields["amount"] = Cells(values, reasons)
    word = pa.repeat(pa.scalar(kind.kind), len(block.rows))
    if kind.kind == CAPITAL:
        paid = pc.fill_null(pc.less(values, 0.0), False)
        word = pc.if_else(paid, CashKind.WITHDRAWAL.value, CashKind.DEPOSIT.value)
    block.fields["kind"] = Cells(word, {})
    if not kind.beside:
        return block
    keep = pc.fill_null(pc.not_equal(values, 0.0), False).to_numpy(zero_copy_only=False).copy()
    keep[list(reasons)] = True
    return block.kept(keep)


def _with_ratio(new: Block, old: Block, *, newest_first: bool) -> tuple[Block, dict[int, int]]:
    """Find the row with the old units of each split: the last one before it, of its symbol."""
    pending: dict[object, list[tuple[int, float]]] = {}
    old_units, new_units = old.fields["units"], new.fields.pop("units")
    steps = [(row, False, place) for place, row in enumerate(old.rows.tolist())]
    steps += [(row, True, place) for place, row in enumerate(new.rows.tolist())]
    ratios: list[float | None] = [None] * len(new.rows)
    reasons, pairs = dict(new_units.unreadable), {}
    for row, is_new, place in sorted(steps, reverse=newest_first):
        block = new if is_new else old
        symbol = block.fields["symbol"].values[place].as_py()
        units = (new_units if is_new else old_units).values[place].as_py()
        if not is_new:
            pending.setdefault(symbol, []).append((row, units))
        elif pending.get(symbol):
            before, held = pending[symbol].pop()
            pairs[before] = row
            if units and held:
                ratios[place] = units / held
            else:
                reason = f"must follow from the units of both rows, were {held} and {units}"
                reasons.setdefault(place, f"{reason}; export the file again")
        else:
            reasons.setdefault(place, _NEW_UNITS_ALONE)
    new.fields["ratio"] = Cells(pa.array(ratios, pa.float64()), reasons)
    return new, pairs
