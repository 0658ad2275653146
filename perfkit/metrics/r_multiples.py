"""R-multiples: results of round trips in units of what each had risked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.metrics.observations import observations, per_column

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["expectancy_r"]


@per_column
def expectancy_r(r_multiples: npt.ArrayLike) -> float:
    r"""Mean result of a round trip in units of its initial risk.

    .. math:: \frac{1}{n} \sum_i \frac{p_i}{risk_i}

    Parameters
    ----------
    r_multiples : array-like of shape (n_trips,) or DataFrame
        Net P&L over the risk of each closed round trip; NaN, where the risk is
        not known, is dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless: 0.5 is half of the risk gained a trip; NaN where no
        trip's risk is known.

    References
    ----------
    .. [1] V. K. Tharp (2008), *The Definitive Guide to Position Sizing*.

    Examples
    --------
    >>> expectancy_r([2.0, -1.0, -1.0, 4.0])
    1.0
    """
    known = observations(r_multiples)
    return float(np.mean(known)) if known.size else float("nan")
