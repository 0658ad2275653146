"""freqtrade: backtests with and without orders, trades of the API, and archives."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests import freqtrade
from perfkit.importers.backtests.freqtrade import read_freqtrade

# a trade of freqtrade's own test result; its profit_ratio is net of fees
REAL = {
    "pair": "TRX/BTC",
    "stake_amount": 0.001,
    "amount": 10.37344398340249,
    "open_date": "2018-01-10 07:15:00+00:00",
    "close_date": "2018-01-10 07:20:00+00:00",
    "open_rate": 9.64e-05,
    "close_rate": 0.00010074887218045112,
    "fee_open": 0.0025,
    "fee_close": 0.0025,
    "profit_ratio": 0.03990025,
    "exit_reason": "roi",
    "initial_stop_loss_abs": 8.676e-05,
    "stop_loss_abs": 9.1e-05,
    "buy_tag": "dip",
    "is_open": False,
    "open_timestamp": 1515568500000.0,
    "close_timestamp": 1515568800000.0,
}


def _order(side, amount, price, minute, **more):
    return {
        "amount": amount,
        "safe_price": price,
        "ft_order_side": side,
        "order_filled_timestamp": 1700000000000 + 60_000 * minute,
        "ft_is_entry": side == "buy",
        **more,
    }


def _adjusted(**changes):
    bought = [_order("buy", 1.0, 100.0, 0), _order("buy", 3.0, 90.0, 1)]
    trade = {
        "pair": "BTC/USDT:USDT",
        "amount": 4.0,
        "open_rate": 92.5,
        "close_rate": 99.0,
        "fee_open": 0.001,
        "fee_close": 0.002,
        "leverage": 3.0,
        "is_short": False,
        "open_date": "2023-11-14 22:13:20+00:00",
        "close_date": "2023-11-14 22:15:20+00:00",
        "exit_reason": "exit_signal",
        "orders": [*bought, _order("sell", 4.0, 99.0, 2)],
    }
    return {**trade, **changes}


def _read(trades, name="Trend", **settings):
    return read_freqtrade({"strategy": {name: {"trades": trades}}}, account="A1", **settings)


def _cash(fills):
    """Money that the fills brought, net of commission."""
    rows = fills.to_pylist()
    return sum(
        (1 if r["side"] == "sell" else -1) * r["price"] * r["volume"] - r["commission"]
        for r in rows
    )


def test_a_trade_without_orders_is_an_entry_and_an_exit():
    entry, leave = _read([REAL]).fills.to_pylist()
    assert (entry["side"], entry["volume"], entry["price"]) == ("buy", 10.37344398340249, 9.64e-05)
    assert entry["execution_time"] == datetime(2018, 1, 10, 7, 15, tzinfo=UTC)
    assert (leave["side"], leave["reason"], leave["stop_price"]) == ("sell", "roi", None)
    assert (entry["strategy_id"], entry["reason"], entry["stop_price"]) == (
        "Trend",
        "dip",
        8.676e-05,
    )
    assert (entry["currency"], entry["base_currency"]) == ("BTC", "TRX")


def test_fees_are_ratios_and_give_the_net_profit_that_freqtrade_states():
    fills = _read([REAL]).fills
    paid = REAL["amount"] * REAL["open_rate"] * (1 + 0.0025)
    assert _cash(fills) / paid == pytest.approx(REAL["profit_ratio"], abs=1e-8)


def test_each_filled_order_of_an_adjusted_position_is_a_fill():
    fills = _read([_adjusted()]).fills.to_pylist()
    assert [(f["side"], f["volume"], f["price"]) for f in fills] == [
        ("buy", 1.0, 100.0),
        ("buy", 3.0, 90.0),
        ("sell", 4.0, 99.0),
    ]
    assert [f["commission"] for f in fills] == pytest.approx([0.1, 0.27, 0.792])
    assert {f["currency"] for f in fills} == {"USDT"}


def test_leverage_is_in_the_amount_already():
    assert _read([_adjusted(leverage=10.0)]).fills.equals(_read([_adjusted(leverage=1.0)]).fills)


def test_a_short_trade_sells_first():
    short = {**REAL, "is_short": True}
    assert _read([short]).fills["side"].to_pylist() == ["sell", "buy"]
    orders = [_order("sell", 1.0, 9.0, 0), _order("stoploss", 1.0, 9.5, 1)]
    orders = [{**o, "ft_is_entry": i == 0} for i, o in enumerate(orders)]
    assert _read([_adjusted(is_short=True, orders=orders)]).fills["side"].to_pylist() == [
        "sell",
        "buy",
    ]


def test_an_order_that_was_not_filled_is_no_fill():
    orders = [_order("buy", 1.0, 9.0, 0), _order("sell", 1.0, 9.0, 1, order_filled_timestamp=None)]
    trade = _adjusted(orders=orders, close_date=None)
    trade.pop("close_rate")
    assert _read([trade]).fills["side"].to_pylist() == ["buy"]
    result = _read([_adjusted(orders=[])])
    assert [r.reason for r in result.skipped] == ["no order of the trade was filled"]


@pytest.mark.parametrize("gone", [{"close_date": None}, {"close_date": ""}])
def test_a_trade_that_is_open_is_an_entry_alone(gone):
    trade = {**REAL, **gone, "close_timestamp": None, "close_rate": None}
    result = _read([trade])
    assert result.fills["side"].to_pylist() == ["buy"]
    assert (result.read, result.recorded) == (1, 1)


def test_funding_that_was_gained_is_positive_cash_of_the_close():
    (cash,) = _read([_adjusted(funding_fees=-0.75)]).cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("funding", -0.75, "USDT")
    assert cash["execution_time"] == datetime(2023, 11, 14, 22, 15, 20, tzinfo=UTC)
    assert cash["strategy_id"] == "Trend"


def test_funding_of_an_open_trade_waits_for_its_close():
    assert _read([_adjusted(funding_fees=-0.75, close_date=None)]).cash.num_rows == 0


def _live(**changes):
    orders = [
        _order("buy", 2.0, 100.0, 0, order_id="11/a", filled=2.0, is_open=False),
        _order("sell", 1.998, 110.0, 5, order_id="12/a", filled=1.998, is_open=False),
    ]
    return _adjusted(
        pair="ETH/USDT",
        strategy="Live",
        fee_open_currency="ETH",
        fee_open_cost=0.2,
        fee_close_currency="USDT",
        orders=orders,
        **changes,
    )


def test_trades_of_the_api_name_strategy_and_orders():
    fills = read_freqtrade({"trades": [_live()]}, account="A1").fills.to_pylist()
    assert [f["order_id"] for f in fills] == ["11/a", "12/a"]
    assert {f["strategy_id"] for f in fills} == {"Live"}
    assert read_freqtrade([_live()], account="A1").fills.to_pylist() == fills


def test_a_fee_in_the_coin_that_was_bought_is_taken_from_it():
    entry, leave = read_freqtrade([_live()], account="A1").fills.to_pylist()
    assert (entry["commission"], entry["fee_currency"]) == (pytest.approx(0.002), "ETH")
    assert (leave["commission"], leave["fee_currency"]) == (pytest.approx(0.43956), None)
    assert entry["volume"] - entry["commission"] == pytest.approx(leave["volume"])


def test_the_entry_tag_can_be_the_strategy():
    result = _read([REAL], strategy_from="enter_tag")
    assert set(result.fills["strategy_id"].to_pylist()) == {"dip"}
    untagged = {**REAL, "buy_tag": None}
    result = _read([untagged], strategy_from="enter_tag", strategy="rest")
    assert set(result.fills["strategy_id"].to_pylist()) == {"rest"}
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read([untagged], strategy_from="enter_tag")
    with pytest.raises(InvalidArgumentError, match="strategy_from must be"):
        _read([REAL], strategy_from="exit_tag")


def test_a_result_of_several_strategies_gives_all():
    content = {"strategy": {"One": {"trades": [REAL]}, "Two": {"trades": [_adjusted()]}}}
    result = read_freqtrade(content, account="A1")
    assert (result.read, result.fills.num_rows) == (2, 5)
    assert set(result.fills["strategy_id"].to_pylist()) == {"One", "Two"}


def test_a_trade_that_can_not_be_read_is_refused_with_its_number():
    result = _read([REAL, {**REAL, "open_rate": None}, {**REAL, "amount": "much"}])
    assert [(r.line, r.field) for r in result.refused] == [(2, "price"), (3, "volume")]
    assert result.fills.num_rows == 2


def _zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.json", json.dumps(content))
    return path


def test_a_zip_is_read_like_the_result_in_it(tmp_path):
    content = {"strategy": {"Trend": {"trades": [REAL]}}}
    path = _zip(tmp_path / "backtest.zip", result=content, result_config={"strategy": "Trend"})
    assert read_freqtrade(path, account="A1").fills.equals(_read([REAL]).fills)
    plain = tmp_path / "backtest.json"
    plain.write_text(json.dumps(content))
    assert read_freqtrade(plain, account="A1").fills.equals(_read([REAL]).fills)


def test_a_zip_without_one_result_is_an_error(tmp_path):
    with pytest.raises(ImportFormatError, match="must hold one backtest result, held 0"):
        read_freqtrade(_zip(tmp_path / "a.zip", config={}), account="A1")
    broken = tmp_path / "b.zip"
    broken.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(ImportFormatError, match="must be an undamaged zip"):
        read_freqtrade(broken, account="A1")


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(freqtrade, "LARGEST", 1000)
    path = _zip(tmp_path / "bomb.zip", result={"strategy": {"x": " " * 100_000}})
    assert path.stat().st_size < 1000
    with pytest.raises(ImportFormatError, match="must unpack to at most 1000 bytes"):
        read_freqtrade(path, account="A1")


@pytest.mark.parametrize("content", [{"latest_backtest": "x.json"}, [1], "text"])
def test_another_file_is_an_error(tmp_path, content):
    path = tmp_path / "last_result.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportFormatError, match="must be a backtest result with trades"):
        read_freqtrade(path, account="A1")


def test_the_account_must_be_told():
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        read_freqtrade([REAL])
