"""A judgement about a trade, kept beside the fact.

A rule, a model, a person or hindsight may each say something of the same
trade; a new judgement never overwrites an old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, Text

__all__ = ["LabelRecord", "LabelSource"]


class LabelSource(StrEnum):
    """Who judged."""

    RULE = "rule"
    MODEL = "model"
    PERSON = "person"
    HINDSIGHT = "hindsight"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """One label that one source gave one trade.

    Attributes
    ----------
    trade_id, account_id, strategy_id : str
        The trade that is judged.
    label : str
        A name of the label catalogue; a person may give another.
    source : LabelSource
        Who judged.
    version : str
        Version of the rule set or model, or the person's name.
    labelled_at : datetime
        When the judgement could first be known.
    confidence : float, optional
        Probability that the label is right; 0 says that it does not hold.
    recorded_at : datetime, optional
        When we stored it; stamped by the tracker.
    """

    trade_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    label: Annotated[str, Identifier()]
    source: LabelSource
    version: Annotated[str, Text(64)]
    labelled_at: datetime
    confidence: Annotated[float, "probability", Finite()] | None = None
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        check_record(self)
