"""Tally: the running count of closed round trips.

Counts, sums and extremes are free of order; streaks need it, so tallies are
merged earlier first. Sums are carried as an unevaluated pair (high + low), some
32 digits, so that any grouping of the same trips reads the same numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numba import njit

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Tally", "check_countable"]

(
    N, WINS, LOSSES, GAIN, GAIN_LOW, LOSS, LOSS_LOW, SQUARE, SQUARE_LOW,
    BEST, WORST, LONGEST_WIN, LONGEST_LOSS, FIRST_RUN, LAST_RUN,
) = range(15)  # fmt: skip
FIELDS = 15
SPLIT = 134217729.0  # 2**27 + 1: halves a float64 mantissa (Dekker 1971)
LARGEST = 1e150  # above it a square overflows


@njit(cache=True)
def add_exactly(state: npt.NDArray[np.float64], field: int, high: float, low: float) -> None:
    """Add a pair to the pair at ``field``, keeping the rounding error (Knuth)."""
    total = state[field] + high
    part = total - state[field]
    error = (state[field] - (total - part)) + (high - part)
    error += state[field + 1] + low
    state[field] = total + error
    state[field + 1] = error - (state[field] - total)


@njit(cache=True)
def add_square(state: npt.NDArray[np.float64], value: float) -> None:
    """Add ``value * value`` with the part that float64 rounds away (Dekker)."""
    scaled = SPLIT * value
    high = scaled - (scaled - value)
    low = value - high
    square = value * value
    add_exactly(state, SQUARE, square, ((high * high - square) + 2.0 * high * low) + low * low)


@njit(cache=True)
def add_trips(state: npt.NDArray[np.float64], pnl: npt.NDArray[np.float64]) -> None:
    """Fold closed round trips into a state, in order."""
    for value in pnl:
        if state[N] == 0.0 or value > state[BEST]:
            state[BEST] = value
        if state[N] == 0.0 or value < state[WORST]:
            state[WORST] = value
        add_square(state, value)
        run = 0.0
        if value > 0.0:
            state[WINS] += 1.0
            add_exactly(state, GAIN, value, 0.0)
            run = max(state[LAST_RUN], 0.0) + 1.0
            state[LONGEST_WIN] = max(state[LONGEST_WIN], run)
        elif value < 0.0:
            state[LOSSES] += 1.0
            add_exactly(state, LOSS, -value, 0.0)
            run = min(state[LAST_RUN], 0.0) - 1.0
            state[LONGEST_LOSS] = max(state[LONGEST_LOSS], -run)
        if abs(run) == state[N] + 1.0:
            state[FIRST_RUN] = run
        state[LAST_RUN] = run
        state[N] += 1.0


@njit(cache=True)
def merge_states(state: npt.NDArray[np.float64], later: npt.NDArray[np.float64]) -> None:
    """Fold tallies, one a row and earlier rows first, into a state."""
    for row in range(later.shape[0]):
        other = later[row]
        if other[N] == 0.0:
            continue
        if state[N] == 0.0:
            state[:] = other
            continue
        joined = 0.0
        if state[LAST_RUN] * other[FIRST_RUN] > 0.0:
            joined = state[LAST_RUN] + other[FIRST_RUN]
        if abs(state[FIRST_RUN]) == state[N] and joined != 0.0:
            state[FIRST_RUN] = joined
        whole = abs(other[FIRST_RUN]) == other[N]
        state[LAST_RUN] = joined if whole and joined != 0.0 else other[LAST_RUN]
        state[LONGEST_WIN] = max(state[LONGEST_WIN], other[LONGEST_WIN], joined)
        state[LONGEST_LOSS] = max(state[LONGEST_LOSS], other[LONGEST_LOSS], -joined)
        state[BEST] = max(state[BEST], other[BEST])
        state[WORST] = min(state[WORST], other[WORST])
        for field in (N, WINS, LOSSES):
            state[field] += other[field]
        for field in (GAIN, LOSS, SQUARE):
            add_exactly(state, field, other[field], other[field + 1])


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
        self._state = np.zeros(FIELDS)

    @classmethod
    def of(cls, pnl: npt.ArrayLike) -> Tally:
        """Count trips that are all there already."""
        tally = cls()
        tally.update(pnl)
        return tally

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
        add_trips(self._state, values[~np.isnan(values)])

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
