"""Exports of real brokers, each read by its map; the brokers' own totals are the reference."""

from __future__ import annotations

import csv
from collections import Counter

import pandas as pd
import pytest

from perfkit.errors import UnknownNameError
from perfkit.importers.tables.broker_maps import load_map, map_names, map_reader
from perfkit.records import Fill, from_table


@pytest.fixture
def read(shared_data):
    def reader(name, file=None):
        path = shared_data / "broker" / f"{file or name}.csv"
        return map_reader(name)(path, account="A1", strategy="manual")

    return reader


def _cash(result):
    """What the fills moved, in the currency of the price: the broker prints it too."""
    rows = result.fills.to_pylist()
    signs = {"buy": -1.0, "sell": 1.0}
    return [signs[r["side"]] * r["price"] * r["volume"] - r["commission"] for r in rows]


def _told(table, *names):
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def _by_kind(result):
    sums = Counter()
    for kind, amount, currency in _told(result.cash, "kind", "amount", "currency"):
        sums[kind, currency] += amount
    return dict(sums)


def test_trading212_trades_are_read_and_the_rest_is_counted(read):
    result = read("trading212")
    assert (result.read, result.fills.num_rows, result.cash.num_rows) == (13, 4, 5)
    fill = from_table(result.fills, Fill)[0]
    assert (fill.trade_id, fill.symbol, fill.volume) == ("EOF7504196256", "CSCO", 0.029053)
    assert fill.execution_time.isoformat() == "2023-12-18T14:30:03.613000+00:00"
    # the rows of the split have their cells in the order of another generation
    assert [(r.line, r.field) for r in result.refused] == [(14, "ratio")]


def test_trading212_fees_keep_their_own_currency(read):
    result = read("trading212", "trading212_multicurrency")
    assert (result.read, result.fills.num_rows, result.refused) == (19, 7, ())
    fees = {(s, side): fee for s, side, *fee in _told(
        result.fills, "symbol", "side", "commission", "fee_currency"
    )}  # fmt: skip
    assert fees["AMZN", "sell"] == [29.10, "GBP"]
    assert fees["ASML", "buy"] == [0.0, None]


def test_trading212_cash_is_summed_by_kind_and_currency(read):
    # sums of the column Total by hand
    assert _by_kind(read("trading212", "trading212_multicurrency")) == {
        ("deposit", "GBP"): 1000.0,
        ("deposit", "USD"): 1000.0,
        ("deposit", "EUR"): 500.0,
        ("withdrawal", "GBP"): -250.0,
        ("withdrawal", "USD"): -100.0,
        ("interest", "GBP"): 7.0,
        ("interest", "USD"): 6.0,
        ("interest", "EUR"): 1.0,
        ("dividend", "GBP"): pytest.approx(9.24),
    }


def test_trading212_older_files_have_the_currency_in_the_header(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text(
        "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),"
        "Exchange rate,Result (GBP),Total (GBP),Notes,ID,Currency conversion fee (GBP),"
        "Stamp duty reserve tax (GBP)\n"
        "Market buy,2021-05-04 10:00:00,X,ABC,A,10,5.00,GBX,100,,0.51,,EOF1,,0.01\n"
        "Deposit,2021-05-03 10:00:00,,,,,,,,,50.00,,,,\n"
        "Stock split close,2021-06-01 10:00:00,X,ABC,A,10,5.00,GBX,100,,0.5,,EOF2,,\n"
    )
    result = map_reader("trading212_gbp")(path, account="A1", strategy="s")
    assert _told(result.fills, "commission", "fee_currency") == [(0.01, "GBP")]
    assert _by_kind(result) == {("deposit", "GBP"): 50.0}


def test_a_split_of_trading212_is_new_over_old_units(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text(
        "Action,Time,ISIN,Ticker,Name,Notes,ID,No. of shares,Price / share,"
        "Currency (Price / share),Total,Currency (Total)\n"
        "Stock split close,2025-03-24 07:24:24.095,X,ISOU,I,,E1,29.80478,2.07,USD,59.68,EUR\n"
        "Stock split open,2025-03-24 07:24:24.104,X,ISOU,I,,E2,7.451195,8.28,USD,59.68,EUR\n"
    )
    result = map_reader("trading212")(path, account="A1", strategy="s")
    assert _told(result.splits, "symbol", "ratio") == [("ISOU", 0.25)]


def test_ibkr_signs_of_volume_and_commission_are_settled(read):
    result = read("ibkr_flex_csv_isin", "ibkr-trades")
    assert (result.read, result.fills.num_rows) == (11, 8)
    # currency conversions carry no ISIN: told, not dropped
    assert [(r.line, r.field) for r in result.refused] == [(n, "symbol") for n in (10, 11, 12)]
    first = from_table(result.fills, Fill)[0]
    assert (first.volume, first.price, first.commission, first.currency) == (7.0, 282.7, 5.0, "CHF")
    assert first.execution_time.isoformat() == "2023-05-22T04:00:00+00:00"


def test_swissquote_net_amounts_are_reproduced(read):
    result = read("swissquote")
    assert (result.read, result.fills.num_rows, result.refused) == (21, 10, ())
    net = [489.92, 31433.97, 22835.05, 84747.79, 29861.56]
    net += [-19569.74, -8390.90, -3482.70, -20047.55, -3975.96]
    assert _cash(result) == pytest.approx(net, abs=0.011)
    assert result.out_of_order == 0
    # withdrawals and the fee of each are one row: -2002.00 and -4002.00 are its net amounts
    assert _by_kind(result) == {
        ("interest", "CHF"): -0.01,
        ("dividend", "USD"): pytest.approx(66.72 + 1348.24),
        ("dividend", "EUR"): 486.58,
        ("fee", "CHF"): pytest.approx(-53.85 - 2.0 - 2.0),
        ("withdrawal", "CHF"): -6000.0,
    }


def test_schwab_amounts_are_reproduced(read, shared_data):
    result = read("schwab")
    assert (result.read, result.fills.num_rows) == (120, 43)
    source = pd.read_csv(shared_data / "broker/schwab.csv")
    trades = source["Action"].isin(load_map("schwab").sides)
    printed = source["Amount"].str.replace("[$,]", "", regex=True).astype(float)
    # the printed price is rounded to cents
    assert sorted(_cash(result)) == pytest.approx(sorted(printed[trades]), rel=1e-3, abs=0.01)
    cash = trades | source["Action"].isin(["Cash In Lieu"]) | source["Action"].isna()
    assert sum(_by_kind(result).values()) == pytest.approx(printed[~cash].sum())


def test_schwab_rows_that_change_the_shares_held_are_refused_and_not_skipped(read):
    result = read("schwab")
    assert Counter(r.field for r in result.refused) == {"ratio": 4, "row": 7, "volume": 1}
    assert Counter(r.reason for r in result.skipped) == {
        "not a trade: Action is 'Journaled Shares'": 1,
        "not a trade: Action is ''": 1,
    }


def test_etoro_stocks_are_read_and_contracts_without_direction_refused(read):
    result = read("etoro")
    assert (result.read, result.fills.num_rows, result.cash.num_rows) == (28, 6, 16)
    amounts = [18.43, 0.38, -49.88, -27.37, -93.62, 61.27]
    assert _cash(result) == pytest.approx(amounts, abs=1e-9)
    assert {r.line for r in result.refused if r.field == "side"} == {23, 25, 28}
    # numbers of another country: refused, not read as thousands
    assert {r.line for r in result.refused if r.field == "amount"} == {24, 26, 27}
    assert _by_kind(result)["withdrawal", "USD"] == -100.11


def test_bitvavo_pays_what_it_printed(read, shared_data):
    result = read("bitvavo")
    assert (result.fills.num_rows, result.cash.num_rows, result.refused) == (12, 7, ())
    with (shared_data / "broker/bitvavo.csv").open(encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream) if r["Type"] in ("buy", "sell")]
    printed = {r["Transaction ID"]: float(r["Received / Paid Amount"]) for r in rows}
    paid = dict(zip(result.fills["trade_id"].to_pylist(), _cash(result), strict=True))
    assert paid == pytest.approx(printed, abs=0.011)
    assert set(_told(result.fills, "symbol", "base_currency", "fee_currency")) == {
        ("ETH/EUR", "ETH", "EUR"),
        ("BTC/EUR", "BTC", "EUR"),
        ("USDT/EUR", "USDT", "EUR"),
        ("XLM/EUR", "XLM", "EUR"),
    }


def test_xtb_trades_are_taken_from_the_comment(read):
    result = read("xtb")
    spyl = {t: row for t, *row in _told(result.fills, "trade_id", "side", "volume", "symbol")}
    assert spyl["530692719"] == ["buy", 34.0, "SPYL.DE"]
    assert spyl["524303821"] == ["sell", 1.0, "ZAL.DE"]
    amounts = dict(zip(spyl, _cash(result), strict=True))
    assert amounts["530692719"] == pytest.approx(-399.43)
    assert amounts["524303821"] == pytest.approx(26.28)
    # three rows stand twice in the file, a purchase and a sale have one id, and so on
    assert (result.read, len(result.skipped), len(result.refused)) == (46, 3, 6)


def test_delta_prices_follow_from_both_amounts(read):
    result = read("delta")
    assert result.refused == ()
    told = _told(result.fills, "symbol", "side", "volume", "price", "currency", "fee_currency")
    # its own example rows: 10 ETH for 0.6 BTC, 100 SOL for 0.88 ETH, 5 AAPL for 1250 USD
    assert sorted(told) == [
        ("AAPL", "buy", 5.0, 250.0, "USD", None),
        ("ETH/BTC", "buy", 10.0, 0.06, "BTC", "BNB"),
        ("SOL/ETH", "sell", 100.0, 0.0088, "ETH", None),
    ]
    assert _by_kind(result) == {
        ("deposit", "USD"): 5000.0,
        ("dividend", "USD"): 2.5,
        ("fee", "USD"): -0.5,
    }


def test_degiro_trades_stand_in_the_description_and_costs_beside_them(read):
    result = read("degiro")
    trades = _told(result.fills, "symbol", "side", "volume", "price", "currency")
    assert ("US9256521090", "buy", 1.0, 33.9, "USD") in trades
    assert ("IE00B4L5Y983", "buy", 6.0, 49.785, "EUR") in trades
    assert ("GB00BPQY8M80", "sell", 4.0, 496.0, "GBX") in trades
    fees = _told(result.cash, "kind", "amount", "currency", "symbol")
    assert ("fee", -1.0, "EUR", "US9256521090") in fees
    assert ("tax", -0.07, "USD", "US1912161007") in fees
    # a decimal point in a file of decimal commas, and trades that are no plain trades
    assert Counter(r.field for r in result.refused) == {"amount": 20, "row": 4}


def test_freetrade_orders_pay_the_printed_total_in_pounds(read):
    result = read("freetrade")
    assert result.refused == ()
    fills = {f.symbol: f for f in from_table(result.fills, Fill) if f.order_id != "936XKTISMWSD"}
    alliance, nvidia = fills["ATST"], fills["NVDA"]
    assert alliance.price * alliance.volume + alliance.commission == pytest.approx(
        5068.25, abs=0.01
    )
    # 1.2745 USD a GBP before the fee, from the same row
    paid = nvidia.price * nvidia.volume / 1.2745 + nvidia.commission
    assert paid == pytest.approx(1996.75, abs=0.02)
    assert (nvidia.currency, nvidia.fee_currency) == ("USD", "GBP")
    assert _by_kind(result)["deposit", "GBP"] == pytest.approx(1000.0 + 4.95)


def test_freetrade_trades_around_a_split_are_read_as_they_were(read):
    result = read("freetrade", "investir_share_splits")
    assert _told(result.fills, "symbol", "side", "volume", "commission", "fee_currency") == [
        ("TSLA", "buy", 3.9640327, 11.2, "GBP"),
        ("TSLA", "sell", 10.89729471, 12.35, "GBP"),
    ]


def test_cgtcalc_dividends_are_an_amount_a_share_and_splits_are_refused(read):
    result = read("cgtcalc", "cgtcalc_raw_meta_2022")
    assert (result.read, result.fills.num_rows) == (16, 13)
    # by hand: 4200 * 0.80 and 305 * 0.031737
    assert _told(result.cash, "symbol", "amount") == [
        ("OTGLY", pytest.approx(9.679785)),
        ("OPRA", pytest.approx(3360.0)),
    ]
    assert [(r.line, r.field) for r in result.refused] == [(10, "ratio")]


@pytest.mark.parametrize("name", map_names())
def test_every_map_can_be_loaded_and_says_where_it_is_from(name):
    assert load_map(name).name != "table"


def test_a_map_that_does_not_exist_is_an_error_that_lists_them():
    with pytest.raises(UnknownNameError, match="schwab"):
        load_map("robinhood")
