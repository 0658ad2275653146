"""Tally: the running count of closed round trips.

Counts, sums and extremes are free of order; streaks and the fall of the cumulative
P&L need it, so tallies are merged earlier first. Sums are carried as an unevaluated
pair (high + low), some 32 digits, so that any grouping of the same trips reads the
same numbers.

Trips taken one by one give the very bits of the batch. Tallies that are merged give the
same counts, streaks, best and worst; their sums agree to the last digit or two of a
float, and so does the fall, of the largest cumulative P&L.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.day_kernel import (
    BEST,
    FALL,
    GAIN,
    GAIN_LOW,
    LAST_RUN,
    LONGEST_LOSS,
    LONGEST_WIN,
    LOSS,
    LOSS_LOW,
    LOSSES,
    SQUARE,
    TALLY_FIELDS,
    WINS,
    WORST,
    N,
    add_trips,
    merge_states,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Tally", "check_countable"]

LARGEST = 1e150  # above it a square overflows


def check_countable(pnl: npt.NDArray[np.float64]) -> None:
    """Refuse a P&L that is infinite or whose square would be; NaN is missing."""
    large = np.flatnonzero(np.abs(pnl) >= LARGEST)
    if large.size:
        raise InvalidArgumentError(
            f"the P&L of a round trip must lie within ±{LARGEST:g}, was {pnl[large[0]]:g} "
            f"in row {large[0]}; a P&L that is not known is NaN"
        )


class Tally:
    """Running count of closed round trips: update, merge, read.

    Examples
    --------
    >>> morning, afternoon = Tally.of([100.0, -50.0]), Tally.of([-20.0])
    >>> day = Tally.concatenated([morning, afternoon])
    >>> day.n, day.wins, day.total, day.longest_losing_streak
    (3, 1, 30.0, 2)
    """

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = np.zeros(TALLY_FIELDS)

    @classmethod
    def of(cls, pnl: npt.ArrayLike) -> Tally:
        """Count trips that are all there already."""
        tally = cls()
        tally.update(pnl)
        return tally

    @classmethod
    def from_state(cls, state: npt.NDArray[np.float64]) -> Tally:
        """Take up a count where it was left.

        Parameters
        ----------
        state : ndarray of shape (18,) or more
            Of another tally, or a row of days, which begins with one; copied.
        """
        tally = cls()
        tally._state[:] = state[:TALLY_FIELDS]
        return tally

    @classmethod
    def of_states(cls, states: npt.NDArray[np.float64]) -> Tally:
        """Merge states, one a row and the earlier first; see `from_state`."""
        merged = cls()
        merge_states(merged._state, np.ascontiguousarray(states))
        return merged

    @classmethod
    def concatenated(cls, tallies: Iterable[Tally]) -> Tally:
        """Merge tallies, the earlier first, into a new one."""
        states = [tally._state for tally in tallies]
        merged = cls()
        if states:
            merge_states(merged._state, np.vstack(states))
        return merged

    def update(self, pnl: npt.ArrayLike) -> None:
        """Fold trips in, in the order in which they closed.

        Parameters
        ----------
        pnl : array-like of shape (n_trips,)
            Net P&L of each closed round trip, in the account currency; NaN
            is dropped.

        Raises
        ------
        InvalidArgumentError
            When a value is infinite or its square would be.
        """
        values = np.atleast_1d(np.asarray(pnl, dtype=np.float64))
        check_countable(values)
        known = values[~np.isnan(values)]
        add_trips(self._state[None], np.zeros(len(known), np.int64), known)

    @property
    def n(self) -> int:
        """How many round trips closed."""
        return int(self._state[N])

    @property
    def wins(self) -> int:
        """How many made money; a trip of exactly zero is neither."""
        return int(self._state[WINS])

    @property
    def losses(self) -> int:
        """How many lost money."""
        return int(self._state[LOSSES])

    @property
    def gross_profit(self) -> float:
        """Sum of the winners, at least 0, in the account currency."""
        return float(self._state[GAIN] + self._state[GAIN_LOW])

    @property
    def gross_loss(self) -> float:
        """Sum of the losers as a positive amount, in the account currency."""
        return float(self._state[LOSS] + self._state[LOSS_LOW])

    @property
    def total(self) -> float:
        """Net P&L, in the account currency."""
        return float(self._exact(GAIN) - self._exact(LOSS))

    @property
    def mean(self) -> float:
        """Mean P&L of a trip; NaN without one."""
        return float((self._exact(GAIN) - self._exact(LOSS)) / self.n) if self.n else math.nan

    @property
    def std(self) -> float:
        """Sample standard deviation (ddof 1) of the trips; NaN below two."""
        if self.n < 2:
            return math.nan
        total = self._exact(GAIN) - self._exact(LOSS)
        variance = (self._exact(SQUARE) - total * total / self.n) / (self.n - 1)
        return math.sqrt(max(variance, Fraction(0)))

    @property
    def best(self) -> float:
        """Largest P&L of a trip; NaN without one."""
        return float(self._state[BEST]) if self.n else math.nan

    @property
    def worst(self) -> float:
        """Smallest P&L of a trip; NaN without one."""
        return float(self._state[WORST]) if self.n else math.nan

    @property
    def pnl_drawdown(self) -> float:
        """Largest fall of the cumulative P&L from its peak, the start included; NaN without one.

        Positive, in the account currency.
        """
        return float(self._state[FALL]) if self.n else math.nan

    @property
    def current_streak(self) -> int:
        """Length of the run that is on: positive of wins, negative of losses."""
        return int(self._state[LAST_RUN])

    @property
    def longest_winning_streak(self) -> int:
        """Most wins in a row."""
        return int(self._state[LONGEST_WIN])

    @property
    def longest_losing_streak(self) -> int:
        """Most losses in a row."""
        return int(self._state[LONGEST_LOSS])

    def _exact(self, field: int) -> Fraction:
        return Fraction(float(self._state[field])) + Fraction(float(self._state[field + 1]))

    def __repr__(self) -> str:
        return f"Tally(n={self.n}, wins={self.wins}, losses={self.losses}, total={self.total:g})"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Tally) and bool(np.array_equal(self._state, other._state))

    __hash__ = None  # type: ignore[assignment]  # it changes with every trip
