"""TradingView: the list of trades of its strategy tester, in its versions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.platforms.tradingview import read_tradingview
from perfkit.ledger import Ledger

OLD = "Trade #,Type,Signal,Date/Time,Price USDT,Contracts,Profit USDT,Profit %"
# long 2 from 100 to 110 gains 20.00, of which 0.42 were commission;
# short 3 from 110 to 130 loses 60.00, and 0.72 more
OLDEST_FIRST = [
    "1,Entry Long,L,2024-03-15 14:31,100.00,2,,",
    "1,Exit Long,TP,2024-03-15 14:45,110.00,2,19.58,9.79%",
    "2,Entry Short,S,2024-03-15 14:45,110.00,3,,",
    "2,Exit Short,SL,2024-03-15 15:35,130.00,3,(60.72),-18.4%",
]
NEW = "Trade #,Type,Date and time,Signal,Price USDT,Position size (qty),Net P&L USDT,Net P&L %"
NEWEST_FIRST = [
    "2,Exit short,2024-03-15 15:35,SL,130.00,3,\u221260.72,-18.4",
    "2,Entry short,2024-03-15 14:45,S,110.00,3,\u221260.72,-18.4",
    "1,Exit long,2024-03-15 14:45,TP,110.00,2,19.58,9.79",
    "1,Entry long,2024-03-15 14:31,L,100.00,2,19.58,9.79",
]


@pytest.fixture
def read(tmp_path):
    def from_lines(header, *lines, **changes):
        path = tmp_path / "trades.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8-sig")
        settings = {
            "symbol": "ETHUSDT",
            "zone": "UTC",
            "account": "A1",
            "strategy": "pine",
            **changes,
        }
        return read_tradingview(path, **settings)

    return from_lines


def test_each_row_is_a_fill(read):
    result = read(OLD, *OLDEST_FIRST)
    assert (result.read, result.recorded, result.refused) == (4, 4, ())
    fills = result.fills.to_pylist()
    assert [(f["side"], f["price"], f["volume"]) for f in fills] == [
        ("buy", 100.0, 2.0),
        ("sell", 110.0, 2.0),
        ("sell", 110.0, 3.0),
        ("buy", 130.0, 3.0),
    ]
    assert {f["currency"] for f in fills} == {"USDT"}
    assert [f["reason"] for f in fills] == [None, "TP", None, "SL"]


def test_both_versions_and_both_orders_give_the_same_fills(read):
    assert read(NEW, *NEWEST_FIRST).fills.equals(read(OLD, *OLDEST_FIRST).fills)


def test_commission_is_what_the_trade_lacks_of_its_prices(read):
    fills = read(OLD, *OLDEST_FIRST).fills
    assert fills["commission"].to_pylist() == pytest.approx([0.21, 0.21, 0.36, 0.36])
    books = Ledger("average").apply(fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(19.58 - 60.72)


def test_a_value_of_a_point_is_part_of_the_profit(read):
    # the same trades of a contract of 50 a point: 1000.00 and -3000.00, less 2.00 each
    lines = [line.replace("19.58", "998.00").replace("60.72", "3002.00") for line in OLDEST_FIRST]
    fills = read(OLD, *lines, contract_size=50.0).fills
    assert fills["commission"].to_pylist() == pytest.approx([1.0] * 4)
    with pytest.raises(ImportFormatError, match="the P&L of trade 1 must be at most"):
        read(OLD, *lines)


def test_the_zone_of_the_chart_is_told(read):
    time = read(OLD, *OLDEST_FIRST, zone="Asia/Shanghai").fills["execution_time"][0].as_py()
    assert time == datetime(2024, 3, 15, 6, 31, tzinfo=UTC)
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        read(OLD, *OLDEST_FIRST, zone="UTC+8h")


@pytest.mark.parametrize(
    "leave",
    ["3,Exit Long,Open,2024-03-16 00:00,140.00,1,5.00,1%", "3,Exit Long,\u2014,\u2014,,1,,"],
)
def test_a_trade_that_is_open_has_no_exit(read, leave):
    result = read(OLD, *OLDEST_FIRST, "3,Entry Long,L,2024-03-15 16:00,135.00,1,,", leave)
    assert [r.reason for r in result.skipped] == ["the exit of a trade that is still open"]
    assert result.fills["side"].to_pylist()[-1] == "buy"
    assert result.fills["commission"].to_pylist()[-1] == 0.0


def test_a_header_in_another_language_is_an_error_with_the_way_round(read):
    german = "Trade #,Typ,Signal,Datum/Uhrzeit,Preis USDT,Kontrakte,Gewinn USDT"
    with pytest.raises(ImportFormatError, match="set the platform to English") as error:
        read(german, "1,Einstieg Long,L,2024-03-15 14:31,100.00,2,")
    assert "read_table" in str(error.value)


def test_a_type_in_another_language_is_refused(read):
    result = read(OLD, *OLDEST_FIRST, "9,Einstieg Long,L,2024-03-15 16:00,135.00,1,,")
    assert [(r.line, r.field) for r in result.refused] == [(6, "side")]


def test_profits_in_another_currency_are_an_error(read):
    header = OLD.replace("Profit USDT", "Profit EUR")
    with pytest.raises(ImportFormatError, match="must be in one currency"):
        read(header, *OLDEST_FIRST)


def test_a_header_without_currencies_leaves_them_open(read):
    header = OLD.replace(" USDT", "")
    assert set(read(header, *OLDEST_FIRST).fills["currency"].to_pylist()) == {None}


def test_rows_of_another_width_are_refused(read):
    result = read(OLD, *OLDEST_FIRST, "5,Entry Long")
    assert (result.read, [r.field for r in result.refused]) == (5, ["row"])


def test_what_the_file_does_not_say_must_be_told(read):
    with pytest.raises(InvalidArgumentError, match="account and strategy must be given"):
        read(OLD, *OLDEST_FIRST, strategy=None)
    with pytest.raises(InvalidArgumentError, match="contract_size must be > 0"):
        read(OLD, *OLDEST_FIRST, contract_size=0.0)
