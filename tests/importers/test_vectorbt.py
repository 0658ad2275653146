"""vectorbt: readable orders, raw records, and the library itself where it is installed."""

from __future__ import annotations

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.vectorbt import read_vectorbt
from perfkit.ledger import Ledger

INDEX = pd.date_range("2024-01-02", periods=6, freq="D")
READABLE = pd.DataFrame(
    {
        "Order Id": [0, 1, 2],
        "Column": ["A", "A", "B"],
        "Timestamp": INDEX[[0, 2, 1]],
        "Size": [100.0, 40.0, 5.0],
        "Price": [10.0, 12.0, 20.0],
        "Fees": [1.0, 0.48, 0.1],
        "Side": ["Buy", "Sell", "Sell"],
    }
)
RAW = pd.DataFrame(
    {
        "id": [0, 1, 2],
        "col": [0, 0, 1],
        "idx": [0, 2, 1],
        "size": [100.0, 40.0, 5.0],
        "price": [10.0, 12.0, 20.0],
        "fees": [1.0, 0.48, 0.1],
        "side": [0, 1, 1],
    }
)


def _read(source, **changes):
    return read_vectorbt(source, **{"account": "A1", "strategy": "x", "zone": "UTC", **changes})


def test_an_order_is_a_fill():
    result = _read(READABLE)
    assert (result.read, result.recorded, result.refused) == (3, 3, ())
    assert result.fills["symbol"].to_pylist() == ["A", "B", "A"]
    assert result.fills["side"].to_pylist() == ["buy", "sell", "sell"]
    assert result.fills["commission"].to_pylist() == [1.0, 0.1, 0.48]
    assert result.fills["order_id"].to_pylist() == ["0", "2", "1"]


def test_raw_records_are_read_with_their_index():
    assert _read(RAW, index=INDEX, symbols=["A", "B"]).fills.equals(_read(READABLE).fills)


def test_raw_records_alone_do_not_say_when_and_what():
    with pytest.raises(InvalidArgumentError, match="index and symbols must be given"):
        _read(RAW)
    with pytest.raises(ImportFormatError, match="'idx' must be a whole number, 0 to 1"):
        _read(RAW, index=INDEX[:2], symbols=["A", "B"])
    with pytest.raises(ImportFormatError, match="'col' must be a whole number"):
        _read(RAW.assign(col=["A", "A", "B"]), index=INDEX, symbols=["A", "B"])


def test_a_naive_index_needs_a_zone():
    with pytest.raises(InvalidArgumentError, match="zone must be given"):
        _read(READABLE, zone=None)
    local = _read(READABLE, zone="America/New_York").fills["execution_time"]
    assert local[0].as_py().hour == 5


def test_columns_of_several_levels_are_joined():
    frame = READABLE.assign(Column=[("fast", "A"), ("fast", "A"), ("slow", "A")])
    assert set(_read(frame).fills["symbol"].to_pylist()) == {"fast-A", "slow-A"}


def test_a_csv_file_reads_like_the_frame(tmp_path):
    READABLE.to_csv(tmp_path / "orders.csv", index=False)
    assert _read(tmp_path / "orders.csv").fills.equals(_read(READABLE).fills)


def test_two_runs_of_the_same_orders_give_the_same_ids_and_others_do_not():
    first, again = _read(READABLE).fills, _read(READABLE).fills
    other = _read(READABLE.assign(Price=[11.0, 12.0, 20.0])).fills
    assert first.equals(again)
    assert first["trade_id"][0] != other["trade_id"][0]


def test_an_order_that_breaks_a_rule_is_refused():
    result = _read(READABLE.assign(Size=[0.0, 1.0, None], Side=["Buy", "Hold", "Buy"]))
    assert [(r.line, r.field) for r in result.refused] == [
        (1, "volume"),
        (2, "side"),
        (3, "volume"),
    ]


def test_another_table_is_an_error():
    with pytest.raises(ImportFormatError, match="must have each of the columns"):
        _read(READABLE.drop(columns="Fees"))


@pytest.fixture(scope="module")
def portfolio():
    vectorbt = pytest.importorskip("vectorbt")
    prices = pd.DataFrame(
        {"A": [10.0, 11, 12, 11, 13, 12], "B": [20.0, 21, 19, 18, 20, 22]}, index=INDEX
    )
    entries = pd.DataFrame({"A": [1, 0, 0, 0, 1, 0], "B": [0, 1, 0, 0, 0, 0]}, index=INDEX)
    exits = pd.DataFrame({"A": [0, 0, 1, 0, 0, 0], "B": [0, 0, 0, 1, 0, 0]}, index=INDEX)
    return vectorbt.Portfolio.from_signals(
        prices, entries.astype(bool), exits.astype(bool), fees=0.001, init_cash=1000
    )


@pytest.mark.filterwarnings("ignore")
def test_a_real_portfolio_has_the_profit_that_vectorbt_counts(portfolio):
    fills = _read(portfolio.orders.records_readable).fills
    books = Ledger("average").apply(fills).to_pandas()
    books["symbol"] = fills["symbol"].to_pylist()
    last = books.groupby("symbol").tail(1).set_index("symbol").sort_index()
    open_pnl = last["position"] * (portfolio.close.iloc[-1] - last["average_price"].fillna(0.0))
    total = books.groupby("symbol")["pnl"].sum() + open_pnl
    assert total.to_dict() == pytest.approx(portfolio.total_profit().to_dict())


@pytest.mark.filterwarnings("ignore")
def test_real_raw_records_are_the_readable_ones(portfolio):
    raw = _read(
        portfolio.orders.records, index=portfolio.wrapper.index, symbols=portfolio.wrapper.columns
    )
    assert raw.fills.equals(_read(portfolio.orders.records_readable).fills)
