"""What the workbench says unasked: an alert, or advice on a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, Text

__all__ = ["Action", "Alert", "OptimizationSignal"]


class Action(StrEnum):
    """What to do with a strategy's label or pattern."""

    STOP = "stop"
    REDUCE = "reduce"
    KEEP = "keep"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule's threshold that was crossed.

    Attributes
    ----------
    alert_id : str
        The same for the same episode of the same rule.
    account_id, strategy_id : str
        Whose metric it is.
    rule : str
        The rule, as its author wrote it.
    value, threshold : float
        What was measured, and the limit.
    raised_at : datetime
        When the threshold was crossed.
    cleared_at : datetime, optional
        When the episode ended.
    """

    alert_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    rule: Annotated[str, Text(256)]
    value: Annotated[float, Finite()]
    threshold: Annotated[float, Finite()]
    raised_at: datetime
    cleared_at: datetime | None = None

    def __post_init__(self) -> None:
        check_record(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationSignal:
    """Advice on the size of a strategy's trades of one kind.

    Attributes
    ----------
    account_id, strategy_id : str
        Whose trades are meant.
    pattern : str
        The label or conjunction of labels that the advice is about.
    action : Action
        What to do.
    size : float
        Recommended fraction of today's size.
    trades : int
        How many trades the advice rests on.
    lower_bound : float, optional
        Lower confidence bound of the expected net R of such a trade.
    issued_at : datetime
        When the advice was given.
    """

    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    pattern: Annotated[str, Text(256)]
    action: Action
    size: Annotated[float, "fraction", Finite()]
    trades: int
    lower_bound: Annotated[float, "R", Finite()] | None = None
    issued_at: datetime

    def __post_init__(self) -> None:
        check_record(self)
