"""Ids for sources that give none, or give what can't be a name.

A derived id is a hash of what the record is, so reading the file again gives
the same ids and recording it again changes nothing. Rows that are equal in all
of it are legal (an order filled in equal parts) and are told apart by
counting them.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from perfkit.records import CashRecord, Fill, SplitRecord
from perfkit.records.rules import Identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["derived_ids", "identifier"]

_KEYS: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {
        Fill: ("account_id", "execution_time", "symbol", "side", "volume", "price"),
        CashRecord: ("account_id", "execution_time", "kind", "amount", "currency", "symbol"),
        SplitRecord: ("account_id", "execution_time", "symbol", "ratio"),
    }
)
_KEPT = 40  # characters of a foreign id that stay readable


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


def identifier(text: str) -> str:
    """Turn a foreign id or tag into an identifier, the same one every time.

    One that is an identifier stays; any other keeps its letters and digits and
    gets 8 digits of its hash, so that two of them never become one.

    Examples
    --------
    >>> identifier("ORD-17.2")
    'ORD-17.2'
    >>> identifier("20210506::a/b")
    '20210506-a-b-a92a3813'
    """
    if Identifier().accepts(text):
        return text
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._")[:_KEPT]
    digits = blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{plain}-{digits}" if plain else digits
