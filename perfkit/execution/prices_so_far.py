"""What a strategy may know at a close: the past, and nothing after it.

The future is not hidden, it is not there: the arrays end at the row of the
decision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PricesSoFar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesSoFar:
    """Daily closes up to and including the one at which a strategy decides.

    Attributes
    ----------
    closes : ndarray of float64, shape (n_days, n_symbols)
        Quote currency a unit, read-only; the last row is the newest close.
    days : ndarray of datetime64[D], shape (n_days,)
        Trading day of each row, rising.
    symbols : tuple of str
        Names of the columns.
    """

    closes: npt.NDArray[np.float64]
    days: npt.NDArray[np.datetime64]
    symbols: tuple[str, ...]

    @property
    def starts_month(self) -> bool:
        """Whether the newest close is the first of its calendar month."""
        return _is_new(self.days, "datetime64[M]")

    @property
    def starts_week(self) -> bool:
        """Whether the newest close is the first of its week, Monday to Sunday."""
        # 1970-01-01 was a Thursday: from Monday 1969-12-29 weeks have seven days
        return _is_new(self.days + np.timedelta64(3, "D"), "datetime64[W]")


def _is_new(days: npt.NDArray[np.datetime64], span: str) -> bool:
    last = days[-2:].astype(span)
    return len(last) > 1 and bool(last[1] != last[0])
