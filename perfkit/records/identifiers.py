"""Identifiers from foreign names: legal, readable, and never one for two of them."""

from __future__ import annotations

import re
from hashlib import blake2b

from perfkit.records.rules import Identifier

__all__ = ["identifier"]

_KEPT = 40  # characters of a foreign name that stay readable


def identifier(text: str) -> str:
    """Turn a foreign id, tag or name into an identifier, the same one every time.

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
