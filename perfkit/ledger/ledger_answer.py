"""The ledger's answer: what the kernels found, as an Arrow table in the day's own units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.ledger.fill_columns import FillColumns
    from perfkit.ledger.kernel import Costs, Moves, Trips

__all__ = ["LEDGER_SCHEMA", "answer_columns", "method_columns"]

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("realized_pnl", pa.float64(), nullable=False),
        pa.field("fees", pa.float64()),
        pa.field("pnl", pa.float64()),
        pa.field("cumulative_pnl", pa.float64()),
        pa.field("position", pa.float64(), nullable=False),
        pa.field("average_price", pa.float64()),
        pa.field("position_before", pa.float64(), nullable=False),
        pa.field("average_price_before", pa.float64()),
        pa.field("entry_time", TIMESTAMP, nullable=False),
        pa.field("trades_since_flat", pa.int64(), nullable=False),
        pa.field("usual_entry_notional", pa.float64()),
        pa.field("round_trip_pnl", pa.float64()),
    ]
)


def method_columns(
    columns: FillColumns, costs: Costs, cumulative: npt.NDArray[np.float64], suffix: str
) -> dict[str, pa.Array]:
    """Give the columns that depend on the cost method, by their names with a suffix."""
    is_known = not columns.unconverted
    pnl = costs.realized - columns.commission
    found = {
        "realized_pnl": pa.array(costs.realized),
        "pnl": pa.array(pnl) if is_known else _null_where_nan(pnl),
        "cumulative_pnl": _null_where_nan(cumulative),
        "average_price": _null_where_nan(columns.shown_prices(costs.average)),
        "average_price_before": _null_where_nan(columns.shown_prices(costs.average_before)),
    }
    return {f"{name}{suffix}": values for name, values in found.items()}


def answer_columns(
    columns: FillColumns, moves: Moves, trips: Trips, by_method: Mapping[str, pa.Array]
) -> pa.Table:
    """Put the answer together, in canonical order.

    Parameters
    ----------
    columns : FillColumns
        The fills.
    moves, trips : Moves, Trips
        What they did, whatever the cost method.
    by_method : mapping of str to pyarrow.Array
        From `method_columns`; for one method the names of the schema.
    """
    found = {
        "fees": _null_where_nan(columns.commission),
        "position": pa.array(columns.shown_units(moves.after)),
        "position_before": pa.array(columns.shown_units(moves.before)),
        "entry_time": pa.array(trips.entry_time).view(TIMESTAMP),
        "trades_since_flat": pa.array(trips.fills_since_flat),
        "usual_entry_notional": _null_where_nan(trips.usual_notional),
        "round_trip_pnl": _null_where_nan(trips.trip_pnl),
        **by_method,
    }
    fields = [field for field in LEDGER_SCHEMA if field.name in found]
    fields += [_field(name) for name in by_method if name not in LEDGER_SCHEMA.names]
    return pa.Table.from_arrays([found[f.name] for f in fields], schema=pa.schema(fields))


def _field(name: str) -> pa.Field:
    return LEDGER_SCHEMA.field(name.rpartition("_")[0]).with_name(name)


def _null_where_nan(values: npt.NDArray[np.float64]) -> pa.Array:
    is_nan = np.isnan(values)
    if not is_nan.any():
        return pa.array(values)
    valid = np.packbits(~is_nan, bitorder="little")
    return pa.Array.from_buffers(
        pa.float64(), len(values), [pa.py_buffer(valid), pa.py_buffer(values)], int(is_nan.sum())
    )
