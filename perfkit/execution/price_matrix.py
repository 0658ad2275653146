"""Daily prices as the engine needs them: a whole, checked matrix with its times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError

__all__ = ["PriceMatrix", "price_matrix", "require_between"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMatrix:
    """Prices of one moment of each day.

    Attributes
    ----------
    values : ndarray of float64, shape (n_days, n_symbols)
        Quote currency a unit, above zero, read-only.
    days : ndarray of datetime64[D], shape (n_days,)
        Trading day of each row: the date of its time in the zone it came in.
    times : tuple of datetime
        When each row was known, in UTC, rising.
    symbols : tuple of str
        Names of the columns.
    """

    values: npt.NDArray[np.float64]
    days: npt.NDArray[np.datetime64]
    times: tuple[datetime, ...]
    symbols: tuple[str, ...]


def price_matrix(name: str, frame: pd.DataFrame) -> PriceMatrix:
    """Check a frame of prices and take its matrix.

    Parameters
    ----------
    name : str
        What messages call it.
    frame : DataFrame of shape (n_days, n_symbols)
        Prices; the index is times with a zone.

    Raises
    ------
    InvalidArgumentError
        When times have no zone or do not rise, a column comes twice, or a
        price is missing or not above zero.
    """
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InvalidArgumentError(
            f"{name}: the index must be times with a zone, was {index.dtype}; "
            "stamp days with perfkit.execution.at_close"
        )
    if not (len(index) and index.is_monotonic_increasing and index.is_unique):
        raise InvalidArgumentError(
            f"{name}: the times must rise, each once and at least one; sort the frame"
        )
    if not (frame.shape[1] and frame.columns.is_unique):
        raise InvalidArgumentError(
            f"{name}: each symbol must have one column, were {list(frame.columns)}; drop doubles"
        )
    values = frame.to_numpy(dtype=np.float64, copy=True)
    bad = np.argwhere(~((values > 0.0) & np.isfinite(values)))
    if len(bad):
        row, column = bad[0]
        raise InvalidArgumentError(
            f"{name}: prices must be finite and > 0, was {values[row, column]} for "
            f"{frame.columns[column]!r} at {index[row]}; "
            "drop the symbol, or start where it has prices"
        )
    values.flags.writeable = False
    return PriceMatrix(
        values=values,
        days=index.tz_localize(None).to_numpy().astype("datetime64[D]"),
        times=tuple(index.tz_convert("UTC").to_pydatetime()),
        symbols=tuple(str(symbol) for symbol in frame.columns),
    )


def require_between(opens: PriceMatrix, closes: PriceMatrix) -> None:
    """Check that each open lies between the close before it and its own.

    Raises
    ------
    InvalidArgumentError
        When rows or symbols differ, or an open comes too early or too late.
    """
    if opens.symbols != closes.symbols or len(opens.times) != len(closes.times):
        raise InvalidArgumentError(
            "opens: must have the rows and symbols of closes, "
            f"had {len(opens.times)} rows of {opens.symbols}; take both from the same bars"
        )
    for row, (at_open, at_close) in enumerate(zip(opens.times, closes.times, strict=True)):
        if at_open >= at_close or (row and at_open <= closes.times[row - 1]):
            raise InvalidArgumentError(
                f"opens: each must lie after the close of the day before and before its own, "
                f"was {at_open} with the close {at_close}; check the zones of both"
            )
