"""Real daily prices, and the clock of their closes."""

from __future__ import annotations

import importlib.util
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.execution import (
    BacktestEngine,
    Mandate,
    at_close,
    load_skfolio_prices,
    textbook_strategies,
    to_bars,
)
from perfkit.records import Bar, check_table


@pytest.fixture(scope="module")
def prices():
    if importlib.util.find_spec("skfolio") is None:
        pytest.skip("skfolio, whose wheel carries the prices, is not installed")
    return load_skfolio_prices()


def test_the_shipped_prices_are_whole(prices):
    assert prices.stocks.shape == (8313, 20)
    assert prices.stocks.notna().all(axis=None)
    assert prices.benchmark.index.equals(prices.stocks.index)
    assert prices.benchmark.name == "SP500"
    assert list(prices.factors.columns) == ["MTUM", "QUAL", "SIZE", "USMV", "VLUE"]


def test_the_shipped_prices_are_those_of_the_source(prices, shared_data):
    source = pd.read_csv(shared_data / "daily/skfolio_sp500_dataset.csv.gz", index_col=0)
    assert np.array_equal(prices.stocks.to_numpy(), source.to_numpy())


def test_a_missing_package_is_an_error_with_its_remedy(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportFormatError, match=r"pip install 'perfkit\[demo\]'"):
        load_skfolio_prices()


def test_closes_follow_summer_time(prices):
    index = prices.stocks.index
    assert Counter(index.strftime("%H:%M")).keys() == {"20:00", "21:00"}
    # 2022: clocks went forward on 13 March and back on 6 November
    hours = {str(t.date()): t.hour for t in index[index.year == 2022]}
    assert (hours["2022-03-11"], hours["2022-03-14"]) == (21, 20)
    assert (hours["2022-11-04"], hours["2022-11-07"]) == (20, 21)
    # before 2007 the summer began in April
    hours = {str(t.date()): t.hour for t in index[index.year == 1995]}
    assert (hours["1995-03-31"], hours["1995-04-03"]) == (21, 20)


def test_other_exchanges_have_their_own_clock():
    frame = pd.DataFrame({"7203": [1.0]}, index=pd.DatetimeIndex(["2024-06-03"]))
    stamped = at_close(frame, zone="Asia/Tokyo", close_time="15:00")
    assert stamped.index[0] == pd.Timestamp("2024-06-03T06:00Z")


def test_a_time_is_not_stamped_twice(prices):
    with pytest.raises(InvalidArgumentError, match="must be days without a zone"):
        at_close(prices.stocks)


def test_bars_are_the_closes_in_order_of_time(prices):
    bars = to_bars(prices.stocks)
    check_table(bars, Bar)
    assert bars.num_rows == 8313 * 20
    assert bars.slice(0, 2)["symbol"].to_pylist() == ["AAPL", "AMD"]
    assert bars["close"].to_numpy()[:20] == pytest.approx(prices.stocks.iloc[0].to_numpy())
    assert bars["close_time"][0].as_py() == pd.Timestamp("1990-01-02T21:00Z").to_pydatetime()
    assert bars["open"].null_count == bars.num_rows


def test_a_series_is_the_bars_of_one_symbol(prices):
    bars = to_bars(prices.benchmark)
    assert set(bars["symbol"].to_pylist()) == {"SP500"}


def test_a_day_without_a_price_has_no_bar():
    frame = at_close(
        pd.DataFrame({"A": [1.0, np.nan]}, index=pd.DatetimeIndex(["2024-06-03", "2024-06-04"]))
    )
    assert to_bars(frame)["close"].to_pylist() == [1.0]


def test_days_without_a_clock_make_no_bars():
    frame = pd.DataFrame({"A": [1.0]}, index=pd.DatetimeIndex(["2024-06-03"]))
    with pytest.raises(InvalidArgumentError, match="stamp days with at_close"):
        to_bars(frame)


def test_the_textbook_strategies_trade_the_real_prices(prices):
    closes = prices.stocks.loc["2018":"2020"]
    mandates = [Mandate(account_id="A1", strategy=s, capital=1e6) for s in textbook_strategies()]
    counts: Counter[str] = Counter()
    for month in BacktestEngine(closes, mandates).batches():
        counts.update(month["strategy_id"].to_pylist())
    assert all(counts[s.strategy_id] > 50 for s in textbook_strategies())
