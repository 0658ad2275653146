"""Corrections and busts: the latest word on a trade counts."""

from __future__ import annotations

import pyarrow as pa
import pytest

from perfkit.errors import SchemaError, UnknownNameError
from perfkit.ledger import Ledger, daily_equity, effective_fills, round_trips
from perfkit.records import Fill, conform

CORRECTS = {"record_type": "correct", "original_trade_id": "T0"}
BUSTS = {"record_type": "bust", "original_trade_id": "T0"}


def test_a_history_without_corrections_is_itself(fills):
    table = fills((0, "buy", 1, 10.0), (1, "sell", 1, 11.0))
    assert effective_fills(table) is table


def test_a_correction_takes_the_place_and_the_name_of_the_original(fills):
    table = fills((0, "buy", 1, 10.0), (1, "buy", 1, 11.0), (0, "buy", 5, 9.0, CORRECTS))
    answer = effective_fills(table)
    assert answer.column("trade_id").to_pylist() == ["T0", "T1"]
    assert answer.column("price").to_pylist() == [9.0, 11.0]
    assert answer.column("record_type").to_pylist() == ["new", "new"]
    assert answer.column("original_trade_id").null_count == 2
    assert answer.schema == table.schema
    assert Ledger().apply(answer).column("position").to_pylist() == [5.0, 6.0]


def test_a_busted_trade_never_was(fills):
    table = fills((0, "buy", 1, 10.0), (1, "buy", 1, 11.0), (2, "buy", 1, 10.0, BUSTS))
    assert effective_fills(table).column("trade_id").to_pylist() == ["T1"]


def test_a_correction_after_a_bust_brings_the_trade_back(fills):
    table = fills((0, "buy", 1, 10.0), (0, "buy", 1, 10.0, BUSTS), (0, "buy", 1, 12.0, CORRECTS))
    assert effective_fills(table).column("price").to_pylist() == [12.0]


def test_the_sequence_says_which_record_is_the_latest(fills):
    table = fills(
        (0, "buy", 1, 12.0, CORRECTS | {"trade_id": "X"}),
        (0, "buy", 1, 11.0, CORRECTS),
        (0, "buy", 1, 1.0, {"trade_id": "T0"}),
    )
    assert effective_fills(table).column("price").to_pylist() == [11.0]
    numbered = table.append_column("sequence", pa.array([3, 2, 1]))
    answer = effective_fills(numbered)
    assert answer.column("price").to_pylist() == [12.0]
    assert answer.column("sequence").to_pylist() == [1]


def test_a_correction_of_another_account_is_none_of_this_one(fills):
    table = fills((0, "buy", 1, 10.0), (0, "buy", 1, 12.0, CORRECTS | {"account_id": "other"}))
    with pytest.raises(UnknownNameError, match="'other'"):
        effective_fills(table)


def test_a_correction_that_points_at_itself_is_refused(fills):
    wrong = {"record_type": "correct", "original_trade_id": "T1"}
    with pytest.raises(SchemaError, match="must lead to the trade"):
        effective_fills(fills((0, "buy", 1, 10.0), (0, "buy", 1, 12.0, wrong)))


def test_corrections_that_point_at_each_other_are_refused(fills):
    table = fills(
        (0, "buy", 1, 12.0, CORRECTS | {"original_trade_id": "T1"}),
        (0, "buy", 1, 12.0, CORRECTS | {"original_trade_id": "T2"}),
        (0, "buy", 1, 12.0, CORRECTS | {"original_trade_id": "T1"}),
    )
    with pytest.raises(SchemaError, match="must lead to the trade"):
        effective_fills(table)


def test_a_table_without_the_columns_is_refused(fills):
    with pytest.raises(SchemaError, match="conform"):
        effective_fills(fills().drop_columns("record_type"))


def test_no_fills_have_no_corrections(fills):
    assert effective_fills(conform(fills(), Fill)).num_rows == 0


def test_round_trips_and_equity_hear_corrections(fills, marks):
    table = fills((0, "buy", 1, 10.0), (1, "sell", 1, 12.0), (0, "buy", 1, 11.0, CORRECTS))
    assert round_trips(table)["pnl"].tolist() == [1.0]
    assert daily_equity(table, marks())["nav"].tolist() == [0.0, 1.0]
