"""Files that were made to do harm: one legible sentence comes out, and no wrong number."""

from __future__ import annotations

import gzip
import json
import zipfile

import pytest

from perfkit.errors import ImportFormatError
from perfkit.importers import (
    read_ccxt,
    read_freqtrade,
    read_ibkr_flex,
    read_lean,
    read_legacy_json,
    read_table,
)

OWNER = {"account": "A1", "strategy": "s1"}
TRADE = {
    "id": "1", "timestamp": 1_700_000_000_000, "symbol": "BTC/USDT", "side": "buy",
    "price": 100.0, "amount": 2.0, "fee": {"cost": 0.1, "currency": "USDT"},
}  # fmt: skip
EVENT = {
    "orderId": 1, "orderEventId": 2, "symbolValue": "SPY", "time": 1381152660.0,
    "status": "filled", "fillPrice": 144.78, "fillPriceCurrency": "USD", "fillQuantity": 685.0,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def to_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def only_refusal(result):
    assert (result.read, result.recorded, len(result.refused)) == (1, 0, 1)
    return result.refused[0].reason


def test_a_name_that_stands_twice_in_an_object_is_an_error(write):
    text = json.dumps([TRADE]).replace('"price": 100.0', '"price": 100.0, "price": 1.0')
    with pytest.raises(ImportFormatError, match="'price' stands twice in one object"):
        read_ccxt(write("trades.json", text), **OWNER)


def test_half_of_a_surrogate_pair_is_an_error(write):
    path = write("trades.json", json.dumps([TRADE]).replace("BTC/", r"\ud83d/"))
    with pytest.raises(ImportFormatError, match="surrogates not allowed"):
        read_ccxt(path, **OWNER)


def test_both_halves_are_a_character(write):
    path = write("trades.json", json.dumps([TRADE | {"symbol": "\U0001f4a5/USDT"}]))
    assert read_ccxt(path, **OWNER).fills["base_currency"].to_pylist() == ["\U0001f4a5"]


def test_a_whole_number_beyond_any_float_is_refused():
    reason = only_refusal(read_ccxt([TRADE | {"price": 10**400}], **OWNER))
    assert reason.startswith("price must be a number, was 1000")


@pytest.mark.parametrize("field", ["id", "side"])
@pytest.mark.parametrize("junk", [["BTC/USDT"], {"name": "BTC/USDT"}])
def test_an_object_where_a_word_should_stand_is_refused(field, junk):
    reason = only_refusal(read_ccxt([TRADE | {field: junk}], **OWNER))
    assert reason.startswith(f"row must have one word in '{field}', had")


def test_a_reason_stays_short_and_keeps_its_remedy():
    reason = only_refusal(read_ccxt([TRADE | {"price": "x" * 1_000_000}], **OWNER))
    assert len(reason) < 600
    assert reason.endswith("mend it at its source")
    assert "characters left out" in reason


def test_an_error_that_quotes_a_wide_header_stays_legible(write):
    path = write("wide.csv", ",".join(f"column{i}" for i in range(50_000)) + "\n")
    with pytest.raises(ImportFormatError) as error:
        read_table(path, **OWNER)
    assert len(str(error.value)) < 3_100


@pytest.mark.parametrize("junk", ["\x1b[31mred", "\x9b31mred", "a\x00b", "\u202eDSU"])
def test_what_a_terminal_would_obey_is_neither_recorded_nor_shown(junk):
    reason = only_refusal(read_ccxt([TRADE | {"fee": {"cost": junk, "currency": "USD"}}], **OWNER))
    assert reason.isprintable()
    reason = only_refusal(read_ccxt([TRADE | {"symbol": f"{junk}/USDT"}], **OWNER))
    assert reason.isprintable()


def test_a_time_before_the_first_year_of_utc_is_refused():
    order = {"exec_time": "0001-01-01 00:00:00+14:00", "price": 1.0, "volume": 1.0}
    result = read_legacy_json([order | {"symbol": "A", "side": "buy"}], **OWNER)
    assert result.recorded == 0


@pytest.mark.parametrize("encoding", ["klingon", "utf-7"])
def test_xml_in_an_encoding_that_can_not_be_read_is_an_error(write, encoding):
    path = write("flex.xml", f'<?xml version="1.0" encoding="{encoding}"?><FlexQueryResponse/>')
    with pytest.raises(ImportFormatError, match="must be whole, undamaged XML"):
        read_ibkr_flex(path, **OWNER)


@pytest.mark.parametrize("junk", ["text", [1, 2], 5])
@pytest.mark.parametrize("field", ["orderFee", "symbols"])
def test_another_kind_of_value_in_an_order_event_refuses_it(field, junk):
    event = {name: value for name, value in EVENT.items() if name != "symbolValue"}
    event |= {"symbol": "SPY"} if field == "orderFee" else {}
    assert only_refusal(read_lean([event | {field: junk}], **OWNER))


def test_a_fee_with_another_kind_of_value_refuses_the_order_event():
    assert only_refusal(read_lean([EVENT | {"orderFee": {"value": "x"}}], **OWNER))


@pytest.mark.parametrize("junk", [None, "x", 5, []])
def test_a_backtest_result_without_its_trades_is_an_error(tmp_path, write, junk):
    text = json.dumps({"strategy": {"s": junk}})
    archive = tmp_path / "result.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("result.json", text)
    for path in (write("result.json", text), archive):
        with pytest.raises(ImportFormatError, match="--export trades"):
            read_freqtrade(path, account="A1", strategy="s1")


@pytest.mark.parametrize(
    ("name", "read"), [("bomb.json.gz", read_ccxt), ("bomb.csv.gz", read_table)]
)
def test_an_archive_that_unpacks_without_end_is_an_error(tmp_path, monkeypatch, name, read):
    monkeypatch.setattr("perfkit.importers.source_bytes.LARGEST", 1_000_000)
    path = tmp_path / name
    path.write_bytes(gzip.compress(b" " * 2_000_000))
    with pytest.raises(ImportFormatError, match="must unpack to at most 1,000,000 bytes"):
        read(path, **OWNER)
