"""Binance's trade histories of both generations, and the answers of its API."""

from __future__ import annotations

import json

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.crypto.binance import read_binance

_UNITS = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
_OLDER = "Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin"
_DOGE = "2021-06-05 16:36:56,DOGEEUR,BUY,0.31031,500DOGE,155.15500000EUR,0.5DOGE"


def _read(source, **settings):
    return read_binance(source, **{"account": "A1", "strategy": "dip"} | settings)


@pytest.fixture
def csv_file(tmp_path):
    def write(header, *lines, bom=""):
        path = tmp_path / "trades.csv"
        path.write_text(bom + "\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def _first(result):
    assert result.refused == ()
    return result.fills.to_pylist()[0]


def _spot(**cells):
    return {
        "symbol": "BNBBTC", "id": 28457, "orderId": 100234, "orderListId": -1,
        "price": "4.00000100", "qty": "12.00000000", "quoteQty": "48.000012",
        "commission": "10.10000000", "commissionAsset": "BNB", "time": 1499865549590,
        "isBuyer": True, "isMaker": False, "isBestMatch": True,
    } | cells  # fmt: skip


def _usd_future(**cells):
    return {
        "buyer": False, "commission": "0.00625521", "commissionAsset": "USDT", "id": 698759,
        "maker": False, "orderId": 25851813, "price": "7819.01", "qty": "0.002",
        "quoteQty": "15.63802", "realizedPnl": "-0.91539999", "side": "SELL",
        "positionSide": "SHORT", "symbol": "BTCUSDT", "time": 1569514978020,
    } | cells  # fmt: skip


def _coin_future(**cells):
    return {
        "symbol": "BTCUSD_200626", "id": 6, "orderId": 28, "pair": "BTCUSD", "side": "SELL",
        "price": "8800", "qty": "1", "realizedPnl": "0", "marginAsset": "BTC",
        "baseQty": "0.01136364", "commission": "0.00000454", "commissionAsset": "BTC",
        "time": 1590743483586, "positionSide": "BOTH", "buyer": False, "maker": False,
    } | cells  # fmt: skip


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_cells_with_units_are_taken_apart_with_and_without_a_bom(csv_file, bom):
    fill = _first(_read(csv_file(_UNITS, _DOGE, bom=bom)))
    assert fill["execution_time"].isoformat() == "2021-06-05T16:36:56+00:00"
    assert (fill["symbol"], fill["base_currency"], fill["currency"]) == ("DOGE/EUR", "DOGE", "EUR")
    assert (fill["price"], fill["volume"], fill["side"]) == (0.31031, 500.0, "buy")
    assert (fill["commission"], fill["fee_currency"]) == (0.5, "DOGE")


def test_a_coin_whose_name_begins_with_a_digit_is_told_from_its_number(csv_file):
    line = "2021-06-05 16:36:56,1INCHUSDT,SELL,3.5,5001INCH,1750.00USDT,0.00451BNB"
    fill = _first(_read(csv_file(_UNITS, line)))
    assert (fill["symbol"], fill["volume"]) == ("1INCH/USDT", 500.0)
    assert (fill["commission"], fill["fee_currency"]) == (0.00451, "BNB")


def test_thousands_in_a_cell_with_a_unit_are_read(csv_file):
    line = '2021-06-05 16:36:56,BTCUSDT,BUY,"36,000.5","1.5BTC","54,000.75USDT",0.0015BTC'
    fill = _first(_read(csv_file(_UNITS, line)))
    assert (fill["price"], fill["volume"]) == (36000.5, 1.5)


def test_units_that_are_not_the_pair_are_refused(csv_file):
    line = "2021-06-05 16:36:56,DOGEEUR,BUY,0.31031,500SHIB,155.15500000EUR,0.5DOGE"
    (refused,) = _read(csv_file(_UNITS, line)).refused
    assert refused.field == "volume"
    assert "'500SHIB'" in refused.reason


def test_the_older_columns_are_read(csv_file):
    line = "2018-03-01 07:05:09,BNBBTC,SELL,0.00101,100,0.101,0.05,BNB"
    fill = _first(_read(csv_file(_OLDER, line)))
    assert (fill["symbol"], fill["volume"], fill["price"]) == ("BNB/BTC", 100.0, 0.00101)
    assert (fill["commission"], fill["fee_currency"], fill["side"]) == (0.05, "BNB", "sell")


@pytest.mark.parametrize(
    ("pair", "symbol"),
    [
        ("BTCFDUSD", "BTC/FDUSD"),
        ("USDTTRY", "USDT/TRY"),
        ("EURUSDT", "EUR/USDT"),
        ("ETHBTC", "ETH/BTC"),
        ("BNBETH", "BNB/ETH"),
    ],
)
def test_a_pair_is_split_at_its_quote_currency(csv_file, pair, symbol):
    line = f"2018-03-01 07:05:09,{pair},BUY,1.0,1.0,1.0,0.001,BNB"
    assert _first(_read(csv_file(_OLDER, line)))["symbol"] == symbol


def test_a_pair_in_an_unknown_quote_currency_is_refused(csv_file):
    (refused,) = _read(csv_file(_OLDER, "2018-03-01 07:05:09,ABCXYZ,BUY,1,1,1,0,BNB")).refused
    assert (refused.field, "was 'ABCXYZ'" in refused.reason) == ("currency", True)


def test_equal_rows_without_ids_stay_two_and_reading_again_changes_nothing(csv_file):
    path = csv_file(_UNITS, _DOGE, _DOGE)
    fills = _read(path).fills
    assert len(set(fills["trade_id"].to_pylist())) == 2
    assert _read(path).fills.equals(fills)


def test_rows_of_one_second_in_a_file_that_begins_with_the_newest_are_turned_round(csv_file):
    newest = _DOGE.replace("16:36:56", "16:36:57")
    second, first = (_DOGE.replace("0.31031", price) for price in ("0.32", "0.31"))
    result = _read(csv_file(_UNITS, newest, second, first))
    assert result.fills["price"].to_pylist() == [0.31, 0.32, 0.31031]


def test_another_csv_file_is_an_error_that_names_its_header(csv_file):
    with pytest.raises(ImportFormatError, match=r"the header has \['Date', 'Ticker'"):
        _read(csv_file("Date,Ticker", "2021-01-01,BTC"))


def test_bad_rows_are_refused_by_field_and_the_others_stay(csv_file):
    late, free = _DOGE.replace("2021-06-05", "June"), _DOGE.replace("0.5DOGE", "")
    result = _read(csv_file(_UNITS, late, free, _DOGE.replace("BUY", "HODL"), "a,b", _DOGE))
    assert (result.read, result.recorded) == (5, 1)
    assert [(row.line, row.field) for row in result.refused] == [
        (2, "execution_time"), (3, "commission"), (4, "side"), (5, "row"),
    ]  # fmt: skip


def test_a_spot_trade_of_the_api_keeps_its_fee_in_bnb():
    fill = _first(_read([_spot()]))
    assert (fill["symbol"], fill["side"], fill["liquidity"]) == ("BNB/BTC", "buy", "taker")
    assert (fill["price"], fill["volume"]) == (4.000001, 12.0)
    assert (fill["commission"], fill["fee_currency"], fill["base_currency"]) == (10.1, "BNB", "BNB")
    assert (fill["trade_id"], fill["order_id"]) == ("BNBBTC-28457-buy", "100234")


def test_one_id_in_two_symbols_and_on_both_sides_of_a_self_trade_is_three_fills():
    result = _read([_spot(), _spot(symbol="ETHBTC"), _spot(isBuyer=False, isMaker=True)])
    assert (result.recorded, result.refused) == (3, ())


def test_a_dollar_margined_contract_is_not_the_spot_market_of_its_pair():
    fill = _first(_read([_usd_future()]))
    assert (fill["symbol"], fill["currency"]) == ("BTC/USDT:USDT", "USDT")
    assert (fill["side"], fill["volume"], fill["contract"]) == ("sell", 0.002, "linear")
    assert (fill["base_currency"], fill["commission"]) == (None, 0.00625521)


def test_a_maker_rebate_of_a_contract_stays_negative():
    assert _first(_read([_usd_future(commission="-0.001", maker=True)]))["commission"] == -0.001


def test_a_coin_margined_contract_is_inverse_with_its_size_in_dollars():
    # 0.01136364 BTC * 8800 USD / 1 contract = 100.000032, a contract of 100 USD
    fill = _first(_read([_coin_future()]))
    assert (fill["symbol"], fill["contract"], fill["multiplier"]) == (
        "BTC/USD:BTC-200626", "inverse", 100.0,
    )  # fmt: skip
    assert (fill["currency"], fill["base_currency"], fill["fee_currency"]) == ("USD", "BTC", "BTC")


def test_a_perpetual_has_no_expiry_in_its_name():
    assert _first(_read([_coin_future(symbol="BTCUSD_PERP")]))["symbol"] == "BTC/USD:BTC"


@pytest.mark.parametrize(
    ("trade", "field"),
    [
        (_spot(isBuyer="yes"), "side"),
        (_spot(commission=None), "commission"),
        (_spot(time=None), "execution_time"),
        (_spot(symbol=None), "currency"),
        (_coin_future(qty="0"), "multiplier"),
        (_usd_future(side="HOLD"), "side"),
    ],
)
def test_a_trade_of_the_api_that_cannot_be_read_is_refused_by_its_field(trade, field):
    result = _read([trade, _spot(id=1)])
    assert (result.recorded, [row.field for row in result.refused]) == (1, [field])


def test_an_answer_is_known_by_the_suffix_of_its_file(tmp_path):
    path = tmp_path / "trades.json"
    path.write_text(json.dumps([_spot()]))
    assert _read(path).fills.equals(_read([_spot()]).fills)


def test_account_and_strategy_must_be_given(csv_file):
    for source in ([_spot()], csv_file(_UNITS, _DOGE)):
        with pytest.raises(InvalidArgumentError, match="account and strategy must be given"):
            _read(source, account=None)
