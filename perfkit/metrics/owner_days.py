"""The days of one strategy, as columns; whatever is asked of them is a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from perfkit.metrics import day_kernel as kernel
from perfkit.metrics.period import Period
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from perfkit.metrics.day_kernel import Floats, Integers

__all__ = ["OwnerDays"]


class OwnerDays(NamedTuple):
    """Rows by label and day: first the whole days, then those of each label.

    Attributes
    ----------
    days, labels : ndarray of shape (n_rows,)
        Days since 1970, and numbers in ``names``; -1 is the whole day.
    values : ndarray of shape (n_rows, n_values)
        As `perfkit.metrics.day_kernel` names them.
    names : list of str
        Labels.
    """

    days: Integers
    labels: Integers
    values: Floats
    names: list[str]

    @property
    def size(self) -> int:
        """How many days there are."""
        return int(np.searchsorted(self.labels, 0))

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """The days."""
        return self.days[: self.size].astype("M8[D]")

    @property
    def returns(self) -> Floats:
        """Return of each day; NaN without capital."""
        return self.values[: self.size, kernel.RETURN]

    def last(self, count: int) -> Self:
        """Give the last days alone."""
        if count >= self.size:
            return self
        is_asked = self.days >= self.days[self.size - count]
        return self._replace(
            days=self.days[is_asked], labels=self.labels[is_asked], values=self.values[is_asked]
        )

    def trips(self) -> Tally:
        """Count the round trips of all days."""
        return Tally.of_states(self.values[: self.size])

    def trips_by_label(self) -> dict[str, Tally]:
        """Count the round trips of all days by label."""
        numbers, starts = np.unique(self.labels[self.size :], return_index=True)
        bounds = [*(starts + self.size).tolist(), len(self.labels)]
        return {
            self.names[number]: Tally.of_states(self.values[first:last])
            for number, first, last in zip(numbers.tolist(), bounds, bounds[1:], strict=False)
        }

    def periods(self) -> list[Period]:
        """Give each day as a period."""
        found = {
            day: Period(
                day=np.datetime64(day, "D"),
                realized_pnl=float(row[kernel.PNL] + row[kernel.PNL_LOW]),
                fees=float(row[kernel.FEES] + row[kernel.FEES_LOW]),
                trades=int(row[kernel.FILLS]),
                round_trips=Tally.from_state(row),
                marked_pnl=float(row[kernel.MARKED]),
                nav=float(row[kernel.NAV]),
                return_=float(row[kernel.RETURN]),
            )
            for day, row in zip(self.days.tolist(), self.values[: self.size], strict=False)
        }
        labelled = zip(self.days.tolist(), self.labels.tolist(), self.values, strict=True)
        for day, label, row in list(labelled)[self.size :]:
            found[day].labels[self.names[label]] = Tally.from_state(row)
        return list(found.values())
