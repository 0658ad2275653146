"""What a run of the trading engine decided, ordered, saw filled, and failed at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from perfkit.execution.broker import AccountInfo
from perfkit.execution.order import OrderReport
from perfkit.execution.signals import Signal
from perfkit.records import Fill

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ExecutionResult"]


@dataclass(slots=True, kw_only=True)
class ExecutionResult:
    """One run of all strategies of an account.

    Attributes
    ----------
    time : datetime
        Of the decision.
    signals : dict of str to Signal
        What each strategy said.
    portfolio : dict of str to float
        Weight of each symbol in the account.
    attribution : dict of str to dict of str to float
        Which strategy wants how much of it.
    allocations : dict of str to float
        Part of the capital of each strategy.
    prices : dict of str to float
        Fetched once, before trading; a symbol without one is not in it.
    before, after : AccountInfo or None
        The account before and after trading; None when it could not be asked.
    positions_before, positions_after : dict of str to float
        Signed units in the account.
    unattributed : dict of str to float
        Signed units of the account that no strategy's books hold, left alone.
    open_before : list of OrderReport
        Orders of earlier runs that were still being worked: no symbol of theirs was
        ordered again.
    orders : list of OrderReport
        Orders of this run, as far as they came while it waited.
    untraded : dict of str to str
        Why a wanted symbol was not traded.
    crosses : tuple of Fill
        Trades between strategies, which no market saw.
    fills : list of pyarrow.Table
        What this run recorded, with ``arrow_schema(Fill)``: fills of its orders, those
        of earlier ones that came late, and crosses.
    duplicates : list of str
        Ids of fills that were told again and had been recorded before.
    refused : list of str
        Sentences on executions that could not be recorded.
    errors : list of str
        What else went wrong, in sentences.
    pnl_error : str or None
        Why there is no P&L, where there is none.
    summary : dict
        See `create_execution_summary`.
    """

    time: datetime
    signals: dict[str, Signal]
    portfolio: dict[str, float]
    attribution: dict[str, dict[str, float]]
    allocations: dict[str, float]
    prices: dict[str, float] = field(default_factory=dict)
    before: AccountInfo | None = None
    after: AccountInfo | None = None
    positions_before: dict[str, float] = field(default_factory=dict)
    positions_after: dict[str, float] = field(default_factory=dict)
    unattributed: dict[str, float] = field(default_factory=dict)
    open_before: list[OrderReport] = field(default_factory=list)
    orders: list[OrderReport] = field(default_factory=list)
    untraded: dict[str, str] = field(default_factory=dict)
    crosses: tuple[Fill, ...] = ()
    fills: list[pa.Table] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pnl_error: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)

    def refuse(self, sentences: Iterable[str]) -> None:
        """Keep sentences on what could not be recorded, each once."""
        self.refused += [each for each in dict.fromkeys(sentences) if each not in self.refused]
