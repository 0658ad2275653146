"""AttributionAnalyzer: contributions sum, groups are what they say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.attribution import DIMENSIONS, UNLABELLED, AttributionAnalyzer
from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError

START = pd.Timestamp("2024-01-01", tz="UTC")


def trips(rows):
    """Rows of (hours, P&L, labels, symbol, price)."""
    frame = pd.DataFrame(rows, columns=["hours", "pnl", "labels", "symbol", "entry_price"])
    frame["exit_time"] = START + pd.to_timedelta(frame.pop("hours"), unit="h")
    return frame.astype({"pnl": float, "entry_price": float}).assign(
        account_id="acc",
        strategy_id=frame["symbol"].str.lower(),
        direction=np.where(np.arange(len(frame)) % 2, "short", "long"),
        entry_time=frame["exit_time"] - pd.Timedelta(hours=3),
        volume=2.0,
        max_volume=2.0,
        multiplier=1.0,
    )


ROW = st.tuples(
    st.integers(0, 9000),
    st.floats(-1e6, 1e6),
    st.lists(st.sampled_from(["trend", "calm", "news"]), max_size=4),
    st.sampled_from(["A", "B"]),
    st.integers(1, 50),
)
HISTORY = st.lists(ROW, max_size=30)
CROSS = st.lists(st.sampled_from(["label", *DIMENSIONS]), min_size=1, max_size=3, unique=True)

FIVE = trips(
    [
        (0, 90, ["trend", "news"], "A", 10),
        (1, -30, ["trend"], "A", 20),
        (25, -10, [], "B", 30),
        (26, 0, None, "B", 40),
        (50, 40, ["news", "news"], "A", 50),
    ]
)


@settings(deadline=None, max_examples=60)
@given(HISTORY, CROSS)
def test_contributions_sum_to_the_total_in_any_dimensions(rows, dimensions):
    frame = trips(rows)
    table = AttributionAnalyzer(frame).by(dimensions)
    scale = math.fsum(abs(frame["pnl"])) + 1.0
    assert table["contribution"].sum() == pytest.approx(math.fsum(frame["pnl"]), abs=1e-12 * scale)
    if "label" not in dimensions:
        assert table["n"].sum() == len(frame)
        assert table["pnl"].tolist() == pytest.approx(table["contribution"].tolist())


@settings(deadline=None, max_examples=30)
@given(HISTORY)
def test_a_group_is_measured_as_its_trips_alone(rows):
    frame = trips(rows)
    table = AttributionAnalyzer(frame).by_symbol().set_index("symbol")
    for symbol, part in frame.groupby("symbol"):
        for name in ("win_rate", "profit_factor", "expectancy"):
            expected = getattr(m, name)(part["pnl"])
            assert table.loc[symbol, name] == pytest.approx(expected, abs=1e-6, nan_ok=True)


@settings(deadline=None, max_examples=30)
@given(HISTORY, st.randoms(use_true_random=False))
def test_the_order_of_trips_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    tables = [
        AttributionAnalyzer(trips(r)).by(["label", "weekday"]).sort_values(["label", "weekday"])
        for r in (rows, shuffled)
    ]
    pd.testing.assert_frame_equal(
        *(table.reset_index(drop=True) for table in tables), rtol=1e-9, atol=1e-6
    )


def test_a_trip_is_split_over_its_labels_and_one_without_stands_alone():
    table = AttributionAnalyzer(FIVE).by_label().set_index("label")
    assert table["contribution"].to_dict() == {"news": 85.0, "trend": 15.0, UNLABELLED: -10.0}
    assert table["pnl"].to_dict() == {"news": 130.0, "trend": 60.0, UNLABELLED: -10.0}
    assert table["n"].to_dict() == {"news": 2, "trend": 2, UNLABELLED: 2}
    assert table["share"].sum() == pytest.approx(1.0)


def test_the_largest_contribution_stands_first():
    assert AttributionAnalyzer(FIVE).by_label()["label"].tolist() == ["news", "trend", UNLABELLED]


def test_hours_stand_in_their_order_and_in_the_zone_that_was_asked_for():
    analyzer = AttributionAnalyzer(FIVE)
    assert analyzer.by_time("hour")["hour"].tolist() == [0, 1, 2]
    new_york = analyzer.by_time("hour", zone="America/New_York")
    assert new_york["hour"].tolist() == [19, 20, 21]
    assert analyzer.by_time("hour", at="entry")["hour"].tolist() == [21, 22, 23]


def test_weekdays_and_months_carry_their_names_in_calendar_order():
    analyzer = AttributionAnalyzer(FIVE)
    assert analyzer.by_time("weekday")["weekday"].tolist() == ["Monday", "Tuesday", "Wednesday"]
    assert analyzer.by_time("month")["month"].tolist() == ["January"]
    assert analyzer.by_time("year")["year"].tolist() == [2024]


def test_sizes_hold_about_the_same_number_of_trips():
    table = AttributionAnalyzer(FIVE).by_size(bins=2)
    assert table["n"].tolist() == [3, 2]
    assert [(i.left, i.right) for i in table["size"]] == [(20.0, 60.0), (60.0, 100.0)]


def test_a_contract_s_multiplier_counts_in_its_size():
    table = AttributionAnalyzer(FIVE.assign(multiplier=50.0)).by_size(bins=1)
    assert (table["size"][0].left, table["size"][0].right) == (1000.0, 5000.0)


def test_trips_of_one_size_are_one_group():
    table = AttributionAnalyzer(FIVE.assign(entry_price=7.0)).by_size()
    assert table["n"].tolist() == [5]


def test_every_simple_view_is_its_dimension():
    analyzer = AttributionAnalyzer(FIVE)
    for view in ("strategy", "account", "symbol", "direction", "label", "size"):
        table = getattr(analyzer, f"by_{view}")()
        pd.testing.assert_frame_equal(table, analyzer.by([view]))
        assert table.columns[0] == view


@pytest.mark.parametrize("rows", [[], [(0, 5, ["trend"], "A", 10)]])
def test_no_trip_or_one_gives_a_table_without_a_verdict(rows):
    analyzer = AttributionAnalyzer(trips(rows))
    for dimension in ("label", *DIMENSIONS):
        table = analyzer.by([dimension])
        assert len(table) == len(rows)
        assert set(table["verdict"]) <= {"insufficient"}
        assert table["mean_low"].isna().all()


def test_shares_of_a_total_of_zero_are_undefined():
    table = AttributionAnalyzer(trips([(0, 5, [], "A", 1), (1, -5, [], "A", 1)])).by_symbol()
    assert np.isnan(table["share"][0])


def test_the_trips_are_left_as_they_were():
    before = FIVE.copy(deep=True)
    AttributionAnalyzer(FIVE).by(["label", "size", "month"])
    pd.testing.assert_frame_equal(FIVE, before)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: a.by(["colour"]), UnknownNameError, "no dimension 'colour'; there are label"),
        (lambda a: a.by([]), InvalidArgumentError, "at least one"),
        (lambda a: a.by(["hour", "hour"]), InvalidArgumentError, "each once"),
        (lambda a: a.by_time("decade"), InvalidArgumentError, "unit must be"),
        (lambda a: a.by_time(zone="Mars/North"), InvalidArgumentError, "IANA time zone"),
        (lambda a: a.by_time(at="noon"), InvalidArgumentError, "at must be"),
        (lambda a: a.by_size(bins=0), InvalidArgumentError, "bins must be"),
    ],
)
def test_a_question_that_has_no_meaning_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(AttributionAnalyzer(FIVE))


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (FIVE.drop(columns="pnl"), SchemaError, r"missing \['pnl'\]"),
        (FIVE.drop(columns="labels"), SchemaError, "need the column 'labels'"),
        (FIVE.assign(pnl=[1, 2, None, 4, 5]), InvalidArgumentError, "was nan in row 2"),
        (FIVE.assign(labels="trend"), InvalidArgumentError, r"give \['trend'\]"),
        (
            FIVE.assign(exit_time=FIVE["exit_time"].dt.tz_localize(None)),
            SchemaError,
            "exit_time must have a time zone",
        ),
    ],
)
def test_trips_that_cannot_be_grouped_are_refused_by_name(frame, error, message):
    with pytest.raises(error, match=message):
        AttributionAnalyzer(frame).by_label()


def test_a_trip_without_a_size_is_refused():
    with pytest.raises(InvalidArgumentError, match="were not in row 1"):
        AttributionAnalyzer(FIVE.assign(entry_price=[1, None, 1, 1, 1])).by_size()
