"""Figures of some rows of bars, written where the times that ask for them stand.

The kernel takes plain arrays and a tuple of them: one drawn up elsewhere could change
its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["write_rows"]

FloatColumn = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@njit(cache=True, error_model="numpy")
def write_rows(
    columns: tuple[FloatColumn, ...],
    rows: Places,
    places: Places,
    answer: npt.NDArray[np.float64],
) -> None:
    """Write each column at some rows into the answer's row of the same number.

    Parameters
    ----------
    columns : tuple of ndarray of shape (n_bars,)
        As many as the answer has rows.
    rows : ndarray of shape (n_times,)
        Row of the bars that each time asks for; -1, for none, gives NaN.
    places : ndarray of shape (n_times,)
        Where each of the times stands in the answer.
    answer : ndarray of shape (n_columns, n_all_times)
        Changed at these places.
    """
    for number in range(len(columns)):
        column, values = columns[number], answer[number]
        for i in range(len(rows)):
            values[places[i]] = column[rows[i]] if rows[i] >= 0 else math.nan
