"""Ids for sources that give none.

A derived id is a hash of what the record is, so reading the file again gives
the same ids and recording it again changes nothing. Rows that are equal in all
of it are legal (an order filled in equal parts) and are told apart by
counting them.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from perfkit.records import CashRecord, Fill, SplitRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["derived_ids"]

_KEYS: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {
        Fill: ("account_id", "execution_time", "symbol", "side", "volume", "price"),
        CashRecord: ("account_id", "execution_time", "kind", "amount", "currency", "symbol"),
        SplitRecord: ("account_id", "execution_time", "symbol", "ratio"),
    }
)


def derived_ids(columns: Mapping[str, pa.Array], cls: type) -> pa.Array:
    """Derive a stable id for each row from the record itself.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array of shape (n_rows,)
        Fields of the record, in the order of the file.
    cls : type
        `Fill`, `CashRecord` or `SplitRecord`.

    Returns
    -------
    pyarrow.Array of shape (n_rows,)
        24 hexadecimal digits each: 96 bits of the blake2b hash of what the record
        is and the number of equal rows before.
    """
    plain = [
        columns[name].cast(pa.int64()) if name == "execution_time" else columns[name]
        for name in _KEYS[cls]
        if name in columns
    ]
    seen: Counter[tuple[object, ...]] = Counter()
    ids = []
    for key in zip(*(column.to_pylist() for column in plain), strict=True):
        ids.append(blake2b(repr((*key, seen[key])).encode(), digest_size=12).hexdigest())
        seen[key] += 1
    return pa.array(ids, type=pa.string())
