"""What a trading engine is handed: whose strategies it runs, and who records them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from perfkit.execution.signals import Signal
    from perfkit.records import StrategyPnl

__all__ = ["Manager", "TradingTracker"]


class Manager(Protocol):
    """Whose strategies are run: a `MultiStrategyManager`, or what answers like it."""

    @property
    def allocations(self) -> Mapping[str, float]:
        """Part of the account's capital of each strategy."""

    def run_all_strategies(
        self,
    ) -> tuple[Mapping[str, Signal], Mapping[str, float], Mapping[str, Mapping[str, float]]]:
        """Signals, the account's portfolio, and its attribution to strategies."""


class TradingTracker(Protocol):
    """What records a run and knows the books: a `TradeTracker` or `StrategyOrderTracker`."""

    def record_many(self, fills: pa.Table, /) -> Any:
        """Record fills; the receipt names ``duplicates`` and what was ``rejected``."""

    def pnl(self, prices: Mapping[str, float], /) -> Sequence[StrategyPnl]:
        """P&L and positions of every strategy at the given prices."""
