"""From a file or a fill to the answer: the whole house on one path, against known results."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import perfkit as pk
from perfkit.cli import app
from perfkit.execution import to_bars

START = datetime(2025, 9, 1, 15, tzinfo=UTC)


@pytest.fixture
def books(tmp_path):
    """Record (side, volume, price) in turn; answer what a user of the P&L plan asks."""

    def answer(*trades, ids=None):
        ids = ids or [f"o{n}" for n in range(len(trades))]
        fills = [
            pk.Fill(
                trade_id=trade_id, account_id="main", strategy_id="NUCLEAR", symbol="TECL",
                execution_time=START + timedelta(minutes=ids.index(trade_id)),
                side=side, volume=volume, price=price,
            )
            for trade_id, (side, volume, price) in zip(ids, trades, strict=True)
        ]  # fmt: skip
        with pk.TradeTracker(tmp_path / "desk") as tracker:
            for fill in fills:
                tracker.record(fill)
        trades = pk.History(str(tmp_path / "desk")).trades()
        last = trades.iloc[-1]
        return len(trades), trades["pnl"].sum(), last["position"], last["average_price"]

    return answer


# "Wrong answers of the original": what a user of the plan's first tracker was told
def test_selling_all_at_once_realises_it_all(books):
    _, pnl, position, price = books(("buy", 100, 50.0), ("sell", 100, 60.0))
    assert (pnl, position, math.isnan(price)) == (1000.0, 0.0, True)


def test_selling_in_two_parts_realises_both(books):
    _, pnl, position, _ = books(("buy", 100, 50.0), ("sell", 40, 60.0), ("sell", 60, 60.0))
    assert (pnl, position) == (1000.0, 0.0)


def test_selling_more_than_is_held_leaves_a_short(books):
    _, pnl, position, price = books(("buy", 100, 50.0), ("sell", 150, 60.0))
    assert (pnl, position, price) == (1000.0, -50.0, 60.0)


def test_a_short_that_is_bought_back_is_flat_with_its_gain(books):
    _, pnl, position, price = books(("sell", 100, 60.0), ("buy", 100, 50.0))
    assert (pnl, position, math.isnan(price)) == (1000.0, 0.0, True)


def test_the_same_order_recorded_twice_counts_once(books):
    count, _, position, _ = books(("buy", 100, 50.0), ("buy", 100, 50.0), ids=["o1", "o1"])
    assert (count, position) == (1, 100.0)


def test_a_symbol_without_a_price_is_flagged_and_not_worth_nothing():
    ledger = pk.Ledger()
    fill = pk.Fill(
        trade_id="o1", account_id="main", strategy_id="NUCLEAR", symbol="TECL",
        execution_time=START, side="buy", volume=100, price=50.0,
    )  # fmt: skip
    ledger.apply(pk.to_table([fill], pk.Fill))
    (pnl,) = ledger.mark({"SOXL": 30.0})
    assert pnl.unpriced == ("TECL",)
    assert math.isnan(pnl.unrealized_pnl)
    assert math.isnan(pnl.total_pnl)
    assert pnl.realized_pnl == 0.0


def test_pyfolios_golden_run_imported_by_the_command_gives_its_returns(shared_data, tmp_path):
    folder, uri = shared_data / "fills" / "pyfolio_golden", str(tmp_path / "golden")
    words = ["import", str(folder / "txn.csv.gz"), "--format", "pyfolio", "--into", uri]
    run = CliRunner().invoke(app, [*words, "--account", "pyfolio", "--strategy", "golden"])
    assert run.exit_code == 0, run.output
    assert "9,367" in run.output

    read = {"index_col": 0, "parse_dates": True}
    positions = pd.read_csv(folder / "pos.csv.gz", **read)
    transactions = pd.read_csv(folder / "txn.csv.gz", **read)
    returns = pd.read_csv(folder / "returns.csv.gz", header=None, **read)[1]
    units = transactions.pivot_table(
        index=transactions.index, columns="symbol", values="amount", aggfunc="sum"
    )
    units = units.reindex(positions.index).fillna(0.0).cumsum()
    closes = positions[units.columns] / units.where(units != 0.0)
    first = positions.index[0]
    bought = (transactions["amount"] * transactions["price"]).loc[first].sum()
    capital = pk.CashRecord(
        cash_id="c0", account_id="pyfolio", strategy_id="golden", kind="deposit",
        execution_time=first.to_pydatetime(), amount=positions["cash"].iloc[0] + bought,
    )  # fmt: skip
    with pk.TradeTracker(uri) as tracker:
        tracker.record_cash([capital])
        tracker.record_bars(to_bars(closes))

    found = pk.History(uri).returns(by=())["total"]
    np.testing.assert_allclose(found, returns.loc[positions.index], rtol=0, atol=1e-9)


def test_restart_is_no_restart(tmp_path):
    rng = np.random.default_rng(11)
    fills = [
        pk.Fill(
            trade_id=f"t{n}", account_id="a", strategy_id=f"s{n % 3}", symbol="X",
            execution_time=START + timedelta(seconds=n), side=("buy", "sell")[rng.integers(2)],
            price=100 + rng.normal(), volume=float(rng.integers(1, 9)), commission=0.1,
        )
        for n in range(60)
    ]  # fmt: skip
    with pk.TradeTracker(tmp_path / "once") as tracker:
        tracker.record_many(fills)
    for part in range(0, 60, 7):
        with pk.TradeTracker(tmp_path / "often") as tracker:
            tracker.record_many(fills[part : part + 7])
    drop = ["recorded_at", "sequence"]
    once, often = (
        pk.TradeStore(tmp_path / name).read().drop_columns(drop) for name in ("once", "often")
    )
    assert once.equals(often)
