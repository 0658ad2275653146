"""Enough: how small a sample may be before nothing honest can be said of it.

Each result of this room keeps its reason: ``insufficient`` for a sample that is too
small, ``zero_variance`` for one that doesn't move, ``undefined`` for a metric that has
no value on the sample itself; None where there is an answer.
"""

from __future__ import annotations

from perfkit.errors import InvalidArgumentError

__all__ = ["ENOUGH", "checked_draws", "checked_level", "hangs_on_few", "shortfall", "too_small"]

# Bailey and Lopez de Prado (2012), section 5: the central limit theorem is "typically
# assumed to hold for samples in excess of 30 observations". `benchmarks/honesty.py` agrees:
# of skill-less records up to 9 % reach a PSR of 0.95 with 10 observations, 5 to 7 % with 30.
ENOUGH = 30

# k equal gains among observations of nothing have n / kurtosis = k; that they came by the
# toss of a coin has the odds 2 ** -k, below 5 % from five on.
_FEW = 5.0


def too_small(n: int) -> bool:
    """Tell whether a sample is too small to say anything honest."""
    return n < ENOUGH


def hangs_on_few(n: int, sharpe: float, skewness: float, kurtosis: float) -> bool:
    """Tell whether a few large returns make nearly all of the mean.

    Such a sample has a large Sharpe ratio and, by the formulas that take its moments at
    their word, a small error of it: one winning day among 99 of nothing would be skill at
    97.5 %. Large losses in a record that gains only lower the confidence, as they should.

    Parameters
    ----------
    n : int
        Observations.
    sharpe, skewness, kurtosis : float
        Of the sample; the kurtosis is raw, 3 for a normal distribution.

    Examples
    --------
    >>> hangs_on_few(100, 0.1, skewness=9.8, kurtosis=97.0), hangs_on_few(100, 0.1, 0.0, 3.0)
    (True, False)
    """
    return sharpe * skewness > 0.0 and n < _FEW * kurtosis


def shortfall(n: int, enough: int = ENOUGH, what: str = "observations") -> str:
    """Say in words that a sample is too small.

    Examples
    --------
    >>> shortfall(1)
    'insufficient: 1 of at least 30 observations'
    """
    return f"insufficient: {n:,} of at least {enough:,} {what}"


def checked_level(level: float, name: str = "level") -> float:
    """Refuse a confidence level outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError(
            f"{name} must lie between 0 and 1, was {level}; write 95 % as 0.95"
        )
    return level


def checked_draws(draws: int) -> int:
    """Refuse fewer resamples than a tail can be read from."""
    if draws < 100:
        raise InvalidArgumentError(
            f"draws must be at least 100, was {draws}; 1_000 are usual, a tail needs more"
        )
    return draws
