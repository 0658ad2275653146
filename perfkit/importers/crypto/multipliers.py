"""Multipliers: the size of a contract, where a source tells it only by the money of a trade."""

from __future__ import annotations

__all__ = ["contract_multiplier"]

_ROUNDING = 1e-4  # venues cut money to 8 decimals, and small trades lose most of them
_DIGITS = 6


def contract_multiplier(ratio: float) -> float:
    """Read a contract's size from money over price times volume.

    The shortest decimal number within a ten-thousandth of the ratio: contract sizes are
    short numbers, and the money that a venue reports is rounded.

    Parameters
    ----------
    ratio : float
        Above 0.

    Examples
    --------
    >>> contract_multiplier(0.00999997), contract_multiplier(100.000032)
    (0.01, 100.0)
    """
    sizes = (float(f"{ratio:.{digits}g}") for digits in range(1, _DIGITS + 1))
    return next((size for size in sizes if abs(size - ratio) <= _ROUNDING * ratio), ratio)
