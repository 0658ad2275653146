"""Symbols as numbers: each name once, and for every row the place of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["Codes", "Rows", "encoded", "rows_by_code"]

Codes = npt.NDArray[np.integer]
Rows = npt.NDArray[np.intp]


def encoded(symbols: pa.Array) -> tuple[list[str], Codes]:
    """Give each name once and, of shape (n_rows,), the place of each row's name.

    Parameters
    ----------
    symbols : pyarrow.Array of str of shape (n_rows,)
        Without nulls; a dictionary of them is taken as it is.

    Examples
    --------
    >>> import pyarrow as pa
    >>> encoded(pa.array(["B", "A", "B"]))
    (['B', 'A'], array([0, 1, 0], dtype=int32))
    """
    by_name = symbols.dictionary_encode()
    return by_name.dictionary.to_pylist(), by_name.indices.to_numpy()


def rows_by_code(codes: Codes) -> Iterator[tuple[int, Rows]]:
    """Give each code that occurs with the rows it stands in, both ascending.

    Examples
    --------
    >>> [(code, rows.tolist()) for code, rows in rows_by_code(np.array([7, 2, 7]))]
    [(2, [1]), (7, [0, 2])]
    """
    if not len(codes):
        return
    # numbers of two bytes are sorted in a third of the time
    short = codes.astype(np.int16) if codes.max() < 2**15 else codes
    order = np.argsort(short, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, starts):
        yield int(codes[rows[0]]), rows
