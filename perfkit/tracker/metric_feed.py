"""The feed of metrics: summaries of the strategies that have traded, at most so often."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
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
        Gives the summary of an account's strategy, None when it has no trades any more.
    listener : callable
        Called with one summary at a time.
    every : float
        Seconds between two times; trades in between are told of together.
    clock : callable
        Gives the time.

    Raises
    ------
    InvalidArgumentError
        When ``every`` is no number, or below zero.
    """

    def __init__(
        self,
        summary: Callable[[str, str], PerformanceSummary | None],
        listener: Callable[[PerformanceSummary], object],
        every: float,
        clock: Callable[[], datetime],
    ) -> None:
        if not isinstance(every, int | float) or not every >= 0.0:
            raise InvalidArgumentError(f"every must be at least 0 seconds, was {every!r}")
        self._summary, self._listener = summary, listener
        self._every, self._clock = every, clock
        self._told: datetime | None = None
        self._lock = threading.Lock()
        self._traded: dict[Owner, None] = {}

    def note(self, trades: pa.Table | None, touched: Collection[Owner]) -> None:
        """Hear of trades, and of strategies whose past has changed.

        Parameters
        ----------
        trades : pyarrow.Table, optional
            Columns of `TradeRecord`.
        touched : collection of (account, strategy)
        """
        owners = [*sorted(touched)]
        if trades is not None:
            names = (trades.column(name).to_pylist() for name in ("account_id", "strategy_id"))
            owners += zip(*names, strict=True)
        with self._lock:
            self._traded |= dict.fromkeys(owners)

    def tell_if_due(self) -> None:
        """Tell of what has traded, unless that was done a moment ago."""
        if not self._traded:
            return
        now = self._clock()
        # a clock that was set back must not silence the feed
        if self._told is None or not 0.0 <= (now - self._told).total_seconds() < self._every:
            self._told = now
            self.tell()

    def tell(self) -> None:
        """Tell of what has traded since the last time; an error is raised after all."""
        with self._lock:
            traded, self._traded = self._traded, {}
        with ExitStack() as calls:  # last in, first out
            for owner in reversed(traded):
                calls.callback(self._tell_of, owner)

    def _tell_of(self, owner: Owner) -> None:
        summary = self._summary(*owner)
        if summary is not None:
            self._listener(summary)
