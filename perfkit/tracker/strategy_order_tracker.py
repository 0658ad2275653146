"""The strategy order tracker: the per-strategy P&L plan's names over the one tracker.

It keeps no books of its own. Every order is a fill in the one history, every number a
reading of the one ledger, and what can't be known is NaN with the reason beside it.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, Unpack

import polars as pl

from perfkit.errors import ConflictError, InvalidArgumentError
from perfkit.store import TradeStore
from perfkit.tracker.order_desk import order_desk
from perfkit.tracker.order_fill import order_fill, require_details, require_zone
from perfkit.tracker.strategy_history import StrategyHistory
from perfkit.tracker.strategy_names import strategy_name
from perfkit.tracker.trade_tracker import TradeTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from uuid import UUID

    from perfkit.records import Side, StrategyPnl
    from perfkit.store import Receipt
    from perfkit.tracker.intake import Rows
    from perfkit.tracker.order_desk import Config
    from perfkit.tracker.order_fill import OrderDetails
    from perfkit.tracker.strategy_names import Strategy

__all__ = ["StrategyOrderTracker"]

_executing: ContextVar[str | None] = ContextVar("executing", default=None)


def _now() -> datetime:
    return datetime.now(UTC)


class StrategyOrderTracker(StrategyHistory):
    """Orders and P&L of each strategy: the per-strategy P&L plan over one `TradeTracker`.

    Parameters
    ----------
    config : path, str, mapping or None
        Where the orders are kept. A folder or ``s3://bucket/prefix`` holds the two
        histories ``paper`` and ``live``. A mapping may have the keys

        ``history`` : such a folder or address;
        ``bucket`` : the plan's, for ``s3://<bucket>``, which gives the histories
        ``s3://<bucket>/paper`` and ``s3://<bucket>/live``;
        ``account`` : account of the orders, by default ``paper`` or ``live``;
        ``currency`` : what P&L is converted to, by default the prices' own;
        ``zone``, ``cutoff`` : the desk's trading day, by default UTC midnight;
        ``storage_options`` : for S3, as of `TradeStore`.

        None is the folder ``$XDG_DATA_HOME/perfkit/strategies`` (``~/.local/share``
        where that is not set), the same from wherever it is called.
    paper_trading : bool
        Which of the two histories; they never share an order.
    clock : callable, optional
        Gives the time of an order without one, and of what is asked "now".

    Raises
    ------
    InvalidArgumentError
        When the configuration says something else.
    StoreLockedError
        When another process writes to this history.
    StoreError
        When the history can't be opened.

    Notes
    -----
    A strategy is a word or an enum; one without an order has made nothing. Whatever is
    wrong with an order is raised, and a receipt is only given for what is on disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, StrategyOrderTracker(folder) as tracker:
    ...     _ = tracker.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0)
    ...     _ = tracker.record_order("o-2", "NUCLEAR", "SMR", "SELL", 40, 60.0)
    ...     pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 55.0})
    ...     pnl.realized_pnl, pnl.unrealized_pnl, dict(pnl.positions), pnl.reason
    (400.0, 300.0, {'SMR': 60.0}, 'no_capital')
    """

    def __init__(
        self,
        config: Config = None,
        paper_trading: bool = True,
        *,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        desk = order_desk(config, paper_trading=paper_trading)
        store = TradeStore(desk.uri, storage_options=desk.storage_options)
        tracker = TradeTracker(store, account=desk.account, clock=clock)
        super().__init__(tracker, desk, clock)
        self.paper_trading = paper_trading

    def record_order(
        self,
        order_id: str | UUID,
        strategy: Strategy | None,
        symbol: str,
        side: str | Side,
        quantity: float,
        price: float,
        **details: Unpack[OrderDetails],
    ) -> Receipt:
        """Record a filled order with its strategy.

        Parameters
        ----------
        order_id : str or UUID
            The broker's; recorded again with the same content it changes nothing.
        strategy : str, enum or None
            None is that of `strategy_execution_context`.
        symbol : str
            As the desk names the instrument.
        side : str
            ``buy`` or ``sell``, in any case.
        quantity : float
            Units, above zero.
        price : float
            The price at which it was filled.
        **details
            Keywords of `OrderDetails`: ``timestamp`` (with a zone; now when None), and
            ``commission``.

        Returns
        -------
        Receipt
            The order survives a power loss from now on.

        Raises
        ------
        InvalidRecordError, InvalidArgumentError
            When something is not what it must be; nothing is recorded.
        ConflictError
            When the order is known with other content.
        StoreError
            When the disk refuses.
        """
        require_details(details)
        owner = (self._desk.account, self._executed(strategy))
        told = {"symbol": symbol, "volume": quantity, "price": price}
        told["commission"] = details.get("commission", 0.0)
        timestamp = details.get("timestamp")
        if timestamp is not None:
            require_zone(timestamp)
            return self.tracker.record(order_fill(owner, order_id, side, timestamp, told))
        fill = order_fill(owner, order_id, side, self._clock(), told)
        try:
            return self.tracker.record(fill)
        except ConflictError:
            # an order that is known was filled when it was filled, not when it is told again
            known = self._fill_time(fill.trade_id)
            return self.tracker.record(order_fill(owner, order_id, side, known, told))

    @contextmanager
    def strategy_execution_context(self, strategy: Strategy) -> Iterator[str]:
        """Name the strategy of all orders that are recorded inside without one.

        Parameters
        ----------
        strategy : str or enum
            Whose orders are executed.

        Yields
        ------
        str
            Its name.
        """
        token = _executing.set(strategy_name(strategy))
        try:
            yield strategy_name(strategy)
        finally:
            _executing.reset(token)

    def record_many(self, fills: Rows, *, atomic: bool = False) -> Receipt:
        """Record fills as they are; see `TradeTracker.record_many`."""
        return self.tracker.record_many(fills, atomic=atomic)

    def record_cash(self, cash: Rows) -> Receipt:
        """Record deposits and other cash, the capital of returns; see `TradeTracker`."""
        return self.tracker.record_cash(cash)

    def pnl(self, prices: Mapping[str, float], convert_to: str | None = None) -> list[StrategyPnl]:
        """Mark the ledger of all accounts; see `TradeTracker.pnl`."""
        return self.tracker.pnl(prices, convert_to=convert_to)

    def close(self) -> None:
        """Bring everything into the tables, and let the next writer in."""
        self.tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _executed(self, strategy: Strategy | None) -> str:
        given = _executing.get() if strategy is None else strategy
        if given is None:
            raise InvalidArgumentError(
                "strategy must be given, was None; name it, or record inside of "
                "strategy_execution_context(strategy)"
            )
        return self._names.name(self._names.identify(given))

    def _fill_time(self, trade_id: str) -> datetime:
        where = (pl.col("account_id") == self._desk.account) & (pl.col("trade_id") == trade_id)
        rows = self.tracker.store.read("trades", where=where, columns=["execution_time"])
        time: datetime = rows["execution_time"][0].as_py()
        return time
