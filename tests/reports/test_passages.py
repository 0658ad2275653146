from __future__ import annotations

import pandas as pd

from perfkit.reports import conventions, heading, remark, scope, stale_prices


def equity(stale: list[int]) -> pd.DataFrame:
    days = pd.date_range("2020-03-01", periods=len(stale), name="day")
    return pd.DataFrame({"day": days, "stale_marks": stale})


def test_the_scope_says_days_and_what_was_asked_for_with_names_escaped():
    days = pd.DatetimeIndex(["2020-01-05", "2021-02-03"])
    line = scope("s3://x", days, {"strategy": "<b>", "account": ""}).html
    assert "5 January 2020 to 3 February 2021 · strategy &lt;b&gt; · history s3://x" in line
    assert "no day" in scope("s3://x", days[:0], {}).html


def test_a_remark_is_escaped_and_left_out_when_empty():
    assert remark("a < b").html == '<p class="remark">a &lt; b</p>'
    assert remark("").html == ""


def test_a_heading_keeps_a_hostile_name_as_text():
    assert heading("Report: <b>").html == "<h1>Report: &lt;b&gt;</h1>"


def test_prices_of_earlier_days_are_counted_and_the_worst_day_is_named():
    words = stale_prices(equity([0, 2, 7, 1])).html
    assert "On 3 of 4 days" in words
    assert "10 times in all, at worst 7 positions on 3 March 2020" in words
    assert "at worst 1 position on" in stale_prices(equity([1])).html


def test_where_every_position_had_its_price_nothing_is_said():
    assert stale_prices(equity([0, 0])).html == ""
    assert stale_prices(equity([])).html == ""


def test_the_trading_day_and_year_are_said():
    words = conventions("America/New_York", "17:00", 252).html
    assert (
        words == "<p>A trading day ends at 17:00 in America/New_York; 252 of them make a year.</p>"
    )
