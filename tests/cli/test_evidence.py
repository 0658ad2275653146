"""`perfkit evidence` says of each strategy whether what it earned may be luck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import perfkit as pk
from perfkit.cli.app import app
from perfkit.records import Bar, CashKind, CashRecord, Fill, Side

DAYS = pd.bdate_range("2024-01-02", periods=60, tz="UTC") + pd.Timedelta(hours=21)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """A strategy buys at the start and holds; another never had any capital."""
    folder = tmp_path_factory.mktemp("evidence")
    prices = 100.0 + np.cumsum(np.random.default_rng(2).normal(0.1, 1.0, len(DAYS))).round(2)
    with pk.TradeTracker(folder) as tracker:
        tracker.record_cash(
            [
                CashRecord(
                    cash_id="in", account_id="main", strategy_id="hold", execution_time=DAYS[0],
                    kind=CashKind.DEPOSIT, amount=1_000.0,
                )
            ]
        )  # fmt: skip
        tracker.record_bars(
            [
                Bar(symbol="AAPL", close_time=day, close=price)
                for day, price in zip(DAYS, prices, strict=True)
            ]
        )
        tracker.record_many(
            [
                Fill(
                    trade_id=name, account_id="main", strategy_id=name, execution_time=DAYS[0],
                    symbol="AAPL", side=Side.BUY, price=float(prices[0]), volume=5.0,
                    commission=0.0,
                )
                for name in ("hold", "bare")
            ]
        )  # fmt: skip
    return str(folder)


def test_each_strategy_has_its_verdict(uri):
    run = CliRunner().invoke(app, ["evidence", uri, "--trials", "25"])
    assert run.exit_code == 0, run.output
    assert "as best of 25" in run.output
    rows = {line.split()[0]: line for line in run.output.splitlines() if line.strip()}
    assert rows["hold"].rstrip().endswith("not proven")
    assert rows["bare"].rstrip().endswith("insufficient")  # no capital, so no return


def test_what_there_is_not_is_refused(uri):
    run = CliRunner().invoke(app, ["evidence", uri, "--strategy", "nobody"])
    assert run.exit_code != 0
