"""Exports of real brokers, each read by a map of a few lines."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from perfkit.importers import CsvStyle, NumberStyle, TableFormat, TimeStyle, read_table
from perfkit.records import Fill, from_table

TRADING212 = TableFormat(
    name="trading212",
    columns={
        "trade_id": "ID",
        "execution_time": "Time",
        "symbol": "Ticker",
        "side": "Action",
        "volume": "No. of shares",
        "price": "Price / share",
        "currency": "Currency (Price / share)",
        "commission": "Currency conversion fee",
        "fee_currency": "Currency (Currency conversion fee)",
    },
    trade_rows={"Action": ("Market buy", "Market sell", "Limit buy", "Limit sell")},
    sides={"Market buy": "buy", "Market sell": "sell", "Limit buy": "buy", "Limit sell": "sell"},
    times=TimeStyle(zone="UTC"),
)
IBKR = TableFormat(
    name="ibkr",
    columns={
        "execution_time": "TradeDate",
        "symbol": "ISIN",
        "side": "Buy/Sell",
        "volume": "Quantity",
        "price": "TradePrice",
        "currency": "CurrencyPrimary",
        "commission": "IBCommission",
        "fee_currency": "IBCommissionCurrency",
    },
    signed_volume=True,
    costs_are_negative=True,
    times=TimeStyle(layout="%Y%m%d", zone="America/New_York"),
)
SWISSQUOTE = TableFormat(
    name="swissquote",
    columns={
        "execution_time": "Date",
        "order_id": "Order #",
        "symbol": "Symbol",
        "side": "Transaction",
        "volume": "Quantity",
        "price": "Unit price",
        "commission": "Costs",
        "currency": "Currency",
    },
    trade_rows={"Transaction": ("Buy", "Sell")},
    newest_first=True,
    times=TimeStyle(layout="%d-%m-%Y %H:%M:%S", zone="Europe/Zurich"),
    csv=CsvStyle(separator=";"),
)
SCHWAB = TableFormat(
    name="schwab",
    columns={
        "execution_time": "Date",
        "symbol": "Symbol",
        "side": "Action",
        "volume": "Quantity",
        "price": "Price",
        "commission": "Fees & Comm",
    },
    constants={"currency": "USD"},
    trade_rows={"Action": ("Buy", "Sell", "Reinvest Shares")},
    sides={"Buy": "buy", "Sell": "sell", "Reinvest Shares": "buy"},
    newest_first=True,
    numbers=NumberStyle(thousands=",", units=("$",)),
    times=TimeStyle(layout="%m/%d/%Y", zone="America/New_York"),
)


def _read(folder, name, layout):
    return read_table(folder / "broker" / name, layout, account="A1", strategy="manual")


def _cash(result):
    """What the fills moved, in the currency of the price: the broker prints it too."""
    rows = result.fills.to_pylist()
    signs = {"buy": -1.0, "sell": 1.0}
    return [signs[r["side"]] * r["price"] * r["volume"] - r["commission"] for r in rows]


def test_trading212_trades_are_read_and_the_rest_is_counted(shared_data):
    result = _read(shared_data, "trading212.csv", TRADING212)
    assert (result.read, result.fills.num_rows, result.refused) == (13, 4, ())
    assert Counter(r.reason for r in result.skipped)["not a trade: Action is 'Deposit'"] == 1
    fill = from_table(result.fills, Fill)[0]
    assert (fill.trade_id, fill.symbol, fill.volume) == ("EOF7504196256", "CSCO", 0.029053)
    assert fill.execution_time.isoformat() == "2023-12-18T14:30:03.613000+00:00"


def test_trading212_fees_keep_their_own_currency(shared_data):
    result = _read(shared_data, "trading212_multicurrency.csv", TRADING212)
    assert (result.read, result.fills.num_rows, result.refused) == (19, 7, ())
    fees = {
        (r["symbol"], r["side"]): (r["commission"], r["fee_currency"])
        for r in result.fills.to_pylist()
    }
    assert fees["AMZN", "sell"] == (29.10, "GBP")
    assert fees["ASML", "buy"] == (0.0, None)


def test_ibkr_signs_of_volume_and_commission_are_settled(shared_data):
    result = _read(shared_data, "ibkr-trades.csv", IBKR)
    assert (result.read, result.fills.num_rows) == (11, 8)
    # currency conversions carry no ISIN: told, not dropped
    assert [(r.line, r.field) for r in result.refused] == [(n, "symbol") for n in (10, 11, 12)]
    first = from_table(result.fills, Fill)[0]
    assert (first.volume, first.price, first.commission, first.currency) == (7.0, 282.7, 5.0, "CHF")
    assert first.execution_time.isoformat() == "2023-05-22T04:00:00+00:00"


def test_swissquote_net_amounts_are_reproduced(shared_data):
    result = _read(shared_data, "swissquote.csv", SWISSQUOTE)
    assert (result.read, result.fills.num_rows, result.refused) == (21, 10, ())
    net = [489.92, 31433.97, 22835.05, 84747.79, 29861.56]
    net += [-19569.74, -8390.90, -3482.70, -20047.55, -3975.96]
    assert _cash(result) == pytest.approx(net, abs=0.011)
    assert result.out_of_order == 0


def test_schwab_amounts_are_reproduced(shared_data):
    result = _read(shared_data, "schwab.csv", SCHWAB)
    assert (result.read, result.fills.num_rows, result.refused) == (120, 43, ())
    source = pd.read_csv(shared_data / "broker/schwab.csv")
    amounts = source.loc[source["Action"].isin(SCHWAB.sides), "Amount"]
    printed = amounts.str.replace("[$,]", "", regex=True).astype(float)
    # the printed price is rounded to cents
    assert sorted(_cash(result)) == pytest.approx(sorted(printed), rel=1e-3, abs=0.01)
