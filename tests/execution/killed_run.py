"""A run at Alpaca that is killed before or after it records: port, history, moment."""

from __future__ import annotations

import os
import signal
import sys

from perfkit.tracker import TradeTracker
from tests.execution.alpaca_double import START
from tests.execution.test_alpaca_engine import run


class Killed:
    """A tracker in whose hands the process dies."""

    def __init__(self, tracker, moment):
        self._tracker, self._moment = tracker, moment

    def record_many(self, fills):
        if self._moment == "after":
            self._tracker.record_many(fills)
        os.kill(os.getpid(), signal.SIGKILL)

    def pnl(self, prices):
        return self._tracker.pnl(prices)


if __name__ == "__main__":
    port, history, moment = sys.argv[1:]
    with TradeTracker(history, market=None) as tracker:
        run(int(port), Killed(tracker, moment), START, a={"TECL": 1.0})
