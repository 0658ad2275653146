"""Listeners: whoever wants to hear of trades once they are durable."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.store import Receipt

    Listener: TypeAlias = Callable[[pa.Table], object]

__all__ = ["Listeners"]


class Listeners:
    """Callables that are given the rows of every batch."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Call a listener from now on, after those that were added before."""
        self._listeners.append(listener)

    def tell(self, rows: pa.Table, receipt: Receipt) -> None:
        """Give rows to every listener; an error is raised after all were called.

        Parameters
        ----------
        rows : pyarrow.Table
            `TradeRecord` rows, in the order in which they were numbered.
        receipt : Receipt
            Their numbers; of no rows nobody hears.
        """
        first = receipt.first_sequence
        if first is None or not self._listeners:
            return
        numbers = pa.array(np.arange(first, first + rows.num_rows))
        place = rows.schema.get_field_index("sequence")
        numbered = rows.set_column(place, rows.schema.field(place), numbers)
        with ExitStack() as calls:  # last in, first out
            for listener in reversed(self._listeners):
                calls.callback(listener, numbered)
