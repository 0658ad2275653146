"""The store: what goes in comes out, from the journal, the table, or both."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import (
    InvalidArgumentError,
    InvalidTableError,
    SchemaError,
    StoreError,
    StoreLockedError,
    UnknownNameError,
)
from perfkit.records import (
    AccountState,
    Bar,
    CashRecord,
    LabelRecord,
    MarketContext,
    TradeRecord,
    arrow_schema,
    from_table,
    to_table,
)
from perfkit.store import TABLES, TradeStore
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.location import LocalLocation

DAY = datetime(2024, 5, 1, tzinfo=UTC)

# what a terminal obeys is no text: controls, ends of lines, turns of direction
UNPRINTABLE = ("Cs", "Cc", "Cf", "Zl", "Zp")
text = st.text(st.characters(blacklist_categories=UNPRINTABLE), min_size=1, max_size=64)
hostile = st.one_of(
    text,
    st.sampled_from(["<script>alert(1)</script>", "'; DROP TABLE x --", '"', "%2F..", "漢"]),
)
numbers = st.floats(-1e18, 1e18)
times = st.integers(-(2**52), 2**52).map(  # 1827 to 2112
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
)
maybe = lambda values: st.none() | values  # noqa: E731
contexts = st.builds(
    MarketContext, trend=maybe(text), close=maybe(numbers), news_event=maybe(st.booleans()),
    context_asof=maybe(times),
)  # fmt: skip
records = st.builds(
    TradeRecord,
    trade_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    account_id=st.just("a"),
    strategy_id=st.sampled_from(["x", "y"]),
    execution_time=times,
    symbol=hostile,
    side=st.sampled_from(["buy", "sell"]),
    price=numbers,
    volume=st.floats(1e-12, 1e12),
    source=maybe(hostile),
    currency=maybe(hostile.filter(lambda t: len(t) <= 16)),
    liquidity=maybe(st.sampled_from(["maker", "taker"])),
    market_context=maybe(contexts),
    account_state=maybe(st.builds(AccountState, equity=maybe(numbers))),
    labels=st.lists(hostile, max_size=3).map(tuple),
    pnl=maybe(numbers),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, max_size=8))
def test_record_to_delta_to_record_is_the_identity(tmp_path_factory, rows):
    with TradeStore(tmp_path_factory.mktemp("history")) as store:
        receipt = store.append("trades", to_table(rows, TradeRecord))
        assert receipt.accepted == len(rows)
        journalled = store.read()
        store.flush()
        stored = store.read()
    assert stored.schema.equals(arrow_schema(TradeRecord), check_metadata=True)
    assert stored.equals(journalled)
    by_number = sorted(from_table(stored, TradeRecord), key=lambda r: r.sequence)
    numbered = [
        TradeRecord(
            **{n: getattr(row, n) for n in arrow_schema(TradeRecord).names} | {"sequence": k}
        )
        for k, row in enumerate(rows, 1)
    ]
    assert by_number == numbered


def test_reads_see_journal_and_table_together_in_canonical_order(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(5, 10))
        store.flush()
        store.append("trades", trades(5, 5))
        reader = TradeStore(tmp_path)
        for found in (store.read(), reader.read()):
            assert found["trade_id"].to_pylist() == [f"T{n}" for n in range(5, 15)]
            assert found["sequence"].to_pylist() == [6, 7, 8, 9, 10, 1, 2, 3, 4, 5]
    assert TradeStore(tmp_path).read()["trade_id"].to_pylist() == [f"T{n}" for n in range(5, 15)]


def test_at_equal_times_the_number_in_the_journal_decides(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        for price in (3.0, 1.0, 2.0):
            store.append("trades", trades(1, price=price))
        assert store.read()["price"].to_pylist() == [3.0, 1.0, 2.0]
        store.flush()
        assert store.read()["price"].to_pylist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_filter_is_exact_to_the_microsecond(tmp_path, trades, is_flushed):
    moment = DAY + timedelta(microseconds=123_456)
    with TradeStore(tmp_path) as store:
        rows = [
            row | {"execution_time": moment + timedelta(microseconds=step)}
            for step, row in enumerate(trades(3).to_pylist(), -1)
        ]
        store.append("trades", to_table([TradeRecord(**r) for r in rows], TradeRecord))
        if is_flushed:
            store.flush()
        found = store.read(where=pl.col("execution_time") >= moment, columns=["trade_id"])
        assert found.to_pydict() == {"trade_id": ["T1", "T2"]}
        found = store.read(where=pl.col("execution_time") < moment, columns=["trade_id"])
        assert found.to_pydict() == {"trade_id": ["T0"]}


def test_a_filter_may_use_a_column_that_is_not_asked_for(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(3))
        found = store.read(where=pl.col("trade_id") == "T1", columns=["price", "symbol"])
        assert found.to_pylist() == [{"price": 100.0, "symbol": "SPY"}]


def test_every_table_keeps_its_records(tmp_path):
    who = {"account_id": "a", "strategy_id": "s"}
    cash = CashRecord(cash_id="c", execution_time=DAY, kind="deposit", amount=1e6, **who)
    label = LabelRecord(
        trade_id="T", label="breakout", source="rule", version="1", labelled_at=DAY, **who
    )
    bar = Bar(symbol="SPY", close_time=DAY, close=1.0)
    rows = {"cash": cash, "labels": label, "bars": bar}
    with TradeStore(tmp_path) as store:
        for name, record in rows.items():
            store.append(name, to_table([record], type(record)))
            assert from_table(store.read(name), type(record)) == [record]
    for name, record in rows.items():
        assert from_table(TradeStore(tmp_path).read(name), type(record)) == [record]


@pytest.mark.parametrize("is_flushed", [False, True])
def test_of_two_bars_with_one_close_time_the_later_record_is_read(tmp_path, is_flushed):
    def bar(close, hours=0):
        bar = Bar(symbol="SPY", close_time=DAY + timedelta(hours=hours), close=close)
        return to_table([bar], Bar)

    with TradeStore(tmp_path) as store:
        store.append("bars", bar(1.0))
        store.append("bars", bar(9.0, hours=1))
        if is_flushed:
            store.flush()
        store.append("bars", bar(2.0))
        assert store.read("bars")["close"].to_pylist() == [2.0, 9.0]
        # the first record is gone, it does not come back for a filter that it alone meets
        assert store.read("bars", where=pl.col("close") == 1.0).num_rows == 0


def test_an_absent_history_says_where_it_looked(tmp_path):
    with pytest.raises(StoreError, match=rf"no history at {tmp_path}/none; check the address"):
        TradeStore(tmp_path / "none").read()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_history_answers_empty_tables_with_their_schema(tmp_path):
    TradeStore(tmp_path).open().close()
    for name, layout in TABLES.items():
        assert TradeStore(tmp_path).read(name).equals(layout.schema.empty_table())


def test_an_empty_batch_is_acknowledged_and_writes_nothing(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        receipt = store.append("trades", trades(0))
        assert (receipt.accepted, receipt.first_sequence, receipt.last_sequence) == (0, None, None)
        assert store.flush() == 0


def test_unknown_names_are_listed_with_those_that_exist(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        with pytest.raises(
            UnknownNameError, match=r"trades, cash, splits, bars, news, labels.*'trade'"
        ):
            store.read("trade")
        with pytest.raises(UnknownNameError, match=r"'trade_id'.*there is no profit"):
            store.read(columns=["profit"])
        with pytest.raises(UnknownNameError, match=r"'trade_id'.*there is no profit"):
            store.read(where=pl.col("profit") > 0)


def test_rows_that_break_a_rule_are_refused_as_a_whole(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        rows = trades(3)
        place = rows.column_names.index("volume")
        bad = rows.set_column(place, rows.schema.field(place), [[1.0, -1.0, 1.0]])
        with pytest.raises(InvalidTableError, match=r"volume must be > 0, was -1\.0"):
            store.append("trades", bad)
        with pytest.raises(SchemaError, match="missing"):
            store.append("trades", rows.drop_columns("price"))
        assert store.read().num_rows == 0


def test_a_second_writer_is_refused_and_told_whom_to_ask(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(2))
        with pytest.raises(StoreLockedError, match=f"process {os.getpid()} is writing"):
            TradeStore(tmp_path).append("trades", trades(1))
        script = (
            "import sys; from perfkit.store import TradeStore\n"
            "print(TradeStore(sys.argv[1]).read().num_rows)\n"
            "TradeStore(sys.argv[1]).open()"
        )
        run = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert run.stdout == "2\n"
        assert f"process {os.getpid()} is writing" in run.stderr
    with TradeStore(tmp_path) as store:
        assert store.append("trades", trades(1, 2)).last_sequence == 3


WRITER = textwrap.dedent(
    """
    import sys
    from datetime import datetime, timedelta, UTC
    from perfkit.records import Bar, to_table
    from perfkit.store import TradeStore

    begin = datetime(2024, 1, 1, tzinfo=UTC)
    with TradeStore(sys.argv[1]) as store:
        for n in range(60):
            print(n, flush=True)
            days = [begin + timedelta(days=5 * n + k) for k in range(5)]
            bars = [Bar(symbol="SPY", close_time=day, close=1.0) for day in days]
            store.append("bars", to_table(bars, Bar))
            if n % 2:
                store.flush()
    """
)


def test_a_reader_beside_a_flushing_writer_misses_no_row_and_sees_none_twice(tmp_path):
    days = [DAY.replace(month=1) + timedelta(days=n) for n in range(300)]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "0\n"
        seen = [0]
        while writer.poll() is None:
            found = TradeStore(tmp_path).read("bars")["close_time"].to_pylist()
            assert found == days[: len(found)]
            seen.append(len(found))
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert TradeStore(tmp_path).read("bars")["close_time"].to_pylist() == days


@pytest.mark.parametrize("step", ["put", "sync_log", "get"])
def test_at_every_step_of_a_flush_a_reader_sees_every_row_once(tmp_path, trades, monkeypatch, step):
    seen = []
    usual = getattr(LocalLocation, step)

    def watched(self, *arguments):
        seen.append(TradeStore(tmp_path).read()["sequence"].to_pylist())
        answer = usual(self, *arguments)
        seen.append(TradeStore(tmp_path).read()["sequence"].to_pylist())
        return answer

    with TradeStore(tmp_path) as store:
        store.append("trades", trades(20))
        store.flush()
        store.append("trades", trades(20, 20))
        with monkeypatch.context() as patch:
            patch.setattr(LocalLocation, step, watched)
            store.flush()
    assert seen
    assert all(numbers == list(range(1, 41)) for numbers in seen)


def test_rows_that_leave_the_journal_while_it_is_read_are_seen_in_the_table(
    tmp_path, trades, monkeypatch
):
    find = DeltaTables.find
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(20))

        def flush_first(self, name):
            patch.undo()  # the reader has read the journal, and not the table yet
            assert store.flush() == 20
            return find(self, name)

        with monkeypatch.context() as patch:
            patch.setattr(DeltaTables, "find", flush_first)
            found = TradeStore(tmp_path).read()
    assert found["sequence"].to_pylist() == list(range(1, 21))


def test_a_history_is_no_larger_for_its_journal(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        rows = trades(1_000)
        for _ in range(100):
            store.append("trades", rows)
        assert store.flush() == 100_000
        assert sum(file.stat().st_size for file in tmp_path.glob("journal.sqlite*")) < 100_000
    assert (tmp_path / "journal.sqlite").stat().st_size < 100_000


def test_a_writer_that_was_killed_leaves_no_lock(tmp_path, trades):
    script = (
        "import os, signal, sys; from perfkit.store import TradeStore\n"
        "store = TradeStore(sys.argv[1]).open(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    with TradeStore(tmp_path) as store:
        assert store.append("trades", trades(1)).accepted == 1


@pytest.mark.parametrize("name", ["two words", "ü漢", "a*b{c}&$", "quo'te\""])
def test_a_history_may_lie_in_a_folder_with_any_name(tmp_path, trades, name):
    with TradeStore(tmp_path / name) as store:
        store.append("trades", trades(2))
    (tmp_path / name).rename(tmp_path / f"moved {name}")
    with TradeStore(tmp_path / f"moved {name}") as store:
        store.append("trades", trades(1, 2))
        store.flush()
        assert store.read().num_rows == 3


@pytest.mark.parametrize("name", ["a%20b", "[x]", "a|b", "a\\b", "a#b", "a?b"])
def test_a_folder_that_delta_would_miss_is_refused(tmp_path, name):
    with pytest.raises(InvalidArgumentError, match="choose another folder"):
        TradeStore(tmp_path / name)


@pytest.mark.parametrize("uri", ["gs://desk/perf", "file:///data", "", "s3://"])
def test_an_address_that_is_neither_folder_nor_s3_is_refused(uri):
    with pytest.raises(InvalidArgumentError, match="must be"):
        TradeStore(uri)


def test_trades_lie_by_month_sorted_with_statistics_where_queries_filter(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        for start in range(0, 240, 8):
            strategy = "xyz"[start % 3]
            store.append("trades", trades(8, start, strategy_id=strategy))
    files = sorted((tmp_path / "trades").rglob("*.parquet"))
    assert [file.parent.name for file in files] == ["month=2024-01", "month=2024-02"]
    for file in files:
        rows = pq.read_table(file, partitioning=None)
        order = [(name, "ascending") for name in TABLES["trades"].sort]
        assert rows.equals(rows.sort_by(order))
        group = pq.ParquetFile(file).metadata.row_group(0)
        columns = [group.column(n) for n in range(group.num_columns)]
        assert {column.compression for column in columns} == {"ZSTD"}
        described = {c.path_in_schema for c in columns if c.is_stats_set}
        assert described == set(TABLES["trades"].filtered)


def test_a_table_refuses_to_lose_a_row(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(2))
    with pytest.raises(DeltaError, match="append-only"):
        DeltaTable(tmp_path / "trades").delete("trade_id = 'T0'")


def test_a_lost_journal_does_not_give_a_number_twice(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(5))
    (tmp_path / "journal.sqlite").unlink()
    with TradeStore(tmp_path) as store:
        assert store.append("trades", trades(1, 5)).first_sequence == 6
        assert store.read().num_rows == 6
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == [1, 2, 3, 4, 5, 6]
