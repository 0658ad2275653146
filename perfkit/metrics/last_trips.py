"""Last trips: the round trips of a strategy that closed last, one by one.

Days forget single trips, so the last ones are kept beside them. A strategy's trips
stand in the order of their days, and of one day as they were added: a trip that is added
late to an earlier day is not among the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.metrics.label_bits import labels_in
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from perfkit.metrics.day_kernel import Floats, Integers, Words

__all__ = ["LastTrips"]


class LastTrips(NamedTuple):
    """Round trips, the earlier first, with the readings of `OwnerDays`.

    Attributes
    ----------
    days, pnl : ndarray of shape (n_trips,)
        Days since 1970 of their closing, and net P&L in the account currency.
    bits : ndarray of shape (n_trips, n_words)
        Their labels; see `perfkit.metrics.label_bits`.
    names : list of str
        Labels by number.
    """

    days: Integers
    pnl: Floats
    bits: Words
    names: list[str]

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """The day of each trip."""
        return self.days.astype("M8[D]")

    @property
    def returns(self) -> Floats:
        """None: round trips have P&L, and only days have returns."""
        return np.empty(0)

    def trips(self) -> Tally:
        """Count the round trips."""
        return Tally.of(self.pnl)

    def trips_by_label(self) -> dict[str, Tally]:
        """Count the round trips by label."""
        return {
            self.names[number]: Tally.of(self.pnl[self._carry(number)])
            for number in labels_in(self.bits)
        }

    def _carry(self, number: int) -> npt.NDArray[np.bool_]:
        word, bit = divmod(number, 64)
        return (self.bits[:, word] >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
