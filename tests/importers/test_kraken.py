"""Kraken's trades: pair names of three ages, CSV and API."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.crypto.kraken import read_kraken

_HEADER = (
    '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin",'
    '"misc","ledgers"'
)


def _read(source, **settings):
    return read_kraken(source, **{"account": "A1", "strategy": "dca"} | settings)


def _line(txid="TH-1", pair="XXBTZEUR", time="2023-06-19 13:34:05.4856", fee="0.6"):
    return (
        f'"{txid}","OQ-1","{pair}","{time}","buy","limit","24000.0","240.0","{fee}","0.01",'
        '"0.0","","LA-1,LB-2"'
    )


def _trade(**cells):
    return {
        "ordertxid": "OQ-1", "pair": "XXBTZEUR", "time": 1687181645.4856, "type": "sell",
        "ordertype": "limit", "price": "24000.0", "cost": "240.0", "fee": "0.6", "vol": "0.01",
        "margin": "0.0", "misc": "", "maker": False,
    } | cells  # fmt: skip


@pytest.fixture
def csv_file(tmp_path):
    def write(*lines):
        path = tmp_path / "trades.csv"
        path.write_text("\n".join([_HEADER, *lines]) + "\n")
        return path

    return write


def test_a_line_of_the_export_is_a_fill_in_utc_with_its_fee_in_quote(csv_file):
    (fill,) = _read(csv_file(_line())).fills.to_pylist()
    assert fill["execution_time"].isoformat() == "2023-06-19T13:34:05.485600+00:00"
    assert (fill["symbol"], fill["base_currency"], fill["currency"]) == ("BTC/EUR", "BTC", "EUR")
    assert (fill["trade_id"], fill["order_id"], fill["side"]) == ("TH-1", "OQ-1", "buy")
    assert (fill["price"], fill["volume"]) == (24000.0, 0.01)
    assert (fill["commission"], fill["fee_currency"]) == (0.6, "EUR")


@pytest.mark.parametrize(
    ("pair", "symbol"),
    [
        ("XXBTZEUR", "BTC/EUR"),
        ("XETHXXBT", "ETH/BTC"),
        ("XXDGXXBT", "DOGE/BTC"),
        ("ZEURZUSD", "EUR/USD"),
        ("USDTZUSD", "USDT/USD"),
        ("XTZEUR", "XTZ/EUR"),  # no Z before the euro: XTZ is Tezos
        ("XTZXBT", "XTZ/BTC"),
        ("ADAEUR", "ADA/EUR"),
        ("XBTUSDT", "BTC/USDT"),
        ("USDCUSDT", "USDC/USDT"),
        ("USDTEUR", "USDT/EUR"),
        ("XDGUSD", "DOGE/USD"),
        ("XBT/EUR", "BTC/EUR"),
        ("ETH2.S/ETH", "ETH2.S/ETH"),
    ],
)
def test_pair_names_of_all_ages_become_base_and_quote(pair, symbol):
    (fill,) = _read({"TH-1": _trade(pair=pair)}).fills.to_pylist()
    assert fill["symbol"] == symbol


def test_a_pair_in_an_unknown_quote_currency_is_refused():
    (refused,) = _read({"TH-1": _trade(pair="ABCXYZ")}).refused
    assert (refused.field, "was 'ABCXYZ'" in refused.reason) == ("currency", True)


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: {"error": [], "result": {"trades": t, "count": 2}}]
)
def test_the_answer_of_the_api_is_read_whole_or_by_its_trades(tmp_path, wrap):
    path = tmp_path / "history.json"
    newer = _trade(time=1687181700.5, maker=True)
    path.write_text(json.dumps(wrap({"TH-2": newer, "TH-1": _trade()})))
    result = _read(path)
    assert result.fills["trade_id"].to_pylist() == ["TH-1", "TH-2"]
    assert result.fills["liquidity"].to_pylist() == ["taker", "maker"]
    first = result.fills["execution_time"][0].as_py()
    assert first.isoformat() == "2023-06-19T13:34:05.485600+00:00"


def test_trades_of_one_moment_in_a_file_that_begins_with_the_newest_are_turned_round(csv_file):
    lines = [_line("TH-3", time="2023-06-20 00:00:00"), _line("TH-2"), _line("TH-1")]
    result = _read(csv_file(*lines))
    assert result.fills["trade_id"].to_pylist() == ["TH-1", "TH-2", "TH-3"]
    assert result.out_of_order == 0


def test_reading_again_gives_the_same_fills(csv_file):
    path = csv_file(_line(), _line("TH-2"))
    assert _read(path).fills.equals(_read(path).fills)


def test_a_frame_is_read_like_the_file(csv_file):
    path = csv_file(_line(), _line("TH-2"))
    assert _read(pd.read_csv(path)).fills.equals(_read(path).fills)


def test_bad_lines_are_refused_by_field_and_the_others_stay(csv_file):
    result = _read(csv_file(_line(fee="free"), _line("TH-2", time="soon"), '"TH-3"', _line("TH-4")))
    assert (result.read, result.recorded) == (4, 1)
    assert [(row.line, row.field) for row in result.refused] == [
        (2, "commission"), (3, "execution_time"), (4, "row"),
    ]  # fmt: skip


def test_ledgers_are_not_trades(tmp_path):
    path = tmp_path / "ledgers.csv"
    path.write_text('"txid","refid","time","type","asset","amount","fee","balance"\n')
    with pytest.raises(ImportFormatError, match="export 'trades', not 'ledgers'"):
        _read(path)


def test_an_answer_that_is_an_error_is_said_to_be_one(tmp_path):
    path = tmp_path / "history.json"
    path.write_text('{"error": ["EAPI:Invalid key"]}')
    with pytest.raises(ImportFormatError, match="must be trades by their txid"):
        _read(path)


def test_account_and_strategy_must_be_given():
    with pytest.raises(InvalidArgumentError, match="account and strategy must be given"):
        _read({"TH-1": _trade()}, strategy=None)
