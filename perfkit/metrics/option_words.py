"""Option words: what the value of an option means, in a sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

__all__ = ["words_for"]

# option -> value -> what is then so
_MEANING = MappingProxyType(
    {
        "nan": {
            "drop": "a missing return is not counted",
            "zero": "a missing return counts as 0",
            "refuse": "a missing return is an error",
        },
        "undefined": {
            "ieee": "a division by nothing is infinite or NaN",
            "nan": "a division by nothing is NaN",
            "inf": "a division by nothing is infinite",
            "zero": "a division by nothing is 0",
        },
        "annualise": {
            True: "the number is a year's",
            False: "the number is a period's",
        },
    }
)


def words_for(option: str, was: Any, now: Any) -> str:
    """Say what it means that an option is ``now`` and no longer ``was``.

    Examples
    --------
    >>> words_for("nan", "drop", "zero")
    'A missing return counts as 0 (nan=zero, not drop)'
    >>> words_for("periods", 252.0, 365.0)
    'Periods in a year are 365, not 252'
    """
    if option == "periods":
        return f"Periods in a year are {now:g}, not {was:g}"
    said = _MEANING.get(option, {}).get(now)
    if said is None:
        return f"{option} is {now!r}, not {was!r}"
    return f"{said[0].upper()}{said[1:]} ({option}={now}, not {was})"
