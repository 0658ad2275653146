"""Trade ids for sources that give none.

The id is a hash of what the fill is, so reading the file again gives the
same ids and recording it again changes nothing. Rows that are equal in all
of it are legal (an order filled in equal parts) and are told apart by
counting them.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["derived_trade_ids"]

_KEY = ("account_id", "execution_time", "symbol", "side", "volume", "price")


def derived_trade_ids(columns: Mapping[str, pa.Array]) -> pa.Array:
    """Derive a stable id for each row from the fill itself.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array of shape (n_rows,)
        ``account_id``, ``execution_time``, ``symbol``, ``side``, ``volume``
        and ``price``, in the order of the file.

    Returns
    -------
    pyarrow.Array of shape (n_rows,)
        24 hexadecimal digits each: 96 bits of the blake2b hash of those six
        values and the number of equal rows before.
    """
    plain = [
        columns[name].cast(pa.int64()) if name == "execution_time" else columns[name]
        for name in _KEY
    ]
    seen: Counter[tuple[object, ...]] = Counter()
    ids = []
    for key in zip(*(column.to_pylist() for column in plain), strict=True):
        ids.append(blake2b(repr((*key, seen[key])).encode(), digest_size=12).hexdigest())
        seen[key] += 1
    return pa.array(ids, type=pa.string())
