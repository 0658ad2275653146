"""backtesting.py: round trips in one row each."""

from __future__ import annotations

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.backtesting_py import read_backtesting
from perfkit.ledger import Ledger

# rows of a run of backtesting.py 0.6.6 over its own GOOG prices, commission 0.002
TRADES = {
    "Size": [-10, 10, -10],
    "EntryBar": [82, 88, 129],
    "ExitBar": [88, 129, 162],
    "EntryPrice": [177.99, 187.45, 193.30],
    "ExitPrice": [187.45, 193.30, 193.00],
    "SL": [196.559, 167.670, 210.507],
    "TP": [None, None, None],
    "PnL": [-101.9088, 50.8850, -4.7260],
    "Commission": [7.3088, 7.6150, 7.7260],
    "EntryTime": pd.to_datetime(["2004-12-15", "2004-12-23", "2005-02-23"]),
    "ExitTime": pd.to_datetime(["2004-12-23", "2005-02-23", "2005-04-12"]),
    "Tag": [("d", 1), "up", ("d", 1)],
}


def _read(frame=None, **changes):
    settings = {"symbol": "GOOG", "account": "A1", "strategy": "cross", "zone": "UTC", **changes}
    return read_backtesting(pd.DataFrame(TRADES) if frame is None else frame, **settings)


def test_each_row_is_two_fills_in_order():
    result = _read()
    assert (result.read, result.recorded, result.fills.num_rows) == (3, 3, 6)
    sides = ["sell", "buy", "buy", "sell", "sell", "buy"]
    assert result.fills["side"].to_pylist() == sides
    assert set(result.fills["volume"].to_pylist()) == {10.0}


def test_the_ledger_finds_the_profit_that_the_library_stated():
    books = Ledger("average").apply(_read().fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(sum(TRADES["PnL"]), abs=1e-9)
    assert books["position"].to_pylist()[-1] == 0.0


def test_commission_is_halved_to_the_same_sum():
    fills = _read().fills["commission"].to_pylist()
    assert fills[0] + fills[1] == 7.3088
    assert sum(fills) == pytest.approx(22.6498)


def test_a_stop_on_the_losing_side_is_what_was_risked():
    moved = pd.DataFrame({**TRADES, "SL": [170.0, 200.0, None]})
    assert _read().fills["stop_price"].to_pylist()[::2] == [196.559, 167.67, 210.507]
    assert _read(moved).fills["stop_price"].to_pylist() == [None] * 6


def test_tags_are_the_strategies_where_none_is_given():
    result = _read(strategy=None)
    assert result.fills["strategy_id"].to_pylist()[2] == "up"
    assert len(set(result.fills["strategy_id"].to_pylist())) == 2
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read(pd.DataFrame({**TRADES, "Tag": None}), strategy=None)


def test_times_without_a_zone_need_one():
    with pytest.raises(InvalidArgumentError, match="zone must be given"):
        _read(zone=None)
    utc = _read().fills["execution_time"][0].as_py()
    local = _read(zone="America/New_York").fills["execution_time"][0].as_py()
    assert (local - utc).total_seconds() == 5 * 3600
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        _read(zone="New York")


def test_times_with_a_zone_keep_it():
    frame = pd.DataFrame(TRADES)
    for name in ("EntryTime", "ExitTime"):
        frame[name] = frame[name].dt.tz_localize("America/New_York")
    assert _read(frame, zone=None).fills["execution_time"][0].as_py().hour == 5


def test_fractions_of_a_unit_and_a_csv_file_are_read(tmp_path):
    frame = pd.DataFrame({**TRADES, "Size": [-0.5, 0.25, -0.5]})
    frame.to_csv(tmp_path / "trades.csv")
    assert _read(tmp_path / "trades.csv").fills.equals(_read(frame).fills)


def test_a_size_of_zero_and_a_missing_price_are_refused():
    frame = pd.DataFrame({**TRADES, "Size": [0, 10, -10], "ExitPrice": [1.0, None, 2.0]})
    result = _read(frame)
    assert [(r.line, r.field) for r in result.refused] == [(1, "volume"), (2, "price")]
    assert result.fills.num_rows == 2


def test_what_the_library_does_not_say_must_be_told():
    with pytest.raises(InvalidArgumentError, match="symbol and account must be given"):
        _read(symbol=None)
    with pytest.raises(ImportFormatError, match=r"must have each of the columns \['ExitTime'\]"):
        _read(pd.DataFrame(TRADES).drop(columns="ExitTime"))
