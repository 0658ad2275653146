"""`perfkit tear-sheet`: a page from a recorded history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perfkit.records import Bar, CashKind, CashRecord, Fill
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 1, 21, tzinfo=UTC)  # a Monday


def fill(number, side, price, day, **more):
    return Fill(**{
        "trade_id": f"t{number}", "account_id": "main", "strategy_id": "trend",
        "execution_time": START + timedelta(days=day), "symbol": "AAA", "side": side,
        "price": price, "volume": 10.0, "commission": 0.0,
    } | more)  # fmt: skip


@pytest.fixture
def uri(tmp_path):
    folder = tmp_path / "history"
    with TradeTracker(folder) as tracker:
        tracker.record_cash([
            CashRecord(
                cash_id="c1", account_id="main", strategy_id="trend", execution_time=START,
                kind=CashKind.DEPOSIT, amount=1_000.0,
            )
        ])  # fmt: skip
        tracker.record_many([
            fill(1, "buy", 100.0, 0),
            fill(2, "sell", 110.0, 4),
            fill(3, "buy", 50.0, 0, strategy_id="poor"),
        ])  # fmt: skip
        tracker.record_bars([
            Bar(symbol=symbol, close_time=START + timedelta(days=day), close=close)
            for symbol in ("AAA", "SPY")
            for day, close in enumerate((100.0, 104.0, 103.0, 108.0, 110.0))
        ])  # fmt: skip
    return folder


def test_a_page_is_written_and_its_path_printed(perfkit, uri, tmp_path):
    page = tmp_path / "pages" / "trend.html"
    answer = perfkit(
        "tear-sheet", uri, "--strategy", "trend", "--benchmark", "SPY", "--out", page,
        "--title", "<b>Trend</b>",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert str(page) in answer.out.replace("\n", "")
    text = page.read_text("utf-8")
    assert "&lt;b&gt;Trend&lt;/b&gt;" in text
    # 1,000 became 1,100
    assert "It returned 10.0% in 5 days" in text
    assert ">SPY</th>" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--strategy", "nobody"), "nobody"),
        (("--strategy", "poor"), "without capital"),
        (("--strategy", "trend", "--benchmark", "GOLD"), "GOLD"),
        (("--strategy", "trend", "--out", "page.pdf"), ".html"),
    ],
)
def test_what_has_no_page_says_why(perfkit, uri, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    answer = perfkit("tear-sheet", uri, *words)
    assert answer.code == 1
    assert says in answer.err
    assert not list(tmp_path.glob("*.html"))
