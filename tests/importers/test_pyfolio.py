"""The golden backtest of pyfolio, and tables of transactions that are broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers import read_pyfolio


def _transactions(**columns):
    table = {"amount": [10, -4], "price": [5.0, 6.0], "symbol": ["AMD", "AMD"], **columns}
    return pd.DataFrame(table, index=pd.DatetimeIndex(["2024-01-02", "2024-01-03"], tz="UTC"))


def _read(source, **settings):
    return read_pyfolio(source, account="A1", strategy="golden", **settings)


@pytest.fixture(scope="module")
def golden(shared_data):
    return _read(shared_data / "fills/pyfolio_golden/txn.csv.gz")


def test_every_row_of_the_golden_file_is_a_fill(golden):
    assert golden.read == 9367
    assert (golden.fills.num_rows, golden.skipped, golden.refused) == (9367, (), ())


@pytest.fixture(scope="module")
def golden_days(golden, shared_data):
    """What the fills did on each day: money per day, units held after it, last price."""
    positions = pd.read_csv(
        shared_data / "fills/pyfolio_golden/pos.csv.gz", index_col=0, parse_dates=True
    )
    signs = np.where(np.array(golden.fills["side"].to_pylist()) == "buy", 1.0, -1.0)
    fills = pd.DataFrame(
        {
            "day": pd.DatetimeIndex(golden.fills["execution_time"].to_pylist()),
            "symbol": golden.fills["symbol"].to_pylist(),
            "units": signs * golden.fills["volume"].to_numpy(),
            "price": golden.fills["price"].to_numpy(),
        }
    )
    money = -(fills["units"] * fills["price"]).groupby(fills["day"]).sum()
    by_day = fills.pivot_table(index="day", columns="symbol", values="units", aggfunc="sum")
    held = by_day.reindex(positions.index).fillna(0.0).cumsum()
    price = fills.pivot_table(index="day", columns="symbol", values="price", aggfunc="last")
    return positions, money.reindex(positions.index).fillna(0.0), held, price


def test_the_golden_fills_rebuild_cash_and_returns(golden_days, shared_data):
    positions, money, _, _ = golden_days
    capital = positions["cash"].iloc[0] - money.iloc[0]
    cash = capital + money.cumsum()
    assert capital == pytest.approx(100_000.0)
    assert cash.to_numpy() == pytest.approx(positions["cash"].to_numpy(), abs=1e-5)
    path = shared_data / "fills/pyfolio_golden/returns.csv.gz"
    returns = pd.read_csv(path, index_col=0, parse_dates=True, header=None).iloc[:, 0]
    worth = positions.drop(columns="cash").sum(axis=1) + cash
    expected = returns.reindex(worth.index).to_numpy()[1:]
    assert worth.pct_change().to_numpy()[1:] == pytest.approx(expected, abs=1e-9)


def test_the_golden_fills_rebuild_its_positions(golden_days):
    positions, _, held, price = golden_days
    for symbol in held.columns:
        traded = price[symbol].dropna()
        value = held.loc[traded.index, symbol] * traded
        expected = positions.loc[traded.index, symbol].fillna(0.0)
        assert value.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-4)


def test_rows_of_one_day_keep_the_order_of_the_file(golden, shared_data):
    source = pd.read_csv(shared_data / "fills/pyfolio_golden/txn.csv.gz", index_col=0)
    assert golden.fills["symbol"].to_pylist() == source["symbol"].tolist()
    assert golden.out_of_order == 0


def test_reading_again_gives_the_same_ids(golden, shared_data):
    again = _read(shared_data / "fills/pyfolio_golden/txn.csv.gz")
    assert again.fills.equals(golden.fills)
    assert len(set(golden.fills["trade_id"].to_pylist())) == 9367


def test_a_part_of_the_file_gives_the_ids_of_the_whole(golden, shared_data):
    source = pd.read_csv(shared_data / "fills/pyfolio_golden/txn.csv.gz", index_col=0)
    source.index = pd.to_datetime(source.index)
    half = _read(source[source.index >= "2006-01-01"])
    whole = golden.fills["trade_id"].to_pylist()
    assert half.fills["trade_id"].to_pylist() == whole[-half.read :]


def test_a_frame_and_its_csv_file_read_alike(tmp_path):
    frame = _transactions()
    frame.to_csv(tmp_path / "txn.csv")
    frame.to_parquet(tmp_path / "txn.parquet")
    expected = _read(frame).fills
    assert _read(tmp_path / "txn.csv").fills.equals(expected)
    assert _read(tmp_path / "txn.parquet").fills.equals(expected)


def test_the_sign_of_the_amount_is_the_side():
    assert _read(_transactions()).fills["side"].to_pylist() == ["buy", "sell"]
    assert _read(_transactions()).fills["volume"].to_pylist() == [10.0, 4.0]


def test_rows_of_amount_zero_are_skipped_and_counted():
    result = _read(_transactions(amount=[0, -4]))
    assert result.fills.num_rows == 1
    assert [(r.line, r.reason) for r in result.skipped] == [(1, "not a trade: amount is 0")]


def test_a_row_whose_money_contradicts_its_amount_is_refused():
    result = _read(_transactions(txn_dollars=[50.0, 24.0]))
    assert [(r.line, r.field) for r in result.refused] == [(1, "price")]
    assert "txn_dollars must be -amount * price = -50" in result.refused[0].reason


def test_symbols_that_are_objects_are_named_by_their_text():
    class Asset:
        def __str__(self):
            return "AMD"

    assert set(_read(_transactions(symbol=[Asset(), Asset()])).fills["symbol"].to_pylist()) == {
        "AMD"
    }


def test_a_missing_symbol_or_price_is_refused():
    result = _read(_transactions(symbol=[None, "AMD"], price=[5.0, np.nan]))
    assert [(r.line, r.field) for r in result.refused] == [(1, "symbol"), (2, "price")]


def test_costs_come_from_the_model_that_is_given():
    fills = _read(_transactions(), commission=lambda volume, price: 0.001 * volume * price).fills
    assert fills["commission"].to_pylist() == pytest.approx([0.05, 0.024])


def test_without_a_model_commissions_are_zero():
    assert _read(_transactions()).fills["commission"].to_pylist() == [0.0, 0.0]


def test_times_without_a_zone_are_an_error():
    with pytest.raises(ImportFormatError, match="must give times with a zone"):
        _read(_transactions().tz_localize(None))


@pytest.mark.parametrize("column", ["amount", "price", "symbol"])
def test_a_missing_column_is_named(column):
    with pytest.raises(ImportFormatError, match=f"column '{column}'"):
        _read(_transactions().drop(columns=column))


def test_a_file_without_its_index_is_an_error(tmp_path):
    _transactions().to_csv(tmp_path / "txn.csv", index=False)
    with pytest.raises(ImportFormatError, match="must have the times as its index"):
        _read(tmp_path / "txn.csv")


def test_account_and_strategy_must_be_told():
    with pytest.raises(InvalidArgumentError, match="account and strategy must be given"):
        read_pyfolio(_transactions(), account="A1")
    with pytest.raises(InvalidArgumentError, match="strategy must match"):
        read_pyfolio(_transactions(), account="A1", strategy="my strategy!")
