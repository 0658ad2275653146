"""Unit terms: what a fill cost a unit beside its price, and what a unit of it risked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from perfkit.ledger.fill_columns import FillColumns

__all__ = ["UnitTerms", "unit_terms"]

Floats = npt.NDArray[np.float64]


class UnitTerms(NamedTuple):
    """Money of the P&L a unit of each fill, in canonical order; NaN where not known.

    ``fee`` is its commission, ``slippage`` what it paid above or got below its reference
    price, ``risk`` what is lost from its price to its stop.
    """

    fee: Floats
    slippage: Floats
    risk: Floats


def unit_terms(table: pa.Table, columns: FillColumns) -> UnitTerms:
    """Read what fills cost and risked a unit.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of ``Fill``; ``reference_price`` and ``stop_price`` may be missing.
    columns : FillColumns
        The same fills in the form that is counted in.
    """
    size, side = np.abs(columns.quantity), np.sign(columns.quantity)
    with np.errstate(over="ignore"):  # a fee on next to nothing is infinite for each unit
        fee = np.divide(columns.commission, size, out=np.zeros(len(size)), where=size > 0.0)
    slippage = side * (columns.price - _prices(table, "reference_price", columns))
    risk = side * (columns.price - _prices(table, "stop_price", columns))
    multiplier = columns.multiplier
    return UnitTerms(fee, slippage * multiplier, np.where(risk > 0.0, risk, np.nan) * multiplier)


def _prices(table: pa.Table, name: str, columns: FillColumns) -> Floats:
    """Read another price of each fill, in the form of its own."""
    if name not in table.column_names or table.column(name).null_count == table.num_rows:
        return np.full(table.num_rows, np.nan)
    quoted = pc.fill_null(table.column(name), np.nan).to_numpy()[columns.order]
    return columns.counted_prices(quoted)
