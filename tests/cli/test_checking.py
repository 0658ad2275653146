"""`perfkit reconcile` and `perfkit verify`: what is found is named, and is an exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from perfkit.store import TradeStore

HEADER = "trade_id,execution_time,symbol,side,price,volume,commission\n"
ROWS = [
    "t1,2024-01-02T15:00:00Z,AAPL,buy,100,10,1",
    "t2,2024-01-03T15:00:00Z,AAPL,sell,110,10,1",
    "t3,2024-01-04T15:00:00Z,MSFT,buy,400,5,1",
    "t4,2024-01-05T15:00:00Z,MSFT,sell,390,5,1",
]
OWNER = ("--account", "main", "--strategy", "trend")


def written(path, rows):
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def uri(perfkit, tmp_path):
    file = written(tmp_path / "ours.csv", ROWS)
    answer = perfkit("import", file, "--into", tmp_path / "history", *OWNER)
    assert answer.code == 0, answer.err
    return tmp_path / "history"


@pytest.fixture
def reconcile(perfkit, uri, tmp_path):
    def run(rows, *words):
        file = written(tmp_path / "broker.csv", rows)
        words = (file, "--against", uri, "--account", "main", *words)
        before = {p: p.stat().st_mtime_ns for p in uri.rglob("*.parquet")}
        answer = perfkit("reconcile", *words)
        assert {p: p.stat().st_mtime_ns for p in uri.rglob("*.parquet")} == before
        return answer

    return run


def test_an_equal_statement_is_exit_code_0_with_the_counts_first(reconcile):
    answer = reconcile(ROWS)
    counts = "matched 4, different 0, only in the statement 0, only in the history 0"
    assert (answer.code, answer.out.splitlines()[0]) == (0, counts)
    assert "0 totals of cash compared, 0 differ; the statement tells of none" in answer.out


@pytest.mark.parametrize(
    ("rows", "counts", "says"),
    [
        (ROWS[:1] + ROWS[2:], (3, 0, 0, 1), ["only in the history", "t2"]),
        ([*ROWS, ROWS[1].replace("t2", "t9")], (4, 0, 1, 0), ["only in the statement", "t9"]),
        ([r.replace(",110,", ",111.5,") for r in ROWS], (4, 1, 0, 0), ["price", "111.5", "110"]),
        ([r.replace("390,5,1", "390,5,1.75") for r in ROWS], (4, 1, 0, 0), ["commission", "1.75"]),
    ],
    ids=["dropped", "doubled", "price", "fee"],
)
def test_each_difference_is_named_and_is_exit_code_1(reconcile, rows, counts, says):
    answer = reconcile(rows)
    names = ("matched", "different", "only in the statement", "only in the history")
    line = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
    assert (answer.code, answer.out.splitlines()[0]) == (1, line)
    for word in says:
        assert word in answer.out
    assert answer.err == ""


def test_a_refused_row_of_the_statement_is_no_equality(reconcile):
    answer = reconcile([*ROWS, "t5,2024-01-05T15:00:00Z,MSFT,sell,390,-5,1"])
    assert (answer.code, "line 6: " in answer.out) == (1, True)


def test_the_zone_of_the_statement_can_be_said(perfkit, reconcile, tmp_path):
    naive = [row.replace("T15:00:00Z", " 10:00:00") for row in ROWS]
    map_file = tmp_path / "map.toml"
    map_file.write_text('times = { layout = "%Y-%m-%d %H:%M:%S", zone = "America/New_York" }\n')
    assert reconcile(naive, "--map", map_file).code == 0
    told = reconcile(ROWS, "--zone", "UTC")
    assert (told.code, "unknown ['zone']" in told.err) == (1, True)


def test_a_statement_of_one_symbol_is_said_to_be(reconcile):
    assert reconcile(ROWS[:2] + ROWS[3:], "--symbol", "AAPL").code == 0


def test_reconcile_as_json_is_one_line(reconcile):
    answer = reconcile([r.replace(",110,", ",111,") for r in ROWS], "--json")
    (line,) = answer.out.splitlines()
    found = json.loads(line)
    assert (answer.code, found["is_equal"], found["counts"]["different"]) == (1, False, 1)
    (row,) = found["different"]
    assert (row["trade_id"], row["field"], row["statement"]) == ("t2", "price", 111.0)
    assert row["execution_time"] == "2024-01-03T15:00:00Z"
    assert {row["figure"] for row in found["realized"] if not row["is_equal"]} == {
        "average", "fifo",
    }  # fmt: skip


def test_verify_prints_a_line_for_each_check(perfkit, uri):
    answer = perfkit("verify", uri)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert sum(line.startswith("adds up") for line in lines) == 6
    assert "replayed          4 trade records in" in answer.out
    # by hand: 98 of AAPL, -52 of MSFT
    assert sum("= 46.00" in line for line in lines) == 6
    found = json.loads(perfkit("verify", uri, "--json").out)
    assert (found["is_clean"], found["records"], found["files"]) == (True, 4, 1)
    assert [row["whole"] for row in found["sums"]] == [46.0] * 6
    assert found["restated"] == []


def test_verify_names_a_wrong_pnl_and_fails(perfkit, uri, tmp_path):
    rows = TradeStore(uri).read()
    place = rows.column_names.index("pnl")
    with TradeStore(tmp_path / "wrong") as store:
        pnl = pa.array([-1.0, 109.0, -1.0, -51.0])
        store.append("trades", rows.set_column(place, rows.schema.field(place), pnl))
    answer = perfkit("verify", tmp_path / "wrong")
    assert (answer.code, "t2" in answer.out, "109" in answer.out) == (1, True, True)
    assert "unexplained" in answer.out
    assert "not clean" in answer.out
    found = json.loads(perfkit("verify", tmp_path / "wrong", "--json").out)
    assert (found["is_clean"], found["restated"][0]["reason"]) == (False, "unexplained")


def test_verify_of_a_damaged_history_is_exit_code_2_as_json_too(perfkit, uri):
    (file,) = (uri / "trades").rglob("*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    answer = perfkit("verify", uri, "--json")
    assert (answer.code, json.loads(answer.out)["is_clean"]) == (2, False)


def torn(uri):
    commit = max((uri / "trades" / "_delta_log").glob("*.json"))
    commit.write_bytes(commit.read_bytes()[:100])


def test_verify_looks_then_repairs_then_is_clean(perfkit, uri):
    torn(uri)
    looked = perfkit("verify", uri, "--dry-run")
    assert (looked.code, "1.json is torn" in looked.out) == (2, True)
    assert "only looked: without --dry-run" in looked.out
    mended = perfkit("verify", uri)
    assert mended.code == 1
    assert "repaired  trades/_delta_log/00000000000000000001.json is torn; it was set" in mended.out
    assert "repaired  4 rows of trades were put back" in mended.out
    assert "clean: all that was acknowledged is here" in mended.out
    again = perfkit("verify", uri)
    assert (again.code, "repaired" in again.out) == (0, False)


def test_verify_as_json_lists_what_was_repaired(perfkit, uri):
    torn(uri)
    answer = perfkit("verify", uri, "--json")
    found = json.loads(answer.out)
    assert (answer.code, found["is_clean"], found["records"]) == (1, True, 4)
    assert (len(found["repaired"]), found["warnings"], found["damaged"]) == (2, [], [])


def test_verify_warns_of_a_broken_commit_that_nobody_reads(perfkit, uri):
    DeltaTable(str(uri / "trades")).create_checkpoint()
    torn(uri)
    answer = perfkit("verify", uri)
    assert (answer.code, "warning   trades/_delta_log" in answer.out) == (1, True)


def test_the_settings_say_where_the_history_and_its_journal_are(perfkit, tmp_path, monkeypatch):
    history, journal = tmp_path / "set", tmp_path / "fast" / "journal.sqlite"
    settings = tmp_path / "perfkit.toml"
    settings.write_text(f'history = "{history}"\naccount = "main"\nstrategy = "trend"\n')
    monkeypatch.setenv("PERFKIT_CONFIG", str(settings))
    monkeypatch.setenv("PERFKIT_JOURNAL", str(journal))
    file = written(tmp_path / "ours.csv", ROWS)
    answer = perfkit("import", file)
    assert answer.code == 0, answer.err
    assert journal.is_file()
    with TradeStore(history, journal=journal) as store:
        rows = store.read()
        assert set(rows["account_id"].to_pylist()) == {"main"}
        store.append("bars", store.read("bars"))
    assert perfkit("verify").code == 0
    assert json.loads(perfkit("summary", "--json").out)
    assert perfkit("reconcile", file, "--account", "main").code == 0
    assert perfkit("changes", "--since", "2024-01-01").code == 0


def test_a_mistake_in_the_settings_is_said(perfkit, uri, tmp_path, monkeypatch):
    (tmp_path / "perfkit.toml").write_text('histroy = "x"\n')
    monkeypatch.chdir(tmp_path)
    answer = perfkit("verify", uri)
    assert (answer.code, "unknown 'histroy'; known are history" in answer.err) == (1, True)


def test_changes_name_the_record_that_moved_the_past(perfkit, uri):
    now = datetime.now(UTC).isoformat()
    quiet = perfkit("changes", uri, "--since", now)
    assert (quiet.code, quiet.out.startswith("nothing that happened until")) == (0, True)
    bust = {
        "trade_id": "t1-bust", "original_trade_id": "t1", "record_type": "bust",
        "execution_time": "2024-01-02T15:00:00Z", "symbol": "AAPL", "side": "buy",
        "price": 100, "volume": 10,
    }  # fmt: skip
    perfkit("record", "--into", uri, *OWNER, stdin=json.dumps(bust))
    found = json.loads(perfkit("changes", uri, "--since", now, "--json").out)["changes"]
    rows = [(r["trade_id"], r["change"], r["pnl_change"], r["caused_by"]) for r in found]
    # what was sold is now a short that is still open: its gain of 100 is gone
    assert rows == [("t1", "busted", 1.0, "t1-bust"), ("t2", "restated", -100.0, "t1-bust")]
    assert "together -99.00" in perfkit("changes", uri, "--since", now).out
    then = perfkit("summary", uri, "--as-of", now).out
    assert then != perfkit("summary", uri).out


def test_formats_are_listed_with_their_settings(perfkit):
    answer = perfkit("formats")
    assert "Read the deals of a MetaTrader 5 account" in answer.out
    assert "--set zone=...  (required)" in answer.out


def test_a_conversion_needs_its_rate(perfkit, uri):
    rate = {"symbol": "EUR/USD", "close_time": "2024-01-01T00:00:00Z", "close": 1.25}
    perfkit("record", "--into", uri, stdin=json.dumps(rate))
    answer = perfkit("summary", uri, "--convert-to", "EUR", "--json")
    assert (answer.code, "--json answers in recorded money" in answer.err) == (1, True)
    assert perfkit("summary", uri, "--convert-to", "EUR").code == 0
