"""backtrader: the analysis of its Transactions analyzer and the table of its PyFolio analyzer."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.backtrader import read_backtrader
from perfkit.ledger import Ledger


def _at(*parts):
    return datetime(*parts)  # noqa: DTZ001 backtrader's times have no zone


# what backtrader 1.9.78 answered of a run over made-up prices
ANALYSIS = {
    _at(2024, 1, 7): [[10, 101.5462126191821, 0, "AAA", -1015.462126191821]],
    _at(2024, 1, 8): [[10, 101.00925938382181, 0, "AAA", -1010.0925938382181]],
    _at(2024, 1, 12): [[-15, 102.27750462217557, 0, "AAA", 1534.1625693326337]],
    _at(2024, 1, 22): [[-5, 100.0, 0, "AAA", 500.0], [3, 8.0, 1, "BBB", -24.0]],
}
HEADER = {"date": [["amount", "price", "sid", "symbol", "value"]]}


def _read(source, **changes):
    settings = {"zone": "America/New_York", "account": "A1", "strategy": "cross", **changes}
    return read_backtrader(source, **settings)


def _pyfolio():
    """Build the table as get_pf_items does: naive times are called UTC."""
    rows = [[date, *cells] for date, lines in ANALYSIS.items() for cells in lines]
    frame = pd.DataFrame(rows, columns=["date", "amount", "price", "sid", "symbol", "value"])
    return frame.set_index("date").tz_localize("UTC")


def test_each_line_is_a_fill():
    result = _read(ANALYSIS)
    assert (result.read, result.recorded) == (5, 5)
    assert result.fills["side"].to_pylist() == ["buy", "buy", "sell", "sell", "buy"]
    assert result.fills["volume"].to_pylist() == [10.0, 10.0, 15.0, 5.0, 3.0]


def test_times_are_those_of_the_feed():
    assert _read(ANALYSIS).fills["execution_time"][0].as_py() == datetime(2024, 1, 7, 5, tzinfo=UTC)
    tokyo = _read(ANALYSIS, zone="Asia/Tokyo").fills["execution_time"][0].as_py()
    assert tokyo == datetime(2024, 1, 6, 15, tzinfo=UTC)


def test_both_analyzers_give_the_same_fills():
    fills = _read(ANALYSIS).fills
    assert _read({**HEADER, **ANALYSIS}).fills.equals(fills)
    assert _read(_pyfolio()).fills.equals(fills)


def test_the_money_of_the_lines_is_the_profit_of_the_closed_position():
    # cash of the AAA lines, which end flat: -1015.46 - 1010.09 + 1534.16 + 500
    books = Ledger("average").apply(_read(ANALYSIS).fills)
    expected = -1015.462126191821 - 1010.0925938382181 + 1534.1625693326337 + 500.0
    assert books["cumulative_pnl"].to_pylist()[3] == pytest.approx(expected)
    assert books["position"].to_pylist()[3] == 0.0


def test_costs_come_from_the_model_that_is_given():
    fills = _read(ANALYSIS, commission=lambda volume, price: 0.001 * volume * price).fills
    assert fills["commission"].to_pylist()[4] == pytest.approx(0.024)
    assert set(_read(ANALYSIS).fills["commission"].to_pylist()) == {0.0}


def test_a_line_whose_value_contradicts_it_is_refused():
    result = _read({_at(2024, 1, 7): [[10, 5.0, 0, "AAA", 50.0], [0, 5.0, 0, "AAA", 0.0]]})
    assert [(r.line, r.field) for r in result.refused] == [(1, "price")]
    assert "value = -amount * price = -50.0, value was 50.0" in result.refused[0].reason
    assert [r.reason for r in result.skipped] == ["not a trade: amount is 0"]


def test_another_source_is_an_error():
    with pytest.raises(ImportFormatError, match="each transaction must be a list of"):
        _read({_at(2024, 1, 7): [[10, 5.0]]})
    with pytest.raises(ImportFormatError, match="must have the times as its index"):
        _read(_pyfolio().reset_index())
    with pytest.raises(InvalidArgumentError, match="must be an analysis or a frame"):
        _read([1])
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        _read(ANALYSIS, zone="Mars")


def test_a_time_that_the_clock_of_the_feed_skips_is_refused():
    (refused,) = _read({_at(2024, 3, 10, 2, 30): [[1, 5.0, 0, "AAA", -5.0]]}).refused
    assert "that the clock of America/New_York shows once" in refused.reason
