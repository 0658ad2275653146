"""The recorder: fills come one by one, from any thread or coroutine, and go in groups.

While a group is on its way to disk the next one gathers. So a lone fill is
not kept waiting, and a flood shares its fsyncs. The queue is bounded: who
offers more than can be made durable is told so at once, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeAlias

from perfkit.errors import InvalidArgumentError, QueueFullError, StoreError
from perfkit.records import Fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from perfkit.errors import PerfkitError
    from perfkit.store import Receipt
    from perfkit.tracker.trade_tracker import TradeTracker

    Waiter: TypeAlias = Future[Receipt] | asyncio.Future[Receipt]
    Group: TypeAlias = list[tuple[Fill, Waiter]]

__all__ = ["Recorder"]

_LARGEST_GROUP = 2_048  # larger ones make the receipts wait and gain little


class Recorder:
    """Records fills that are offered one at a time, in groups as large as the load.

    Parameters
    ----------
    tracker : TradeTracker
        Records them. While the recorder is open nobody else may record with it.
    capacity : int, default 65536
        How many fills may wait.

    Attributes
    ----------
    capacity : int
        As given.

    Raises
    ------
    InvalidArgumentError
        When there is no room for a single fill.

    Notes
    -----
    Groups are recorded in the order in which they gather, fills within a group by
    their execution time. An error of a listener stops nothing; the first one is
    raised by `close`.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from perfkit.tracker import TradeTracker
    >>> fill = Fill(trade_id="1", account_id="main", strategy_id="trend", symbol="SPY", side="buy",
    ...             price=50.0, volume=100.0, execution_time=datetime(2024, 1, 2, tzinfo=UTC))
    >>> with (tempfile.TemporaryDirectory() as folder, TradeTracker(folder) as tracker,
    ...       Recorder(tracker) as recorder):
    ...     recorder.submit(fill).result().sequence
    1
    """

    def __init__(self, tracker: TradeTracker, *, capacity: int = 65_536) -> None:
        if capacity < 1:
            raise InvalidArgumentError(f"capacity must be at least 1 fill, was {capacity}")
        self.capacity = capacity
        self._recording = tracker.recording
        self._waiting: deque[tuple[Fill, Waiter]] = deque()
        self._changed = threading.Condition()
        self._is_busy = self._is_closed = False
        self._worker = ThreadPoolExecutor(1, "perfkit-recorder")
        self._thread = self._worker.submit(threading.get_ident).result()
        self._alone: deque[tuple[Fill, Waiter]] = deque()  # of a group that failed as a whole
        self._listener_error: BaseException | None = None

    @property
    def backlog(self) -> int:
        """How many fills wait for their group to begin."""
        return len(self._waiting)

    def submit(self, fill: Fill) -> Future[Receipt]:
        """Offer a fill; from any thread.

        Returns
        -------
        Future of Receipt
            Answers once the fill is durable: with its sequence, marked as duplicate
            where it was recorded before. It raises what `TradeTracker.record` would.

        Raises
        ------
        QueueFullError
            When ``capacity`` fills wait; this one was not taken.
        InvalidArgumentError
            When it is no fill, or the recorder is closed.
        """
        waiter: Future[Receipt] = Future()
        waiter.set_running_or_notify_cancel()  # what is offered can't be taken back
        self._offer(fill, waiter)
        return waiter

    async def record(self, fill: Fill) -> Receipt:
        """Record a fill, and wait until it is durable; from a coroutine.

        Raises
        ------
        QueueFullError, InvalidArgumentError
            As `submit`.
        PerfkitError
            What `TradeTracker.record` raises.
        """
        waiter: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._offer(fill, waiter)
        return await waiter

    def close(self) -> None:
        """Record what waits, and stop.

        Raises
        ------
        BaseException
            The first error of a listener.
        """
        if threading.get_ident() == self._thread:
            raise InvalidArgumentError(
                "a recorder must be closed by another thread than the one in which its listeners "
                "and callbacks run; close it where it was opened"
            )
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._is_busy)
        self._worker.shutdown()
        error, self._listener_error = self._listener_error, None
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _offer(self, fill: Fill, waiter: Waiter) -> None:
        if not isinstance(fill, Fill):
            raise InvalidArgumentError(
                f"a recorder takes a Fill at a time, was given {type(fill).__name__}; tables go "
                "through TradeTracker.record_many"
            )
        with self._changed:
            if self._is_closed:
                raise InvalidArgumentError("the recorder is closed; open another one")
            if len(self._waiting) >= self.capacity:
                raise QueueFullError(
                    f"the recorder must have room for a fill, has {self.capacity} waiting; offer "
                    f"{fill.trade_id!r} again when receipts have come"
                )
            self._waiting.append((fill, waiter))
            if not self._is_busy:
                self._is_busy = True
                self._begin()

    def _begin(self) -> None:
        """Send the next group on its way."""
        if self._alone:
            group = [self._alone.popleft()]
        else:
            count = min(len(self._waiting), _LARGEST_GROUP)
            group = [self._waiting.popleft() for _ in range(count)]
        try:
            work = self._worker.submit(self._record, group)
        except RuntimeError:  # the process ends
            self._give_up(group)
        else:
            work.add_done_callback(lambda done: self._end(group, done))

    def _record(self, group: Group) -> list[Receipt | PerfkitError]:
        fills = [fill for fill, _ in group]
        return self._recording.take({"trades": fills}, atomic=False)["trades"].outcomes()

    def _end(self, group: Group, done: Future[list[Receipt | PerfkitError]]) -> None:
        """Answer for a group, then tell the listeners; in the worker's thread."""
        error = done.exception()
        if error is None or len(group) == 1 or isinstance(error, StoreError):
            outcomes = done.result() if error is None else [error] * len(group)
            _answer([waiter for _, waiter in group], outcomes)
        else:  # a market or labeler failed: find out at which fill
            self._alone.extend(group)
        try:
            told = self._worker.submit(self._recording.tell)
        except RuntimeError:  # the process ends
            self._give_up([])
        else:
            told.add_done_callback(self._go_on)

    def _give_up(self, group: Group) -> None:
        """Answer for all that waits when the process ends without `close`."""
        error = StoreError(
            "the process ended before these fills were recorded; close the recorder first"
        )
        with self._changed:
            left = [*group, *self._alone, *self._waiting]
            self._alone.clear()
            self._waiting.clear()
            self._is_busy, self._is_closed = False, True
            self._changed.notify_all()
        _answer([waiter for _, waiter in left], [error] * len(left))

    def _go_on(self, told: Future[None]) -> None:
        self._listener_error = self._listener_error or told.exception()
        with self._changed:
            if self._waiting or self._alone:
                self._begin()
            else:
                self._is_busy = False
                self._changed.notify_all()


def _answer(waiters: Sequence[Waiter], outcomes: Sequence[Receipt | BaseException]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Receipt | BaseException]]] = {}
    for waiter, outcome in zip(waiters, outcomes, strict=True):
        if isinstance(waiter, asyncio.Future):
            by_loop.setdefault(waiter.get_loop(), []).append((waiter, outcome))
        else:
            _set(waiter, outcome)
    for loop, answers in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_all, answers)


def _set_all(answers: Sequence[tuple[Waiter, Receipt | BaseException]]) -> None:
    for waiter, outcome in answers:
        if not waiter.done():  # a coroutine may be cancelled; its fill is recorded all the same
            _set(waiter, outcome)


def _set(waiter: Waiter, outcome: Receipt | BaseException) -> None:
    if isinstance(outcome, StopIteration):  # which no future takes
        waiter.set_exception(RuntimeError(f"a market or labeler raised {outcome!r}"))
    elif isinstance(outcome, BaseException):
        waiter.set_exception(outcome)
    else:
        waiter.set_result(outcome)
