"""The ledger against real histories whose answers others published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.ledger import Ledger, daily_equity, daily_returns, nav_curve, round_trips
from perfkit.records import CashRecord, Fill, Mark, conform, to_table


def as_table(columns, cls):
    return conform(pa.table(dict(columns)), cls)


def in_utc(times):
    return pa.array(times.tz_convert(None).to_numpy(), pa.timestamp("us", "UTC"))


@pytest.fixture(scope="module")
def pyfolio(shared_data):
    folder = shared_data / "fills" / "pyfolio_golden"
    read = {"index_col": 0, "parse_dates": True}
    transactions = pd.read_csv(folder / "txn.csv.gz", **read)
    positions = pd.read_csv(folder / "pos.csv.gz", **read)
    returns = pd.read_csv(folder / "returns.csv.gz", header=None, **read)[1]
    count = len(transactions)
    fills = {
        "trade_id": [f"T{n}" for n in range(count)],
        "account_id": ["pyfolio"] * count,
        "strategy_id": ["golden"] * count,
        "execution_time": in_utc(transactions.index),
        "symbol": transactions["symbol"].tolist(),
        "side": np.where(transactions["amount"] > 0, "buy", "sell"),
        "price": transactions["price"].to_numpy(),
        "volume": transactions["amount"].abs().to_numpy(float),
    }
    return as_table(fills, Fill), transactions, positions, returns


def closes_of(transactions, positions):
    """Prices that the positions, kept in currency, were valued at; those of a held unit only."""
    amounts = transactions.pivot_table(
        index=transactions.index, columns="symbol", values="amount", aggfunc="sum"
    )
    units = amounts.reindex(positions.index).fillna(0.0).cumsum()
    closes = (positions[units.columns] / units.where(units != 0.0)).stack()
    closes.index.names = ["time", "symbol"]
    return closes.dropna().rename("price").reset_index()


def test_pyfolios_returns_come_from_its_positions_and_cash(pyfolio):
    fills, transactions, positions, returns = pyfolio
    spent = (transactions["amount"] * transactions["price"]).loc[positions.index[0]].sum()
    capital = CashRecord(
        cash_id="C0",
        account_id="pyfolio",
        strategy_id="golden",
        execution_time=positions.index[0].to_pydatetime(),
        kind="deposit",
        amount=positions["cash"].iloc[0] + spent,
    )
    closes = closes_of(transactions, positions)
    times = in_utc(pd.DatetimeIndex(closes["time"]))
    columns = {
        "symbol": closes["symbol"].tolist(),
        "time": times,
        "price": closes["price"].to_numpy(),
    }
    marks = as_table(columns, Mark)
    equity = daily_equity(fills, marks, to_table([capital], CashRecord))
    assert len(equity) == len(positions)
    assert equity["stale_marks"].sum() == 0
    np.testing.assert_allclose(nav_curve(equity), positions.sum(axis=1), rtol=1e-9)
    expected = returns.loc[positions.index]
    np.testing.assert_allclose(daily_returns(equity), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", ["average", "fifo"])
def test_pyfolios_last_positions_are_ours(pyfolio, method):
    fills, transactions, positions, _ = pyfolio
    ledger = Ledger(method)
    ledger.apply(fills)
    closes = closes_of(transactions, positions)
    last = closes[closes["time"] == positions.index[-1]].set_index("symbol")["price"]
    (pnl,) = ledger.mark(last.to_dict())
    assert pnl.total_pnl == pytest.approx(positions.iloc[-1].sum() - 100_000.0, rel=1e-9)
    units = transactions.groupby("symbol")["amount"].sum()
    assert dict(pnl.positions) == {k: float(v) for k, v in units.items() if v}


def test_a_brokers_fifo_statement_is_ours_line_by_line(shared_data):
    folder = shared_data / "fills" / "nse_mit"
    trades = pd.read_csv(folder / "acct_A_trades.csv", parse_dates=["datetime"])
    trades = trades[trades["segment"] == "EQ"].reset_index(drop=True)
    times = pd.DatetimeIndex(trades["datetime"]).tz_localize("Asia/Kolkata")
    fills = {
        "trade_id": [f"T{n}" for n in range(len(trades))],
        "account_id": trades["account_id"].tolist(),
        "strategy_id": ["all"] * len(trades),
        "execution_time": in_utc(times),
        "symbol": trades["symbol"].tolist(),
        "side": trades["side"].str.lower().tolist(),
        "price": trades["price"].to_numpy(),
        "volume": trades["quantity"].to_numpy(),
    }
    table = as_table(fills, Fill)
    trips = round_trips(table, method="fifo", grouping="fill_to_fill")
    statement = pd.read_csv(
        folder / "acct_A_realised_fifo.csv", parse_dates=["open_datetime", "close_datetime"]
    )
    ours = trips.sort_values(["symbol", "exit_time", "entry_time"]).reset_index(drop=True)
    theirs = statement.sort_values(["symbol", "close_datetime", "open_datetime"]).reset_index(
        drop=True
    )
    assert len(ours) == 19
    same = {
        "symbol": "symbol",
        "volume": "quantity",
        "entry_price": "open_price",
        "exit_price": "close_price",
    }
    for name, named in same.items():
        assert ours[name].tolist() == theirs[named].tolist()
    for name, named in {"entry_time": "open_datetime", "exit_time": "close_datetime"}.items():
        local = ours[name].dt.tz_convert("Asia/Kolkata").dt.tz_localize(None)
        assert local.tolist() == theirs[named].tolist()
    assert ours["pnl_gross"].round(9).tolist() == theirs["pnl_amount"].tolist()
    assert (ours["return_"] * 100).round(2).tolist() == theirs["pnl_percentage"].tolist()
    assert ours["pnl_gross"].sum() == pytest.approx(4799.95, abs=1e-9)
    lots = pd.read_csv(folder / "acct_A_open_lots.csv").query("segment == 'EQ'")
    ledger = Ledger("fifo")
    ledger.apply(table)
    held = ledger.positions().query("position != 0").set_index("symbol")
    assert held["position"].to_dict() == lots.groupby("symbol")["quantity"].sum().to_dict()
    cost = (held["position"] * held["average_price"]).sort_index()
    expected = (lots["quantity"] * lots["price"]).groupby(lots["symbol"]).sum()
    np.testing.assert_allclose(cost, expected, rtol=1e-12)
