"""NautilusTrader: its report of fills."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.nautilus import read_nautilus

ROW = {
    "client_order_id": "O-20240102-1",
    "trader_id": "TRADER-001",
    "strategy_id": "EMACross-000",
    "instrument_id": "BTCUSDT-PERP.BINANCE",
    "venue_order_id": "BINANCE-1-001",
    "account_id": "BINANCE-001",
    "trade_id": "BINANCE-1-001",
    "position_id": "P-1",
    "order_side": "BUY",
    "order_type": "LIMIT",
    "last_qty": "0.010",
    "last_px": "42000.50",
    "currency": "USDT",
    "commission": "0.08400100 USDT",
    "liquidity_side": "TAKER",
    "ts_event": 1704200400123456789,
    "ts_init": 1704200400123456789,
    "reconciliation": False,
}
SECOND = {**ROW, "trade_id": "BINANCE-1-002", "order_side": "SELL", "ts_event": 1704200401000000000}


def _report(*rows):
    return pd.DataFrame(list(rows)).set_index("client_order_id")


def _fill(**changes):
    (fill,) = read_nautilus(_report({**ROW, **changes})).fills.to_pylist()
    return fill


def test_an_execution_is_a_fill():
    fill = _fill()
    assert (fill["symbol"], fill["side"]) == ("BTCUSDT-PERP.BINANCE", "buy")
    assert (fill["volume"], fill["price"], fill["currency"]) == (0.01, 42000.5, "USDT")
    assert (fill["commission"], fill["fee_currency"]) == (0.084001, "USDT")
    assert (fill["account_id"], fill["strategy_id"]) == ("BINANCE-001", "EMACross-000")
    assert (fill["order_id"], fill["liquidity"]) == ("BINANCE-1-001", "taker")
    assert (fill["base_currency"], fill["reason"]) == (None, None)


@pytest.mark.parametrize(
    "time",
    [
        1704200400123456789,
        "1704200400123456789",
        pd.Timestamp("2024-01-02 13:00:00.123456789", tz="UTC"),
        "2024-01-02 13:00:00.123456789+00:00",
    ],
)
@pytest.mark.filterwarnings("ignore:Discarding nonzero nanoseconds")
def test_nanoseconds_are_cut_to_microseconds(time):
    assert _fill(ts_event=time)["execution_time"] == datetime(
        2024, 1, 2, 13, 0, 0, 123456, tzinfo=UTC
    )


def test_a_commission_below_zero_is_a_rebate():
    assert _fill(commission="-0.25000000 USDT")["commission"] == -0.25


@pytest.mark.parametrize("symbol", ["ETHUSDT.BINANCE", "ETH/USDT.SIM", "ETH-USDT.OKX"])
def test_a_fee_in_what_was_bought_is_taken_from_it(symbol):
    fill = _fill(instrument_id=symbol, commission="0.00050000 ETH")
    assert (fill["fee_currency"], fill["base_currency"]) == ("ETH", "ETH")
    fill = _fill(instrument_id=symbol, commission="0.00050000 BNB")
    assert (fill["fee_currency"], fill["base_currency"]) == ("BNB", None)


def test_a_fill_that_was_made_up_to_agree_with_the_venue_says_so():
    assert _fill(reconciliation=True)["reason"] == "reconciliation"


def test_a_liquidity_that_is_not_known_stays_empty():
    assert _fill(liquidity_side="NO_LIQUIDITY_SIDE")["liquidity"] is None
    assert _fill(liquidity_side="MAKER")["liquidity"] == "maker"


def test_rows_sorted_by_order_come_back_in_order_of_time():
    result = read_nautilus(_report(SECOND, ROW))
    assert result.fills["side"].to_pylist() == ["buy", "sell"]
    assert result.out_of_order == 1


def test_both_sides_of_a_trade_with_oneself_are_kept():
    result = read_nautilus(_report(ROW, {**ROW, "order_side": "SELL"}))
    assert (result.fills.num_rows, result.refused) == (2, ())


def test_contract_sizes_are_given_for_each_instrument():
    fill = read_nautilus(_report(ROW), contract_size={ROW["instrument_id"]: 0.001}).fills
    assert fill["multiplier"].to_pylist() == [0.001]
    with pytest.raises(InvalidArgumentError, match="contract_size must name every symbol"):
        read_nautilus(_report(ROW), contract_size={"ES.CME": 50.0})


def test_a_csv_file_reads_like_the_report(tmp_path):
    _report(ROW, SECOND).to_csv(tmp_path / "fills.csv")
    frame = read_nautilus(_report(ROW, SECOND)).fills
    assert read_nautilus(tmp_path / "fills.csv").fills.equals(frame)


def test_a_run_without_fills_is_empty():
    assert read_nautilus(pd.DataFrame()).read == 0


def test_rows_that_name_no_owner_need_one():
    report = _report({**ROW, "account_id": None, "strategy_id": None})
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        read_nautilus(report)
    fills = read_nautilus(report, account="A1", strategy="s").fills
    assert (fills["account_id"].to_pylist(), fills["strategy_id"].to_pylist()) == (["A1"], ["s"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"commission": "0.5"}, "commission"),
        ({"commission": "x USDT"}, "commission"),
        ({"last_qty": "many"}, "volume"),
        ({"order_side": "HOLD"}, "side"),
        ({"instrument_id": ""}, "symbol"),
    ],
)
def test_a_row_that_can_not_be_read_is_refused(changes, field):
    (refused,) = read_nautilus(_report({**ROW, **changes})).refused
    assert refused.field == field


def test_the_report_of_orders_is_not_this_one():
    with pytest.raises(ImportFormatError, match="a report of fills must have each of the columns"):
        read_nautilus(_report(ROW).drop(columns="trade_id"))
