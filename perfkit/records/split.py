"""Splits: the day on which a unit became another number of units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, Positive, Text

__all__ = ["SplitRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRecord:
    """A split, a reverse split or a stock dividend of one instrument.

    What an account holds is multiplied by ``ratio``, its cost a unit divided by
    it. Cash for a fraction that the broker does not keep is a fill.

    Attributes
    ----------
    split_id : str
        Unique for the account's whole history; makes recording idempotent.
    account_id : str
        Whose holdings it changes.
    execution_time : datetime
        From when on the instrument trades in new units.
    symbol : str
        As the desk names the instrument.
    ratio : float
        New units for one old: 4.0 in a 4:1 split, 0.1 in a 1:10 reverse split.
    recorded_at : datetime, optional
        When we knew; stamped by the tracker.
    source : str, optional
        Who reported it.
    """

    split_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    execution_time: datetime
    symbol: Annotated[str, Text(64)]
    ratio: Annotated[
        float, "new units an old one", Positive("a reverse split is below 1"), Finite()
    ]
    recorded_at: datetime | None = None
    source: Annotated[str, Text()] | None = None

    def __post_init__(self) -> None:
        check_record(self)
