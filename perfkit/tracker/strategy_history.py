"""What a desk asks about its strategies: orders, positions, P&L, in the P&L plan's names.

Every answer is a reading of the one history and the one ledger; what can't be known is
NaN with the reason beside it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import trading_day
from perfkit.ledger.trading_day import day_ends
from perfkit.tracker.pnl_archive import GivenPrices, archive_days
from perfkit.tracker.strategy_capital import NO_CAPITAL, capital_of
from perfkit.tracker.strategy_names import StrategyNames
from perfkit.tracker.strategy_orders import orders_of, positions_of
from perfkit.tracker.strategy_valuation import (
    email_summary,
    known_prices,
    nothing_made,
    strategy_pnl,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.store.pnl_log import LogReceipt
    from perfkit.tracker.order_desk import OrderDesk
    from perfkit.tracker.strategy_names import Strategy
    from perfkit.tracker.strategy_orders import StrategyOrder, StrategyPnL, StrategyPosition
    from perfkit.tracker.strategy_valuation import Prices
    from perfkit.tracker.trade_tracker import TradeTracker

__all__ = ["StrategyHistory"]


class StrategyHistory:
    """The strategies of a tracker's history.

    Parameters
    ----------
    tracker : TradeTracker
        Through which the orders come.
    desk : OrderDesk
        Whose they are, and what the desk's day and currency are.
    clock : callable
        Gives the time of what is asked "now".
    """

    def __init__(
        self, tracker: TradeTracker, desk: OrderDesk, clock: Callable[[], datetime]
    ) -> None:
        self.tracker = tracker
        self._desk = desk
        self._clock = clock
        self._names = StrategyNames(tracker.store)

    def get_strategy_pnl(self, strategy: Strategy, current_prices: Prices = None) -> StrategyPnL:
        """Say what a strategy has made at given prices.

        Parameters
        ----------
        strategy : str or enum
            One without an order has made nothing.
        current_prices : mapping of str to float, optional
            Price of each symbol; one that is missing, None or NaN is ``unpriced``.
        """
        strategy_id = self._names.identify(strategy)
        found = self._pnls(current_prices).get(strategy_id)
        return found or nothing_made(self._names.name(strategy_id))

    def get_all_strategy_pnl(self, current_prices: Prices = None) -> dict[str, StrategyPnL]:
        """Say what each strategy with an order or cash has made, by its name."""
        return {pnl.strategy: pnl for pnl in self._pnls(current_prices).values()}

    def get_positions(self, strategy: Strategy | None = None) -> list[StrategyPosition]:
        """List what is held, by strategy and symbol."""
        strategy_id = None if strategy is None else self._names.identify(strategy)
        return positions_of(self.tracker.store, self._desk.account, self._names, strategy_id)

    def get_order_history(
        self, strategy: Strategy | None = None, symbol: str | None = None, days: int = 30
    ) -> list[StrategyOrder]:
        """List filled orders, the newest first.

        Parameters
        ----------
        strategy : str or enum, optional
            Only this strategy's.
        symbol : str, optional
            Only this symbol's.
        days : int
            How many trading days before today to go back; 0 gives all.

        Raises
        ------
        InvalidArgumentError
            When ``days`` is below 0.
        """
        if days < 0:
            raise InvalidArgumentError(f"days must be 0 or more, was {days}; 0 gives all orders")
        return orders_of(
            self.tracker.store,
            self._desk.account,
            self._names,
            strategy_id=None if strategy is None else self._names.identify(strategy),
            symbol=symbol,
            since=self._start_of_day(days) if days else None,
        )

    def archive_daily_pnl(self, current_prices: Prices = None) -> LogReceipt:
        """Write the P&L of today's trading day to the log; see `PnlLog`.

        Parameters
        ----------
        current_prices : mapping of str to float, optional
            Kept with the day. A position without one is valued at the last close of the
            history's bars; where there is none, the day's P&L is null and says so.

        Returns
        -------
        LogReceipt
            The same numbers again write nothing, others correct the day.
        """
        now, prices = self._clock(), known_prices(current_prices)
        return archive_days(
            self.tracker.store,
            self._desk.clock,
            day=date.fromisoformat(str(self._trading_day(now))),
            given=GivenPrices(prices, now) if prices else None,
            convert_to=self._desk.currency,
            clock=self._clock,
        )

    def get_summary_for_email(self, current_prices: Prices = None) -> dict[str, Any]:
        """Sum all strategies up for a report.

        Parameters
        ----------
        current_prices : mapping of str to float, optional
            As for `get_strategy_pnl`.

        Returns
        -------
        dict
            ``total_portfolio_pnl``, ``total_realized_pnl``, ``total_unrealized_pnl``,
            and ``strategies``: by name ``realized_pnl``, ``unrealized_pnl``,
            ``total_pnl``, ``total_return_pct``, ``allocation_value``, ``fees``,
            ``position_count``, ``unpriced``, ``reason``. A sum with a part that is not
            known is NaN; ``unpriced`` names the symbols and ``reason`` says why.
        """
        return email_summary(self.get_all_strategy_pnl(current_prices))

    def _pnls(self, current_prices: Prices) -> dict[str, StrategyPnL]:
        """Give the P&L of each strategy with an order or cash, by its identifier."""
        account = self._desk.account
        marked = self.tracker.pnl(known_prices(current_prices), self._desk.currency)
        own = {pnl.strategy_id: pnl for pnl in marked if pnl.account_id == account}
        cash = self.tracker.store.read("cash", where=pl.col("account_id") == account)
        capital = capital_of(cash)
        return {
            strategy_id: (
                strategy_pnl(self._names.name(strategy_id), own[strategy_id], found)
                if strategy_id in own
                else nothing_made(self._names.name(strategy_id), found)
            )
            for strategy_id in sorted({*own, *capital})
            for found in [capital.get(strategy_id, NO_CAPITAL)]
        }

    def _trading_day(self, moment: datetime) -> np.datetime64:
        micros = np.array([np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")])
        day: np.datetime64 = trading_day(micros, self._desk.clock.zone, self._desk.clock.cutoff)[0]
        return day

    def _start_of_day(self, days: int) -> datetime:
        before = np.array([self._trading_day(self._clock()) - np.timedelta64(days + 1, "D")])
        end = day_ends(before, self._desk.clock.zone, self._desk.clock.cutoff)[0]
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(end) + 1)
