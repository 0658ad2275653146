"""The per-strategy P&L plan's tracker, and the answers that its original got wrong."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import numpy as np
import pytest

from perfkit.errors import (
    ConflictError,
    InvalidArgumentError,
    InvalidRecordError,
    PerfkitError,
    StoreLockedError,
)
from perfkit.records import CashRecord, Fill, Side
from perfkit.store.pnl_log import PnlLog
from perfkit.tracker.strategy_order_tracker import StrategyOrderTracker

NOW = datetime(2025, 7, 1, 20, tzinfo=UTC)


class Strategy(Enum):
    NUCLEAR = "NUCLEAR"
    TECL = 2


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tracker(tmp_path, clock):
    with StrategyOrderTracker(tmp_path / "desk", clock=clock) as tracker:
        yield tracker


@pytest.fixture(scope="module")
def empty_tracker(tmp_path_factory):
    with StrategyOrderTracker(tmp_path_factory.mktemp("desk")) as tracker:
        yield tracker


def orders(tracker, *told, strategy="NUCLEAR", symbol="SMR"):
    for number, (side, quantity, price) in enumerate(told):
        tracker.record_order(f"o-{number}", strategy, symbol, side, quantity, price)


def deposit(amount, strategy="NUCLEAR", number=1, kind="deposit", **fields):
    values = {"account_id": "paper", "strategy_id": strategy, "execution_time": NOW}
    return CashRecord(cash_id=f"c{number}", kind=kind, amount=amount, **values | fields)


# --- the six wrong answers of the original; the right ones by hand


@pytest.mark.parametrize(
    ("told", "realized", "held"),
    [
        ([("BUY", 100, 50.0), ("SELL", 100, 60.0)], 1000.0, {}),
        ([("BUY", 100, 50.0), ("SELL", 40, 60.0), ("SELL", 60, 60.0)], 1000.0, {}),
        ([("BUY", 100, 50.0), ("SELL", 150, 60.0)], 1000.0, {"SMR": -50.0}),
        ([("SELL", 100, 60.0), ("BUY", 100, 50.0)], 1000.0, {}),
    ],
    ids=["bought and sold", "sold in parts", "sold more than held", "sold first"],
)
def test_realised_pnl_and_what_is_held_are_right(tracker, told, realized, held):
    orders(tracker, *told)
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 60.0})
    assert (pnl.realized_pnl, dict(pnl.positions)) == (realized, held)
    assert pnl.total_pnl == realized  # a short of 60 at a price of 60 has gained nothing
    positions = tracker.get_positions("NUCLEAR")
    assert {p.symbol: (p.quantity, p.average_cost) for p in positions} == {
        symbol: (quantity, 60.0) for symbol, quantity in held.items()
    }


def test_an_order_that_is_told_twice_counts_once(tracker, clock):
    first = tracker.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0)
    clock.now += timedelta(minutes=5)
    again = tracker.record_order("o-1", "NUCLEAR", "SMR", "buy", 100.0, 50.0)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.sequence == first.sequence
    assert tracker.get_strategy_pnl("NUCLEAR").positions == {"SMR": 100.0}
    (order,) = tracker.get_order_history()
    assert order.timestamp == NOW


def test_a_symbol_without_a_price_is_flagged_and_not_worth_nothing(tracker):
    orders(tracker, ("BUY", 100, 50.0))
    tracker.record_order("x", "NUCLEAR", "OKLO", "BUY", 10, 20.0)
    for prices in (None, {}, {"SMR": 55.0}, {"SMR": 55.0, "OKLO": None}, {"OKLO": math.nan}):
        pnl = tracker.get_strategy_pnl("NUCLEAR", prices)
        assert "OKLO" in pnl.unpriced
        assert math.isnan(pnl.unrealized_pnl)
        assert math.isnan(pnl.total_pnl)
        assert math.isnan(pnl.allocation_value)
        assert (pnl.realized_pnl, pnl.reason) == (0.0, "no_price")
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 55.0, "OKLO": 21.0})
    assert (pnl.unpriced, pnl.unrealized_pnl, pnl.allocation_value) == ((), 510.0, 5710.0)


# --- and what else is not to be inherited


def test_the_history_is_not_capped_at_a_thousand_orders(tracker):
    fills = [
        Fill(
            trade_id=f"T{n}",
            account_id="paper",
            strategy_id="NUCLEAR",
            execution_time=NOW - timedelta(seconds=n),
            symbol="SMR",
            side="buy",
            price=50.0,
            volume=1.0,
        )
        for n in range(1100)
    ]
    tracker.record_many(fills)
    history = tracker.get_order_history("NUCLEAR")
    assert len(history) == 1100
    assert [order.order_id for order in history[:3]] == ["T0", "T1", "T2"]
    assert tracker.get_strategy_pnl("NUCLEAR").positions == {"SMR": 1100.0}


def test_an_error_is_raised_and_nothing_is_recorded(tracker):
    tracker.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0)
    with pytest.raises(ConflictError, match=r"price was 50\.0 and is now 51\.0"):
        tracker.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 51.0)
    with pytest.raises(ConflictError, match="execution_time was"):
        tracker.record_order(
            "o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0, timestamp=NOW.replace(hour=1)
        )
    assert len(tracker.get_order_history()) == 1


GOOD = {
    "order_id": "o-9",
    "strategy": "NUCLEAR",
    "symbol": "SMR",
    "side": "BUY",
    "quantity": 1,
    "price": 1.0,
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity": 0}, "volume must be > 0, was 0"),
        ({"quantity": -5}, "volume must be > 0"),
        ({"quantity": "5"}, "volume must be > 0, was '5'"),
        ({"quantity": True}, "volume must be > 0"),
        ({"quantity": math.nan}, "volume must be"),
        ({"price": None}, "price must be a finite number"),
        ({"price": math.inf}, "price must be a finite number"),
        ({"commission": math.nan}, "commission must be a finite number"),
        ({"side": "HOLD"}, "side must be one of buy, sell"),
        ({"side": None}, "side must be one of buy, sell"),
        ({"symbol": ""}, "symbol must be 1 to 64 printable"),
        ({"symbol": "x" * 10_000_000}, "symbol must be 1 to 64 printable"),
        ({"order_id": ""}, "order_id must be 1 to 128 printable"),
        ({"order_id": 17}, "order_id must be 1 to 128 printable"),
        ({"order_id": "a\x00b"}, "order_id must be 1 to 128 printable"),
        ({"order_id": "\ud800"}, "order_id must be 1 to 128 printable"),
        ({"strategy": ""}, "strategy must be 1 to 128 printable"),
        ({"strategy": 5}, "strategy must be 1 to 128 printable"),
        ({"strategy": "a\nb"}, "strategy must be 1 to 128 printable"),
        ({"strategy": "x" * 10_000_000}, "strategy must be 1 to 128 printable"),
        ({"strategy": "\ud800"}, "strategy must be 1 to 128 printable"),
        ({"strategy": None}, "strategy must be given, was None"),
        ({"timestamp": NOW.replace(tzinfo=None)}, "timestamp must be a datetime with a zone"),
        ({"timestamp": "2025-07-01T10:00:00Z"}, "timestamp must be a datetime with a zone"),
        ({"fee": 1.0}, "an order has the details timestamp, commission, was given"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(empty_tracker, changes, message):
    with pytest.raises((InvalidRecordError, InvalidArgumentError), match=message) as error:
        empty_tracker.record_order(**GOOD | changes)
    assert len(str(error.value)) < 4_000
    assert empty_tracker.get_order_history() == []


# --- orders


def test_an_order_is_kept_as_it_was_told(tracker):
    time = datetime(2025, 6, 30, 15, 30, 1, 250, timezone(timedelta(hours=-4)))
    receipt = tracker.record_order(
        "ord/1", "NUCLEAR", "SMR", "Sell", 12.5, 50.25, timestamp=time, commission=0.5
    )
    assert (receipt.accepted, receipt.durable) == (1, True)
    (order,) = tracker.get_order_history()
    assert (order.order_id, order.strategy, order.symbol, order.side) == (
        "ord/1",
        "NUCLEAR",
        "SMR",
        "SELL",
    )
    assert (order.quantity, order.price, order.timestamp) == (12.5, 50.25, time)
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 50.25})
    assert (pnl.fees, pnl.total_pnl) == (0.5, -0.5)


@pytest.mark.parametrize("side", ["BUY", "buy", " Buy ", Side.BUY])
def test_a_side_is_read_in_any_case(tracker, side):
    tracker.record_order("o", "NUCLEAR", "SMR", side, 1, 1.0)
    assert tracker.get_order_history()[0].side == "BUY"


@pytest.mark.parametrize("number", [Decimal("2.5"), np.float32(2.5), 2.5])
def test_a_number_may_be_any_number(tracker, number):
    tracker.record_order("o", "NUCLEAR", "SMR", "BUY", number, number, commission=number)
    order = tracker.get_order_history()[0]
    assert (order.quantity, order.price) == (2.5, 2.5)
    tracker.record_order("p", "NUCLEAR", "SMR", "BUY", np.int64(2), np.int32(3))
    assert tracker.get_positions()[0].quantity == 4.5


def test_an_id_may_be_a_uuid(tracker):
    name = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    tracker.record_order(UUID(name), "NUCLEAR", "SMR", "BUY", 1, 1.0)
    assert tracker.record_order(name, "NUCLEAR", "SMR", "BUY", 1, 1.0).duplicate
    assert [order.order_id for order in tracker.get_order_history()] == [name]


def test_orders_are_listed_newest_first_by_strategy_symbol_and_day(tracker):
    told = [("1", "A", "X", 40), ("2", "A", "Y", 2), ("3", "B", "X", 1), ("4", "A", "X", 0)]
    for name, strategy, symbol, days in told:
        time = NOW - timedelta(days=days)
        tracker.record_order(name, strategy, symbol, "BUY", 1, 1.0, timestamp=time)

    def ids(*which, **more):
        return [order.order_id for order in tracker.get_order_history(*which, **more)]

    assert ids() == ["4", "3", "2"]
    assert ids(days=0) == ["4", "3", "2", "1"]
    assert ids("A") == ["4", "2"]
    assert ids("A", "X", days=0) == ["4", "1"]
    assert ids(symbol="X") == ["4", "3"]
    assert ids("nobody") == []
    # a day back is a trading day: from midnight on, not 24 hours
    assert ids(days=2) == ["4", "3", "2"]
    assert ids(days=1) == ["4", "3"]
    with pytest.raises(InvalidArgumentError, match="days must be 0 or more"):
        tracker.get_order_history(days=-1)


def test_an_order_of_several_fills_is_one_order_at_their_average(tracker):
    # 10 at 50 and 30 at 54: 40 at (500 + 1620) / 40 = 53
    parts = [("p1", 10.0, 50.0), ("p2", 30.0, 54.0)]
    tracker.record_many(
        [
            Fill(
                trade_id=name,
                order_id="o-1",
                account_id="paper",
                strategy_id="NUCLEAR",
                execution_time=NOW + timedelta(seconds=n),
                symbol="SMR",
                side="buy",
                price=price,
                volume=volume,
            )
            for n, (name, volume, price) in enumerate(parts)
        ]
    )
    (order,) = tracker.get_order_history(days=0)
    assert (order.quantity, order.price) == (40.0, 53.0)
    assert order.timestamp == NOW + timedelta(seconds=1)


def test_a_busted_fill_is_no_order_and_has_made_nothing(tracker):
    orders(tracker, ("BUY", 100, 50.0), ("SELL", 100, 60.0))
    bust = Fill(
        trade_id="b",
        account_id="paper",
        strategy_id="NUCLEAR",
        execution_time=NOW,
        symbol="SMR",
        side="sell",
        price=60.0,
        volume=100.0,
        record_type="bust",
        original_trade_id="o-1",
    )
    tracker.record_many([bust])
    assert [order.order_id for order in tracker.get_order_history()] == ["o-0"]
    assert tracker.get_strategy_pnl("NUCLEAR", {"SMR": 50.0}).realized_pnl == 0.0


# --- strategies


def test_a_strategy_without_an_order_has_made_nothing(tracker):
    pnl = tracker.get_strategy_pnl(Strategy.TECL, {"SMR": 1.0})
    assert (pnl.strategy, pnl.realized_pnl, pnl.unrealized_pnl) == ("TECL", 0.0, 0.0)
    assert (pnl.total_pnl, pnl.positions, pnl.allocation_value) == (0.0, {}, 0.0)
    assert (math.isnan(pnl.total_return_pct), pnl.reason) == (True, "no_capital")
    assert tracker.get_all_strategy_pnl() == {}
    assert tracker.get_order_history() == tracker.get_positions() == []


def test_an_enum_is_named_by_its_value_or_its_name(tracker):
    class Words(StrEnum):
        KLM = "klm ensemble"

    for number, strategy in enumerate([Strategy.NUCLEAR, Strategy.TECL, Words.KLM]):
        tracker.record_order(f"o{number}", strategy, "SMR", "BUY", 1, 1.0)
    assert set(tracker.get_all_strategy_pnl()) == {"NUCLEAR", "TECL", "klm ensemble"}
    assert tracker.get_strategy_pnl(Words.KLM).positions == {"SMR": 1.0}
    assert len(tracker.get_order_history(Strategy.TECL)) == 1


HOSTILE = [
    "mean reversion/β",
    "🚀",
    "../../etc/passwd",
    "'; DROP TABLE trades; --",
    "a" * 128,
    "日本株 モメンタム",
    "-rf",
    "A/B",
    "A\\B",
    ".",
    "NaN",
    "a" * 64,
]


def test_a_strategy_may_have_any_name_and_is_answered_by_it(tmp_path, clock):
    with StrategyOrderTracker(tmp_path, clock=clock) as tracker:
        for number, name in enumerate(HOSTILE):
            tracker.record_order(f"o{number}", name, "SMR", "BUY", number + 1, 1.0)
    with StrategyOrderTracker(tmp_path, clock=clock) as tracker:
        pnls = tracker.get_all_strategy_pnl({"SMR": 1.0})
        assert set(pnls) == set(HOSTILE)
        assert {pnls[name].positions["SMR"] for name in HOSTILE} == set(range(1, 13))
        assert {order.strategy for order in tracker.get_order_history()} == set(HOSTILE)
        assert tracker.get_strategy_pnl("🚀").positions == {"SMR": 2.0}
        assert [p.quantity for p in tracker.get_positions("A/B")] == [8.0]
        assert tracker.archive_daily_pnl({"SMR": 1.0}).new == 12


def test_a_source_that_is_no_name_is_not_taken_for_one(tracker):
    fill = Fill(
        trade_id="1",
        account_id="paper",
        strategy_id="trend-0123abcd",
        execution_time=NOW,
        symbol="SMR",
        side="buy",
        price=1.0,
        volume=1.0,
        source="ccxt",
    )
    tracker.record_many([fill])
    assert list(tracker.get_all_strategy_pnl()) == ["trend-0123abcd"]


def test_the_strategy_that_is_executed_is_that_of_orders_without_one(tracker):
    with tracker.strategy_execution_context(Strategy.NUCLEAR) as name:
        tracker.record_order("1", None, "SMR", "BUY", 1, 1.0)
        with tracker.strategy_execution_context("🚀"):
            tracker.record_order("2", None, "SMR", "BUY", 1, 1.0)
        tracker.record_order("3", None, "SMR", "BUY", 1, 1.0)
        tracker.record_order("4", "other", "SMR", "BUY", 1, 1.0)
    assert name == "NUCLEAR"
    assert {order.order_id: order.strategy for order in tracker.get_order_history()} == {
        "1": "NUCLEAR",
        "2": "🚀",
        "3": "NUCLEAR",
        "4": "other",
    }
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        tracker.record_order("5", None, "SMR", "BUY", 1, 1.0)


def test_an_error_inside_of_a_strategys_execution_ends_it(tracker):
    with (
        pytest.raises(InvalidRecordError),
        tracker.strategy_execution_context("NUCLEAR"),
    ):
        tracker.record_order("1", None, "SMR", "BUY", 0, 1.0)
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        tracker.record_order("1", None, "SMR", "BUY", 1, 1.0)


# --- P&L


def test_a_return_is_over_the_capital_that_was_put_in(tracker):
    orders(tracker, ("BUY", 100, 50.0))
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 60.0})
    assert (math.isnan(pnl.total_return_pct), pnl.reason) == (True, "no_capital")
    tracker.record_cash([deposit(20_000.0)])
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SMR": 60.0})
    # 1,000 on 20,000 paid in; on the 6,000 that are held it would be 16.7
    assert (pnl.total_return_pct, pnl.capital, pnl.reason) == (5.0, 20_000.0, None)
    assert pnl.allocation_value == 6_000.0


def test_what_is_withdrawn_does_not_raise_the_return(tracker):
    orders(tracker, ("BUY", 100, 50.0), ("SELL", 100, 60.0))
    hours = [NOW + timedelta(hours=n) for n in range(3)]
    tracker.record_cash(
        [
            deposit(10_000.0, number=1, execution_time=hours[0]),
            deposit(-10_000.0, number=2, kind="withdrawal", execution_time=hours[1]),
            deposit(8_000.0, number=3, execution_time=hours[2]),
        ]
    )
    pnl = tracker.get_strategy_pnl("NUCLEAR")
    assert (pnl.capital, pnl.total_return_pct) == (10_000.0, 10.0)


def test_dividends_and_interest_are_earned_and_deposits_are_not(tracker):
    orders(tracker, ("BUY", 100, 50.0))
    tracker.record_cash(
        [
            deposit(1_000.0, number=1),
            deposit(30.0, number=2, kind="dividend"),
            deposit(-5.0, number=3, kind="tax"),
            deposit(7.0, "B", number=4, kind="interest"),
        ]
    )
    pnls = tracker.get_all_strategy_pnl({"SMR": 50.0})
    assert (pnls["NUCLEAR"].cash_pnl, pnls["NUCLEAR"].total_pnl) == (25.0, 25.0)
    assert (pnls["B"].total_pnl, pnls["B"].positions) == (7.0, {})


def test_money_of_another_currency_is_not_added_up(tracker):
    fill = Fill(
        trade_id="1",
        account_id="paper",
        strategy_id="NUCLEAR",
        execution_time=NOW,
        symbol="SAP",
        side="buy",
        price=100.0,
        volume=1.0,
        currency="EUR",
    )
    tracker.record_many([fill])
    tracker.record_cash([deposit(1_000.0, currency="USD")])
    pnl = tracker.get_strategy_pnl("NUCLEAR", {"SAP": 110.0})
    assert (pnl.unrealized_pnl, pnl.currency, pnl.unpriced) == (10.0, "EUR", ("USD",))
    assert math.isnan(pnl.total_return_pct)
    assert pnl.reason == "no_rate"


def test_a_price_that_is_no_number_is_refused(tracker):
    orders(tracker, ("BUY", 100, 50.0))
    for junk in ("55", True, [55.0]):
        with pytest.raises(InvalidArgumentError, match=r"current_prices\['SMR'\] must be a number"):
            tracker.get_strategy_pnl("NUCLEAR", {"SMR": junk})


def test_the_summary_for_a_report_sums_to_its_strategies(tracker):
    orders(tracker, ("BUY", 100, 50.0), ("SELL", 40, 60.0))
    tracker.record_order("t", "TECL", "XLK", "BUY", 10, 20.0, commission=1.0)
    summary = tracker.get_summary_for_email({"SMR": 55.0, "XLK": 18.0})
    assert summary["total_realized_pnl"] == 400.0
    assert summary["total_unrealized_pnl"] == 300.0 - 20.0
    assert summary["total_portfolio_pnl"] == 679.0
    assert (summary["unpriced"], summary["reason"]) == ([], None)
    assert set(summary["strategies"]) == {"NUCLEAR", "TECL"}
    shown = summary["strategies"]["TECL"]
    assert (shown["unrealized_pnl"], shown["total_pnl"], shown["fees"]) == (-20.0, -21.0, 1.0)
    assert (shown["allocation_value"], shown["position_count"]) == (180.0, 1)
    assert math.isnan(shown["total_return_pct"])


def test_the_summary_says_what_could_not_be_valued(tracker):
    orders(tracker, ("BUY", 100, 50.0), ("SELL", 40, 60.0))
    tracker.record_order("t", "TECL", "XLK", "BUY", 10, 20.0)
    summary = tracker.get_summary_for_email({"SMR": 55.0})
    assert math.isnan(summary["total_portfolio_pnl"])
    assert summary["total_realized_pnl"] == 400.0
    assert (summary["unpriced"], summary["reason"]) == (["XLK"], "no_price")
    assert summary["strategies"]["NUCLEAR"]["total_pnl"] == 700.0


def test_a_summary_of_nothing_is_nothing(tracker):
    summary = tracker.get_summary_for_email()
    assert (summary["total_portfolio_pnl"], summary["strategies"]) == (0.0, {})


def test_the_ledgers_own_mark_is_passed_on(tracker):
    orders(tracker, ("BUY", 100, 50.0))
    (pnl,) = tracker.pnl({"SMR": 55.0})
    assert (pnl.account_id, pnl.strategy_id, pnl.unrealized_pnl) == ("paper", "NUCLEAR", 500.0)


# --- the daily log


def test_the_day_is_archived_once_and_corrected_when_its_numbers_change(tracker, clock):
    orders(tracker, ("BUY", 100, 50.0))
    assert tracker.archive_daily_pnl({"SMR": 55.0})[1:] == (1, 0, 0)
    clock.now += timedelta(minutes=10)
    assert tracker.archive_daily_pnl({"SMR": 55.0})[1:] == (0, 0, 1)
    assert tracker.archive_daily_pnl({"SMR": 56.0})[1:] == (0, 1, 0)
    (row,) = PnlLog(tracker.tracker.store).read().to_pylist()
    assert (row["total_pnl"], row["trades"], row["market_value"]) == (600.0, 1, 5600.0)
    assert row["day"] == datetime(2025, 7, 1, tzinfo=UTC)
    assert row["recorded_at"] == clock.now


def test_a_position_that_never_had_a_price_is_archived_as_not_known(tracker):
    orders(tracker, ("BUY", 100, 50.0), ("SELL", 40, 60.0))
    tracker.archive_daily_pnl()
    (row,) = PnlLog(tracker.tracker.store).read().to_pylist()
    assert (row["realized_pnl"], row["total_pnl"], row["unrealized_pnl"]) == (400.0, None, None)
    assert (row["reason"], row["unpriced"]) == ("no_price", ["SMR"])


def test_a_day_without_an_order_is_archived_at_the_last_price(tracker, clock):
    orders(tracker, ("BUY", 100, 50.0))
    tracker.archive_daily_pnl({"SMR": 55.0})
    clock.now += timedelta(days=1)
    assert tracker.archive_daily_pnl().new == 1
    row = PnlLog(tracker.tracker.store).read().to_pylist()[-1]
    assert (row["total_pnl"], row["trades"], row["stale_marks"]) == (500.0, 0, 1)


def test_the_trading_day_is_the_desks(tmp_path):
    config = {"history": tmp_path, "zone": "America/New_York", "cutoff": "17:00"}
    # 18:00 in New York, an hour after the cut-off
    clock = Clock(datetime(2025, 7, 1, 22, tzinfo=UTC))
    with StrategyOrderTracker(config, clock=clock) as tracker:
        orders(tracker, ("BUY", 100, 50.0))
        tracker.archive_daily_pnl({"SMR": 50.0})
        (row,) = PnlLog(tracker.tracker.store).read().to_pylist()
    assert row["day"] == datetime(2025, 7, 2, tzinfo=UTC)
    assert row["day_end"] == datetime(2025, 7, 2, 20, 59, 59, 999999, tzinfo=UTC)


def test_a_history_without_orders_archives_nothing(tracker):
    assert tracker.archive_daily_pnl({"SMR": 1.0})[1:] == (0, 0, 0)


# --- where it is kept


def test_paper_and_live_share_nothing(tmp_path, clock):
    with (
        StrategyOrderTracker(tmp_path, clock=clock) as paper,
        StrategyOrderTracker(tmp_path, False, clock=clock) as live,
    ):
        paper.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0)
        live.record_order("o-1", "NUCLEAR", "SMR", "BUY", 7, 51.0)
        assert paper.get_strategy_pnl("NUCLEAR").positions == {"SMR": 100.0}
        assert live.get_strategy_pnl("NUCLEAR").positions == {"SMR": 7.0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live", "paper"]


def test_orders_survive_a_restart(tmp_path, clock):
    with StrategyOrderTracker(str(tmp_path), clock=clock) as tracker:
        orders(tracker, ("BUY", 100, 50.0))
    with StrategyOrderTracker({"history": str(tmp_path)}, clock=clock) as tracker:
        assert tracker.get_strategy_pnl("NUCLEAR").positions == {"SMR": 100.0}
        assert tracker.record_order("o-0", "NUCLEAR", "SMR", "BUY", 100, 50.0).duplicate


def test_without_a_configuration_orders_are_kept_in_the_users_data(tmp_path, clock, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir("/")
    with StrategyOrderTracker(clock=clock) as tracker:
        orders(tracker, ("BUY", 1, 1.0))
        assert tracker.tracker.store.uri == str(tmp_path / "perfkit" / "strategies" / "paper")


def test_one_process_writes(tmp_path, clock):
    with (
        StrategyOrderTracker(tmp_path, clock=clock),
        pytest.raises(StoreLockedError),
    ):
        StrategyOrderTracker(tmp_path, clock=clock)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"histroy": "x"}, "config must have keys of history, bucket"),
        ({"history": "x", "bucket": "y"}, "config must name one place"),
        ({"history": 5}, "config must be a folder, s3://"),
        (5, "config must be a folder, s3://"),
        ("", "config must be a folder, s3://"),
        ({"account": "a/b"}, "account must match"),
        ({"account": None}, "account must match"),
        ({"zone": "Nowhere"}, "zone must be an IANA time zone"),
        ({"cutoff": "25:00"}, "cutoff must be HH:MM"),
    ],
)
def test_a_configuration_that_says_something_else_is_refused(config, message):
    with pytest.raises(InvalidArgumentError, match=message):
        StrategyOrderTracker(config)


def test_paper_trading_is_yes_or_no(tmp_path):
    with pytest.raises(InvalidArgumentError, match="paper_trading must be True or False"):
        StrategyOrderTracker(tmp_path, "live")


def test_the_plans_bucket_holds_a_history_for_paper_and_one_for_live(clock):
    # there is no such place: the address is in the error
    config = {
        "bucket": "no-such-desk",
        "storage_options": {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    }
    with pytest.raises(PerfkitError, match="s3://no-such-desk/live"):
        StrategyOrderTracker(config, False, clock=clock)
