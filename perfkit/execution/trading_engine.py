"""The trading engine: signals become orders, fills are recorded, and a summary says how it went.

A run first fetches what was filled since the runs before, so that nothing is lost when
one of them was cut short, then trades, and records every fill as the broker tells it:
its price, its quantity, its own time, and the strategy that ordered it. Ids of fills
come from the broker, so what is told twice is recorded once.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import BrokerError, PerfkitError
from perfkit.execution.broker import AccountInfo, Broker, Executions
from perfkit.execution.execution_result import ExecutionResult
from perfkit.execution.execution_summary import create_execution_summary
from perfkit.execution.order import Order, OrderStatus, unfilled
from perfkit.execution.rebalancer import Holdings, PortfolioRebalancer, RebalancingPlan
from perfkit.records import Fill, from_table, to_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perfkit.execution.roles import Manager, TradingTracker
    from perfkit.records import StrategyPnl

__all__ = ["TradingEngine"]

LOOKBACK = timedelta(days=7)

# what counting P&L can raise: none of it may keep a run from saying what it traded
_COUNTING = (
    PerfkitError, ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)


class TradingEngine:
    """Runs all strategies of an account once.

    Parameters
    ----------
    manager : MultiStrategyManager
        Says what to hold.
    rebalancer : PortfolioRebalancer
        Says what to trade.
    broker : Broker
        Trades it.
    tracker : TradeTracker or StrategyOrderTracker
        Records it, and knows what each strategy holds.
    patience : float
        Seconds to wait for orders to end, first for those that close positions, then
        for those that open some.
        What is still open then is told in the summary, and its fills are recorded
        by the next run.
    clock : callable, optional
        Gives the time of decision.

    Notes
    -----
    Positions of the account that no strategy's books hold, and those of strategies
    that the manager does not run, are left alone, and so is the money in them; a
    strategy that is to be wound down stays in the manager with an allocation of 0.
    When the books can't be read, nothing is ordered.

    Examples
    --------
    >>> import tempfile
    >>> from perfkit.execution import MultiStrategyManager, PaperBroker, Signal
    >>> from perfkit.tracker import TradeTracker
    >>> class Nuclear:
    ...     strategy_id = "NUCLEAR"
    ...     def generate_signal(self):
    ...         return Signal(weights={"TECL": 0.5})
    >>> broker = PaperBroker(account_id="A1", cash=10_000.0)
    >>> broker.on_market({"TECL": 50.0}, datetime(2024, 1, 31, 21, tzinfo=UTC))
    >>> manager = MultiStrategyManager([Nuclear()])
    >>> with tempfile.TemporaryDirectory() as folder, TradeTracker(folder) as tracker:
    ...     engine = TradingEngine(manager, PortfolioRebalancer(), broker, tracker)
    ...     result = engine.run(since=datetime(2024, 1, 31, tzinfo=UTC))
    >>> result.summary["trading_summary"]["total_buy_value"]
    5000.5
    """

    def __init__(
        self,
        manager: Manager,
        rebalancer: PortfolioRebalancer,
        broker: Broker,
        tracker: TradingTracker,
        *,
        patience: float = 60.0,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._manager, self._rebalancer = manager, rebalancer
        self._broker, self._tracker = broker, tracker
        self._patience, self._clock = patience, clock

    def run(self, *, since: datetime | None = None) -> ExecutionResult:
        """Run all strategies, trade, record, and sum up.

        Parameters
        ----------
        since : datetime, optional
            Fills from then on are fetched and, where they are not yet, recorded;
            seven days ago unless told. After a longer pause tell it.

        Returns
        -------
        ExecutionResult
            Signals, orders, fills, and the summary.

        Raises
        ------
        BrokerError
            When the broker can't be reached for what the run needs. What was traded
            until then is recorded by the next run.
        StoreError, InvalidArgumentError, ConflictError
            As the tracker and the strategies raise them; likewise.
        """
        time = self._clock()
        since = since or time - LOOKBACK
        signals, portfolio, attribution = self._manager.run_all_strategies()
        result = ExecutionResult(
            time=time,
            signals=dict(signals),
            portfolio=dict(portfolio),
            attribution={symbol: dict(parts) for symbol, parts in attribution.items()},
            allocations=dict(self._manager.allocations),
        )
        self._record(self._broker.fills(since), result)
        result.before, held = self._broker.account(), self._broker.positions()
        result.positions_before = held
        books = self._books(result)
        result.prices = self._broker.prices(sorted(_symbols(result, books)))
        if books is not None and (plan := self._plan(books, result)) is not None:
            self._trade(plan, since, result)
        try:
            result.after, result.positions_after = (
                self._broker.account(), self._broker.positions(),
            )  # fmt: skip
        except BrokerError as error:
            result.errors.append(f"the account after trading is not known: {error}")
        result.summary = self._create_execution_summary(result)
        return result

    def _books(self, result: ExecutionResult) -> dict[str, dict[str, float]] | None:
        """Signed units that each strategy of the account holds; None when that isn't known."""
        account = _known(result.before).account_id
        try:
            answer = [pnl for pnl in self._tracker.pnl({}) if pnl.account_id == account]
        except _COUNTING as error:
            result.errors.append(
                f"nothing was ordered: what each strategy holds is not known: {error}"
            )
            return None
        books = {pnl.strategy_id: dict(pnl.positions) for pnl in answer}
        booked: dict[str, list[float]] = {}
        for positions in books.values():
            for symbol, units in positions.items():
                booked.setdefault(symbol, []).append(-units)
        for symbol in sorted({*booked, *result.positions_before}):
            moves = [result.positions_before.get(symbol, 0.0), *booked.get(symbol, [])]
            if abs(math.fsum(moves)) > 1e-9 * math.fsum(map(abs, moves)):
                result.unattributed[symbol] = math.fsum(moves)
        return books

    def _plan(
        self, books: Mapping[str, Mapping[str, float]], result: ExecutionResult
    ) -> RebalancingPlan | None:
        """Plan the trades; None, with the reason in the result, when the capital isn't known."""
        others: list[Mapping[str, float]] = [result.unattributed]
        others += [units for name, units in books.items() if name not in result.allocations]
        value = math.fsum(
            units * result.prices.get(symbol, math.nan)
            for positions in others
            for symbol, units in positions.items()
        )
        account = _known(result.before)
        capital = account.equity - value
        if not math.isfinite(capital):
            result.errors.append(
                "nothing was ordered: the capital of the strategies is not known, because "
                f"equity was {account.equity} and what is not theirs is worth {value}; "
                "give a price for every position"
            )
            return None
        result.open_before = self._broker.open_orders()
        decided = {
            name: part
            for name, part in result.allocations.items()
            if result.signals[name].weights is not None
        }
        holdings = Holdings(
            account_id=account.account_id,
            time=result.time,
            capital=capital,
            allocations=decided,
            positions=books,
            account=result.positions_before,
            prices=result.prices,
            busy=frozenset(report.symbol for report in result.open_before),
            currency=account.currency,
        )
        return self._rebalancer.plan(result.portfolio, result.attribution, holdings)

    def _trade(self, plan: RebalancingPlan, since: datetime, result: ExecutionResult) -> None:
        """Book the crosses, then close, then open, and record what was filled."""
        result.untraded = dict(plan.untraded)
        result.crosses = plan.crosses
        self._record(Executions(to_table(plan.crosses, Fill)), result)
        self._work(plan.closing, result)
        stuck = {r.symbol for r in result.orders if r.status is not OrderStatus.FILLED}
        is_stuck = pc.is_in(plan.opening.column("symbol"), pa.array(sorted(stuck), pa.string()))
        self._work(plan.opening.filter(pc.invert(is_stuck)), result)
        result.orders += [
            unfilled(order, OrderStatus.UNSENT, "what stands against it is not closed yet")
            for order in from_table(plan.opening.filter(is_stuck), Order)
        ]
        self._record(self._broker.fills(since), result)

    def _work(self, orders: pa.Table, result: ExecutionResult) -> None:
        """Send orders, and wait for them."""
        if orders.num_rows == 0:
            return
        reports = {report.order_id: report for report in self._broker.submit(orders)}
        is_open = [name for name, report in reports.items() if report.status.is_open]
        if is_open:
            late = self._broker.wait(is_open, self._patience)
            reports |= {report.order_id: report for report in late}
        result.orders += reports.values()

    def _record(self, told: Executions, result: ExecutionResult) -> None:
        """Record what was not told in this run before."""
        result.refuse(told.refused)
        recorded = [name for table in result.fills for name in table["trade_id"].to_pylist()]
        told_before = pa.array([*recorded, *result.duplicates], pa.string())
        fresh = _without(told.fills, told_before)
        if fresh.num_rows:
            receipt = self._tracker.record_many(fresh)
            result.refuse(rejection.message for rejection in receipt.rejected)
            rejected = [rejection.id for rejection in receipt.rejected]
            known = pa.array([*receipt.duplicates, *rejected], pa.string())
            result.fills.append(_without(fresh, known))
            result.duplicates += receipt.duplicates

    def _create_execution_summary(self, result: ExecutionResult) -> dict[str, Any]:
        """Sum up a run; a failure of the P&L stands in the summary."""
        answer: Sequence[StrategyPnl] | None = None
        try:
            account = _known(result.before).account_id
            answer = [p for p in self._tracker.pnl(result.prices) if p.account_id == account]
        except _COUNTING as error:
            result.pnl_error = f"the P&L could not be counted: {error}"
        return create_execution_summary(result, answer)


def _known(account: AccountInfo | None) -> AccountInfo:
    if account is None:
        raise BrokerError("the account is not known; ask the broker first")
    return account


def _without(fills: pa.Table, trade_ids: pa.Array) -> pa.Table:
    return fills.filter(pc.invert(pc.is_in(fills.column("trade_id"), trade_ids)))


def _symbols(result: ExecutionResult, books: Mapping[str, Mapping[str, float]] | None) -> set[str]:
    held = {symbol for positions in (books or {}).values() for symbol in positions}
    return {*result.portfolio, *result.positions_before, *held}
