"""Agreement and shares, with the interval that their sample allows.

Both are pure functions of counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError, legible

__all__ = ["Kappa", "cohen_kappa", "wilson_interval"]

_NORMAL_95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


class Kappa(NamedTuple):
    """Agreement of two judges beyond what chance alone makes.

    Attributes
    ----------
    value : float
        1 is full agreement, 0 that of chance, below 0 is less; NaN where chance alone
        would agree on everything, or there is nothing to compare.
    standard_error : float
        For large samples, of a kappa that is not zero.
    low, high : float
        95 % interval, within [-1, 1].
    """

    value: float
    standard_error: float
    low: float
    high: float


def cohen_kappa(table: npt.ArrayLike) -> Kappa:
    r"""Cohen's kappa of two judges, with its large-sample standard error.

    .. math:: \kappa = \frac{p_o - p_e}{1 - p_e},\quad
       p_o = \sum_i p_{ii},\quad p_e = \sum_i p_{i.} p_{.i}

    Parameters
    ----------
    table : array-like of shape (n_classes, n_classes)
        How often the first judge said i and the second j.

    Returns
    -------
    Kappa

    Raises
    ------
    InvalidArgumentError
        When the table is not square, or a count is below 0 or not finite.

    References
    ----------
    .. [1] J. Cohen (1960), A coefficient of agreement for nominal scales, Educational
       and Psychological Measurement 20(1).
    .. [2] J. Fleiss, J. Cohen, B. Everitt (1969), Large sample standard errors of kappa
       and weighted kappa, Psychological Bulletin 72(5).

    Examples
    --------
    >>> round(cohen_kappa([[20, 5], [10, 15]]).value, 3)
    0.4
    """
    try:
        counts = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError):
        counts = np.empty(0)  # which is no table either
    is_square = counts.ndim == 2 and counts.shape[0] == counts.shape[1]
    if not is_square or not np.isfinite(counts).all() or (counts < 0).any():
        raise InvalidArgumentError(
            f"table must be square with counts of at least 0, was {legible(repr(table), 200)}; "
            "e.g. [[20, 5], [10, 15]]"
        )
    total = counts.sum()
    if total == 0:
        return Kappa(np.nan, np.nan, np.nan, np.nan)
    share = counts / total
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed, expected = np.trace(share), float(rows @ columns)
    if np.count_nonzero(rows) == np.count_nonzero(columns) == 1 and observed == 1.0:
        return Kappa(np.nan, np.nan, np.nan, np.nan)
    kappa = (observed - expected) / (1 - expected)
    together = rows[:, None] + columns[None, :]
    on = (np.diag(share) * (1 - np.diag(together) * (1 - kappa)) ** 2).sum()
    crossed = columns[:, None] + rows[None, :]
    off = (share * crossed**2).sum() - (np.diag(share) * np.diag(crossed) ** 2).sum()
    spread = on + (1 - kappa) ** 2 * off - (kappa - expected * (1 - kappa)) ** 2
    error = float(np.sqrt(max(spread, 0.0) / total) / (1 - expected))
    low, high = max(kappa - _NORMAL_95 * error, -1.0), min(kappa + _NORMAL_95 * error, 1.0)
    return Kappa(float(kappa), error, float(low), float(high))


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    Parameters
    ----------
    hits, n : int
        How many of how many.

    Returns
    -------
    low, high : float
        Within [0, 1]; NaN of nothing.

    Raises
    ------
    InvalidArgumentError
        When there are more hits than trials, or one is below 0 or no whole number.

    References
    ----------
    .. [1] E. Wilson (1927), Probable inference, the law of succession, and statistical
       inference, JASA 22(158).
    .. [2] R. Newcombe (1998), Two-sided confidence intervals for the single proportion,
       Statistics in Medicine 17(8), method 3.

    Examples
    --------
    >>> [round(bound, 4) for bound in wilson_interval(81, 263)]
    [0.2553, 0.3662]
    """
    are_numbers = isinstance(hits, int | np.integer) and isinstance(n, int | np.integer)
    if not are_numbers or isinstance(hits, bool) or isinstance(n, bool):
        raise InvalidArgumentError(f"hits and n must be whole numbers, were {hits!r} of {n!r}")
    if not 0 <= hits <= n:
        raise InvalidArgumentError(f"hits must lie between 0 and n, were {hits} of {n}")
    if n == 0:
        return np.nan, np.nan
    square = _NORMAL_95**2
    middle = hits + square / 2
    reach = _NORMAL_95 * np.sqrt(hits * (n - hits) / n + square / 4)
    low, high = (middle - reach) / (n + square), (middle + reach) / (n + square)
    # at the ends the bound is exact; what is left of it is rounding
    return (0.0 if hits == 0 else float(low)), (1.0 if hits == n else float(high))
