"""Records: the same rules and words for one and for many, and no loss on the way to Arrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import records
from perfkit.errors import InvalidRecordError, InvalidTableError, SchemaError
from perfkit.records import (
    AccountState,
    Bar,
    CashRecord,
    Fill,
    LabelRecord,
    Mark,
    MarketContext,
    Side,
    TradeRecord,
    arrow_schema,
    check_table,
    conform,
    from_table,
    invalid_rows,
    to_json,
    to_table,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD = {
    "trade_id": "t-1", "account_id": "acc", "strategy_id": "momentum", "execution_time": NOON,
    "symbol": "AAPL", "side": "buy", "price": 191.2, "volume": 10.0,
}  # fmt: skip
BAD = [
    ("volume", 0.0), ("volume", -1.0), ("volume", float("nan")), ("volume", float("inf")),
    ("price", float("nan")), ("price", float("-inf")), ("commission", float("nan")),
    ("side", "long"), ("side", "BUY"), ("trade_id", ""), ("trade_id", "a b"),
    ("trade_id", "x" * 65), ("trade_id", "a\n"), ("account_id", "../etc"), ("account_id", "a\0b"),
    ("strategy_id", "-rm"), ("symbol", ""), ("symbol", "A\r\nB"), ("symbol", "S" * 65),
    ("multiplier", 0.0), ("record_type", "undo"), ("liquidity", "both"),
    ("original_trade_id", "<x>"), ("execution_time", datetime(3000, 1, 1, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD)
def test_one_and_many_refuse_with_the_same_sentence(field, value):
    with pytest.raises(InvalidRecordError) as one:
        Fill(**GOOD | {field: value})
    good = to_table([Fill(**GOOD)], Fill)
    index = good.schema.get_field_index(field)
    column = pa.array([value], good.schema.field(index).type)
    bad = good.set_column(index, good.schema.field(index), column)
    table = pa.concat_tables([good, bad])
    (row,) = invalid_rows(table, Fill)
    assert (row.row, row.field) == (1, field)
    if field != "execution_time":
        assert row.message == str(one.value)
    with pytest.raises(InvalidTableError, match="1 of 2 fill rows are invalid"):
        check_table(table, Fill)


@pytest.mark.parametrize("field", [k for k in GOOD if k != "execution_time"])
def test_a_null_in_a_required_field_is_refused_with_its_row(field):
    table = to_table([Fill(**GOOD)], Fill)
    index = table.schema.get_field_index(field)
    nulled = table.set_column(index, field, pa.nulls(1, table.schema.field(index).type))
    (row,) = invalid_rows(nulled, Fill)
    assert (row.field, "was None" in row.message) == (field, True)


def test_a_message_names_field_value_requirement_and_remedy():
    with pytest.raises(InvalidRecordError) as error:
        Fill(**GOOD | {"volume": -5.0})
    assert str(error.value) == (
        "fill 't-1': volume must be > 0, was -5.0; a sale is side='sell' with a positive volume"
    )


def test_a_naive_time_is_refused_and_an_aware_one_becomes_utc():
    with pytest.raises(InvalidRecordError, match="execution_time must be a time with a zone"):
        Fill(**GOOD | {"execution_time": datetime(2026, 3, 2, 12)})  # noqa: DTZ001
    new_york = datetime(2026, 3, 2, 7, tzinfo=ZoneInfo("America/New_York"))
    assert Fill(**GOOD | {"execution_time": new_york}).execution_time == NOON
    table = to_table([Fill(**GOOD)], Fill)
    naive = table.set_column(3, "execution_time", table["execution_time"].cast(pa.timestamp("us")))
    with pytest.raises(SchemaError, match="timestamp with a zone"):
        conform(naive, Fill)


def test_numbers_are_floats_words_are_enums_and_records_can_not_change():
    fill = Fill(**GOOD | {"price": 3, "volume": 2})
    assert (type(fill.price), type(fill.volume), fill.side) == (float, float, Side.BUY)
    with pytest.raises(AttributeError):
        fill.price = 4.0  # type: ignore[misc]


def test_booleans_and_text_are_not_numbers():
    for value in (True, "10"):
        with pytest.raises(InvalidRecordError, match="volume must be > 0"):
            Fill(**GOOD | {"volume": value})


@given(
    price=st.floats(-1e18, 1e18),
    volume=st.floats(0.0, 1e18, exclude_min=True),
    symbol=st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=64),
    side=st.sampled_from(list(Side)),
    time=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    labels=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    trend=st.none() | st.sampled_from(["uptrend", "range"]),
)
def test_record_to_arrow_to_record_is_the_identity(
    price, volume, symbol, side, time, labels, trend
):
    record = TradeRecord(
        **GOOD
        | {
            "price": price,
            "volume": volume,
            "symbol": symbol,
            "side": side,
            "execution_time": time,
        },
        labels=labels,
        market_context=MarketContext(trend=trend),
        account_state=None if trend else AccountState(equity=volume),
    )
    table = to_table([record], TradeRecord)
    assert from_table(table, TradeRecord) == [record]
    check_table(table, TradeRecord)


@pytest.mark.parametrize("cls", [Fill, TradeRecord, Bar, Mark, CashRecord, LabelRecord])
def test_no_records_make_an_empty_table_with_the_schema(cls):
    table = to_table([], cls)
    assert table.schema == arrow_schema(cls)
    assert invalid_rows(table, cls) == ()
    assert from_table(table, cls) == []


def test_units_travel_in_the_field_metadata():
    assert arrow_schema(Fill).field("volume").metadata == {b"unit": b"units"}


def test_the_trade_record_carries_every_name_of_the_specification():
    named = "trade_id account_id strategy_id execution_time symbol side price volume commission"
    added = "market_context labels pnl cumulative_pnl order_id fee_currency currency multiplier"
    rest = "liquidity record_type original_trade_id recorded_at source"
    assert set(f"{named} {added} {rest}".split()) <= set(arrow_schema(TradeRecord).names)


def test_conform_fills_defaults_and_refuses_what_it_does_not_know():
    table = pa.table({k: [v] for k, v in GOOD.items()})
    whole = conform(table, Fill)
    assert from_table(whole, Fill) == [Fill(**GOOD)]
    with pytest.raises(SchemaError, match=r"unknown \['prize'\]"):
        conform(table.append_column("prize", [[1.0]]), Fill)
    with pytest.raises(SchemaError, match=r"missing \['price'\]"):
        conform(table.drop_columns("price"), Fill)
    words = table.set_column(6, "price", [["ten"]])
    with pytest.raises(SchemaError, match="column 'price' must be double, was string"):
        conform(words, Fill)


def test_times_of_any_zone_and_unit_conform_to_utc_microseconds():
    zone = timezone(timedelta(hours=5, minutes=30))
    table = pa.table({k: [v] for k, v in GOOD.items()})
    there = pa.array([NOON], pa.timestamp("ns", tz="+05:30"))
    assert NOON.astimezone(zone).utcoffset() == timedelta(hours=5, minutes=30)
    moved = table.set_column(3, "execution_time", there)
    assert conform(moved, Fill)["execution_time"][0].as_py() == NOON


def test_json_has_no_nan_and_times_are_iso():
    pnl = records.StrategyPnl(
        account_id="a", strategy_id="s", realized_pnl=1.0, fees=0.0,
        unrealized_pnl=float("nan"), total_pnl=float("nan"), market_value=float("inf"),
        positions={"AAPL": 2.0}, unpriced=("AAPL",),
    )  # fmt: skip
    answer = to_json(pnl)
    assert (answer["unrealized_pnl"], answer["market_value"]) == (None, None)
    assert (answer["positions"], answer["unpriced"]) == ({"AAPL": 2.0}, ["AAPL"])
    assert to_json(Fill(**GOOD))["execution_time"] == "2026-03-02T12:00:00Z"


def test_conform_gives_an_empty_table_every_column():
    empty = arrow_schema(Fill).empty_table().select(list(GOOD))
    assert conform(empty, TradeRecord).schema == arrow_schema(TradeRecord)


def test_a_time_that_python_cannot_hold_is_refused_with_its_row():
    table = to_table([Fill(**GOOD)], Fill)
    far = pa.array([2**61], pa.int64()).cast(pa.timestamp("us", "UTC"))
    (row,) = invalid_rows(table.set_column(3, table.schema.field(3), far), Fill)
    assert (row.field, str(2**61) in row.message) == ("execution_time", True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"price": 1e300}, "price must be a finite number, -1e18 to 1e18, was 1e+300"),
        ({"volume": float("inf")}, "volume must be a finite number, -1e18 to 1e18, was inf"),
        ({"record_type": "bust"}, "original_trade_id must name the trade that a correction"),
        ({"original_trade_id": "t-0"}, "nothing on a new fill, was 't-0'"),
        ({"contract": "inverse"}, "base_currency must be given for an inverse contract"),
        (
            {"contract": "inverse", "base_currency": "BTC", "price": -1.0},
            "price must be > 0 for an inverse contract, which is worth 1 / price, was -1.0",
        ),
    ],
)
def test_one_record_and_a_table_refuse_what_does_not_fit_together_alike(changed, message):
    with pytest.raises(InvalidRecordError) as one:
        Fill(**GOOD | changed)
    assert message in str(one.value)
    rows = to_table([Fill(**GOOD)], Fill)
    for name, value in changed.items():
        field = rows.schema.field(name)
        rows = rows.set_column(rows.column_names.index(name), field, pa.array([value], field.type))
    (error,) = invalid_rows(rows, Fill)
    assert error.message == str(one.value)


@pytest.mark.parametrize("field", ["trade_id", "symbol", "order_id", "source", "reason"])
def test_a_message_names_the_field_however_long_its_value_is(field):
    values = {
        "trade_id": "1",
        "account_id": "main",
        "strategy_id": "trend",
        "execution_time": datetime(2024, 1, 2, tzinfo=UTC),
        "symbol": "SPY",
        "side": "buy",
        "price": 1.0,
        "volume": 1.0,
    }
    with pytest.raises(InvalidRecordError, match=f"{field} must") as caught:
        Fill(**values | {field: "x" * 10_000_000})
    assert len(str(caught.value)) < 1_000
    rows = to_table([Fill(**values)], Fill)
    place = rows.column_names.index(field)
    rows = rows.set_column(place, field, pa.array(["x" * 10_000_000]))
    with pytest.raises(InvalidTableError, match=f"{field} must"):
        check_table(rows, Fill)
