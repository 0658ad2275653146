"""What the ledger answers for a fill, and what it refuses."""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, LateFillError, SchemaError
from perfkit.ledger import LEDGER_SCHEMA, Ledger, round_trips


def column(table, name):
    return table.column(name).to_pylist()


def test_a_closing_fill_is_told_position_and_average_before_and_after(fills):
    answer = Ledger().apply(
        fills((0, "buy", 10, 100.0), (1, "buy", 30, 120.0), (2, "sell", 40, 130.0))
    )
    assert answer.schema == LEDGER_SCHEMA
    assert column(answer, "position_before") == [0.0, 10.0, 40.0]
    assert column(answer, "position") == [10.0, 40.0, 0.0]
    assert column(answer, "average_price_before") == [None, 100.0, 115.0]
    assert column(answer, "average_price") == [100.0, 115.0, None]
    assert column(answer, "trades_since_flat") == [0, 1, 2]


def test_a_fifo_position_is_priced_by_its_open_lots(fills):
    table = fills((0, "buy", 10, 100.0), (1, "buy", 10, 120.0), (2, "sell", 15, 130.0))
    answer = Ledger("fifo").apply(table)
    assert column(answer, "average_price") == [100.0, 110.0, 120.0]
    assert column(answer, "realized_pnl") == [0.0, 0.0, 350.0]


def test_a_closing_fill_is_told_when_its_position_was_opened(fills):
    table = fills((0, "buy", 1, 1.0), (1, "sell", 3, 1.0), (2, "buy", 2, 1.0), (3, "buy", 1, 1.0))
    answer = Ledger().apply(table)
    opened = [t.day for t in column(answer, "entry_time")]
    assert opened == [1, 1, 2, 4]
    assert column(answer, "trades_since_flat") == [0, 1, 1, 0]


def test_a_flip_pays_the_exit_with_its_part_of_the_fee(fills):
    table = fills(
        (0, "buy", 100, 50.0), (1, "sell", 150, 60.0), (2, "buy", 50, 58.0), commission=15.0
    )
    assert column(Ledger().apply(table), "round_trip_pnl") == [None, 975.0, 80.0]


def test_what_is_usual_is_known_from_the_sixth_entry_on(fills):
    table = fills(*((n, "buy", 1, 10.0 + n) for n in range(6)), (6, "sell", 1, 50.0))
    usual = column(Ledger().apply(table), "usual_entry_notional")
    assert usual[:5] == [None] * 5
    assert usual[5:] == pytest.approx([12.0, 12.5])


def test_cumulative_pnl_runs_over_the_symbols_of_a_strategy(fills):
    table = fills(
        (0, "buy", 1, 10.0, {"symbol": "A"}),
        (1, "buy", 1, 10.0, {"symbol": "B"}),
        (2, "sell", 1, 12.0, {"symbol": "A"}),
        (3, "sell", 1, 9.0, {"symbol": "B"}),
        (3, "sell", 1, 9.0, {"symbol": "B", "strategy_id": "other"}),
        commission=0.5,
    )
    answer = Ledger().apply(table)
    assert column(answer, "cumulative_pnl") == [-0.5, -1.0, 0.5, -1.0, -0.5]


def test_the_answer_keeps_the_order_of_the_rows(fills):
    table = fills((2, "sell", 1, 12.0), (0, "buy", 1, 10.0), (1, "buy", 1, 11.0))
    answer = Ledger().apply(table)
    assert column(answer, "position") == [1.0, 1.0, 2.0]
    assert column(answer, "realized_pnl") == [1.5, 0.0, 0.0]


def test_the_sequence_orders_fills_of_one_moment(fills):
    table = fills((0, "sell", 1, 12.0), (0, "buy", 1, 10.0))
    assert column(Ledger().apply(table), "position") == [-1.0, 0.0]
    table = table.append_column("sequence", pa.array([8, 7]))
    assert column(Ledger().apply(table), "position") == [0.0, 1.0]


def test_a_fill_before_the_last_of_its_book_is_late(fills):
    ledger = Ledger()
    ledger.apply(fills((1, "buy", 1, 10.0)))
    ledger.apply(fills((0, "buy", 1, 10.0), symbol="QQQ"))
    before = ledger.positions()
    with pytest.raises(LateFillError, match="rebuild the book"):
        ledger.apply(fills((0, "sell", 1, 10.0)))
    pd.testing.assert_frame_equal(ledger.positions(), before)


def test_a_fill_with_a_number_that_has_passed_is_late(fills):
    ledger, table = Ledger(), fills((1, "buy", 1, 10.0))
    ledger.apply(table.append_column("sequence", pa.array([5])))
    with pytest.raises(LateFillError, match="must not be before"):
        ledger.apply(table.append_column("sequence", pa.array([5])))


def test_a_correction_asks_for_a_rebuild(fills):
    table = fills((0, "buy", 1, 1.0), record_type="correct", original_trade_id="T9")
    with pytest.raises(LateFillError, match="effective_fills"):
        Ledger().apply(table)


def test_a_fee_in_a_third_currency_needs_a_rate_and_is_unknown_without_one(fills, marks):
    usd = {"currency": "USD", "fee_currency": "BNB"}
    table = fills((1, "buy", 1, 100.0, {"commission": 0.1}), (2, "sell", 1, 110.0), **usd)
    unknown = Ledger()
    answer = unknown.apply(table)
    assert answer["pnl"].to_pylist() == [None, 10.0]
    assert answer["cumulative_pnl"].to_pylist() == [None, None]
    (strategy,) = unknown.mark({})
    assert math.isnan(strategy.fees)
    assert (strategy.realized_pnl, strategy.unpriced) == (10.0, ("BNB",))
    rates = marks((0, 300.0, "BNB/USD"), (1.5, 900.0, "BNB/USD"))
    assert Ledger(rates=rates).apply(table)["pnl"].to_pylist() == [-30.0, 10.0]
    crossed = marks((0, 600.0, "BNB/EUR"), (0, 0.5, "USD/EUR"))
    assert Ledger(rates=crossed).apply(table)["fees"].to_pylist() == [120.0, 0.0]


def test_a_named_fee_beside_money_without_a_name_is_unknown(fills):
    table = fills((0, "buy", 1, 100.0), fee_currency="BNB", commission=0.1)
    assert Ledger().apply(table)["fees"].to_pylist() == [None]
    free = fills((0, "buy", 1, 100.0), fee_currency="BNB")
    assert Ledger().apply(free)["fees"].to_pylist() == [0.0]


def test_a_fee_in_the_asset_is_taken_from_the_position(fills):
    # Hyperliquid spot: bought 986.87, the fee was 0.34540448, the position 986.52459552
    hype = {"currency": "USDC", "base_currency": "HYPE", "fee_currency": "HYPE"}
    table = fills(
        (0, "buy", 986.87, 12.0, hype | {"commission": 0.34540448}),
        (1, "sell", 986.52459552, 15.0, {"currency": "USDC"}),
    )
    answer = Ledger().apply(table)
    assert answer["position"].to_pylist() == [pytest.approx(986.52459552, abs=1e-12), 0.0]
    assert answer["fees"].to_pylist() == [pytest.approx(0.34540448 * 12.0), 0.0]
    cash = 986.52459552 * 15.0 - 986.87 * 12.0
    assert sum(answer["pnl"].to_pylist()) == pytest.approx(cash, rel=1e-12)


def test_an_inverse_contract_gains_its_base_currency(fills):
    # BitMEX XBTUSD: 100 contracts of 1 USD, long at 10,000, out at 12,500:
    # 100 * (1 / 10,000 - 1 / 12,500) = 0.002 XBT
    terms = {"contract": "inverse", "currency": "USD", "base_currency": "XBT"}
    ledger = Ledger()
    answer = ledger.apply(
        fills(
            (0, "buy", 100, 10_000.0, {"commission": 5e-6, "fee_currency": "XBT"}),
            (1, "sell", 100, 12_500.0),
            (2, "sell", 200, 12_500.0),
            (3, "sell", 200, 10_000.0),
            **terms,
        )
    )
    assert answer["realized_pnl"].to_pylist() == [0.0, pytest.approx(0.002), 0.0, 0.0]
    assert answer["fees"].to_pylist()[0] == 5e-6
    # contracts per coin average, not prices: 400 / (200 / 12,500 + 200 / 10,000)
    assert answer["average_price"].to_pylist()[3] == pytest.approx(400 / 0.036)
    (marked,) = ledger.mark({"SPY": 8_000.0})
    assert marked.unrealized_pnl == pytest.approx(400 * (1 / 8_000 - 0.036 / 400))
    assert (marked.currency, marked.market_value) == ("XBT", pytest.approx(-0.05))


def test_a_split_changes_units_and_no_money(fills, splits):
    table = fills((0, "buy", 10, 700.0), (2, "buy", 70, 110.0), (3, "sell", 140, 120.0))
    ledger = Ledger("fifo", splits=splits((1, 7.0)))
    answer = ledger.apply(table)
    assert answer["position"].to_pylist() == [10.0, pytest.approx(140.0), 0.0]
    assert answer["average_price"].to_pylist() == [700.0, pytest.approx(105.0), None]
    assert answer["realized_pnl"].to_pylist()[2] == pytest.approx(140 * 120 - 7000 - 7700)
    held = Ledger(splits=splits((1, 7.0)))
    held.apply(table.slice(0, 1))
    (book,) = held.positions().to_dict("records")
    assert (book["position"], book["average_price"]) == (70.0, 100.0)


def test_several_methods_are_kept_in_one_pass(fills):
    table = fills(
        (0, "buy", 1, 10.0), (1, "buy", 1, 30.0), (2, "buy", 1, 20.0), (3, "sell", 1, 25.0)
    )
    together = Ledger(["average", "fifo", "lifo", "hifo"])
    answer = together.apply(table)
    gained = {"average": 5.0, "fifo": 15.0, "lifo": 5.0, "hifo": -5.0}
    for method, gain in gained.items():
        assert answer[f"realized_pnl_{method}"].to_pylist()[3] == gain
        alone = Ledger(method)
        single = alone.apply(table)
        for name in ("pnl", "cumulative_pnl", "average_price", "average_price_before"):
            assert answer[f"{name}_{method}"].equals(single[name])
        assert together.positions(method).equals(alone.positions())
        assert answer["position"].equals(single["position"])
    with pytest.raises(InvalidArgumentError, match="each once"):
        Ledger(["fifo", "fifo"])
    with pytest.raises(InvalidArgumentError, match="that are kept"):
        Ledger("fifo").positions("lifo")


def test_a_short_closes_its_cheapest_sale_first_by_highest_cost(fills):
    table = fills((0, "sell", 1, 10.0), (1, "sell", 1, 30.0), (2, "buy", 1, 20.0))
    assert Ledger("hifo").apply(table)["realized_pnl"].to_pylist()[2] == -10.0


def test_money_of_several_currencies_is_added_up_at_given_rates_only(fills):
    ledger = Ledger()
    ledger.apply(
        fills(
            (0, "buy", 10, 100.0, {"symbol": "SAP", "currency": "EUR"}),
            (0, "buy", 1, 50.0, {"symbol": "KO", "currency": "USD"}),
            (1, "sell", 10, 110.0, {"symbol": "SAP", "currency": "EUR"}),
        )
    )
    prices = {"KO": 60.0, "EUR/USD": 1.2}
    (apart,) = ledger.mark(prices)
    assert math.isnan(apart.total_pnl)
    assert apart.unpriced == ("EUR", "USD")
    (marked,) = ledger.mark(prices, convert_to="USD")
    assert (marked.total_pnl, marked.currency, marked.unpriced) == (130.0, "USD", ())
    (in_euro,) = ledger.mark(prices, convert_to="EUR")
    assert in_euro.total_pnl == pytest.approx(130.0 / 1.2)


@pytest.mark.parametrize("split", [True, False])
def test_a_book_keeps_its_multiplier(fills, split):
    table = fills((0, "buy", 1, 1.0), (1, "sell", 1, 1.0, {"multiplier": 10.0}))
    ledger = Ledger()
    if split:
        ledger.apply(table.slice(0, 1))
    with pytest.raises(InvalidArgumentError, match=r"must stay 1\.0, was 10\.0"):
        ledger.apply(table.slice(1) if split else table)


def test_a_table_that_is_none_of_fills_is_refused(fills):
    table = fills((0, "buy", 1, 1.0))
    with pytest.raises(SchemaError, match=r"missing \['price'\]"):
        Ledger().apply(table.drop_columns("price"))
    naive = table.column("execution_time").cast(pa.timestamp("us"))
    with pytest.raises(SchemaError, match="with a zone"):
        Ledger().apply(table.set_column(3, "execution_time", naive))
    numbered = pa.concat_tables([table, table]).append_column("sequence", pa.array([1, None]))
    with pytest.raises(SchemaError, match="every fill or none"):
        Ledger().apply(numbered)


def test_there_is_no_other_method():
    with pytest.raises(InvalidArgumentError, match="average"):
        Ledger("dearest")


def test_no_fills_give_no_rows(fills):
    ledger = Ledger("fifo")
    assert ledger.apply(fills()).schema == LEDGER_SCHEMA
    assert ledger.mark({}) == []
    assert ledger.positions().empty


def test_a_refused_fill_leaves_no_book_behind(fills):
    ledger = Ledger()
    table = fills((0, "buy", 1, 1.0), (1, "sell", 1, 1.0, {"multiplier": 10.0}))
    with pytest.raises(InvalidArgumentError):
        ledger.apply(table)
    assert ledger.positions().empty


def test_a_marked_position_has_value_and_unrealised_pnl(fills):
    ledger = Ledger()
    ledger.apply(fills((0, "sell", 2, 50.0), multiplier=10.0, commission=3.0))
    (pnl,) = ledger.mark({"SPY": 45.0})
    assert (pnl.unrealized_pnl, pnl.market_value, pnl.fees) == (100.0, -900.0, 3.0)
    assert pnl.total_pnl == 97.0
    assert pnl.positions == {"SPY": -2.0}
    assert pnl.unpriced == ()


@pytest.mark.parametrize("prices", [{}, {"SPY": math.nan}, {"SPY": math.inf}])
def test_a_position_without_a_price_is_flagged_and_never_zero(fills, prices):
    ledger = Ledger()
    ledger.apply(fills((0, "buy", 2, 50.0), (1, "sell", 1, 55.0)))
    (pnl,) = ledger.mark(prices)
    assert pnl.unpriced == ("SPY",)
    assert math.isnan(pnl.unrealized_pnl)
    assert math.isnan(pnl.total_pnl)
    assert math.isnan(pnl.market_value)
    assert pnl.realized_pnl == 5.0


def test_a_flat_symbol_needs_no_price(fills):
    ledger = Ledger()
    ledger.apply(fills((0, "buy", 2, 50.0), (1, "sell", 2, 55.0)))
    (pnl,) = ledger.mark({})
    assert (pnl.total_pnl, pnl.unpriced, pnl.positions) == (10.0, (), {})


def test_accounts_with_the_same_names_have_their_own_books(fills):
    table = fills(
        (0, "buy", 2, 50.0),
        (0, "buy", 3, 50.0, {"account_id": "other"}),
        (0, "buy", 4, 50.0, {"strategy_id": "other"}),
    )
    ledger = Ledger()
    ledger.apply(table)
    assert ledger.positions()["position"].tolist() == [2.0, 3.0, 4.0]
    owners = [(p.account_id, p.strategy_id) for p in ledger.mark({"SPY": 1.0})]
    assert owners == [("main", "other"), ("main", "trend"), ("other", "trend")]


def test_a_million_small_fees_lose_no_cent(fills):
    one = fills((0, "buy", 1, 10.0), commission=0.1)
    rows = pa.concat_tables([one] * 1000).combine_chunks()
    ledger = Ledger()
    for _ in range(1000):
        ledger.apply(rows)
    assert ledger.positions()["fees"].item() == pytest.approx(100_000.0, rel=1e-15)


def test_round_trips_of_a_missing_grouping_or_an_impossible_one_are_refused(fills):
    table = fills((0, "buy", 1, 1.0))
    with pytest.raises(InvalidArgumentError, match="flat_to_reduced"):
        round_trips(table, grouping="fill_to_fill")
    with pytest.raises(InvalidArgumentError, match="grouping must be one of"):
        round_trips(table, grouping="weekly")


def test_a_book_keeps_its_currency(fills):
    ledger = Ledger()
    usd = {"currency": "USD"}
    ledger.apply(fills((0, "buy", 10, 100.0), (1, "sell", 1, 101.0, usd)))
    with pytest.raises(InvalidArgumentError, match="must stay 'USD', was 'JPY'"):
        ledger.apply(fills((2, "sell", 9, 11_000.0, {"currency": "JPY"})))
    before = ledger.positions()
    answer = ledger.apply(fills((2, "sell", 9, 102.0, usd)))
    assert before["position"].tolist() == [9.0]
    assert answer["position"].to_pylist() == [0.0]
