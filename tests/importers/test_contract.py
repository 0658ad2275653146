"""What holds for every map: all rows are told, reading again changes nothing, fees keep theirs."""

from __future__ import annotations

import json
import re

import pytest

from perfkit.errors import ImportFormatError
from perfkit.importers.tables.broker_maps import load_map, map_names, map_reader
from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema

SAMPLES = [
    ("bitvavo", "bitvavo"),
    ("cgtcalc", "cgtcalc_raw_meta_2022"),
    ("degiro", "degiro"),
    ("delta", "delta"),
    ("etoro", "etoro"),
    ("freetrade", "freetrade"),
    ("freetrade", "investir_share_splits"),
    ("ibkr_flex_csv_isin", "ibkr-trades"),
    ("schwab", "schwab"),
    ("swissquote", "swissquote"),
    ("trading212", "trading212"),
    ("trading212", "trading212_multicurrency"),
    ("xtb", "xtb"),
]
CASES = {
    "etrade_detailed_activity_option_round_trip": "etrade",
    "etrade_suffixed_headers_option_round_trip": "etrade",
    "fidelity_account_history_option_round_trip": "fidelity",
    "ibkr_same_order_partial_fills_round_trip": "ibkr_flex_csv",
    "papermoney_four_digit_year_round_trip": "thinkorswim",
    "projectx_completed_order_rows": "projectx_orders",
    "projectx_order_history_bid_ask_round_trip": "projectx",
    "webull_international_combined_symbol_round_trip": "webull",
}
every_sample = pytest.mark.parametrize(
    ("name", "sample"), [*SAMPLES, *((m, c) for c, m in CASES.items())]
)


@pytest.fixture
def cases(shared_data):
    path = shared_data / "calc" / "tradetally_calculation_contracts.json"
    return {case["id"]: case for case in json.loads(path.read_text())["csv_import_cases"]}


@pytest.fixture
def read(shared_data, cases, tmp_path):
    def reader(name, sample):
        path = shared_data / "broker" / f"{sample}.csv"
        if sample in cases:
            path = tmp_path / f"{sample}.csv"
            path.write_text(cases[sample]["csv"], encoding="utf-8")
        account = None if "account_id" in load_map(name).columns else "A1"
        return map_reader(name)(path, account=account, strategy="manual")

    return reader


def test_every_map_has_a_sample():
    # the older files of Trading 212 have none in the folder: tested with one of our own
    assert {name for name, _ in SAMPLES} | {*CASES.values(), "trading212_gbp"} == {*map_names()}


@every_sample
def test_every_row_is_recorded_skipped_or_refused(read, name, sample):
    result = read(name, sample)
    assert result.read == result.recorded + len(result.skipped) + len(result.refused)
    assert result.recorded > 0
    lines = [row.line for row in (*result.skipped, *result.refused)]
    assert len(lines) == len(set(lines))


@every_sample
def test_records_are_whole_and_in_order_of_time(read, name, sample):
    result = read(name, sample)
    tables = {Fill: result.fills, CashRecord: result.cash, SplitRecord: result.splits}
    for cls, table in tables.items():
        assert table.schema == arrow_schema(cls)
        times = table["execution_time"].to_pylist()
        assert times == sorted(times)
        ids = table[arrow_schema(cls).names[0]].to_pylist()
        assert len(ids) == len(set(ids))


@every_sample
def test_reading_a_file_again_changes_nothing(read, name, sample):
    assert read(name, sample) == read(name, sample)


@every_sample
def test_a_refusal_names_the_line_and_the_field(read, name, sample):
    for refused in read(name, sample).refused:
        assert refused.line > 1
        assert re.search(rf"\b{refused.field}\b.* must ", refused.reason)


@every_sample
def test_a_fee_keeps_the_currency_that_the_file_gives(read, name, sample):
    fields = {*load_map(name).columns, *load_map(name).constants}
    for fill in read(name, sample).fills.to_pylist():
        # without a currency of its own a fee is in that of the price
        if "fee_currency" in fields and fill["commission"] != 0.0:
            assert fill["fee_currency"] is not None or name == "ibkr_flex_csv"
        if "fee_currency" not in fields:
            assert fill["fee_currency"] is None


def test_strategy_and_account_must_be_given_where_the_file_has_none(shared_data):
    with pytest.raises(ImportFormatError, match="give account and strategy"):
        map_reader("swissquote")(shared_data / "broker" / "swissquote.csv")


def _average(fills, side):
    chosen = [f for f in fills if f["side"] == side]
    volume = sum(f["volume"] for f in chosen)
    return volume, sum(f["price"] * f["volume"] for f in chosen) / volume


@pytest.mark.parametrize(("case", "name"), CASES.items())
def test_a_round_trip_has_the_sides_the_quantity_and_the_prices_of_its_contract(
    read, cases, case, name
):
    fills = read(name, case).fills.to_pylist()
    expected = cases[case]["expected"]
    assert fills[0]["side"] == {"long": "buy", "short": "sell"}[expected["side"]]
    other = {"buy": "sell", "sell": "buy"}[fills[0]["side"]]
    entry, exit_ = _average(fills, fills[0]["side"]), _average(fills, other)
    assert entry == pytest.approx((expected["quantity"], expected["entry_price"]))
    assert exit_ == pytest.approx((expected["quantity"], expected["exit_price"]))
    assert len(fills) == expected.get("execution_count", 2)
    day = fills[0]["execution_time"].date().isoformat()
    assert day == expected["trade_date"]
    # an option keeps the name that the broker gives it, not the OCC one of the contract
    if expected["instrument_type"] != "option":
        assert {f["symbol"] for f in fills} == {expected["symbol"]}
    if "account_identifier" in expected:
        assert {f["account_id"] for f in fills} == {expected["account_identifier"]}


@pytest.mark.parametrize(
    ("case", "symbol", "multiplier"),
    [
        ("etrade_detailed_activity_option_round_trip", "PUT  MDB    07/17/26   312.500", 100.0),
        ("fidelity_account_history_option_round_trip", "NVDA260710P195", 100.0),
        ("projectx_completed_order_rows", "MNQU6", 2.0),
        ("projectx_order_history_bid_ask_round_trip", "MESM6", 5.0),
        ("papermoney_four_digit_year_round_trip", "OBAI", 1.0),
    ],
)
def test_a_contract_has_its_size(read, case, symbol, multiplier):
    fills = read(CASES[case], case).fills.to_pylist()
    assert {(f["symbol"], f["multiplier"]) for f in fills} == {(symbol, multiplier)}


def test_money_agrees_with_the_contracts_that_tell_it(read):
    case = "projectx_order_history_bid_ask_round_trip"
    entry, exit_ = read("projectx", case).fills.to_pylist()
    pnl = (exit_["price"] - entry["price"]) * entry["volume"] * entry["multiplier"]
    assert pnl == pytest.approx(16.25)
    case = "ibkr_same_order_partial_fills_round_trip"
    fees = read("ibkr_flex_csv", case).fills["commission"].to_pylist()
    assert sum(fees) == pytest.approx(2.45072)


def test_the_size_of_a_contract_that_is_not_known_is_not_guessed(cases, tmp_path):
    path = tmp_path / "other.csv"
    case = cases["projectx_order_history_bid_ask_round_trip"]
    path.write_text(case["csv"].replace("MESM6", "XYZM6"), encoding="utf-8")
    result = map_reader("projectx")(path, strategy="s")
    assert [r.field for r in result.refused] == ["multiplier", "multiplier"]
