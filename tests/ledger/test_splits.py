"""Split factors: products of ratios, by account, instrument and time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.ledger.splits import SplitFactors
from perfkit.records import SplitRecord, to_table

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def split(second, ratio, account="a", symbol="X"):
    return SplitRecord(
        split_id=f"{account}-{symbol}-{second}-{ratio}",
        account_id=account,
        symbol=symbol,
        ratio=ratio,
        execution_time=BEGIN + timedelta(seconds=second),
    )


def factors(*splits):
    return SplitFactors(to_table(splits, SplitRecord))


def micros(*seconds):
    return np.array(seconds, np.int64) * 1_000_000


def test_a_split_counts_from_its_time_on():
    # Apple's splits: 7:1 on 2014-06-09 and 4:1 on 2020-08-31 make 28 shares of one
    apple = factors(split(20, 4.0), split(10, 7.0))
    found = apple.at(["a"] * 5, ["X"] * 5, micros(9, 10, 19, 20, 21))
    assert found.tolist() == [1.0, 7.0, 7.0, 28.0, 28.0]
    assert apple.last("a", "X") == 28.0


def test_a_reverse_split_makes_fewer_units():
    assert factors(split(5, 0.1)).at(["a"], ["X"], micros(5)).tolist() == [0.1]


def test_two_splits_at_one_time_both_count():
    assert factors(split(5, 2.0), split(5, 3.0)).last("a", "X") == 6.0


def test_accounts_and_instruments_are_kept_apart():
    found = factors(split(1, 2.0, "a", "X"), split(1, 3.0, "b", "X"), split(1, 5.0, "a", "Y"))
    accounts, symbols = ["a", "b", "a", "b", "c"], ["X", "X", "Y", "Y", "X"]
    assert found.at(accounts, symbols, micros(2, 2, 2, 2, 2)).tolist() == [2.0, 3.0, 5.0, 1.0, 1.0]
    assert (found.last("b", "Y"), found.last("b", "X")) == (1.0, 3.0)


@pytest.mark.parametrize("splits", [None, to_table([], SplitRecord)])
def test_without_splits_every_factor_is_one(splits):
    nothing = SplitFactors(splits)
    assert nothing.is_empty
    assert nothing.at(["a", "b"], ["X", "Y"], micros(1, 2)).tolist() == [1.0, 1.0]
    assert nothing.last("a", "X") == 1.0
    assert not factors(split(1, 2.0)).is_empty


def test_no_rows_have_no_factors():
    assert factors(split(1, 2.0)).at([], [], micros()).tolist() == []


def test_a_name_that_no_row_uses_is_harmless():
    symbols = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["Y", "X"]))
    found = factors(split(1, 2.0)).at(["a", "a"], symbols, micros(1, 2))
    assert found.tolist() == [1.0, 1.0]


names = st.sampled_from(["a", "b", "c"])
rows = st.lists(st.tuples(names, names, st.integers(0, 9)), max_size=12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(names, names, st.integers(0, 9), st.floats(0.1, 10.0)), max_size=8), rows)
def test_in_every_shape_a_factor_is_the_product_of_the_ratios_until_then(given_splits, asked):
    splits = {
        (account, symbol, second): split(second, ratio, account, symbol)
        for account, symbol, second, ratio in given_splits
    }
    expected = [
        math.prod(
            record.ratio
            for (owner, name, second), record in splits.items()
            if (owner, name) == (account, symbol) and second <= now
        )
        for account, symbol, now in asked
    ]
    accounts, symbols, seconds = ([row[n] for row in asked] for n in range(3))
    known, times = factors(*splits.values()), micros(*seconds)
    shapes = [
        (accounts, symbols),
        (pa.array(accounts, pa.string()), pa.chunked_array([symbols], pa.string())),
        tuple(pa.array(part, pa.string()).dictionary_encode() for part in (accounts, symbols)),
    ]
    for owner, name in shapes:
        assert known.at(owner, name, times) == pytest.approx(expected, rel=1e-12)
