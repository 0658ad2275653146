"""Tradovate: a real report of five pairs, and fills that stand in several rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.platforms.tradovate import read_tradovate
from perfkit.ledger import Ledger

PAIR = {
    "Account": "APEX1",
    "Contract": "MNQM6",
    "Product": "MNQ",
    "Buy Fill ID": "101",
    "Sell Fill ID": "103",
    "Paired Qty": "2",
    "Buy Price": "25000.00",
    "Sell Price": "25010.00",
    "P/L": "40.00",
    "Currency": "USD",
    "Bought Timestamp": "04/09/2026 15:30:00",
    "Sold Timestamp": "04/09/2026 15:40:00",
}
# the sale of 3 closed two purchases: it stands in both rows
OTHER = {
    **PAIR,
    "Buy Fill ID": "102",
    "Paired Qty": "1",
    "Buy Price": "25004.00",
    "P/L": "12.00",
    "Bought Timestamp": "04/09/2026 15:31:00",
}


def _read(*rows, **changes):
    settings = {"zone": "America/Chicago", "strategy": "scalp", **changes}
    return read_tradovate(pd.DataFrame(list(rows)), **settings)


@pytest.fixture(scope="module")
def real(shared_data):
    path = shared_data / "broker/tradovate_paired_trades.csv"
    return read_tradovate(path, zone="America/Chicago", strategy="scalp")


def test_the_real_pairs_give_ten_fills_of_two_dollars_a_point(real):
    assert (real.read, real.recorded, real.refused) == (5, 5, ())
    assert real.fills.num_rows == 10
    assert set(real.fills["multiplier"].to_pylist()) == {2.0}
    assert set(real.fills["symbol"].to_pylist()) == {"MNQM6"}


def test_the_real_pairs_lose_what_the_report_says(real):
    # P/L of the five rows: -12.50 - 24.50 - 39.00 - 52.00 - 90.00
    books = Ledger("average").apply(real.fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(-218.0)
    assert books["position"].to_pylist()[-1] == 0.0


def test_what_was_sold_before_it_was_bought_is_short(real):
    # the first pair of the day: sold 15:30:37, bought 15:30:48
    assert real.fills["side"].to_pylist()[:2] == ["sell", "buy"]


def test_fills_of_one_second_are_in_order_of_their_ids(real):
    assert real.fills["trade_id"].to_pylist()[-2:] == ["465747740203", "465747740221"]


def test_times_are_of_the_zone_that_was_told():
    assert _read(PAIR).fills["execution_time"][0].as_py() == datetime(
        2026, 4, 9, 20, 30, tzinfo=UTC
    )
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        _read(PAIR, zone="CT")


def test_a_fill_in_several_rows_is_one_fill_of_their_sum():
    result = _read(OTHER, PAIR)
    assert (result.read, result.recorded) == (2, 2)
    fills = result.fills.to_pylist()
    assert [(f["trade_id"], f["side"], f["volume"]) for f in fills] == [
        ("101", "buy", 2.0),
        ("102", "buy", 1.0),
        ("103", "sell", 3.0),
    ]
    books = Ledger("average").apply(result.fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(52.0)


def test_a_row_that_adds_nothing_new_is_counted():
    again = {**PAIR, "Paired Qty": "1", "P/L": "20.00"}
    result = _read(PAIR, again)
    assert result.fills["volume"].to_pylist() == [3.0, 3.0]
    assert (result.recorded, len(result.skipped)) == (1, 1)


def test_a_fill_of_which_a_part_can_not_be_read_is_refused_whole():
    result = _read(PAIR, {**OTHER, "Paired Qty": "one"})
    assert {r.field for r in result.refused} == {"volume"}
    assert (result.fills.num_rows, len(result.refused)) == (0, 2)


def test_rows_of_a_product_must_agree_on_the_value_of_a_point():
    with pytest.raises(ImportFormatError, match=r"P/L on line 2 must be 6\.0 points of 2\.0"):
        _read(PAIR, {**OTHER, "P/L": "30.00"})


def test_money_in_brackets_is_a_loss():
    loss = {**PAIR, "Sell Price": "24990.00", "P/L": "$(40.00)"}
    assert _read(loss).fills["multiplier"].to_pylist() == [2.0, 2.0]


def test_a_product_without_any_profit_or_loss_tells_no_value_of_a_point():
    flat = {**PAIR, "Sell Price": "25000.00", "P/L": "0.00"}
    assert [(r.line, r.field) for r in _read(flat).refused] == [(1, "multiplier")]
    # another row of the product tells it
    assert _read(flat, {**OTHER, "Sell Fill ID": "104"}).refused == ()


def test_accounts_come_from_the_rows():
    assert set(_read(PAIR).fills["account_id"].to_pylist()) == {"APEX1"}
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read({**PAIR, "Account": ""})
    assert set(_read({**PAIR, "Account": ""}, account="A1").fills["account_id"].to_pylist()) == {
        "A1"
    }
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read(PAIR, strategy=None)


def test_another_table_is_an_error():
    with pytest.raises(ImportFormatError, match="a table of paired trades must have"):
        read_tradovate(pd.DataFrame({"P/L": [1]}), zone="UTC", strategy="s")
