"""The strategy report, run from a history on disk to the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from perfkit.records import Bar, CashKind, CashRecord, Fill
from perfkit.reports import run_notebook
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 1, 21, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    fills = [
        Fill(
            trade_id=f"t{n}", account_id="main", strategy_id="trend", symbol=HOSTILE,
            execution_time=START + timedelta(days=n), side=("buy", "sell")[n % 2],
            price=100.0 + n % 7, volume=10.0, commission=0.5,
        )
        for n in range(80)
    ]  # fmt: skip
    capital = CashRecord(
        cash_id="c1", account_id="main", strategy_id="trend", execution_time=START,
        kind=CashKind.DEPOSIT, amount=10_000.0,
    )  # fmt: skip
    bars = [
        Bar(symbol=symbol, close_time=fill.execution_time, close=fill.price)
        for fill in fills
        for symbol in (HOSTILE, "INDEX")
    ]
    with TradeTracker(folder / "history") as tracker:
        tracker.record_bars(bars)
        tracker.record_cash([capital])
        tracker.record_many(fills)
    parameters = {
        "uri": str(folder / "history"),
        "strategy": "trend",
        "benchmark": "INDEX",
        "zone": "America/New_York",
        "cutoff": "17:00",
        "periods": 252,
        "note": f"Beware of {HOSTILE} & co.",
    }
    run = run_notebook("strategy", folder / "out" / "page.html", parameters, timeout=300.0)
    assert run.status == "completed"
    return run.html.read_text()


def test_the_page_says_what_it_is_about(page):
    for words in ("Strategy report", "trend", "Sharpe ratio", "Who earns, who loses", "INDEX"):
        assert words in page
    assert page.count("<svg") + page.count("data:image/svg+xml") >= 8


def test_the_heading_and_the_title_name_the_strategy(page):
    assert "<title>Strategy report: trend</title>" in page
    assert "<h1>Strategy report: trend</h1>" in page


def test_the_page_says_which_trading_day_it_goes_by(page):
    assert "A trading day ends at 17:00 in America/New_York; 252 of them make a year." in page


def test_a_chart_of_one_bar_is_left_out(page):
    assert "by label" in page
    assert "by direction" not in page
    assert "by strategy" not in page


def test_the_page_loads_nothing_from_outside(page):
    loads = re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:|#)([^"'\s>]+)""", page)
    assert loads == []
    assert not re.search(r"@import|url\(\s*['\"]?http", page)
    assert "<script" not in page


def test_a_hostile_name_is_text_on_the_page(page):
    assert "<script>" not in page
    assert "Beware of &lt;script&gt;" in page
