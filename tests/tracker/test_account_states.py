"""Account states: worked by hand, from cash, fills and closes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perfkit.errors import ConflictError, InvalidTableError
from perfkit.market import MarketState
from perfkit.records import Bar, CashRecord, to_table
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)


def cash(cash_id, hours, amount, kind="deposit", **fields):
    return CashRecord(
        cash_id=cash_id,
        account_id="acc_1",
        strategy_id="trend",
        execution_time=BEGIN + timedelta(hours=hours),
        kind=kind,
        amount=amount,
        **fields,
    )


def states(history):
    return [row["account_state"] for row in TradeStore(history).read().to_pylist()]


def test_equity_is_cash_and_positions_at_the_last_price(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("0", -2, "buy", 50.0, 10.0))
        tracker.record_cash([cash("d", -1, 10_000.0), cash("w", 2.5, -1_000.0, "withdrawal")])
        tracker.record_many(
            [
                fill("1", 0, "buy", 60.0, 10.0, commission=5.0),
                fill("2", 1, "sell", 20.0, 30.0, symbol="QQQ", multiplier=2.0),
                fill("3", 2, "sell", 70.0, 20.0),
                fill("4", 3, "buy", 10.0, 30.0, symbol="QQQ", multiplier=2.0),
            ]
        )
    zero, one, two, three, four = states(tmp_path)
    assert (zero["equity"], zero["cash"], zero["exposure"], zero["leverage"]) == (
        *(None, None, 0.0, None),
    )
    # cash 10000 - 10 * 50; ten at the price of the last fill, 50
    assert (one["cash"], one["equity"], one["exposure"]) == (9_500.0, 10_000.0, 500.0)
    assert one["leverage"] == 0.05
    # cash 9500 - 600 - 5; twenty at 60
    assert (two["cash"], two["equity"], two["exposure"]) == (8_895.0, 10_095.0, 1_200.0)
    # cash 8895 + 30 * 20 * 2; twenty at 60, and sixty underlying units short at 20
    assert (three["cash"], three["equity"], three["exposure"]) == (10_095.0, 10_095.0, 2_400.0)
    # cash 10095 + 1400 - 1000 withdrawn; only the short is left
    assert (four["cash"], four["equity"], four["exposure"]) == (10_495.0, 9_295.0, 1_200.0)
    assert [s["trades_since_flat"] for s in (zero, one, two, three, four)] == [0, 1, 0, 2, 1]
    assert (four["position_before"], four["position_after"]) == (-30.0, 0.0)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_between_fills_positions_are_valued_at_closes(tmp_path, fill, is_restarted):
    def bar(hours, close):
        return Bar(symbol="SPY", close_time=BEGIN + timedelta(hours=hours), close=close)

    tracker = TradeTracker(tmp_path, market=MarketState())
    tracker.record_cash([cash("d", -9, 10_000.0)])
    tracker.record_bars([bar(-1, 40.0), bar(1, 55.0), bar(4, 70.0)])
    tracker.record(fill("1", 0, "buy", 50.0, 10.0))
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path, market=MarketState())
    tracker.record_many(
        [
            fill("2", 0.5, "buy", 1.0, 1.0, symbol="X"),
            fill("3", 2, "buy", 1.0, 1.0, symbol="X"),
            fill("4", 5, "buy", 2.0, 1.0, symbol="X"),
        ]
    )
    tracker.close()
    exposures = [state["exposure"] for state in states(tmp_path)]
    # the close of 40 is older than the fill at 50; X has no bars and keeps its last fill
    assert exposures == [0.0, 500.0, 550.0 + 1.0, 700.0 + 2.0]


def test_sums_over_two_currencies_are_not_known(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 10_000.0)])
        tracker.record_many([fill("1", 0, currency="USD"), fill("2", 1, currency="USD")])
        tracker.record(fill("3", 2, currency="EUR", symbol="SAP"))
        tracker.record(fill("4", 3, currency="USD"))
    known = [state["exposure"] is not None for state in states(tmp_path)]
    assert known == [True, True, False, False]


@pytest.mark.parametrize("kind", ["funding", "borrow", "interest", "dividend", "fee", "tax"])
def test_cash_of_every_kind_counts(tmp_path, fill, kind):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 1_000.0), cash("k", 1, -30.0, kind, symbol="SPY")])
        tracker.record_many([fill("1", 0, "buy", 5.0, 10.0), fill("2", 2, "buy", 5.0, 10.0)])
    assert [state["cash"] for state in states(tmp_path)] == [1_000.0, 1_000.0 - 50.0 - 30.0]


def test_without_a_deposit_cash_is_not_known_and_then_nothing_is_forgotten(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("k", -1, 30.0, "dividend"), cash("d", 1, 1_000.0)])
        tracker.record_many([fill("1", 0, "buy", 5.0, 10.0), fill("2", 2, "buy", 5.0, 10.0)])
    assert [state["cash"] for state in states(tmp_path)] == [None, 1_030.0 - 50.0]


@pytest.mark.parametrize("is_cash_first", [False, True])
def test_cash_of_another_currency_is_not_added_up(tmp_path, fill, is_cash_first):
    fills = [fill(str(n), n, "buy", 5.0, 10.0, currency="USD") for n in (1, 3)]
    flows = [
        cash("d", 0, 1_000.0, currency="USD"), cash("u", 0.5, 7.0, "interest"),
        cash("e", 2, 500.0, currency="EUR"),
    ]  # fmt: skip
    with TradeTracker(tmp_path) as tracker:
        if is_cash_first:
            tracker.record_cash(flows)
            tracker.record_many(fills)
        else:
            tracker.record_many(fills[:1])
            tracker.record_cash(flows)
            tracker.record_many([fill("2", 1.5, "buy", 5.0, 10.0, currency="USD"), fills[1]])
    found = states(tmp_path)
    assert [state["cash"] for state in found] == (
        [1_007.0, None] if is_cash_first else [None, 957.0, None]
    )
    assert [state["equity"] for state in found] == (
        [1_007.0, None] if is_cash_first else [None, 1_007.0, None]
    )
    assert found[-1]["exposure"] == (50.0 if is_cash_first else 100.0)


def test_a_fee_in_the_asset_is_paid_in_units(tmp_path, fill):
    """Two coins at 100, of which 0.1 goes as fee; then one is sold and 0.1 more goes."""
    coin = {
        "symbol": "BTC/USDT", "currency": "USDT", "base_currency": "BTC", "fee_currency": "BTC",
        "commission": 0.1,
    }  # fmt: skip
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 1_000.0, currency="USDT")])
        tracker.record_many(
            [
                fill("1", 0, "buy", 100.0, 2.0, **coin),
                fill("2", 1, "sell", 100.0, 1.0, **coin),
                fill("3", 2, "sell", 100.0, 0.5, **coin),
            ]
        )
    _, two, three = states(tmp_path)
    assert (two["cash"], two["position_before"], two["equity"]) == (800.0, 1.9, 990.0)
    assert (three["cash"], three["equity"]) == (900.0, pytest.approx(980.0))
    assert three["position_before"] == pytest.approx(0.8)


def test_after_a_fee_in_a_third_currency_cash_is_not_known(tmp_path, fill):
    coin = {
        "symbol": "BTC/USDT", "currency": "USDT", "base_currency": "BTC", "fee_currency": "BNB",
    }  # fmt: skip
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 1_000.0)])
        tracker.record(fill("1", 0, "buy", 100.0, 1.0, commission=0.0, **coin))
        tracker.record(fill("2", 1, "buy", 100.0, 1.0, commission=0.5, **coin))
        tracker.record(fill("3", 2, "buy", 100.0, 1.0, commission=0.0, **coin))
    found = states(tmp_path)
    assert [state["cash"] for state in found] == [1_000.0, 900.0, None]
    assert [state["equity"] for state in found] == [1_000.0, 1_000.0, None]
    assert [state["exposure"] for state in found] == [0.0, 100.0, 200.0]


def test_from_an_inverse_contract_on_sums_are_not_known(tmp_path, fill):
    inverse = {
        "symbol": "BTC-PERP", "currency": "USD", "base_currency": "BTC", "contract": "inverse",
        "multiplier": 100.0,
    }  # fmt: skip
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 1_000.0)])
        tracker.record(fill("1", 0, "buy", 5.0, 10.0, currency="USD"))
        tracker.record(fill("2", 1, "buy", 50_000.0, 10.0, **inverse))
        tracker.record(fill("3", 2, "sell", 40_000.0, 10.0, **inverse))
        tracker.record(fill("4", 3, "buy", 5.0, 10.0, currency="USD"))
    found = states(tmp_path)
    for name in ("cash", "equity", "exposure", "leverage"):
        assert [state[name] is not None for state in found] == [True, False, False, False]
    assert [state["position_before"] for state in found] == [0.0, 0.0, 10.0, 10.0]


def test_the_accounts_and_strategies_are_kept_apart(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([cash("d", -1, 10_000.0)])
        tracker.record(fill("1", 0, account_id="acc_2"))
        tracker.record(fill("1", 1, strategy_id="mean"))
        tracker.record(fill("2", 2))
    assert [state["cash"] for state in states(tmp_path)] == [None, None, 10_000.0]


def test_cash_is_recorded_once_and_never_changed(tmp_path, clock):
    with TradeTracker(tmp_path, clock=clock) as tracker:
        assert tracker.record_cash([cash("d", 0, 100.0)]).accepted == 1
        assert tracker.record_cash([cash("d", 0, 100.0)]).duplicates == ("d",)
        with pytest.raises(ConflictError, match=r"amount was 100\.0 and is now 200\.0"):
            tracker.record_cash([cash("d", 0, 200.0)])
    (row,) = TradeStore(tmp_path).read("cash").to_pylist()
    assert (row["amount"], row["recorded_at"]) == (100.0, clock())


@pytest.mark.parametrize(
    ("amount", "kind"), [(-1.0, "deposit"), (1.0, "withdrawal"), (0.0, "deposit")]
)
def test_an_amount_has_the_sign_of_its_kind(tmp_path, amount, kind):
    rows = to_table([cash("d", 0, 1.0)], CashRecord).to_pandas().assign(amount=amount, kind=kind)
    with TradeTracker(tmp_path) as tracker:
        with pytest.raises(InvalidTableError, match="amount must be > 0 for a deposit"):
            tracker.record_cash(rows)
        assert tracker.store.read("cash").num_rows == 0
