"""Numbers and times as their countries and brokers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.importers import NumberStyle, TableFormat, TimeStyle, read_table

COLUMNS = {
    "execution_time": "time",
    "symbol": "symbol",
    "side": "side",
    "price": "price",
    "volume": "volume",
}
ROW = {
    "time": "2024-01-31T10:00:00Z",
    "symbol": "AAPL",
    "side": "buy",
    "price": "184.4",
    "volume": "10",
}


def _read(*rows, columns=(), **layout):
    frame = pd.DataFrame([{**ROW, **row} for row in rows])
    table_format = TableFormat(columns={**COLUMNS, **dict(columns)}, **layout)
    return read_table(frame, table_format, account="A1", strategy="s")


@pytest.mark.parametrize(
    ("written", "style", "value"),
    [
        ("1,234.56", NumberStyle(thousands=","), 1234.56),
        ("1.234,56", NumberStyle(decimal=",", thousands="."), 1234.56),
        ("1.234", NumberStyle(decimal=",", thousands="."), 1234.0),
        ("1.234", NumberStyle(), 1.234),
        ("1'234'567.5", NumberStyle(thousands="'"), 1234567.5),
        ("1\u00a0234,5", NumberStyle(decimal=",", thousands=" "), 1234.5),
        ("1\u202f234,5", NumberStyle(decimal=",", thousands=" "), 1234.5),
        ("$1,259.59", NumberStyle(thousands=",", units=("$",)), 1259.59),
        ("-$694.48", NumberStyle(units=("$",)), -694.48),
        ("€ 100", NumberStyle(units=("€",)), 100.0),
        ("100.00 SEK", NumberStyle(units=("SEK",)), 100.0),
        ("(124.75)", NumberStyle(), -124.75),
        ("\u221212.5", NumberStyle(), -12.5),
        ("+3", NumberStyle(), 3.0),
        (".5", NumberStyle(), 0.5),
        ("1.5e-7", NumberStyle(), 1.5e-7),
        (" 7 ", NumberStyle(), 7.0),
    ],
)
def test_a_number_is_read_as_its_country_writes_it(written, style, value):
    result = _read({"price": written}, numbers=style)
    assert result.fills["price"].to_pylist() == [value]


@pytest.mark.parametrize(
    ("written", "style"),
    [
        ("1.234,56", NumberStyle()),
        ("1,234.56", NumberStyle(decimal=",", thousands=".")),
        ("1,23", NumberStyle(thousands=",")),
        ("12,34,567", NumberStyle(thousands=",")),
        ("97.93", NumberStyle(decimal=",", thousands=".")),
        ("$5", NumberStyle()),
        ("5 EUR", NumberStyle(units=("USD",))),
        ("1 2", NumberStyle()),
        ("0x10", NumberStyle()),
        ("1_000", NumberStyle()),
        ("--5", NumberStyle()),
        ("five", NumberStyle()),
    ],
)
def test_a_number_of_another_country_is_refused_and_not_guessed(written, style):
    (refused,) = _read({"price": written}, numbers=style).refused
    assert refused.reason == f"price must be a number like {style.example}, was {written}"


@pytest.mark.parametrize(
    ("written", "style"),
    [
        ("2024-01-31T15:30:00.123456Z", TimeStyle()),
        ("2024-01-31 10:30:00.123456-05:00", TimeStyle()),
        ("2024-01-31 10:30:00.123456", TimeStyle(zone="America/New_York")),
        ("2024-01-31 15:30:00.123456Z", TimeStyle(zone="America/New_York")),
        (
            "31.01.2024 16:30:00,123456",
            TimeStyle(layout="%d.%m.%Y %H:%M:%S,%f", zone="Europe/Zurich"),
        ),
        ("01/31/2024 15:30:00.123456 +0000", TimeStyle(layout="%m/%d/%Y %H:%M:%S.%f %z")),
        (
            "2024-01-31 15:30:00.123456 UTC",
            TimeStyle(layout="%Y-%m-%d %H:%M:%S.%f UTC", zone="UTC"),
        ),
        ("1706715000123456", TimeStyle(layout="epoch_us")),
        ("1706715000.123456", TimeStyle(layout="epoch_s")),
        ("1706715000123456000", TimeStyle(layout="epoch_ns")),
    ],
)
def test_a_time_is_read_on_its_own_clock(written, style):
    (time,) = _read({"time": written}, times=style).fills["execution_time"].to_pylist()
    assert time == datetime(2024, 1, 31, 15, 30, 0, 123456, tzinfo=UTC)


def test_summer_and_winter_have_their_own_offset():
    result = _read(
        {"time": "2024-01-31 10:00"},
        {"time": "2024-07-31 10:00"},
        times=TimeStyle(zone="Europe/Zurich"),
    )
    assert [t.hour for t in result.fills["execution_time"].to_pylist()] == [9, 8]
