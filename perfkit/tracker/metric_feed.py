"""The feed of metrics: summaries of the strategies that have traded, at most so often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa

    from perfkit.records import PerformanceSummary

__all__ = ["MetricFeed"]

Owner = tuple[str, str]


class MetricFeed:
    """Gives a listener the summary of each strategy that has traded since the last time.

    Parameters
    ----------
    summary : callable
        Gives the summary of an account's strategy.
    listener : callable
        Called with one summary at a time.
    every : float
        Seconds between two times; trades in between are told of together.
    clock : callable
        Gives the time.

    Raises
    ------
    InvalidArgumentError
        When ``every`` is below zero.
    """

    def __init__(
        self,
        summary: Callable[[str, str], PerformanceSummary],
        listener: Callable[[PerformanceSummary], object],
        every: float,
        clock: Callable[[], datetime],
    ) -> None:
        if not every >= 0.0:
            raise InvalidArgumentError(f"every must be at least 0 seconds, was {every!r}")
        self._summary, self._listener = summary, listener
        self._every, self._clock = every, clock
        self._told: datetime | None = None
        self._traded: dict[Owner, None] = {}

    def __call__(self, trades: pa.Table) -> None:
        """Hear of trades, with the columns of `TradeRecord`."""
        names = (trades.column(name).to_pylist() for name in ("account_id", "strategy_id"))
        self._traded |= dict.fromkeys(zip(*names, strict=True))
        now = self._clock()
        # a clock that was set back must not silence the feed
        if self._told is None or not 0.0 <= (now - self._told).total_seconds() < self._every:
            self._told = now
            self.tell()

    def tell(self) -> None:
        """Tell of what has traded since the last time, now."""
        traded, self._traded = self._traded, {}
        for owner in traded:
            self._listener(self._summary(*owner))
