"""ccxt's unified trades: real ones of two exchanges, and the traps of the format."""

from __future__ import annotations

import json

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.crypto.ccxt import read_ccxt


def _read(source, **settings):
    return read_ccxt(source, **{"account": "A1", "strategy": "swing"} | settings)


def _trade(**cells):
    return {
        "id": "17", "order": "o-1", "timestamp": 1499865549590,
        "datetime": "2017-07-12T13:19:09.590Z", "symbol": "BNB/BTC", "type": None, "side": "buy",
        "takerOrMaker": "taker", "price": 4.0, "amount": 12.0, "cost": 48.0,
        "fee": {"currency": "BNB", "cost": 0.012}, "fees": [], "info": {},
    } | cells  # fmt: skip


def _first(result):
    assert result.refused == ()
    return result.fills.to_pylist()[0]


def _refusal(result):
    (refused,) = result.refused
    return refused


def test_the_binance_sample_keeps_its_fee_in_bnb_and_names_no_currency(shared_data):
    fill = _first(_read(shared_data / "broker/ccxt_binance_my_trades_feecoin.json"))
    assert (fill["commission"], fill["fee_currency"]) == (10.1, "BNB")  # as commissionAsset says
    assert (fill["symbol"], fill["currency"], fill["base_currency"]) == ("BNBBTC", None, None)
    assert fill["execution_time"].isoformat() == "2017-07-12T13:19:09.590000+00:00"


def test_every_trade_of_the_hyperliquid_sample_is_a_fill_with_its_raw_size(shared_data):
    path = shared_data / "broker/ccxt_hyperliquid_my_trades.json"
    result = _read(path)
    assert (result.read, result.recorded, result.skipped, result.refused) == (500, 500, (), ())
    raw = sum(float(trade["info"]["sz"]) for trade in json.loads(path.read_text()))
    assert sum(result.fills["volume"].to_pylist()) == pytest.approx(raw)
    assert set(result.fills["multiplier"].to_pylist()) == {1.0}
    assert set(result.fills["currency"].to_pylist()) == {"USDC"}


def test_trades_without_ids_get_the_same_ids_again_and_equal_ones_stay_two(shared_data):
    path = shared_data / "broker/ccxt_hyperliquid_my_trades.json"
    assert _read(path).fills.equals(_read(path).fills)
    twice = _read([_trade(id=None), _trade(id=None)])
    assert len(set(twice.fills["trade_id"].to_pylist())) == 2


def test_one_id_in_two_markets_and_on_both_sides_is_three_fills():
    trades = [_trade(), _trade(symbol="ETH/BTC"), _trade(side="sell")]
    assert _read(trades).recorded == 3


def test_a_symbol_names_the_currencies_of_a_spot_market():
    fill = _first(_read([_trade()]))
    assert (fill["base_currency"], fill["currency"], fill["multiplier"]) == ("BNB", "BTC", 1.0)
    assert (fill["liquidity"], fill["order_id"]) == ("taker", "o-1")


def test_fees_are_read_once_where_fee_repeats_them():
    fee = {"currency": "BNB", "cost": 0.012}
    assert _first(_read([_trade(fee=fee, fees=[fee])]))["commission"] == 0.012


def test_fees_of_one_currency_are_summed():
    fees = [{"currency": "BTC", "cost": 0.25}, {"currency": "BTC", "cost": 0.5}]
    fill = _first(_read([_trade(fees=fees)]))
    assert (fill["commission"], fill["fee_currency"]) == (0.75, "BTC")


def test_further_fee_currencies_become_cash_of_the_same_symbol():
    fees = [{"currency": "BTC", "cost": 0.25}, {"currency": "BNB", "cost": 0.5}]
    result = _read([_trade(fees=fees)])
    fill, (cash,) = _first(result), result.cash.to_pylist()
    assert (fill["commission"], fill["fee_currency"]) == (0.25, "BTC")
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("fee", -0.5, "BNB")
    assert (cash["symbol"], cash["execution_time"]) == ("BNB/BTC", fill["execution_time"])
    assert (result.read, result.recorded) == (1, 1)


@pytest.mark.parametrize(
    "fee", [None, {}, {"currency": None, "cost": None}, {"currency": None, "cost": 0.0}]
)
def test_a_fee_that_is_not_known_or_nothing_is_no_commission(fee):
    fill = _first(_read([_trade(fee=fee)]))
    assert (fill["commission"], fill["fee_currency"]) == (0.0, None)


def test_a_fee_without_currency_is_refused_on_a_spot_market():
    refused = _refusal(_read([_trade(fee={"currency": None, "cost": 0.5})]))
    assert refused.field == "fee_currency"
    assert "must be named for a fee, was None for 0.5" in refused.reason


def test_a_fee_without_currency_is_in_what_a_contract_settles_in():
    swap = _trade(symbol="SUI/USDC:USDC", price=1.5, amount=2.0, cost=3.0,
                  fee={"currency": None, "cost": 0.5})  # fmt: skip
    assert _first(_read([swap]))["fee_currency"] == "USDC"


def test_a_negative_fee_is_a_rebate():
    fill = _first(_read([_trade(fee={"currency": "BTC", "cost": -0.25}, takerOrMaker="maker")]))
    assert (fill["commission"], fill["liquidity"]) == (-0.25, "maker")


def test_the_size_of_a_linear_contract_is_cost_over_price_times_amount():
    # 3 contracts of 0.01 BTC at 50,000 cost 1,500
    swap = _trade(symbol="BTC/USDT:USDT", price=50_000.0, amount=3.0, cost=1_500.0)
    fill = _first(_read([swap]))
    assert (fill["multiplier"], fill["contract"], fill["currency"]) == (0.01, "linear", "USDT")


def test_a_contract_has_no_base_that_its_fee_could_come_off():
    swap = _trade(symbol="BNB/USDT:USDT", price=600.0, amount=1.0, cost=600.0)
    fill = _first(_read([swap]))
    assert (fill["base_currency"], fill["fee_currency"]) == (None, "BNB")


def test_a_rounded_cost_gives_the_round_contract_size_of_the_largest_trade():
    # 0.001 BTC each; the small trade's cost lost its decimals
    small = _trade(id="1", symbol="BTC/USDT:USDT", price=50_001.3, amount=1.0, cost=50.0)
    large = _trade(id="2", symbol="BTC/USDT:USDT", price=50_001.3, amount=99.0, cost=4950.13)
    assert _read([small, large]).fills["multiplier"].to_pylist() == [0.001, 0.001]


def test_a_contract_that_settles_in_its_base_is_inverse():
    # 10 contracts of 100 USD at 50,000 are 1,000 / 50,000 = 0.02 BTC
    swap = _trade(symbol="BTC/USD:BTC", price=50_000.0, amount=10.0, cost=0.02,
                  fee={"currency": "BTC", "cost": 1e-5})  # fmt: skip
    fill = _first(_read([swap]))
    assert (fill["contract"], fill["multiplier"]) == ("inverse", 100.0)
    assert (fill["currency"], fill["base_currency"], fill["fee_currency"]) == ("USD", "BTC", "BTC")


def test_a_dated_future_is_read_like_a_swap():
    dated = _trade(symbol="BTC/USDT:USDT-241227", price=50_000.0, amount=3.0, cost=150_000.0)
    assert _first(_read([dated]))["multiplier"] == 1.0


def test_an_option_with_a_price_in_coins_is_refused():
    option = _trade(symbol="BTC/USD:BTC-241227-100000-C", price=0.02, amount=1.0, cost=50.0)
    refused = _refusal(_read([option]))
    assert (refused.field, "whose price is in BTC" in refused.reason) == ("contract", True)


def test_a_contract_that_settles_in_a_third_currency_is_refused():
    quanto = _trade(symbol="ETH/USD:BTC", price=2_000.0, amount=1.0, cost=0.002)
    assert _refusal(_read([quanto])).field == "currency"


def test_dollars_of_a_contract_are_the_coin_that_it_settles_in():
    swap = _trade(symbol="BTC/USD:USDC", price=50_000.0, amount=1.0, cost=50_000.0)
    assert _first(_read([swap]))["currency"] == "USDC"


def test_a_contract_of_unknown_size_is_refused():
    refused = _refusal(_read([_trade(symbol="BTC/USDT:USDT", cost=None)]))
    assert refused.field == "multiplier"
    assert "no trade of 'BTC/USDT:USDT' has a cost to read it from" in refused.reason


def test_the_time_is_read_from_the_text_where_the_timestamp_is_missing():
    fill = _first(_read([_trade(timestamp=None)]))
    assert fill["execution_time"].isoformat() == "2017-07-12T13:19:09.590000+00:00"


@pytest.mark.parametrize(
    "tagged", [{"clientOrderId": "mean_rev"}, {"info": {"clientOrderId": "mean_rev"}}]
)
def test_the_client_order_id_names_the_strategy_where_none_is_given(tagged):
    assert _first(_read([_trade(**tagged)], strategy=None))["strategy_id"] == "mean_rev"
    assert _first(_read([_trade(**tagged)]))["strategy_id"] == "swing"


def test_account_and_strategy_must_be_known():
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read([_trade()], strategy=None)
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read([_trade()], account=None)


def test_info_may_be_a_list_as_some_exchanges_answer():
    assert _first(_read([_trade(info=["raw", 1])]))["strategy_id"] == "swing"


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"price": None}, "price"),
        ({"amount": "many"}, "volume"),
        ({"amount": 0.0}, "volume"),
        ({"side": None}, "side"),
        ({"symbol": None}, "symbol"),
        ({"timestamp": None, "datetime": None}, "execution_time"),
        ({"takerOrMaker": "both"}, "liquidity"),
        ({"fee": 0.5}, "commission"),
    ],
)
def test_a_trade_that_cannot_be_read_is_refused_by_its_field(cells, field):
    result = _read([_trade(**cells), _trade(id="18")])
    assert (result.recorded, _refusal(result).field) == (1, field)


def test_a_file_that_is_no_list_is_an_error(tmp_path):
    path = tmp_path / "trades.json"
    path.write_text("{}")
    with pytest.raises(ImportFormatError, match="must be a JSON list of unified trades"):
        _read(path)
