"""Runs: where values that stand together begin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["run_starts"]


def run_starts(values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Find the place of each value that differs from the one before it, the first included.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers.

    Returns
    -------
    ndarray of int, of shape (n_runs,)
        Ascending; empty when there are no values.

    Examples
    --------
    >>> run_starts(np.array([4, 4, 7, 4])).tolist()
    [0, 2, 3]
    """
    is_start = np.empty(len(values), np.bool_)
    is_start[:1] = True
    np.not_equal(values[1:], values[:-1], out=is_start[1:])
    return np.flatnonzero(is_start)
