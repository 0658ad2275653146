"""The backtest: strategies decide at a close, a broker fills them later.

A decision at one close sees that close and those before it, and is filled
at the next close (or the next open): what was decided on can't be traded at
any more. Each mandate has its own cash and positions. The broker is one like
any other, whose market the backtest moves; fills come out in order of time,
month by month, and go through the same tracker as live ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import InvalidArgumentError
from perfkit.execution.order import Order, OrderReport, OrderStatus
from perfkit.execution.paper_broker import PaperBroker
from perfkit.execution.price_matrix import price_matrix, require_between
from perfkit.execution.prices_so_far import PricesSoFar
from perfkit.execution.rebalancing import TradingRules, order_volumes
from perfkit.execution.signals import decided_weights
from perfkit.records import CashKind, CashRecord, Fill, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from perfkit.execution.broker import SimulatedBroker
    from perfkit.execution.mandate import Mandate

__all__ = ["BacktestEngine", "Tracker"]

Floats = npt.NDArray[np.float64]


class Tracker(Protocol):
    """What records a run: a `TradeTracker`, or anything with these two methods."""

    def record_many(self, fills: pa.Table, /) -> object:
        """Record fills with ``arrow_schema(Fill)``."""

    def record_cash(self, cash: Sequence[CashRecord], /) -> object:
        """Record cash that came or left."""


class BacktestEngine:
    """Runs mandates over daily prices.

    Parameters
    ----------
    closes : DataFrame of shape (n_days, n_symbols)
        Closing prices above zero, without gaps; the index is the time of
        each close, with a zone, whose date is the trading day.
    mandates : sequence of Mandate
        Who runs which strategy with how much; each account and strategy once.
    broker : SimulatedBroker, optional
        Fills the orders; a `PaperBroker` unless told. Each run begins with a fresh
        one of its settings.
    opens : DataFrame, optional
        Opening prices like ``closes``, its index the time of each open.
        With them orders are filled at the next open, else at the next close.
    rules : TradingRules, optional
        Lots and no-trade band.

    Attributes
    ----------
    rejected : list of OrderReport
        Orders of the last run that the broker rejected.

    Raises
    ------
    InvalidArgumentError
        When prices or mandates break these rules.

    Examples
    --------
    >>> import pandas as pd
    >>> from perfkit.execution import Mandate, MeanReversion
    >>> index = pd.date_range("2024-01-02 21:00", periods=40, freq="B", tz="UTC")
    >>> wave = np.sin(np.arange(40.0))
    >>> closes = pd.DataFrame({"AAA": 50 + wave, "BBB": 50 - wave}, index=index)
    >>> mandate = Mandate(account_id="A1", strategy=MeanReversion(), capital=1e5)
    >>> [month.num_rows for month in BacktestEngine(closes, [mandate]).batches()]
    [5, 5]
    """

    def __init__(
        self,
        closes: pd.DataFrame,
        mandates: Sequence[Mandate],
        *,
        broker: SimulatedBroker | None = None,
        opens: pd.DataFrame | None = None,
        rules: TradingRules | None = None,
    ) -> None:
        self._closes = price_matrix("closes", closes)
        self._traded = self._closes if opens is None else price_matrix("opens", opens)
        if opens is not None:
            require_between(self._traded, self._closes)
        self._mandates = tuple(mandates)
        self._broker: SimulatedBroker = broker or PaperBroker()
        self.rejected: list[OrderReport] = []
        self._rules = rules or TradingRules()
        _check_mandates(self._mandates)

    def deposits(self) -> list[CashRecord]:
        """Capital of each mandate, paid in at the first close."""
        return [self._cash(mandate, 0, mandate.capital) for mandate in self._mandates]

    def batches(self) -> Iterator[pa.Table]:
        """Run, and yield the fills of each month that has some.

        Yields
        ------
        pyarrow.Table
            With ``arrow_schema(Fill)``, in order of time. The same prices
            and mandates give the same fills with the same ids.
        """
        for month in self._months():
            if month.fills.num_rows:
                yield month.fills

    def run(self, tracker: Tracker, progress: Callable[[int, int], object] | None = None) -> int:
        """Run, and record deposits and fills as they come.

        Parameters
        ----------
        tracker : Tracker
            Where to.
        progress : callable, optional
            ``progress(done, total)`` in trading days, after each month.

        Returns
        -------
        int
            Fills recorded.
        """
        tracker.record_cash(self.deposits())
        recorded = 0
        for month in self._months():
            if month.fills.num_rows:
                tracker.record_many(month.fills)
                recorded += month.fills.num_rows
            if month.payouts:
                tracker.record_cash(month.payouts)
            if progress is not None:
                progress(month.days_done, len(self._closes.days))
        return recorded

    def _months(self) -> Iterator[_Month]:
        """Run, and yield what each month brought."""
        days, symbols = self._closes.days, self._closes.symbols
        books = _Books(self._mandates, symbols)
        new_month, new_year = _changes_after(days, "M"), _changes_after(days, "Y")
        broker, orders = self._broker.fresh(), arrow_schema(Order).empty_table()
        self.rejected = []
        fills, payouts = [arrow_schema(Fill).empty_table()], []
        for day in range(len(days)):
            if orders.num_rows or broker.open_orders():
                filled = self._trade(broker, orders, day)
                books.apply(filled)
                fills.append(filled)
            if new_year[day]:
                payouts = self._pay_out(books, day)
            orders = self._decide(books, day, broker.open_orders())
            if new_month[day] or day == len(days) - 1:
                yield _Month(day + 1, pa.concat_tables(fills), payouts)
                fills, payouts = fills[:1], []

    def _trade(self, broker: SimulatedBroker, orders: pa.Table, day: int) -> pa.Table:
        """Show the broker the day's market, hand over orders, and give what was filled."""
        prices = self._traded.values[day].tolist()
        time = self._traded.times[day]
        broker.on_market(dict(zip(self._traded.symbols, prices, strict=True)), time)
        reports = broker.submit(orders)
        self.rejected += [report for report in reports if report.status is OrderStatus.REJECTED]
        return broker.fills(time).fills

    def _pay_out(self, books: _Books, day: int) -> list[CashRecord]:
        """Take gains out of the mandates that do not keep them."""
        gains = books.cash + books.positions @ self._closes.values[day] - books.capital
        payouts = []
        for book, mandate in enumerate(self._mandates):
            if mandate.pays_out and gains[book] > 0.0:
                books.cash[book] -= gains[book]
                payouts.append(self._cash(mandate, day, -float(gains[book])))
        return payouts

    def _cash(self, mandate: Mandate, day: int, amount: float) -> CashRecord:
        kind = CashKind.DEPOSIT if amount > 0.0 else CashKind.WITHDRAWAL
        date = str(self._closes.days[day]).replace("-", "")
        return CashRecord(
            cash_id=f"{mandate.strategy.strategy_id}-{kind}-{date}",
            account_id=mandate.account_id,
            strategy_id=mandate.strategy.strategy_id,
            execution_time=self._closes.times[day],
            kind=kind,
            amount=amount,
            source="backtest",
        )

    def _decide(self, books: _Books, day: int, working: Sequence[OrderReport]) -> pa.Table:
        """Orders of all mandates at one close, but for what is still being worked."""
        closes = self._closes
        known = closes.values[: day + 1]
        so_far = PricesSoFar(closes=known, days=closes.days[: day + 1], symbols=closes.symbols)
        decided: dict[int, Floats | None] = {}
        rows = []
        for book, mandate in enumerate(self._mandates):
            key = id(mandate.strategy)
            if key not in decided:
                decided[key] = decided_weights(mandate.strategy, so_far)
            weights = decided[key]
            if weights is None:
                continue
            positions = books.positions[book]
            capital = float(books.cash[book] + positions @ known[-1])
            volumes = order_volumes(weights, positions, known[-1], capital, self._rules)
            volumes[books.places(working, book)] = 0.0
            rows += [(mandate, int(n), float(volumes[n])) for n in np.flatnonzero(volumes)]
        return self._order_table(rows, day)

    def _order_table(self, rows: list[tuple[Mandate, int, float]], day: int) -> pa.Table:
        date = str(self._closes.days[day]).replace("-", "")
        columns = {
            "order_id": [f"{m.strategy.strategy_id}-{date}-{place}" for m, place, _ in rows],
            "account_id": [mandate.account_id for mandate, _, _ in rows],
            "strategy_id": [mandate.strategy.strategy_id for mandate, _, _ in rows],
            "submitted_at": [self._closes.times[day]] * len(rows),
            "symbol": [self._closes.symbols[place] for _, place, _ in rows],
            "side": ["buy" if volume > 0.0 else "sell" for _, _, volume in rows],
            "volume": [abs(volume) for _, _, volume in rows],
        }
        return pa.table(columns, schema=arrow_schema(Order))


class _Month(NamedTuple):
    """What a month brought, and how many days of the run are done."""

    days_done: int
    fills: pa.Table
    payouts: list[CashRecord]


class _Books:
    """Cash and positions of each mandate, moved by fills and nothing else."""

    def __init__(self, mandates: Sequence[Mandate], symbols: Sequence[str]) -> None:
        self.capital = np.array([mandate.capital for mandate in mandates])
        self.cash = self.capital.copy()
        self.positions = np.zeros((len(mandates), len(symbols)))
        keys = [(mandate.account_id, mandate.strategy.strategy_id) for mandate in mandates]
        self._book = {key: place for place, key in enumerate(keys)}
        self._symbol = {symbol: place for place, symbol in enumerate(symbols)}

    def places(self, orders: Sequence[OrderReport], book: int) -> list[int]:
        """Symbols with an order of one book among those given."""
        return [
            self._symbol[order.symbol]
            for order in orders
            if self._book[order.account_id, str(order.strategy_id)] == book
        ]

    def apply(self, fills: pa.Table) -> None:
        account, strategy, symbol, side = (
            fills.column(name).to_pylist()
            for name in ("account_id", "strategy_id", "symbol", "side")
        )
        book = [self._book[key] for key in zip(account, strategy, strict=True)]
        place = [self._symbol[name] for name in symbol]
        sign = np.where(np.array(side, dtype=object) == "buy", 1.0, -1.0)
        units = sign * fills.column("volume").to_numpy()
        fees = fills.column("commission").to_numpy()
        np.add.at(self.positions, (book, place), units)
        np.add.at(self.cash, book, -units * fills.column("price").to_numpy() - fees)


def _changes_after(
    days: npt.NDArray[np.datetime64], unit: Literal["M", "Y"]
) -> npt.NDArray[np.bool_]:
    """Tell after which days a new month or year begins; not known of the last one."""
    spans = days.astype(f"datetime64[{unit}]").astype(np.int64)
    return np.append(np.diff(spans) != 0, False)


def _check_mandates(mandates: Sequence[Mandate]) -> None:
    keys = [(mandate.account_id, mandate.strategy.strategy_id) for mandate in mandates]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice or not keys:
        raise InvalidArgumentError(
            f"mandates must name each account and strategy once, and at least one, had {twice} "
            "more than once; merge their capital or rename a strategy"
        )
