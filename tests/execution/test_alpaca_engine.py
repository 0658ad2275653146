"""Whole runs at Alpaca: signals, orders, fills, a real history, and a kill in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from perfkit.execution import (
    AlpacaBroker,
    AlpacaPatience,
    AlpacaUrls,
    MultiStrategyManager,
    PortfolioRebalancer,
    Signal,
    TradingEngine,
    TradingRules,
)
from perfkit.importers import read_alpaca
from perfkit.tracker import TradeTracker
from tests.execution.alpaca_double import START, AlpacaDouble, Served


class Says:
    """A strategy that says what the test wants."""

    def __init__(self, strategy_id, weights):
        self.strategy_id, self.weights = strategy_id, weights

    def generate_signal(self):
        return Signal(weights=self.weights)


@pytest.fixture(scope="module")
def server():
    served = Served()
    yield served
    served.close()


@pytest.fixture
def double(server):
    server.double = AlpacaDouble()
    return server.double


def run(port, tracker, double_time, patience=5.0, **weights):
    """Run strategies a and b, each with half of the account, once."""
    here = f"127.0.0.1:{port}"
    broker = AlpacaBroker(
        "key",
        "secret",
        urls=AlpacaUrls(
            trading=f"http://{here}", data=f"http://{here}", stream=f"ws://{here}/stream"
        ),
        patience=AlpacaPatience(answer=3.0, repeats=(0.0,) * 3, poll=0.05),
    )
    manager = MultiStrategyManager([Says(name, weights.get(name)) for name in "ab"])
    rebalancer = PortfolioRebalancer(rules=TradingRules(no_trade_band=0.0))
    engine = TradingEngine(
        manager, rebalancer, broker, tracker, patience=patience, clock=lambda: double_time
    )
    return engine.run(since=START - timedelta(days=1))


def _recorded(tracker):
    return tracker.store.read("trades").to_pylist()


def test_runs_of_a_day_by_hand(server, double, tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        first = run(server.port, tracker, START, a={"TECL": 0.5}, b={"TECL": 1.0}).summary
        # 100,000 in halves: 500 and 1,000 shares at 50
        assert {o["client_order_id"][0]: o["qty"] for o in double.orders.values()} == {
            "a": "500", "b": "1000",
        }  # fmt: skip
        assert first["trading_summary"]["total_buy_value"] == 75_000.0
        double.prices["TECL"] = 60.0
        later = START + timedelta(hours=1)
        double.now = later
        # 115,000 in halves: a leaves its 500, b goes from 1,000 to 750 shares
        second = run(server.port, tracker, later, a={}, b={"TECL": 45 / 57.5}).summary
        assert second["strategy_summary"]["a"]["realized_pnl"] == 5000.0
        b = second["strategy_summary"]["b"]
        assert (b["realized_pnl"], b["unrealized_pnl"]) == (2500.0, 7500.0)
        assert second["pnl_summary"]["total_pnl"] == 15_000.0
        assert second["account_info_after"]["equity"] == 115_000.0
        assert second["account_info_after"]["positions"] == {"TECL": 750.0}
        assert (second["errors"], second["refused"], second["duplicates"]) == ([], [], 2)
        assert {row["source"] for row in _recorded(tracker)} == {"alpaca"}


def test_opposite_wishes_are_crossed_in_the_same_books_as_alpacas_fills(server, double, tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        summary = run(server.port, tracker, START, a={"TECL": 1.0}, b={"TECL": -0.4}).summary
        # a wants 1,000 and b -400: 600 are bought for a, who has 400 from b
        assert [order["qty"] for order in double.orders.values()] == ["600"]
        assert summary["refused"] == []
        positions = {n: s["positions"] for n, s in summary["strategy_summary"].items()}
        assert positions == {"a": {"TECL": 1000.0}, "b": {"TECL": -400.0}}
        assert summary["unattributed_positions"] == {}


def test_a_position_is_turned_by_closing_it_first(server, double, tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        run(server.port, tracker, START, a={"TECL": 0.5})
        double.now = later = START + timedelta(hours=1)
        summary = run(server.port, tracker, later, a={"TECL": -0.4}).summary
        assert double.positions == {"TECL": -400.0}
        assert [order["qty"] for order in double.orders.values()] == ["500", "500", "400"]
        assert summary["strategy_summary"]["a"]["positions"] == {"TECL": -400.0}
        assert (summary["orders_rejected"], summary["orders_unfilled"]) == ([], [])


def test_what_would_open_is_not_sent_while_what_closes_is_not_filled(server, double, tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        run(server.port, tracker, START, a={"TECL": 0.5})
        double.fills_at_once = False
        double.now = later = START + timedelta(hours=1)
        summary = run(server.port, tracker, later, 0.2, a={"TECL": -0.4}).summary
        (unsent,) = summary["orders_rejected"]
        assert (unsent["status"], unsent["volume"]) == ("unsent", 400.0)
        assert unsent["reason"] == "what stands against it is not closed yet"
        assert [order["volume"] for order in summary["orders_unfilled"]] == [500.0]
        assert len(double.orders) == 2


def test_an_import_of_the_days_activities_afterwards_changes_nothing(server, double, tmp_path):
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        run(server.port, tracker, START, a={"TECL": 0.5, "BIL": 0.5})
        fills = read_alpaca(double.activities, account="PA3ABCDEF", strategy="a").fills
        receipt = tracker.record_many(fills)
        assert (receipt.accepted, len(receipt.duplicates)) == (0, 2)


def test_fills_that_come_after_patience_ended_are_recorded_by_the_next_run(
    server, double, tmp_path
):
    double.fills_at_once = False
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        first = run(server.port, tracker, START, 0.2, a={"TECL": 1.0}).summary
        (name,) = double.orders
        assert [o["status"] for o in first["orders_unfilled"]] == ["accepted"]
        double.fill(name, 300.0, 50.1)
        second = run(server.port, tracker, START + timedelta(hours=1), a={"TECL": 1.0}).summary
        assert second["orders_submitted"] == 0
        assert second["untraded"] == {"TECL": "an earlier order is still being worked"}
        double.fill(name, 700.0, 50.2)
        run(server.port, tracker, START + timedelta(hours=2))
        assert [(r["volume"], r["price"]) for r in _recorded(tracker)] == [
            (300.0, 50.1), (700.0, 50.2),
        ]  # fmt: skip


def test_a_run_through_faults_and_a_dropped_stream_records_every_fill_once(
    server, double, tmp_path
):
    double.fills_at_once, double.drop_after = False, 1
    double.faults = [
        ("GET /v2/account", 500), ("GET /v2/positions", 429), ("POST /v2/orders", "lost"),
        ("POST /v2/orders", 429), ("GET /v2/orders:by", 503), ("GET /v2/stocks", 502),
    ]  # fmt: skip

    def market():
        (name,) = double.orders
        double.fill(name, 400.0, 50.1, heard=2)
        double.fill(name, 500.0, 50.2, heard=0)
        double.fill(name, 100.0, 50.3, heard=2)

    timer = threading.Timer(0.7, market)
    timer.start()
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        summary = run(server.port, tracker, START, 15.0, a={"TECL": 1.0}).summary
        assert [row["volume"] for row in _recorded(tracker)] == [400.0, 500.0, 100.0]
    assert (summary["orders_unfilled"], summary["refused"]) == ([], [])
    assert summary["trading_summary"]["total_trades"] == 1
    timer.join()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_is_killed_around_the_recording_is_made_good_by_the_next(
    server, double, tmp_path, moment
):
    command = [sys.executable, "-m", "tests.execution.killed_run"]
    command += [str(server.port), str(tmp_path / "history"), moment]
    killed = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": "."})
    assert killed.returncode == -signal.SIGKILL
    assert double.positions == {"TECL": 1000.0}
    with TradeTracker(tmp_path / "history", market=None) as tracker:
        assert len(_recorded(tracker)) == (0 if moment == "before" else 1)
        summary = run(server.port, tracker, START + timedelta(hours=1), a={"TECL": 1.0}).summary
        (row,) = _recorded(tracker)
        assert (row["strategy_id"], row["volume"], row["price"]) == ("a", 1000.0, 50.0)
        assert summary["orders_submitted"] == 0
        assert summary["unattributed_positions"] == {}
        assert len(double.orders) == 1
