"""Apportionment: an amount split in whole steps, so that the parts sum to it exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["in_proportion", "largest_remainder", "whole_steps"]

Key = TypeVar("Key", str, tuple[str, str])


def largest_remainder(ideal: Mapping[Key, Fraction]) -> dict[Key, int]:
    """Round fractions to whole numbers that sum to their sum, itself rounded down.

    Each is rounded down, and what is left goes one by one to the largest remainders,
    equal ones by the order of the keys: none is a whole one off.

    Parameters
    ----------
    ideal : mapping of Key to Fraction
        May be below 0.

    Returns
    -------
    dict of Key to int
        By key.

    References
    ----------
    .. [1] M. Balinski and H. P. Young (2001), *Fair Representation*, 2nd ed.,
       Brookings.

    Examples
    --------
    >>> largest_remainder(dict.fromkeys("abc", Fraction(10, 3)))
    {'a': 4, 'b': 3, 'c': 3}
    """
    counts = {key: math.floor(ideal[key]) for key in sorted(ideal)}
    left = math.floor(sum(ideal.values())) - sum(counts.values())
    # sorted is stable: among equal remainders the first key is first
    for key in sorted(counts, key=lambda k: counts[k] - ideal[k])[:left]:
        counts[key] += 1
    return counts


def in_proportion(steps: Fraction, shares: Mapping[Key, Fraction]) -> dict[Key, Fraction]:
    """Divide in proportion to shares, without rounding; their sum must not be 0."""
    total = sum(shares.values())
    return {key: steps * share / total for key, share in shares.items()}


def whole_steps(amount: float, unit: float | None) -> tuple[Fraction, int]:
    """Give the size of a step and how many of them an amount has.

    Parameters
    ----------
    amount : float
        Above 0.
    unit : float, optional
        Size of a lot, read as it is written: 0.1 is a tenth. Without one the step is
        the last binary place of the amount, so that every sum of parts is a float.

    Raises
    ------
    InvalidArgumentError
        When the unit is no lot, or the amount no whole number of lots.
    """
    if unit is None:
        step = Fraction(math.ulp(amount))
        return step, int(Fraction(amount) / step)
    if not (math.isfinite(unit) and unit > 0):
        raise InvalidArgumentError(f"unit must be > 0 and finite, was {unit}; a share is 1")
    step = Fraction(repr(float(unit)))
    count = Fraction(repr(float(amount))) / step
    if count.denominator != 1:
        raise InvalidArgumentError(
            f"volume must be a whole number of lots of {unit}, was {amount}; "
            "give the lot in which the venue trades, or none"
        )
    return step, int(count)
