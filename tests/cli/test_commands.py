"""The command line: clear answers, honest exit codes, and nothing half written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.history import History

HEADER = "trade_id,execution_time,symbol,side,price,volume,commission\n"
GOOD = (
    HEADER
    + "t1,2024-01-02T15:00:00Z,AAPL,buy,100,10,1\n"
    + "t2,2024-01-03T15:00:00Z,AAPL,sell,110,10,1\n"
)
OWNER = ("--account", "main", "--strategy", "trend")


@pytest.fixture
def imported(perfkit, tmp_path):
    file = tmp_path / "trades.csv"
    file.write_text(GOOD)
    answer = perfkit("import", file, "--into", tmp_path / "history", *OWNER)
    assert answer.code == 0, answer.err
    return tmp_path / "history"


def test_import_prints_what_was_read_and_recorded_and_changes_nothing_twice(
    perfkit, tmp_path, imported
):
    again = perfkit("import", tmp_path / "trades.csv", "--into", imported, *OWNER)
    lines = [line.split()[:2] for line in again.out.splitlines() if line]
    assert again.code == 0
    assert lines[:3] == [["read", "2"], ["accepted", "2"], ["skipped", "0"]]
    assert lines[3:] == [["refused", "0"], ["recorded", "0"]]
    assert again.out.splitlines()[-1].endswith("2 known before")
    assert History(str(imported)).trades()["pnl"].tolist() == [-1.0, 99.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("trade_id,symbol\nt1,AAPL\n", "no column gives them"),
        (GOOD.replace("Z,AAPL,buy", ",AAPL,buy").replace("Z,AAPL,sell", ",AAPL,sell"), "zone"),
        (GOOD.replace("buy", "long"), "line 2"),
        (GOOD.replace(",10,1\n", ",-10,1\n", 1), "volume must be > 0"),
        (GOOD.replace("100,10", "nan,10"), "price must be"),
        (GOOD.replace("t2", "t1"), "t1"),
        (GOOD.replace("t2", "<script>"), "trade_id must match"),
    ],
)
def test_a_bad_file_is_refused_whole_with_the_reason(perfkit, tmp_path, text, says):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    answer = perfkit("import", file, "--into", tmp_path / "history", *OWNER)
    assert answer.code == 1
    assert says in answer.out + answer.err
    assert "Traceback" not in answer.out + answer.err
    assert not (tmp_path / "history").exists()


def test_good_rows_beside_refused_ones_are_recorded_when_asked(perfkit, tmp_path):
    file = tmp_path / "some.csv"
    file.write_text(GOOD.replace("sell", "sold"))
    into = tmp_path / "history"
    answer = perfkit("import", file, "--into", into, "--accept-refused", *OWNER)
    assert (answer.code, "line 3" in answer.out) == (0, True)
    assert History(str(into)).trades()["trade_id"].tolist() == ["t1"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "no-such-file.csv", "--into", "x"), "no-such-file.csv"),
        (("import", __file__, "--into", "x", "--format", "tarot"), "table' with a column map"),
        (("import", __file__, "--into", "x", "--format", "pyfolio", "--map", __file__), "--map"),
        (("summary", "no/history"), "no/history"),
        (("attribution", "no/history"), "no/history"),
        (("verify", "no/history"), "no/history"),
    ],
)
def test_what_is_not_there_is_named_in_one_sentence(perfkit, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    answer = perfkit(*words)
    assert answer.code == 1
    assert says in answer.err
    assert "Traceback" not in answer.err


def test_record_answers_each_line_when_it_is_on_disk(perfkit, tmp_path):
    fill = {
        "trade_id": "t1", "execution_time": "2024-01-02T15:00:00Z", "symbol": "AAPL",
        "side": "buy", "price": 100.0, "volume": 10,
    }  # fmt: skip
    bad = [{**fill, "trade_id": "t2", "volume": -1}, {**fill, "price": 101.0}, {"trade_id": "t3"}]
    lines = "\n".join([json.dumps(fill), json.dumps(fill), *map(json.dumps, bad), "{", "[1]"])
    answer = perfkit("record", "--into", tmp_path / "h", *OWNER, stdin=lines)
    said = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 1
    assert [row.get("duplicate") for row in said[:2]] == [False, True]
    reasons = [row["refused"] for row in said[2:]]
    for reason, word in zip(
        reasons, ["volume", "price", "must have", "JSON", "object"], strict=True
    ):
        assert word in reason
    assert History(str(tmp_path / "h")).trades()["trade_id"].tolist() == ["t1"]


def test_record_reads_a_file_too(perfkit, tmp_path):
    file = tmp_path / "fills.ndjson"
    file.write_text(
        '{"trade_id": "t1", "account_id": "a", "strategy_id": "s", "symbol": "AAPL", '
        '"execution_time": "2024-01-02T15:00:00+01:00", "side": "sell", "price": 1, "volume": 2}'
        "\n\n"
    )
    answer = perfkit("record", file, "--into", tmp_path / "h")
    assert (answer.code, json.loads(answer.out)["sequence"] is not None) == (0, True)
    (row,) = History(str(tmp_path / "h")).trades().to_dict("records")
    assert (row["execution_time"].hour, row["position"]) == (14, -2.0)


def test_summary_and_attribution_print_tables(perfkit, imported):
    summary = perfkit("summary", imported, "--by", "account,strategy")
    assert summary.code == 0
    assert "trend" in summary.out
    assert "no_capital" in summary.out
    attribution = perfkit("attribution", imported, "--by", "symbol")
    assert attribution.code == 0
    assert "AAPL" in attribution.out
    assert "insufficient" in attribution.out
    assert perfkit("attribution", imported, "--by", "mood").code == 1
    assert perfkit("summary", imported, "--start", "soon").code == 1
    nobody = perfkit("summary", imported, "--strategy", "nobody")
    assert (nobody.code, "no strategy 'nobody'; there are trend" in nobody.err) == (1, True)
    twice = perfkit("summary", imported, "--by", "strategy, strategy")
    assert (twice.code, "each dimension once" in twice.err) == (1, True)


def test_a_hostile_symbol_is_printed_as_text(perfkit, tmp_path):
    file = tmp_path / "trades.csv"
    file.write_text(GOOD.replace("AAPL", "[red]<b>"))
    perfkit("import", file, "--into", tmp_path / "h", *OWNER)
    assert "[red]<b>" in perfkit("attribution", tmp_path / "h", "--by", "symbol").out


def test_verify_is_clean_and_finds_one_flipped_byte(perfkit, imported):
    clean = perfkit("verify", imported)
    assert (clean.code, "clean" in clean.out) == (0, True)
    (file,) = (imported / "trades").rglob("*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    damaged = perfkit("verify", imported)
    assert (damaged.code, file.name in damaged.out) == (2, True)


def test_an_error_of_our_own_is_an_exit_code_and_not_a_traceback(perfkit, imported, monkeypatch):
    monkeypatch.setattr("perfkit.history.History.metrics", lambda *_, **__: 1 // 0)
    answer = perfkit("summary", imported)
    assert answer.code == 70
    assert "ZeroDivisionError" in answer.err
    assert "Traceback" not in answer.err


def test_the_command_is_installed_and_explains_itself():
    run = subprocess.run(
        [sys.executable, "-m", "perfkit", "--help"], capture_output=True, text=True, check=True
    )
    for word in ("demo", "import", "record", "summary", "attribution", "report", "verify"):
        assert word in run.stdout


def test_record_takes_deposits_and_bars_so_that_returns_are_known(perfkit, tmp_path):
    day = "2024-01-0{}T21:00:00Z"
    lines = [
        {"cash_id": "c1", "execution_time": day.format(1), "kind": "deposit", "amount": 1000},
        {
            "trade_id": "t1", "execution_time": day.format(2), "symbol": "AAPL", "side": "buy",
            "price": 100, "volume": 5,
        },
        {"symbol": "AAPL", "close_time": day.format(2), "close": 100},
        {"symbol": "AAPL", "close_time": day.format(3), "close": 110},
        {"cash_id": "c2", "execution_time": day.format(3), "kind": "deposit", "amount": -1},
    ]  # fmt: skip
    text = "\n".join(map(json.dumps, lines))
    answer = perfkit("record", "--into", tmp_path / "h", *OWNER, stdin=text)
    said = [json.loads(line) for line in answer.out.splitlines()]
    assert ["refused" in row for row in said] == [False, False, False, False, True]
    returns = History(str(tmp_path / "h")).returns(by="account")["main"]
    assert returns.iloc[-1] == pytest.approx(0.05)


def test_hostile_lines_are_refused_one_by_one(perfkit, tmp_path):
    lines = ['{"trade_id": "a", "trade_id": "b"}', "[" * 100_000, '{"price": 1e400}', "\x00"]
    answer = perfkit("record", "--into", tmp_path / "h", *OWNER, stdin="\n".join(lines))
    assert answer.code == 1
    assert ["refused" in json.loads(line) for line in answer.out.splitlines()] == [True] * 4


def test_a_full_disk_stops_the_recording(tmp_path):
    fill = (
        '{{"trade_id":"t{}","execution_time":"2024-01-02T15:00:00Z","symbol":"AAPL",'
        '"side":"buy","price":1,"volume":1}}\n'
    )
    (tmp_path / "fills").write_text("".join(fill.format(n) for n in range(400)))
    words = ["-m", "perfkit", "record", str(tmp_path / "fills"), "--into", str(tmp_path / "h")]
    command = f"ulimit -f 600; exec {sys.executable} {' '.join([*words, *OWNER])}"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines()]
    assert all("refused" not in row for row in said)
    kept = History(str(tmp_path / "h")).trades()
    assert len(kept) >= len(said)
    assert len(said) < 400


def test_summary_as_json_is_the_specification_s_model(perfkit, imported):
    (line,) = perfkit("summary", imported, "--json").out.splitlines()
    answer = json.loads(line)
    assert (answer["account_id"], answer["strategy_id"], answer["period"]) == (
        "main",
        "trend",
        "daily",
    )
    assert answer["trade_summary"]["total_trades"] == 1
    assert answer["metrics"]["sharpe_ratio"] is None
    assert answer["reasons"]["sharpe_ratio"] == "no_capital"


def test_the_report_says_what_it_can_not_answer_before_it_starts(perfkit, imported):
    for words in (("--benchmark", "SPX"), ("--strategy", "nobody"), ("--start", "soon")):
        answer = perfkit("report", imported, "--output", imported / "out", *words)
        assert answer.code == 1
        assert words[1] in answer.err
    assert not (imported / "out").exists()


def test_version_is_printed(perfkit):
    assert perfkit("--version").out.startswith("perfkit 0.")


def test_the_map_that_the_readme_shows_reads_such_a_file(perfkit, tmp_path):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    maps = [block.split("```")[0] for block in readme.split("```toml\n")[1:]]
    (tmp_path / "desk.toml").write_text(next(text for text in maps if "columns = {" in text))
    (tmp_path / "desk.csv").write_text(
        "Date;Time;Ticker;B/S;Price;Qty\n31.07.2024;15:30:00;NESN;S;1.234,5;10\n"
    )
    words = ("--map", tmp_path / "desk.toml", "--into", tmp_path / "h", *OWNER)
    assert perfkit("import", tmp_path / "desk.csv", *words).code == 0
    (row,) = History(str(tmp_path / "h")).trades().to_dict("records")
    assert (row["price"], row["position"], row["execution_time"].hour) == (1234.5, -10.0, 13)
