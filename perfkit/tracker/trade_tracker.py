"""The tracker: a fill comes in; a durable, labelled trade record comes out.

One fill goes the way of a million, and is on disk before it is answered.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, get_args

from perfkit.errors import InvalidArgumentError
from perfkit.labels import LabelGenerator
from perfkit.market import MarketState
from perfkit.store import TradeStore
from perfkit.tracker.metric_feed import MetricFeed
from perfkit.tracker.observations import Observations
from perfkit.tracker.recording import Desk
from perfkit.tracker.roles import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from perfkit.records import Fill, PerformanceSummary, StrategyPnl
    from perfkit.store import Receipt
    from perfkit.tracker.intake import Rows
    from perfkit.tracker.roles import Labeler, Market, Own

__all__ = ["TradeTracker"]

Feed: TypeAlias = Literal["trades", "metrics"]


def _now() -> datetime:
    return datetime.now(UTC)


class TradeTracker(Observations):
    """The one writer of a history.

    Parameters
    ----------
    uri : str, pathlib.Path or TradeStore
        The history: a folder, ``s3://bucket/prefix``, or a store that was
        made with options. It is opened for writing, and closed with the
        tracker.
    account : str or list of str, optional
    strategy : str, optional
        For rows that do not say whose they are. Several accounts, as a list, are those of
        the desk: every row must say its own, and rows of any other account are refused.
    market : Market or None, default `MarketState`
        Gives each trade its context; it is fed with the history's bars, splits and news.
        With None every context is null for the reason ``no_market_data``.
    labeler : Labeler or None, default `LabelGenerator`
        Gives each trade its labels; with None there are none.
    clock : callable, optional
        Gives the time that is stamped as ``recorded_at``.

    Attributes
    ----------
    store : TradeStore
        The history.
    recording : Recording
        The way of facts into it, for whoever needs to know what became of each row.

    Raises
    ------
    StoreLockedError
        When another process writes to this history.
    StoreError
        When the history can't be opened.

    Notes
    -----
    A trade is identified by account and ``trade_id``. Recorded again with the
    same content it is a duplicate, named in the receipt; with other content
    it is refused. ``source`` and ``recorded_at`` are not content.

    A fill older than the last of its book, a correction, a bust and what comes
    with a split is recorded with the P&L as of now; records written before are
    not touched. A fee in a third currency costs what the last bar of a pair such as
    ``BNB/USDT`` says; the P&L is null where there is none.

    An error of a listener is raised from ``record``, after all listeners
    were called. The trades are recorded by then; to record them again is
    safe and answers with duplicates.

    Examples
    --------
    >>> import tempfile
    >>> from perfkit.records import Fill
    >>> def fill(trade_id, day, side, price):
    ...     return Fill(trade_id=trade_id, account_id="main", strategy_id="trend",
    ...                 execution_time=datetime(2024, 1, day, tzinfo=UTC), symbol="SPY",
    ...                 side=side, price=price, volume=100)
    >>> with tempfile.TemporaryDirectory() as folder, TradeTracker(folder) as tracker:
    ...     _ = tracker.record(fill("1", 2, "buy", 50.0))
    ...     receipt = tracker.record_many([fill("2", 3, "sell", 60.0), fill("1", 2, "buy", 50.0)])
    ...     receipt.accepted, receipt.duplicates
    ...     tracker.store.read(columns=["trade_id", "pnl"]).to_pylist()
    (1, ('1',))
    [{'trade_id': '1', 'pnl': 0.0}, {'trade_id': '2', 'pnl': 1000.0}]
    """

    def __init__(
        self,
        uri: str | Path | TradeStore,
        *,
        account: str | Sequence[str] | None = None,
        strategy: str | None = None,
        market: Market | Own | None = OWN,
        labeler: Labeler | Own | None = OWN,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        store = uri if isinstance(uri, TradeStore) else TradeStore(uri)
        accounts = None if account is None or isinstance(account, str) else frozenset(account)
        own = account if isinstance(account, str) else None
        desk = Desk({"account_id": own, "strategy_id": strategy}, accounts, clock)
        self._clock = clock
        with ExitStack() as undo:
            store.open()
            undo.callback(store.release)
            super().__init__(
                store,
                desk,
                MarketState() if market is OWN else market,
                LabelGenerator() if labeler is OWN else labeler,
            )
            undo.pop_all()

    def record(self, fill: Fill) -> Receipt:
        """Record one fill, or raise why not; see `record_many`."""
        return self.record_many([fill], atomic=True)

    def record_many(self, fills: Rows, *, atomic: bool = False) -> Receipt:
        """Record fills.

        Parameters
        ----------
        fills : pyarrow.Table, DataFrame or iterable of Fill
            In any order; they are numbered by execution time, at equal times
            in the order given. Times need a zone.
        atomic : bool
            All or none: the first bad row raises. Otherwise bad rows are left out and
            named in ``Receipt.rejected``, and the others are recorded.

        Returns
        -------
        Receipt
            What was accepted survives a power loss, and readers see it, from now on.

        Raises
        ------
        SchemaError, InvalidArgumentError
            When the rows have other columns than fills, or are none.
        InvalidTableError, ConflictError, UnknownNameError, UnfitFillError
            With ``atomic``, as `record_all`.
        StoreError
            When the disk refuses; nothing is acknowledged, and this tracker
            records no more.
        """
        batches = self.recording.take({"trades": fills}, atomic=atomic)
        self.recording.tell()
        return batches["trades"].receipt()

    def record_cash(self, cash: Rows) -> Receipt:
        """Record cash that moved other than by a fill, all or none; see `record_all`."""
        return self.record_all(cash=cash)["cash"]

    def record_splits(self, splits: Rows) -> Receipt:
        """Record splits, all or none; see `record_all`."""
        return self.record_all(splits=splits)["splits"]

    def record_all(
        self, *, fills: Rows | None = None, cash: Rows | None = None, splits: Rows | None = None
    ) -> dict[str, Receipt]:
        """Record fills, cash and splits as one transaction: all of them, or none.

        Parameters
        ----------
        fills, cash, splits : pyarrow.Table, DataFrame or iterable of records, optional
            Identified by account and their own id. Cash and splits count for the fills
            that come with them, and for later ones.

        Returns
        -------
        dict of str to Receipt
            Of each that was given, by table: ``trades``, ``cash``, ``splits``. The
            rows survive a power loss, and readers see them, from now on.

        Raises
        ------
        SchemaError, InvalidTableError, InvalidArgumentError
            When a row is not what it must be; nothing is recorded.
        ConflictError
            When an id is known with other content; nothing is recorded.
        UnknownNameError
            When a correction points at a trade that was never recorded; likewise.
        StoreError
            When the disk refuses; nothing is acknowledged, and this tracker
            records no more.
        """
        given = {"trades": fills, "cash": cash, "splits": splits}
        wanted = {name: rows for name, rows in given.items() if rows is not None}
        batches = self.recording.take(wanted, atomic=True)
        self.recording.tell()
        return {name: batch.receipt() for name, batch in batches.items()}

    def pnl(self, prices: Mapping[str, float], convert_to: str | None = None) -> list[StrategyPnl]:
        """Value every account's strategy at given prices; see `Ledger.mark`.

        Parameters
        ----------
        prices : mapping of str to float
            Price of each symbol. What is held of a symbol without one is unpriced.
        convert_to : str, optional
            Currency of the answer, at the rates among ``prices``.
        """
        with self.recording.turn():
            return self.recording.memory.ledger().mark(prices, convert_to)

    def metrics(
        self, account: str, strategy: str, period: str = "daily", *, window: str | None = None
    ) -> PerformanceSummary:
        """Read the live metrics of an account's strategy, by days in UTC.

        They follow every fill, late and corrected ones too, at realised P&L; what needs capital
        has the reason ``no_capital``, `History.summary` knows it.

        Parameters
        ----------
        account, strategy, period, window : str
            Whose, and as in `History.summary`.

        Raises
        ------
        UnknownNameError
            When the strategy has not traded.
        """
        with self.recording.turn():
            live = self.recording.memory.performance()
            return live.summary(account, strategy, period, window=window)

    def subscribe(
        self, listener: Callable[[Any], object], *, to: Feed = "trades", every: float = 1.0
    ) -> None:
        """Call a listener once trades are durable, from now on.

        Parameters
        ----------
        listener : callable
            An error of its own stops nothing, and is raised after all were called.
        to : str
            ``trades``: the `TradeRecord` rows of every batch, a ``pyarrow.Table``.
            ``metrics``: the `PerformanceSummary` of each strategy that has traded.
        every : float
            Least seconds between two rounds of metrics; the last one comes with `close`.

        Raises
        ------
        InvalidArgumentError
            When there is no such feed, or ``every`` is below zero.
        """
        if to not in get_args(Feed):
            raise InvalidArgumentError(f"to must be one of {get_args(Feed)}, was {to!r}")
        feed = MetricFeed(self._summary, listener, every, self._clock)
        if to == "metrics":
            self.recording.feeds.append(feed)
        else:
            self.recording.listeners.add(listener)

    def _summary(self, account: str, strategy: str) -> PerformanceSummary | None:
        with self.recording.turn():
            live = self.recording.memory.performance()
            return live.summary(account, strategy) if live.has_days((account, strategy)) else None

    def flush(self) -> int:
        """Move what is acknowledged into the tables; see `TradeStore.flush`."""
        return self.store.flush()

    def close(self) -> None:
        """Flush, keep a snapshot for a fast start, and let the next writer in."""
        with ExitStack() as steps:  # each is taken, whatever becomes of those before it
            steps.callback(self.store.close)
            steps.callback(self.recording.close)
            for feed in self.recording.feeds:
                steps.callback(feed.tell)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
