"""Foreign fees: commissions that need an exchange rate, and the rates that are known.

Rates are read when a fee first needs one. Later rates count for later fills;
rates of the past change what past fees have cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.tracker.fees import fees_of

if TYPE_CHECKING:
    from perfkit.tracker.facts import RecordedFacts

__all__ = ["ForeignFees"]

Owner = tuple[str, str]
_NEVER = np.iinfo(np.int64).max


class ForeignFees:
    """Who paid in a third currency, until when, and at which rates.

    Parameters
    ----------
    source : RecordedFacts
        Where rates are found.
    last : dict of (account, strategy) to int
        When each paid such a fee last, in microseconds.
    after : int
        Rates with higher numbers are not in the books yet.

    Attributes
    ----------
    rates : pyarrow.Table, optional
        Columns of `Mark`; None before they were needed.
    last : dict of (account, strategy) to int
        As given, and of the fills since.
    """

    def __init__(self, source: RecordedFacts, last: dict[Owner, int], after: int) -> None:
        self._source = source
        self.last = dict(last)
        self.rates: pa.Table | None = None
        self._is_old = True
        unknown = source.rates(after) if last else None
        self._oldest = _NEVER if unknown is None else _first(unknown.column("time"))

    def on_bars(self, bars: pa.Table) -> None:
        """Hear of recorded bars, with the columns of `Bar`."""
        pairs = bars.filter(pc.match_substring(bars.column("symbol"), "/"))
        if pairs.num_rows:
            self._is_old = True
            self._oldest = min(self._oldest, _first(pairs.column("close_time")))

    def add(self, fills: pa.Table) -> None:
        """Take fills that are in the books, with the columns of `Fill`."""
        is_foreign = fees_of(fills).is_foreign
        if not is_foreign.any():
            return
        paid = fills.filter(pa.array(is_foreign))
        names = ("account_id", "strategy_id")
        times = paid.column("execution_time").cast(pa.int64()).to_pylist()
        owners = zip(*(paid.column(name).to_pylist() for name in names), strict=True)
        for owner, time in zip(owners, times, strict=True):
            self.last[owner] = max(time, self.last.get(owner, time))

    def are_wanted(self, fills: pa.Table) -> bool:
        """Tell whether rates must be read before some fills are applied."""
        return self._is_old and (bool(self.last) or bool(fees_of(fills).is_foreign.any()))

    def touched(self) -> set[Owner]:
        """Name the strategies whose past fees cost something else by rates that came since."""
        return {owner for owner, time in self.last.items() if time >= self._oldest}

    def read(self) -> pa.Table:
        """Read all rates."""
        self.rates = self._source.rates()
        self._is_old = False
        return self.rates

    def settle(self) -> None:
        """Hear that past fees are counted at the rates that were read."""
        if not self._is_old:
            self._oldest = _NEVER


def _first(times: pa.ChunkedArray) -> int:
    return int(times.cast(pa.int64()).to_numpy().min(initial=_NEVER))
