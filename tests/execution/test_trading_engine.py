"""The engine: what is decided is ordered, what is filled is recorded, and all is said."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import BrokerError, StoreError
from perfkit.execution import (
    BasisPointCommission,
    BasisPointSlippage,
    MultiStrategyManager,
    OrderStatus,
    PaperBroker,
    PortfolioRebalancer,
    Signal,
    TradingEngine,
    TradingRules,
)
from perfkit.records import CashRecord, Fill, to_json
from perfkit.tracker import TradeTracker
from perfkit.tracker.strategy_order_tracker import StrategyOrderTracker

NOW = datetime(2024, 1, 31, 21, tzinfo=UTC)
FREE = {"commission": BasisPointCommission(rate=0.0), "slippage": BasisPointSlippage()}
CONTRACT_KEYS = {
    "allocations": None,
    "strategy_summary": {
        "signal", "symbol", "allocation", "realized_pnl", "unrealized_pnl", "total_pnl",
        "allocation_value", "positions",
    },
    "trading_summary": {
        "total_trades", "buy_orders", "sell_orders", "total_buy_value", "total_sell_value",
    },
    "pnl_summary": {
        "total_realized_pnl", "total_unrealized_pnl", "total_pnl", "total_allocation_value",
    },
    "account_info_before": {"cash", "equity"},
    "account_info_after": {"cash", "equity"},
}  # fmt: skip


class Says:
    """A strategy that says what the test wants."""

    def __init__(self, strategy_id, weights):
        self.strategy_id, self.weights = strategy_id, weights

    def generate_signal(self):
        return Signal(weights=self.weights)


class Desk:
    """An account with strategies a and b, a paper broker, and a tracker."""

    def __init__(self, tracker, broker=None, **broker_settings):
        self.a, self.b = Says("a", {}), Says("b", {})
        self.tracker = tracker
        self.time = NOW
        self.broker = broker or PaperBroker(account_id="A1", **FREE | broker_settings)
        self.prices = {"TECL": 50.0, "SPY": 100.0}

    def run(self, a=None, b=None, *, tracker=None, hours=24, **prices):
        self.time += timedelta(hours=hours)
        self.prices |= prices
        self.broker.on_market(dict(self.prices), self.time)
        self.a.weights, self.b.weights = a, b
        manager = MultiStrategyManager([self.a, self.b], {"a": 0.4, "b": 0.6})
        rebalancer = PortfolioRebalancer(rules=TradingRules(no_trade_band=0.0))
        engine = TradingEngine(
            manager, rebalancer, self.broker, tracker or self.tracker, clock=lambda: self.time
        )
        return engine.run(since=NOW)

    def recorded(self):
        return self.tracker.store.read("trades").to_pylist()

    def booked(self):
        return {
            (pnl.strategy_id, symbol): units
            for pnl in self.tracker.pnl({})
            for symbol, units in pnl.positions.items()
        }


@pytest.fixture
def tracker(tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        yield tracker


@pytest.fixture
def desk(tracker):
    return Desk(tracker)


def test_a_run_by_hand(desk):
    """Every number of the summary of two runs, counted by hand."""
    first = desk.run(a={"TECL": 1.0}, b={"TECL": 0.5, "SPY": -0.25})
    # a runs 40,000: 800 TECL; b runs 60,000: 600 TECL and -150 SPY
    summary = first.summary
    assert summary["allocations"] == {"a": 0.4, "b": 0.6}
    assert summary["trading_summary"] == {
        "total_trades": 3, "buy_orders": 2, "sell_orders": 1, "total_buy_value": 70_000.0,
        "total_sell_value": 15_000.0, "commission": 0.0, "fills": 3, "crossed_value": 0.0,
    }  # fmt: skip
    assert summary["account_info_before"]["cash"] == 100_000.0
    # 100,000 - 70,000 + 15,000
    assert summary["account_info_after"] == {
        "account_id": "A1", "currency": None, "cash": 45_000.0, "equity": 100_000.0,
        "buying_power": 45_000.0, "positions": {"SPY": -150.0, "TECL": 1400.0},
    }  # fmt: skip
    # TECL gains 10, SPY gains 4, a leaves, b stays
    second = desk.run(a={}, b=None, TECL=60.0, SPY=104.0)
    summary = second.summary
    assert summary["strategy_summary"] == {
        "a": {
            "signal": "CASH", "symbol": None, "reason": None, "allocation": 0.4,
            "realized_pnl": 8000.0, "unrealized_pnl": 0.0, "fees": 0.0, "total_pnl": 8000.0,
            "allocation_value": 0.0, "positions": {}, "unpriced": [],
        },
        "b": {
            "signal": "HOLD", "symbol": None, "reason": None, "allocation": 0.6,
            # 600 * 10 - 150 * 4, and 600 * 60 - 150 * 104
            "realized_pnl": 0.0, "unrealized_pnl": 5400.0, "fees": 0.0, "total_pnl": 5400.0,
            "allocation_value": 20_400.0, "positions": {"SPY": -150.0, "TECL": 600.0},
            "unpriced": [],
        },
    }  # fmt: skip
    assert summary["pnl_summary"] == {
        "total_realized_pnl": 8000.0, "total_unrealized_pnl": 5400.0, "total_fees": 0.0,
        "total_pnl": 13_400.0, "total_allocation_value": 20_400.0, "unpriced": [],
    }  # fmt: skip
    assert summary["trading_summary"]["total_sell_value"] == 48_000.0
    assert summary["account_info_after"]["equity"] == 113_400.0
    assert (summary["pnl_error"], summary["errors"], summary["refused"]) == (None, [], [])
    # the three fills of the first run were told again
    assert summary["duplicates"] == 3


def test_the_summary_has_the_keys_of_the_contract_and_is_plain_enough_for_json(desk):
    summary = desk.run(a={"TECL": 1.0}, b={}).summary
    for key, inner in CONTRACT_KEYS.items():
        found = summary[key]["a"] if key == "strategy_summary" else summary[key]
        assert found.keys() >= (inner or set()), key
    assert json.loads(json.dumps(to_json(summary)))["allocations"] == {"a": 0.4, "b": 0.6}


def test_every_fill_is_recorded_as_filled_with_the_strategy_that_ordered_it(tracker):
    desk = Desk(
        tracker,
        commission=BasisPointCommission(rate=2.0),
        slippage=BasisPointSlippage(rate=10.0),
    )
    result = desk.run(a={"TECL": 0.5}, b={"TECL": 0.5})
    rows = {row["strategy_id"]: row for row in desk.recorded()}
    assert {name: row["volume"] for name, row in rows.items()} == {"a": 400.0, "b": 600.0}
    for name, row in rows.items():
        assert row["price"] == pytest.approx(50.05)
        assert row["commission"] == pytest.approx(2e-4 * row["volume"] * 50.05)
        assert row["execution_time"] == desk.time
        assert row["order_id"].startswith(f"{name}-2024")
    assert result.summary["strategy_summary"]["b"]["fees"] == pytest.approx(2e-4 * 600 * 50.05)
    assert result.summary["trading_summary"]["commission"] == pytest.approx(2e-4 * 1000 * 50.05)


def test_nothing_wanted_and_nothing_held_is_a_run_without_trades(desk):
    result = desk.run(a={}, b=None)
    assert result.orders == []
    assert desk.recorded() == []
    assert result.summary["trading_summary"]["total_trades"] == 0
    assert result.summary["pnl_summary"]["total_pnl"] == 0.0


def test_strategies_that_oppose_each_other_are_crossed_in_the_books_alone(desk):
    # a runs 40,000 and b 60,000: 300 TECL each, long and short
    result = desk.run(a={"TECL": 0.375}, b={"TECL": -0.25})
    assert result.orders == []
    assert desk.broker.fills(NOW).fills.num_rows == 0
    assert desk.booked() == {("a", "TECL"): 300.0, ("b", "TECL"): -300.0}
    assert {row["source"] for row in desk.recorded()} == {"cross"}
    trading = result.summary["trading_summary"]
    assert (trading["total_trades"], trading["crossed_value"]) == (0, 15_000.0)
    after = desk.run(a=None, b=None, TECL=60.0).summary
    assert after["strategy_summary"]["a"]["unrealized_pnl"] == 3000.0
    assert after["strategy_summary"]["b"]["unrealized_pnl"] == -3000.0
    assert after["pnl_summary"]["total_pnl"] == 0.0
    assert after["unattributed_positions"] == {}


def test_a_position_without_a_price_is_unpriced_and_not_zero(desk):
    desk.run(a={"TECL": 1.0}, b={"SPY": 0.5})
    del desk.prices["SPY"]
    # equity is not known either, so that nothing is ordered
    summary = desk.run(a={}, b={}).summary
    b = summary["strategy_summary"]["b"]
    assert math.isnan(b["unrealized_pnl"])
    assert math.isnan(summary["pnl_summary"]["total_pnl"])
    assert (b["unpriced"], summary["pnl_summary"]["unpriced"]) == (["SPY"], ["SPY"])
    assert summary["strategy_summary"]["a"]["unrealized_pnl"] == 0.0
    assert summary["trading_summary"]["total_trades"] == 0
    assert "the capital of the strategies is not known" in summary["errors"][0]
    assert to_json(summary)["strategy_summary"]["b"]["unrealized_pnl"] is None


def test_a_wanted_symbol_without_a_price_is_not_traded_and_said_so(desk):
    summary = desk.run(a={"XYZ": 1.0}, b={"SPY": 1.0}).summary
    assert summary["untraded"]["XYZ"].startswith("the price must be known")
    assert summary["trading_summary"]["buy_orders"] == 1


def test_rejected_orders_are_told_and_nothing_is_recorded(tracker):
    desk = Desk(tracker, reject_rate=1.0)
    summary = desk.run(a={"TECL": 1.0}, b={"SPY": 1.0}).summary
    assert [(o["strategy_id"], o["status"]) for o in summary["orders_rejected"]] == [
        ("b", "rejected"),
        ("a", "rejected"),
    ]
    assert all("reject_rate is 1.0" in order["reason"] for order in summary["orders_rejected"])
    assert summary["orders_submitted"] == 2
    assert summary["trading_summary"]["total_trades"] == 0
    assert desk.recorded() == []


def test_an_order_that_is_filled_over_several_runs_is_ordered_once(tracker):
    desk = Desk(tracker, partial_rate=0.9, seed=7)
    results = [desk.run(a={"TECL": 1.0}, b=None) for _ in range(12)]
    first = results[0].summary
    (unfilled,) = first["orders_unfilled"]
    assert unfilled["status"] == "partially_filled"
    assert 0.0 < unfilled["filled_volume"] < unfilled["volume"] == 800.0
    assert results[1].summary["orders_open_before"][0]["order_id"] == unfilled["order_id"]
    assert results[1].summary["untraded"] == {"TECL": "an earlier order is still being worked"}
    assert desk.booked() == {("a", "TECL"): 800.0}
    assert desk.broker.open_orders() == []
    assert len({row["order_id"] for row in desk.recorded()}) == 1
    # what each run says it bought sums to what was bought
    bought = math.fsum(r.summary["trading_summary"]["total_buy_value"] for r in results)
    assert bought == 40_000.0


def test_a_delayed_order_is_recorded_by_the_run_after_its_fill(tracker):
    desk = Desk(tracker, delay=timedelta(hours=1))
    first = desk.run(a={"TECL": 1.0}, b=None)
    assert [order["status"] for order in first.summary["orders_unfilled"]] == ["accepted"]
    assert desk.recorded() == []
    second = desk.run(a=None, b=None, TECL=40.0)
    assert second.orders == []
    assert second.summary["trading_summary"]["total_buy_value"] == 800 * 40.0
    (row,) = desk.recorded()
    assert row["execution_time"] == desk.time


def test_positions_that_no_book_holds_are_left_alone_and_so_is_their_money(desk, order):
    from perfkit.execution import Order
    from perfkit.records import to_table

    desk.broker.on_market({"SPY": 100.0}, NOW - timedelta(days=1))
    by_hand = order(symbol="SPY", volume=500.0)
    desk.broker.submit(to_table([by_hand], Order))
    result = desk.run(a={"TECL": 1.0}, b={})
    assert result.summary["unattributed_positions"] == {"SPY": 500.0}
    # half of the 100,000 are in SPY: a runs 0.4 of the other half
    assert desk.booked() == {("a", "TECL"): 400.0}
    assert desk.broker.positions() == {"SPY": 500.0, "TECL": 400.0}


def test_a_strategy_that_is_not_run_any_more_keeps_its_positions_and_is_told(desk):
    desk.run(a={"TECL": 0.5}, b={"TECL": 0.5})
    rebalancer = PortfolioRebalancer(rules=TradingRules(no_trade_band=0.0))
    only_a = MultiStrategyManager([Says("a", {})])
    engine = TradingEngine(only_a, rebalancer, desk.broker, desk.tracker, clock=lambda: desk.time)
    desk.time += timedelta(hours=1)
    summary = engine.run(since=NOW).summary
    assert desk.booked() == {("b", "TECL"): 600.0}
    assert summary["strategy_summary"]["b"]["reason"] == "not run any more"
    assert summary["strategy_summary"]["b"]["positions"] == {"TECL": 600.0}


class Untold:
    """A tracker that can't count P&L, or can't before trading."""

    def __init__(self, tracker, answers):
        self._tracker, self._answers = tracker, answers

    def record_many(self, fills):
        return self._tracker.record_many(fills)

    def pnl(self, prices):
        if self._answers.pop(0):
            return self._tracker.pnl(prices)
        raise ZeroDivisionError("the books of a are a mess")


def test_a_failure_of_the_pnl_stands_in_the_summary_and_breaks_nothing(desk):
    tracker = Untold(desk.tracker, [True, False])
    summary = desk.run(a={"TECL": 1.0}, b={}, tracker=tracker).summary
    assert summary["pnl_error"] == "the P&L could not be counted: the books of a are a mess"
    assert math.isnan(summary["strategy_summary"]["a"]["realized_pnl"])
    assert math.isnan(summary["pnl_summary"]["total_pnl"])
    assert summary["trading_summary"]["total_buy_value"] == 40_000.0
    assert summary["account_info_after"]["cash"] == 60_000.0
    assert len(desk.recorded()) == 1


def test_when_the_books_can_not_be_read_nothing_is_ordered(desk):
    tracker = Untold(desk.tracker, [False, True])
    summary = desk.run(a={"TECL": 1.0}, b={}, tracker=tracker).summary
    assert summary["orders_submitted"] == 0
    assert (
        "what each strategy holds is not known: the books of a are a mess" in (summary["errors"][0])
    )
    assert summary["pnl_error"] is None


class FullDisk:
    """A tracker whose disk refuses after so many records."""

    def __init__(self, tracker):
        self._tracker = tracker

    def record_many(self, fills):
        raise StoreError("no space left on device")

    def pnl(self, prices):
        return self._tracker.pnl(prices)


def test_what_was_filled_and_not_recorded_is_recorded_by_the_next_run_once(desk):
    with pytest.raises(StoreError, match="no space"):
        desk.run(a={"TECL": 1.0}, b={}, tracker=FullDisk(desk.tracker))
    assert desk.broker.positions() == {"TECL": 800.0}
    assert desk.recorded() == []
    result = desk.run(a={"TECL": 1.0}, b={})
    assert result.orders == []
    assert [row["volume"] for row in desk.recorded()] == [800.0]
    assert result.summary["trading_summary"]["total_buy_value"] == 40_000.0
    assert result.summary["unattributed_positions"] == {}
    desk.run(a={"TECL": 1.0}, b={})
    assert len(desk.recorded()) == 1


class Deaf(PaperBroker):
    """A broker whose account can't be asked after it took orders."""

    def account(self):
        if self.open_orders() or self._market.fills:
            raise BrokerError("no answer")
        return super().account()


def test_an_account_that_can_not_be_asked_after_trading_is_told_and_the_trades_are_recorded(
    tracker,
):
    desk = Desk(tracker, broker=Deaf(account_id="A1", **FREE))
    summary = desk.run(a={"TECL": 1.0}, b={}).summary
    assert summary["account_info_after"] is None
    assert summary["errors"] == ["the account after trading is not known: no answer"]
    assert len(desk.recorded()) == 1


def test_the_pnl_of_other_accounts_in_the_history_is_not_counted(desk):
    other = Fill(
        trade_id="x", account_id="A2", strategy_id="a", execution_time=NOW, symbol="TECL",
        side="buy", price=1.0, volume=1000.0,
    )  # fmt: skip
    desk.tracker.record(other)
    summary = desk.run(a={"SPY": 1.0}, b={}).summary
    assert summary["strategy_summary"]["a"]["positions"] == {"SPY": 400.0}
    assert summary["unattributed_positions"] == {}


def test_the_tracker_of_the_plan_records_a_run_too(tmp_path):
    config = {"history": str(tmp_path / "history"), "account": "A1"}
    with StrategyOrderTracker(config) as tracker:
        desk = Desk(tracker)
        desk.run(a={"TECL": 1.0}, b={"SPY": -0.5})
        summary = desk.run(a=None, b=None, TECL=55.0, SPY=90.0).summary
        assert summary["strategy_summary"]["a"]["unrealized_pnl"] == 4000.0
        assert tracker.get_strategy_pnl("b", {"SPY": 90.0}).unrealized_pnl == 3000.0


RUNS = st.lists(
    st.tuples(
        st.one_of(
            st.none(),
            st.dictionaries(st.sampled_from(["TECL", "SPY"]), st.floats(-1.0, 1.0), max_size=2),
        ),
        st.one_of(
            st.none(),
            st.dictionaries(st.sampled_from(["TECL", "SPY"]), st.floats(-1.0, 1.0), max_size=2),
        ),
        st.integers(40, 60),
        st.integers(90, 110),
    ),
    min_size=1,
    max_size=4,
)


@given(RUNS, st.sampled_from([0.0, 0.7]), st.sampled_from([0.0, 0.3]))
@settings(deadline=None, max_examples=12)
def test_what_is_recorded_is_what_the_broker_filled_and_parts_sum_to_totals(
    tmp_path_factory, runs, partial, rejected
):
    with TradeTracker(tmp_path_factory.mktemp("law") / "history", market=None) as tracker:
        desk = Desk(tracker, partial_rate=partial, reject_rate=rejected, seed=1)
        tracker.record_cash(
            [
                CashRecord(
                    cash_id="d", account_id="A1", strategy_id="a", execution_time=NOW,
                    kind="deposit", amount=100_000.0,
                )
            ]
        )  # fmt: skip
        for a, b, tecl, spy in runs:
            result = desk.run(a=a, b=b, TECL=float(tecl), SPY=float(spy))
            summary = result.summary
            by_strategy = summary["strategy_summary"].values()
            for name in ("realized_pnl", "unrealized_pnl", "pnl"):
                part = "total_pnl" if name == "pnl" else name
                total = math.fsum(each[part] for each in by_strategy)
                assert summary["pnl_summary"][f"total_{name}"] == total
            # no commission: what the account gained is what the strategies made
            gained = summary["account_info_after"]["equity"] - 100_000.0
            assert gained == pytest.approx(summary["pnl_summary"]["total_pnl"], abs=1e-6)
            assert summary["unattributed_positions"] == {}
            assert all(order.status is not OrderStatus.UNKNOWN for order in result.orders)
        told = {f["trade_id"]: f for f in desk.broker.fills(NOW).fills.to_pylist()}
        kept = {r["trade_id"]: r for r in desk.recorded() if r["source"] != "cross"}
        assert kept.keys() == told.keys()
        for trade_id, fill in told.items():
            for field in ("strategy_id", "price", "volume", "side", "execution_time"):
                assert kept[trade_id][field] == fill[field]
        # crosses leave the account as it is
        crossed = defaultdict(list)
        for row in desk.recorded():
            if row["source"] == "cross":
                sign = 1.0 if row["side"] == "buy" else -1.0
                crossed[row["symbol"]].append(sign * row["volume"])
        assert all(math.fsum(units) == 0.0 for units in crossed.values())
