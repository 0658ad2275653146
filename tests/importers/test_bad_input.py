"""Files that are broken, whole or in part: a clear error, or a counted row."""

from __future__ import annotations

import contextlib
import gzip
from datetime import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ImportFormatError, InvalidArgumentError, InvalidRecordError
from perfkit.importers import CsvStyle, TableFormat, TimeStyle, read_table
from perfkit.records import Fill

HEADER = "trade_id,account_id,strategy_id,execution_time,symbol,side,price,volume"
GOOD = "t1,A1,momentum,2024-01-31T10:00:00Z,AAPL,buy,184.4,10"


@pytest.fixture
def csv_file(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "fills.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        return path

    return write


def _only_refusal(result):
    (refused,) = result.refused
    assert result.read == result.fills.num_rows + len(result.skipped) + 1
    return refused


def test_one_row_is_one_fill(csv_file):
    result = read_table(csv_file(GOOD))
    assert (result.read, result.fills.num_rows) == (1, 1)
    assert result.fills["source"].to_pylist() == ["table"]


def test_a_header_alone_is_a_day_without_trades(csv_file):
    result = read_table(csv_file())
    assert (result.read, result.fills.num_rows, result.refused) == (0, 0, ())


@pytest.mark.parametrize("content", ["", "\n\n\n", "\ufeff"])
def test_an_empty_file_is_an_error(tmp_path, content):
    path = tmp_path / "empty.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ImportFormatError, match=r"empty\.csv: must have a header line, was empty"):
        read_table(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ImportFormatError, match="must be a readable file: No such file"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(ImportFormatError, match="must be a readable file"):
        read_table(tmp_path)


def test_missing_columns_are_all_named(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("trade_id,symbol,volume\nt1,AAPL,10\n")
    with pytest.raises(ImportFormatError) as error:
        read_table(path)
    assert "'account_id', 'strategy_id', 'execution_time', 'price', 'side'" in str(error.value)
    assert "give account and strategy" in str(error.value)


def test_a_misspelt_column_is_not_lost_silently(csv_file):
    path = csv_file(GOOD + ",1.5", header=HEADER + ",comission")
    with pytest.raises(ImportFormatError, match=r"had \['comission'\]"):
        read_table(path)


def test_a_mapped_column_that_is_absent_or_double_is_an_error(csv_file):
    layout = TableFormat(
        columns={
            "execution_time": "When",
            "symbol": "symbol",
            "price": "price",
            "volume": "volume",
        },
        signed_volume=True,
    )
    with pytest.raises(ImportFormatError, match=r"column 'When' \(execution_time\).*0 times"):
        read_table(csv_file(GOOD), layout, account="A1", strategy="s")
    twice = csv_file(
        GOOD, header=HEADER.replace("side", "symbol").replace("execution_time", "When")
    )
    with pytest.raises(ImportFormatError, match=r"column 'symbol'.*2 times"):
        read_table(twice, layout, account="A1", strategy="s")


@pytest.mark.parametrize(
    ("field", "old", "new", "reason"),
    [
        ("volume", ",10", ",0", "volume must be > 0, was 0.0"),
        ("volume", ",10", ",-10", "volume must be > 0, was -10.0; a sale is side='sell'"),
        ("volume", ",10", ",", "volume must be > 0, was None"),
        ("price", "184.4", "nan", "price must be a number like 1234.5, was nan"),
        ("price", "184.4", "inf", "price must be a number like 1234.5, was inf"),
        ("price", "184.4", "1e999", "price must be a finite number, -1e18 to 1e18, was inf"),
        ("price", "184.4", "184,4 EUR", None),
        ("price", "184.4", "", "price must be a finite number, -1e18 to 1e18, was None"),
        ("side", "buy", "hold", "side must be one of buy, sell, was 'hold'"),
        ("side", "buy", "", "side must be one of buy, sell, was None"),
        ("symbol", "AAPL", "", "symbol must be 1 to 64 printable characters, was None"),
        ("symbol", "AAPL", "A" * 65, "symbol must be 1 to 64 printable characters"),
        ("account_id", "A1", "my account", "account_id must match"),
        ("strategy_id", "momentum", "../etc", "strategy_id must match"),
        ("trade_id", "t1", "t/1", "trade_id must match"),
        ("execution_time", "2024-01-31T10:00:00Z", "yesterday", "must be a time in ISO 8601"),
        ("execution_time", "2024-01-31T10:00:00Z", "2024-02-31T10:00:00Z", "was 2024-02-31"),
        ("execution_time", "2024-01-31T10:00:00Z", "", "must be a time with a zone"),
    ],
)
def test_a_bad_row_is_listed_with_its_line_and_reason(csv_file, field, old, new, reason):
    other = GOOD.replace("t1", "t2")
    refused = _only_refusal(read_table(csv_file(other, "", GOOD.replace(old, new, 1))))
    assert refused.line == 4
    if reason is None:
        assert refused.field == "row"
    else:
        assert refused.field == field
        assert reason in refused.reason


def test_a_file_and_a_program_are_told_the_same(csv_file):
    with pytest.raises(InvalidRecordError) as error:
        Fill(
            trade_id="t1",
            account_id="A1",
            strategy_id="momentum",
            execution_time=pd.Timestamp("2024-01-31T10:00:00Z").to_pydatetime(),
            symbol="AAPL",
            side="buy",
            price=184.4,
            volume=-10.0,
        )
    refused = _only_refusal(read_table(csv_file(GOOD.replace(",10", ",-10"))))
    assert refused.reason == str(error.value)


def test_a_bad_optional_cell_refuses_the_row_instead_of_taking_the_default(csv_file):
    path = csv_file(GOOD + ",free", header=HEADER + ",commission")
    assert _only_refusal(read_table(path)).reason.startswith("commission must be a number")


def test_an_empty_commission_is_zero(csv_file):
    path = csv_file(GOOD + ",", header=HEADER + ",commission")
    assert read_table(path).fills["commission"].to_pylist() == [0.0]


def test_a_time_without_a_zone_is_an_error_unless_the_zone_is_given(csv_file):
    path = csv_file(GOOD, GOOD.replace("t1", "t2").replace("10:00:00Z", "11:00:00"))
    with pytest.raises(ImportFormatError, match="must give times with a zone, had 2024-01-31"):
        read_table(path)
    result = read_table(path, TableFormat(times=TimeStyle(zone="America/New_York")))
    assert [t.hour for t in result.fills["execution_time"].to_pylist()] == [10, 16]


@pytest.mark.parametrize("time", ["2024-03-10 02:30", "2024-11-03 01:30"])
def test_a_time_that_the_clock_skips_or_shows_twice_is_refused(csv_file, time):
    path = csv_file(GOOD.replace("2024-01-31T10:00:00Z", time))
    layout = TableFormat(times=TimeStyle(zone="America/New_York"))
    reason = _only_refusal(read_table(path, layout)).reason
    assert "that the clock of America/New_York shows once" in reason


def test_an_id_that_comes_again_with_the_same_fill_is_skipped(csv_file):
    result = read_table(csv_file(GOOD, GOOD))
    assert (result.fills.num_rows, result.refused) == (1, ())
    assert [(r.line, r.reason) for r in result.skipped] == [
        (3, "the same record, with the same id, again")
    ]


def test_an_id_that_comes_again_with_another_fill_is_refused(csv_file):
    refused = _only_refusal(read_table(csv_file(GOOD, GOOD.replace("184.4", "185"))))
    assert (refused.line, refused.field) == (3, "trade_id")
    assert "was 't1' on line 2 with other content" in refused.reason


def test_two_accounts_may_use_the_same_id(csv_file):
    assert read_table(csv_file(GOOD, GOOD.replace("A1", "A2"))).fills.num_rows == 2


def test_unsorted_rows_are_put_in_order_and_counted(csv_file):
    late, early = GOOD.replace("10:00", "11:00"), GOOD.replace("t1", "t2")
    result = read_table(csv_file(late, early))
    assert result.fills["trade_id"].to_pylist() == ["t2", "t1"]
    assert result.out_of_order == 1


def test_a_row_of_another_width_is_refused(csv_file):
    refused = _only_refusal(read_table(csv_file("Transactions Total,,-26", GOOD)))
    assert (refused.line, refused.field) == (2, "row")
    assert "row must have 8 cells as the header has, had 3" in refused.reason


def test_a_line_end_inside_quotes_does_not_shift_the_line_numbers(csv_file):
    quoted = GOOD.replace("AAPL", '"AA\nPL"')
    result = read_table(csv_file(quoted, GOOD.replace("buy", "hold")))
    assert [(r.line, r.field) for r in result.refused] == [(2, "symbol"), (4, "side")]


def test_an_open_quote_is_an_error_and_swallows_nothing(csv_file):
    with pytest.raises(ImportFormatError, match="must be a whole, undamaged file"):
        read_table(csv_file(GOOD.replace("AAPL", '"AAPL'), GOOD))


def test_text_in_another_encoding_is_an_error_that_names_the_remedy(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes((HEADER + "\n" + GOOD.replace("AAPL", "NESTLÉ")).encode("latin-1"))
    with pytest.raises(ImportFormatError, match="state the encoding it was written in"):
        read_table(path)
    result = read_table(path, TableFormat(csv=CsvStyle(encoding="latin-1")))
    assert result.fills["symbol"].to_pylist() == ["NESTLÉ"]


def test_an_unknown_encoding_is_an_error(csv_file):
    with pytest.raises(ImportFormatError, match="unknown encoding"):
        read_table(csv_file(GOOD), TableFormat(csv=CsvStyle(encoding="utf-99")))


@pytest.mark.parametrize("name", ["fills.parquet", "fills.csv.gz"])
def test_a_file_that_is_not_what_its_name_says_is_an_error(tmp_path, name):
    path = tmp_path / name
    path.write_text(HEADER)
    with pytest.raises(ImportFormatError, match="must be a"):
        read_table(path)


def test_a_cut_archive_is_an_error(tmp_path):
    path = tmp_path / "fills.csv.gz"
    packed = gzip.compress("\n".join([HEADER, *[GOOD] * 500]).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ImportFormatError, match="must be a whole, undamaged file"):
        read_table(path)


def test_who_trades_is_told_once(csv_file):
    with pytest.raises(InvalidArgumentError, match="account_id must be given once"):
        read_table(csv_file(GOOD), account="A2")


def test_an_account_argument_that_is_no_id_is_an_error(csv_file):
    header = HEADER.replace("account_id,", "").replace("strategy_id,", "")
    path = csv_file("t1,2024-01-31T10:00:00Z,AAPL,buy,184.4,10", header=header)
    with pytest.raises(InvalidArgumentError, match="account_id must match"):
        read_table(path, account="my account", strategy="s")
    assert read_table(path, account="A1", strategy="s").fills.num_rows == 1


def test_a_frame_with_mixed_cells_is_an_error():
    frame = pd.DataFrame({"price": [1.0, "x"]}, dtype=object)
    with pytest.raises(ImportFormatError, match="every column must hold one kind of value"):
        read_table(frame)


def test_ids_that_went_through_a_float_are_an_error():
    layout = TableFormat(
        columns={n: n for n in ("trade_id", "execution_time", "symbol", "side", "price", "volume")}
    )
    frame = pd.DataFrame(
        {
            "trade_id": [1e18],
            "execution_time": ["2024-01-31T10:00:00Z"],
            "symbol": ["AAPL"],
            "side": ["buy"],
            "price": [1.0],
            "volume": [1.0],
        }
    )
    with pytest.raises(ImportFormatError, match="must be text or whole numbers, was double"):
        read_table(frame, layout, account="A1", strategy="s")


@pytest.mark.parametrize(
    "cell", [b"x", [1], {"a": 1}, True, pd.Timedelta("1D"), 1 + 2j, 10**30, time(10, 1), None]
)
@pytest.mark.parametrize("column", HEADER.split(","))
def test_no_kind_of_cell_ends_in_a_traceback(column, cell):
    frame = pd.DataFrame({k: [v] for k, v in zip(HEADER.split(","), GOOD.split(","), strict=True)})
    frame[column] = pd.Series([cell], dtype=object)
    with contextlib.suppress(ImportFormatError):
        assert read_table(frame).read == 1


@pytest.mark.parametrize("seconds", ["1e18", "-1e18", "9e11", "x"])
def test_a_number_of_seconds_that_is_no_time_is_refused(csv_file, seconds):
    path = csv_file(GOOD.replace("2024-01-31T10:00:00Z", seconds))
    layout = TableFormat(times=TimeStyle(layout="epoch_s"))
    assert _only_refusal(read_table(path, layout)).field == "execution_time"


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, 200),
    junk=st.sampled_from(
        [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"-", b"1e400", b"\xef\xbb\xbf"]
    ),
    cut=st.integers(0, 12),
)
def test_a_damaged_file_is_an_error_or_every_row_is_told(tmp_path_factory, place, junk, cut):
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    lines = [HEADER, *(GOOD.replace("t1", f"t{n}") for n in range(4))]
    content = "\n".join(lines).encode()
    path.write_bytes(content[:place] + junk + content[place + cut :])
    with contextlib.suppress(ImportFormatError):
        result = read_table(path)
        assert result.read == result.fills.num_rows + len(result.skipped) + len(result.refused)
