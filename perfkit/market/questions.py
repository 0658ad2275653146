"""Questions as they enter the room: which symbols, and at which times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["asked_symbols", "asked_times"]

_TIMESTAMP = pa.timestamp("us", tz="UTC")


def asked_symbols(symbols: pa.ChunkedArray | pa.Array | Sequence[str], length: int) -> pa.Array:
    """Give symbols as one array, as many as there are times.

    Raises
    ------
    InvalidArgumentError
        When there are more or fewer, or one of them is null.
    """
    names = _one_array(symbols, pa.string())
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
        When they have no zone, or one of them is null.
    """
    array = _one_array(times)
    if len(array) == 0:
        return np.empty(0, dtype=np.int64)
    if getattr(array.type, "tz", None) is None or array.null_count:
        raise SchemaError(
            f"times must be timestamps with a zone and none of them null, were {array.type} with "
            f"{array.null_count} null; give the zone of the source, e.g. tzinfo=timezone.utc"
        )
    if array.type != _TIMESTAMP:
        array = array.cast(_TIMESTAMP, safe=False)
    return np.asarray(array.view(pa.int64()).to_numpy())


def _one_array(
    values: pa.ChunkedArray | pa.Array | Sequence[object], kind: pa.DataType | None = None
) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values, kind)
