from __future__ import annotations

import numpy as np
import pandas as pd

from perfkit.metrics import METRICS
from perfkit.reports import definitions, metrics_table, readings_table, undefined


def frame(**rows: list[float]) -> pd.DataFrame:
    columns = ["net_pnl", "cagr", "sharpe_ratio", "trade_count", "profit_factor"]
    return pd.DataFrame(rows, index=columns, dtype=float).T


def test_each_metric_is_shown_in_its_unit_one_row_a_metric():
    page = metrics_table(frame(a=[-1234567.8, 0.0512, -0.004, 1200, np.inf])).to_html()
    for text in ("−1,234,568", ">5.1%<", ">0.00<", ">1,200<", ">∞<", "net P&amp;L"):
        assert text in page.replace("net P&L", "net P&amp;L")


def test_a_metric_without_a_value_is_a_dash_and_left_out_when_no_one_has_it():
    page = metrics_table(frame(a=[1, 0.1, np.nan, 3, np.nan], b=[1, 0.1, 1.0, 3, np.nan])).to_html()
    assert ">–<" in page
    assert "profit factor" not in page


def test_a_reading_stands_with_unit_and_n_and_keeps_two_digits_that_count():
    table = pd.DataFrame(
        {
            "value": [0.00035, 0.0512, 0.0042, np.nan, -1e-30],
            "unit": ["fraction", "fraction a year", "ratio", "ratio", "fraction"],
            "n": [1200, 1200, 1200, 1, 1200],
            "reason": [None, None, None, "too_few", None],
        },
        index=["mean_return", "cagr", "kappa_ratio", "sharpe_ratio", "best_period"],
    )
    page = readings_table({"a & b": table, "other": table.iloc[:1]}).html
    for text in ("0.035%", "5.1%", "0.0042", "–", "1,200", "a year", "a &amp; b", "Sharpe ratio"):
        assert f">{text}<" in page
    assert page.count(">0.035%<") == 2
    assert ">there are fewer observations than the metric needs<" in page
    assert ">0.000000%<" in page


def test_names_are_escaped_wherever_they_come_from():
    hostile = frame(**{"<script>x</script>": [1, 0.1, 1.0, 3, 1.0]})
    hostile.attrs["reasons"] = {"<script>x</script>": {"cagr": "too_few"}}
    for page in (metrics_table(hostile).to_html(), undefined(hostile).html):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_frames_stand_beside_each_other_with_the_metrics_of_the_first():
    beside = pd.DataFrame({"cagr": [0.2], "skewness": [1.0]}, index=["S&P 500"])
    page = metrics_table(frame(a=[1, 0.1, 1.0, 3, 1.0]), beside, pd.DataFrame()).to_html()
    assert "S&amp;P 500" in page
    assert "20.0%" in page
    assert "skewness" not in page


def test_reasons_are_said_in_words_and_together():
    empty = frame(a=[1, np.nan, np.nan, 3, 1.0])
    empty.attrs["reasons"] = {"a": {"cagr": "no_capital", "sharpe_ratio": "no_capital"}}
    words = undefined(empty).html
    assert "a: no value for return a year, Sharpe ratio, because there is no capital" in words
    assert undefined(frame(a=[1.0] * 5)).html == ""


def test_every_metric_of_the_catalogue_has_its_definition():
    page = definitions(list(METRICS)).html
    assert page.count("<tr>") == len(METRICS) + 1


def test_a_frame_without_rows_gives_an_empty_table():
    assert "<table" in metrics_table(frame()).to_html()
