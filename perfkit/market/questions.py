"""Questions as they enter the room: which symbols, and at which times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError, legible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["asked_symbols", "asked_times"]

_STRING, _TIMESTAMP = pa.string(), pa.timestamp("us", tz="UTC")
_FIRST, _LAST = np.array(["1677-09-22", "2262-04-11"], "M8[us]").astype(np.int64).tolist()
_TO_MICROSECONDS = pc.CastOptions(_TIMESTAMP, allow_time_truncate=True)


def asked_symbols(symbols: pa.ChunkedArray | pa.Array | Sequence[str], length: int) -> pa.Array:
    """Give symbols as one array, as many as there are times.

    Raises
    ------
    InvalidArgumentError
        When there are more or fewer, or one of them is null or no text.
    """
    if isinstance(symbols, str):
        raise InvalidArgumentError(
            f"contexts: symbols must be a list or column, was {legible(symbols, 200)!r}; put it in "
            "a list"
        )
    try:
        names = _one_array(symbols, _STRING)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"contexts: symbols must be text: {legible(str(error), 200)}; write each as text"
        ) from error
    kind = names.type.value_type if pa.types.is_dictionary(names.type) else names.type
    if kind != _STRING and not pa.types.is_large_string(kind) and len(names):
        raise InvalidArgumentError(
            f"contexts: symbols must be text, were {names.type}; cast the column to pa.string()"
        )
    if len(names) != length or names.null_count:
        raise InvalidArgumentError(
            f"contexts: symbols must be as many as times ({length}) and none of them null, were "
            f"{len(names)} with {names.null_count} null; fill or leave out the rows of those"
        )
    return names


def asked_times(
    times: pa.ChunkedArray | pa.Array | Sequence[datetime],
) -> npt.NDArray[np.int64]:
    """Give times as microseconds since 1970, UTC.

    Raises
    ------
    SchemaError
        When they are none or have no zone, one of them is null, or lies outside of the
        years 1677 to 2262 that bars and news may have.
    """
    try:
        array = _one_array(times)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise SchemaError(
            f"times must be timestamps with a zone: {legible(str(error), 200)}; give a list of "
            "datetime, or a column"
        ) from error
    if len(array) == 0:
        return np.empty(0, dtype=np.int64)
    if getattr(array.type, "tz", None) is None or array.null_count:
        raise SchemaError(
            f"times must be timestamps with a zone and none of them null, were {array.type} with "
            f"{array.null_count} null; give the zone of the source, e.g. tzinfo=timezone.utc"
        )
    try:
        array = array if array.type == _TIMESTAMP else pc.cast(array, options=_TO_MICROSECONDS)
    except pa.ArrowInvalid as error:
        raise _far(str(error)) from error
    instants = np.asarray(array.view(pa.int64()).to_numpy())
    first, last = int(instants.min()), int(instants.max())
    if first < _FIRST or last > _LAST:
        worst = first if first < _FIRST else last
        raise _far(f"{worst} microseconds since 1970")
    return instants


def _far(what: str) -> SchemaError:
    return SchemaError(
        f"times must lie between 1677-09-22 and 2262-04-11, was {legible(what, 200)}; check the "
        "unit of the source"
    )


def _one_array(values: Any, kind: pa.DataType | None = None) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    if isinstance(values, pa.Array):
        return values
    if isinstance(getattr(values, "dtype", None), pd.DatetimeTZDtype):
        # pyarrow asks pandas for what it is about to change
        instants = pd.DatetimeIndex(values).tz_convert(None).as_unit("us").to_numpy()
        return pa.array(instants, pa.timestamp("us")).cast(_TIMESTAMP)
    return pa.array(values, kind)
