"""Columns as a rule sees them, whatever shape Arrow keeps them in."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import SchemaError
from perfkit.labels import LabelGenerator
from perfkit.labels.trade_columns import TradeColumns


def replaced(table, name, column):
    return table.set_column(table.schema.get_field_index(name), name, column)


def test_what_is_null_is_nan_empty_or_no(trade_rows, context_rows):
    context = context_rows({"trend": "range", "zscore": 1.0, "news_event": True}, {})
    columns = TradeColumns(trade_rows({}, {}), context)
    assert columns["trend"].tolist() == ["range", ""]
    np.testing.assert_array_equal(columns["zscore"], [1.0, math.nan])
    assert columns["news_event"].tolist() == [True, False]
    assert columns["news_is_known"].tolist() == [True, False]
    assert np.isnan(columns["context_asof"]).all()
    assert np.isnan(TradeColumns(trade_rows({"entry_time": None}), context[:1])["holding_days"][0])


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_words_may_come_as_any_kind_of_text(trade_rows, context_rows, kind):
    context = context_rows({"trend": "uptrend"}, {})
    context = replaced(context, "trend", context["trend"].combine_chunks().cast(kind))
    assert TradeColumns(trade_rows({}, {}), context)["trend"].tolist() == ["uptrend", ""]


def test_numbers_and_times_may_come_as_any_kind_of_either(trade_rows, context_rows):
    trades = trade_rows({}, {"price": 50.0})
    seconds = trades["execution_time"].cast(pa.timestamp("s", tz="UTC"))
    odd = replaced(replaced(trades, "price", pa.array([100, 50])), "execution_time", seconds)
    context = context_rows({}, {})
    for name in ("price", "execution_time", "holding_minutes"):
        np.testing.assert_array_equal(
            TradeColumns(odd, context)[name], TradeColumns(trades, context)[name]
        )
    assert (
        TradeColumns(trades, context)["execution_time"][0]
        == pd.Timestamp("2024-03-01 15:00", tz="UTC").timestamp() * 1e6
    )


def test_chunks_do_not_matter(random_rows):
    trades, context = random_rows(8, 30)
    generator = LabelGenerator()
    whole = generator.generate(trades, context)
    chunked = (pa.concat_tables([table[:7], table[7:7], table[7:]]) for table in (trades, context))
    assert generator.generate(*chunked).equals(whole)
    assert generator.generate(trades[5:20], context[5:20]).equals(whole[5:20])


def test_how_long_and_how_far_a_position_was_held_is_counted_from_its_entry(
    trade_rows, context_rows
):
    opening = trade_rows({})["execution_time"][0].as_py()
    trade = {
        "side": "buy", "position_before": -10.0, "position": 0.0, "price": 99.0,
        "average_price_before": 100.0, "entry_time": opening - timedelta(minutes=9),
    }  # fmt: skip
    columns = TradeColumns(trade_rows(trade), context_rows({}))
    assert columns["holding_minutes"].tolist() == [9.0]
    assert columns["adverse_move"].tolist() == [-1.0]  # a short position gains from a fall
    assert columns["favorable_return"].tolist() == [0.01]
    assert columns["closes"].tolist() == [True]
    assert columns["opens"].tolist() == [False]


def test_a_column_that_holds_lists_is_not_read(trade_rows, context_rows):
    trades = trade_rows({}).append_column("labels", pa.array([["a"]]))
    with pytest.raises(SchemaError, match="column 'labels' must hold numbers, words"):
        TradeColumns(trades, context_rows({}))["labels"]


def test_a_column_that_stands_twice_is_named(trade_rows, context_rows):
    trades = trade_rows({}).append_column("price", pa.array([1.0]))
    with pytest.raises(SchemaError, match="must have the column 'price', once"):
        TradeColumns(trades, context_rows({}))["price"]
