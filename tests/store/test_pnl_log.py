"""The P&L log: a day is written once, corrected by new rows, and rolled up to months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, InvalidRecordError, StoreLockedError
from perfkit.records import PnlLogEntry, from_table, to_table
from perfkit.store import TradeStore
from perfkit.store.pnl_log import PnlLog
from perfkit.tracker.strategy_order_tracker import StrategyOrderTracker


def entry(day, total=0.0, strategy="trend", **fields):
    """A closed day of a flat strategy that paid no fees."""
    values = {
        "account_id": "main",
        "strategy_id": strategy,
        "day": datetime.combine(day, datetime.min.time(), UTC),
        "realized_pnl": total,
        "fees": 0.0,
        "unrealized_pnl": 0.0,
        "total_pnl": total,
        "trades": 1,
    }
    return PnlLogEntry(**values | fields)


def unpriced(day, **fields):
    nothing = {"unrealized_pnl": None, "total_pnl": None, "reason": "no_price"}
    return entry(day, **nothing | {"unpriced": ("SMR",)} | fields)


@pytest.fixture
def store(tmp_path):
    with TradeStore(tmp_path) as store:
        yield store


def totals(log, **span):
    rows = log.read(**span).to_pylist()
    return {(row["strategy_id"], row["day"].date()): row["total_pnl"] for row in rows}


D = date(2024, 1, 30)


def test_an_entry_comes_back_as_it_was_written(store):
    given = unpriced(
        D,
        day_end=datetime(2024, 1, 30, 22, tzinfo=UTC),
        currency="USD",
        mark_symbols=("SPY",),
        mark_prices=(470.5,),
        mark_times=(datetime(2024, 1, 30, 21, tzinfo=UTC),),
        recorded_at=datetime(2024, 1, 31, tzinfo=UTC),
    )
    log = PnlLog(store)
    log.append([given])
    assert from_table(log.read(), PnlLogEntry) == [given]
    store.flush()
    assert from_table(PnlLog(store.uri).read(), PnlLogEntry) == [given]


def test_the_same_numbers_again_write_nothing(store):
    log = PnlLog(store)
    assert log.append([entry(D, 5.0), unpriced(D, strategy="b")])[1:] == (2, 0, 0)
    receipt = log.append([entry(D, 5.0), unpriced(D, strategy="b")])
    assert receipt[1:] == (0, 0, 2)
    assert receipt.receipt.accepted == 0


def test_rounding_in_the_last_digits_is_the_same_number(store):
    log = PnlLog(store)
    log.append([entry(D, 123456.7)])
    assert log.append([entry(D, 123456.7 + 1e-10)]).unchanged == 1
    assert log.append([entry(D, 123456.71)]).corrected == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"realized_pnl": 4.0, "unrealized_pnl": 1.0},
        {"trades": 2},
        {"stale_marks": 1},
        {"currency": "USD"},
        {"total_pnl": None, "reason": "no_rate"},
        {"total_pnl": None, "reason": "no_price", "unpriced": ("SMR",)},
    ],
)
def test_other_numbers_correct_the_day_and_both_remain(store, changes):
    first, later = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 2, tzinfo=UTC)
    log = PnlLog(store)
    log.append([entry(D, 5.0, recorded_at=first)])
    assert log.append([entry(D, 5.0, recorded_at=later, **changes)])[1:] == (0, 1, 0)
    assert log.read().num_rows == 1
    now, then = (PnlLog(store.as_of(known)).read().to_pylist()[0] for known in (later, first))
    assert {name: now[name] for name in changes} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()
    }
    assert (then["total_pnl"], then["recorded_at"]) == (5.0, first)


def test_a_day_can_change_back(store):
    log = PnlLog(store)
    for total in (1.0, 2.0, 1.0):
        log.append([entry(D, total)])
    assert totals(log) == {("trend", D): 1.0}


def test_a_row_says_when_it_was_written(store):
    now = datetime(2024, 2, 1, 3, tzinfo=UTC)
    PnlLog(store, clock=lambda: now).append([entry(D)])
    assert PnlLog(store).read()["recorded_at"].to_pylist() == [now]


def test_another_programs_claim_fills_a_gap_and_never_replaces_what_was_computed(store):
    log = PnlLog(store)
    log.append([entry(D, 5.0)])
    claims = [entry(D, 9.0, source="old"), entry(D + timedelta(1), 9.0, source="old")]
    assert log.append(claims)[1:] == (1, 0, 1)
    assert totals(log) == {("trend", D): 5.0, ("trend", D + timedelta(1)): 9.0}
    assert log.append([entry(D + timedelta(1), 9.0)])[1:] == (0, 1, 0)
    assert log.read()["source"].to_pylist() == [None, None]


def test_a_day_that_is_given_twice_is_refused(store):
    with pytest.raises(InvalidArgumentError, match="'main', 'trend', 2024-01-30; give the last"):
        PnlLog(store).append([entry(D, 1.0), entry(D, 2.0)])
    assert PnlLog(store).read().num_rows == 0


def test_a_day_that_ends_at_another_time_is_refused(store):
    log = PnlLog(store)
    log.append([entry(D, 1.0, day_end=datetime(2024, 1, 30, 22, tzinfo=UTC))])
    with pytest.raises(InvalidArgumentError, match="archive with the zone and cut-off of the log"):
        log.append([entry(D, 2.0, day_end=datetime(2024, 1, 31, tzinfo=UTC))])
    assert totals(log) == {("trend", D): 1.0}


def test_a_total_that_is_not_known_says_why():
    with pytest.raises(InvalidRecordError, match="reason must say why total_pnl is not known"):
        entry(D, total_pnl=None)
    with pytest.raises(InvalidRecordError, match="reason must say why total_pnl is not known"):
        entry(D, 1.0, reason="no_price")


@pytest.mark.parametrize("junk", [float("nan"), float("inf")])
def test_a_sum_is_a_number_or_not_known(store, junk):
    with pytest.raises(InvalidRecordError, match="realized_pnl must be a finite number where it"):
        entry(D, junk)
    rows = to_table([entry(D)], PnlLogEntry)
    place = rows.schema.get_field_index("fees")
    rows = rows.set_column(place, rows.schema.field(place), [[junk]])
    with pytest.raises(InvalidRecordError, match="fees must be a finite number where it is known"):
        PnlLog(store).append(rows)


def test_prices_of_a_day_belong_together(store):
    with pytest.raises(InvalidRecordError, match="mark_symbols must have as many items"):
        entry(D, mark_symbols=("SPY",))
    rows = to_table([entry(D)], PnlLogEntry)
    place = rows.schema.get_field_index("mark_symbols")
    rows = rows.set_column(place, rows.schema.field(place), [[["SPY"]]])
    with pytest.raises(InvalidRecordError, match="mark_symbols must have as many items"):
        PnlLog(store).append(rows)


def test_reading_keeps_an_account_a_strategy_and_a_span(store):
    log = PnlLog(store)
    days = [D + timedelta(n) for n in range(4)]
    log.append([entry(day, 1.0, strategy) for day in days for strategy in ("a", "b")])
    log.append([entry(D, 1.0, "a", account_id="other")])
    assert log.read("main", "a", start="2024-01-31", end=date(2024, 2, 2))["day"].to_pylist() == [
        datetime(2024, 1, 31, tzinfo=UTC),
        datetime(2024, 2, 1, tzinfo=UTC),
    ]
    assert log.read("other").num_rows == 1
    assert log.read("nobody").num_rows == 0


@pytest.mark.parametrize("bound", ["yesterday", 5])
def test_a_bound_that_is_no_day_is_refused(store, bound):
    with pytest.raises(InvalidArgumentError, match="start must be a day such as"):
        PnlLog(store).read(start=bound)


def test_the_log_of_a_history_without_one_is_empty(store):
    assert PnlLog(store).read().num_rows == 0
    assert PnlLog(store).monthly().num_rows == 0
    assert PnlLog(store).append([])[1:] == (0, 0, 0)


def test_a_second_writer_is_refused_and_a_reader_is_not(store):
    PnlLog(store).append([entry(D, 1.0)])
    with pytest.raises(StoreLockedError):
        PnlLog(store.uri).append([entry(D, 2.0)])
    assert totals(PnlLog(store.uri)) == {("trend", D): 1.0}


def test_a_month_is_its_last_day_and_the_change_since_the_month_before(store):
    log = PnlLog(store)
    log.append(
        [
            entry(date(2024, 1, 30), 10.0),
            entry(date(2024, 1, 31), 25.0),
            entry(date(2024, 3, 1), 15.0, trades=4),
            entry(date(2024, 1, 31), -1.0, "b"),
        ]
    )
    columns = ["strategy_id", "month", "total_pnl", "change", "trades"]
    assert [tuple(row.values()) for row in log.monthly("main").select(columns).to_pylist()] == [
        ("b", "2024-01", -1.0, -1.0, 1),
        ("trend", "2024-01", 25.0, 25.0, 2),
        ("trend", "2024-03", 15.0, -10.0, 4),
    ]
    assert log.monthly(strategy="b").num_rows == 1


def test_a_month_that_ends_unpriced_is_null_and_the_next_change_is_since_the_last_known(store):
    log = PnlLog(store)
    log.append(
        [
            entry(date(2024, 1, 31), 10.0),
            entry(date(2024, 2, 27), 12.0),
            unpriced(date(2024, 2, 28)),
            entry(date(2024, 3, 28), 17.0, trades=None),
        ]
    )
    months = log.monthly().to_pylist()
    assert [month["change"] for month in months] == [10.0, None, 7.0]
    assert [month["reason"] for month in months] == [None, "no_price", None]
    assert [month["trades"] for month in months] == [1, 2, None]


_days = st.dates(date(2023, 11, 1), date(2024, 4, 30))
_amounts = st.one_of(st.none(), st.integers(-10_000, 10_000).map(lambda cents: cents / 100))
_logs = st.lists(st.tuples(st.sampled_from("ab"), _days, _amounts), max_size=30)


@settings(max_examples=8, deadline=None)
@given(batches=st.lists(_logs, min_size=1, max_size=3))
def test_the_changes_of_the_months_sum_to_the_last_known_month(tmp_path_factory, batches):
    with TradeStore(tmp_path_factory.mktemp("log")) as store:
        log, last = PnlLog(store), {}
        for batch in batches:
            rows = {(strategy, day): total for strategy, day, total in batch}
            log.append(
                [
                    entry(day, total, strategy)
                    if total is not None
                    else unpriced(day, strategy_id=strategy)
                    for (strategy, day), total in rows.items()
                ]
            )
            last |= rows
        assert totals(log) == last
        months = log.monthly().to_pylist()
        for strategy in "ab":
            own = [month for month in months if month["strategy_id"] == strategy]
            known = [month for month in own if month["total_pnl"] is not None]
            changes = [month["change"] for month in own if month["change"] is not None]
            assert sum(changes) == pytest.approx(known[-1]["total_pnl"] if known else 0.0)


def test_the_orders_of_the_plans_bucket_and_their_log_are_in_s3(s3, tmp_path, monkeypatch):
    config = {"bucket": "desk", "storage_options": s3}
    with StrategyOrderTracker(config) as tracker:
        tracker.record_order("o-1", "NUCLEAR", "SMR", "BUY", 100, 50.0)
        tracker.archive_daily_pnl({"SMR": 55.0})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    (row,) = PnlLog(TradeStore("s3://desk/paper", storage_options=s3)).read().to_pylist()
    assert (row["account_id"], row["strategy_id"], row["total_pnl"]) == ("paper", "NUCLEAR", 500.0)
