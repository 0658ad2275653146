"""The map of a broker's table, and the file that holds it."""

from __future__ import annotations

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers import CsvStyle, NumberStyle, TableFormat, TimeStyle, load_format, read_table
from perfkit.importers.tables.table_rows import CashRows, RefusedRows, SplitRows, TradeRows

MAP = """
name = "mybroker"
newest_first = true
sides = { B = "buy", S = "sell" }
empty = ["", "-"]

[columns]
execution_time = ["Date", "Time"]
symbol = "Ticker"
side = "B/S"
price = "Px"
volume = "Qty"

[trade_rows]
Kind = ["Trade"]

[numbers]
decimal = ","
thousands = "."

[times]
zone = "Europe/Zurich"

[csv]
separator = ";"
"""


def test_a_map_is_read_from_a_file(tmp_path):
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "f.csv").write_text(
        "Kind;Date;Time;Ticker;B/S;Px;Qty\nTrade;2024-01-31;10:00;NESN;S;1.234,5;10\nFee;-;-;-;-;-;-\n"
    )
    layout = load_format(tmp_path / "map.toml")
    result = read_table(tmp_path / "f.csv", layout, account="A1", strategy="s")
    row = result.fills.to_pylist()[0]
    assert (row["side"], row["price"], row["source"]) == ("sell", 1234.5, "mybroker")
    assert [r.reason for r in result.skipped] == ["not a trade: Kind is 'Fee'"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colums = {}", "key 'colums' must be one of"),
        ("name = 5", "name must be a str, was 5"),
        ("[numbers]\ndecimals = ','", r"\[numbers\]: key 'decimals'"),
        ("name =", "must be a TOML file"),
        ("signed_volume = 'yes'", "signed_volume must be a bool"),
        ("cash = ['Dividend']", "cash must be an array of tables"),
        ("[[cash]]\namount = 'Total'", r"\[\[cash\]\]: key 'amount' must be one of"),
    ],
)
def test_a_map_with_a_mistake_is_an_error_that_names_it(tmp_path, text, message):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(ImportFormatError, match=message):
        load_format(tmp_path / "map.toml")


def test_a_map_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ImportFormatError, match="must be a readable file"):
        load_format(tmp_path / "map.toml")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"columns": {"quantity": "Qty"}}, "quantity"),
        ({"columns": {"price": "p"}, "constants": {"price": 1.0}}, "columns or in constants"),
        ({"columns": {"order_id": ("a", "b")}}, "read one column"),
        ({"columns": {"price": "p", "notional": "n"}}, "follow from a notional"),
        ({"trade_rows": {"Kind": "Trade"}}, "lists of words"),
        ({"patterns": {"Text": "no groups"}}, "named groups"),
        ({"patterns": {"Text": "(?P<a>"}}, "named groups"),
        ({"cash": (CashRows(kind="gift", columns={"amount": "a"}),)}, "kind must be one of"),
        ({"cash": (CashRows(),)}, "have a column 'amount'"),
        ({"cash": (CashRows(columns={"amount": "a", "price": "p"}),)}, "'price'"),
        ({"splits": (SplitRows(columns={"units": "u"}),)}, "have a ratio, or old_rows and units"),
        ({"refused": (RefusedRows(),)}, "have a reason"),
        ({"trades": (TradeRows(columns={"zone": "z"}),)}, "'zone'"),
        ({"sides": {"B": "long"}}, "mean buy or sell"),
        ({"csv": CsvStyle(separator="")}, "one character"),
        ({"numbers": NumberStyle(decimal=",", thousands=",")}, "differ"),
        ({"times": TimeStyle(zone="Mars/Base")}, "IANA name"),
        ({"columns": {"recorded_at": "x"}}, "recorded_at"),
    ],
)
def test_a_map_that_contradicts_itself_is_an_error(setting, message):
    with pytest.raises(InvalidArgumentError, match=message):
        TableFormat(**setting)
