"""FIX logs: what is a fill, what changes one, what it cost, and what the log got wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.brokers.fix import read_fix
from perfkit.ledger.corrections import effective_fills

SOH = "\x01"
TRADE = {
    35: "8", 49: "BROKER", 56: "DESK", 52: "20240102-14:30:01", 37: "O1", 11: "C1", 17: "E1",
    150: "F", 39: "2", 55: "AAPL", 54: "1", 32: "100", 31: "185.5", 15: "USD",
    60: "20240102-14:30:00.125",
}  # fmt: skip


def _encoded(fields, separator=SOH, begin="FIX.4.4"):
    """Encode as the standard says: body length, then the sum of all bytes modulo 256."""
    body = "".join(f"{tag}={value}{SOH}" for tag, value in fields)
    text = f"8={begin}{SOH}9={len(body)}{SOH}{body}"
    text += f"10={sum(text.encode()) % 256:03}{SOH}"
    return text.replace(SOH, separator)


def _report(separator=SOH, begin="FIX.4.4", extra=(), **changes):
    fields = {**TRADE, **{int(tag[1:]): value for tag, value in changes.items()}}
    kept = [(tag, value) for tag, value in fields.items() if value is not None]
    return _encoded([*kept, *extra], separator, begin)


def _read(*messages, **settings):
    log = "\n".join(messages).encode("latin-1")
    return read_fix(log, **{"account": "A1", "strategy": "trend", **settings})


def _fill(*messages, **settings):
    result = _read(*messages, **settings)
    assert (result.refused, result.skipped) == ((), ())
    (fill,) = result.fills.to_pylist()
    return fill


def _refused(*messages):
    (refused,) = _read(*messages).refused
    return refused


def test_a_trade_is_a_fill_at_its_utc_time():
    fill = _fill(_report(_851="2"))
    assert fill["execution_time"] == datetime(2024, 1, 2, 14, 30, 0, 125_000, tzinfo=UTC)
    assert (fill["symbol"], fill["side"], fill["volume"], fill["price"]) == (
        "AAPL", "buy", 100.0, 185.5,
    )  # fmt: skip
    assert (fill["order_id"], fill["currency"], fill["liquidity"]) == ("O1", "USD", "taker")


@pytest.mark.parametrize("separator", [SOH, "|"])
def test_words_of_the_log_around_a_message_are_passed_over(separator):
    log = f"20240102-14:30:01.200 <in> session=7: {_report(separator)} [acked]\nclosed"
    assert _fill(log)["volume"] == 100.0


def test_two_messages_may_stand_on_one_line():
    assert _read(_report() + _report(_17="E2")).fills.num_rows == 2


@pytest.mark.parametrize(
    ("time", "micros"),
    [
        ("20240102-14:30:00", 0),
        ("20240102-14:30:00.5", 500_000),
        ("20240102-14:30:00.123456789", 123_456),
    ],
)
def test_times_have_any_number_of_decimals(time, micros):
    assert _fill(_report(_60=time))["execution_time"].microsecond == micros


def test_without_a_time_of_the_trade_the_time_of_sending_counts():
    assert _fill(_report(_60=None))["execution_time"].second == 1


@pytest.mark.parametrize(
    ("said", "side"), [("1", "buy"), ("2", "sell"), ("3", "buy"), ("5", "sell"), ("6", "sell")]
)
def test_short_sales_are_sales(said, side):
    assert _fill(_report(_54=said))["side"] == side


def test_a_cross_is_no_side():
    assert "must be one of 1, 2, 3, 4, 5, 6 in tag 54, was '8'" in _refused(_report(_54="8")).reason


@pytest.mark.parametrize(
    "changes",
    [
        {"begin": "FIX.4.4"},
        {"begin": "FIX.4.2", "_20": "0", "_150": "1", "_39": "1"},
        {"begin": "FIX.4.2", "_20": "0", "_150": "2"},
        {"begin": "FIX.4.0", "_20": "0", "_150": None, "_39": "1"},
        {"begin": "FIXT.1.1"},
    ],
)
def test_each_version_has_its_way_to_say_that_it_is_a_trade(changes):
    assert _fill(_report(**changes))["record_type"] == "new"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"_150": "0", "_39": "0", "_32": "0"}, "not an execution: ExecType 0"),
        ({"_150": "1", "_32": "0"}, "not an execution: LastQty is 0"),
        ({"_150": None, "_39": "0", "_20": "0"}, "not an execution: ExecType 0"),
        ({"_150": "I"}, "not an execution: the order's status"),
        ({"_20": "3"}, "not an execution: the order's status"),
        ({"_35": "D"}, "not an execution report: MsgType D"),
    ],
)
def test_what_is_no_execution_is_skipped_with_its_kind(changes, reason):
    result = _read(_report(**changes))
    assert [row.reason for row in result.skipped] == [reason]
    assert (result.read, result.recorded) == (1, 0)


@pytest.mark.parametrize("how", [{"_150": "H"}, {"_20": "1", "_150": "2", "begin": "FIX.4.2"}])
def test_a_cancelled_execution_is_a_bust_of_the_first(how):
    bust = _report(_17="E2", _19="E1", _32="0", _60="20240102-15:00:00", **how)
    first, second = _read(_report(), bust).fills.to_pylist()
    assert (second["record_type"], second["original_trade_id"]) == ("bust", first["trade_id"])
    assert second["execution_time"].hour == 15


@pytest.mark.parametrize("how", [{"_150": "G"}, {"_20": "2", "_150": "2", "begin": "FIX.4.2"}])
def test_a_corrected_execution_replaces_the_first(how):
    correct = _report(_17="E2", _19="E1", _31="185.25", **how)
    (left,) = effective_fills(_read(_report(), correct).fills).to_pylist()
    assert (left["price"], left["volume"]) == (185.25, 100.0)


def test_a_correction_of_a_correction_leads_to_the_first():
    second = _report(_17="E2", _19="E1", _150="G", _31="185.25")
    third = _report(_17="E3", _19="E2", _150="G", _31="185.75")
    (left,) = effective_fills(_read(_report(), second, third).fills).to_pylist()
    assert left["price"] == 185.75


def test_a_bust_of_what_the_log_does_not_hold_is_refused():
    refused = _refused(_report(_17="E2", _19="E9", _150="H"))
    assert refused.field == "original_trade_id"
    assert "was 'E9' in tag 19; import the log that holds both" in refused.reason


@pytest.mark.parametrize("flag", [43, 97])
def test_a_message_that_was_sent_again_counts_once(flag):
    again = _report(_52="20240102-16:00:00", **{f"_{flag}": "Y"})
    result = _read(_report(), again)
    assert result.fills.num_rows == 1
    assert [row.reason for row in result.skipped] == ["sent again: PossDupFlag or PossResend"]


def test_a_message_that_is_said_to_be_sent_again_and_is_the_first_counts():
    assert _fill(_report(_43="Y"))["volume"] == 100.0


def test_an_id_may_come_again_on_another_day():
    result = _read(_report(), _report(_60="20240103-14:30:00"))
    assert len(set(result.fills["trade_id"].to_pylist())) == 2


def test_of_an_id_of_two_days_the_bust_means_the_last_before_it():
    day_two = _report(_60="20240103-14:30:00", _31="190")
    bust = _report(_17="B1", _19="E1", _150="H", _60="20240103-15:00:00")
    (left,) = effective_fills(_read(_report(), day_two, bust).fills).to_pylist()
    assert left["price"] == 185.5


def test_an_id_with_other_content_is_refused():
    result = _read(_report(), _report(_31="186"))
    assert (result.fills.num_rows, result.refused[0].field) == (1, "trade_id")


@pytest.mark.parametrize(
    ("fields", "commission"),
    [
        ({"_12": "0.005", "_13": "1"}, 0.5),  # 0.005 a share, 100 shares
        ({"_12": "0.001", "_13": "2"}, 18.55),  # 0.1 % of 100 * 185.5
        ({"_12": "7.5", "_13": "3"}, 7.5),
        ({"_12": "2", "_13": "7"}, 3.71),  # 2 basis points of 18,550
        ({"_12": "-0.002", "_13": "1"}, -0.2),  # a rebate
        ({"_12": "0"}, 0.0),
    ],
)
def test_a_commission_is_measured_as_it_says(fields, commission):
    assert _fill(_report(**fields))["commission"] == pytest.approx(commission)


def test_a_commission_that_does_not_say_its_measure_is_refused():
    assert "tag 13 must be one of 1, 2, 3, 7, 8, was None" in _refused(_report(_12="5")).reason


def test_fees_beside_the_commission_are_added_to_it():
    fees = [(136, "2"), (137, "0.42"), (138, "USD"), (139, "1"), (137, "0.01"), (891, "1")]
    # 0.5 + 0.42 + 0.01 * 100
    assert _fill(_report(_12="0.005", _13="1", extra=fees))["commission"] == pytest.approx(1.92)


def test_a_tax_in_another_currency_is_cash_of_its_own():
    fees = [(136, "1"), (137, "3.1"), (138, "GBP"), (139, "5")]
    result = _read(_report(_12="1", _13="3", _479="EUR", extra=fees))
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("tax", -3.1, "GBP")
    (fill,) = result.fills.to_pylist()
    assert (fill["commission"], fill["fee_currency"]) == (1.0, "EUR")


def test_a_bust_gives_back_the_tax_in_another_currency():
    fees = [(136, "1"), (137, "3.1"), (138, "GBP"), (139, "5")]
    first = _report(_12="1", _13="3", extra=fees)
    result = _read(first, _report(_17="E2", _19="E1", _150="H"))
    assert sorted(result.cash["amount"].to_pylist()) == [-3.1, 3.1]


def test_a_group_with_fewer_entries_than_announced_is_refused():
    fees = [(136, "2"), (137, "0.42"), (138, "USD")]
    assert (
        "must have the 2 entries that tag 136 announces, had 1"
        in _refused(_report(extra=fees)).reason
    )


def test_a_wrong_checksum_is_refused_where_the_bytes_are_the_sent_ones():
    damaged = _report().replace("31=185.5", "31=186.5")
    assert "must have the checksum" in _refused(damaged).reason
    # a log with | has other bytes than those that were summed
    assert _fill(_report("|").replace("31=185.5", "31=186.5"))["price"] == 186.5


def test_a_message_that_was_cut_is_refused_and_its_neighbours_stay():
    result = _read(_report(_17="E0"), _report()[:60], _report(_17="E2"))
    assert (result.read, result.recorded, len(result.refused)) == (3, 2, 1)
    assert "must end with its checksum" in result.refused[0].reason


def test_a_number_that_is_none_refuses_its_message_alone():
    result = _read(_report(_32="1e2x"), _report(_17="E2"))
    assert (result.recorded, result.refused[0].field) == (1, "volume")


def test_the_text_may_hold_the_separator_of_the_log():
    fields = list(TRADE.items())
    text = _encoded([*fields, (58, "a|b"), (1, "ACC7")], "|")
    assert _fill(text, strategy_tag=58)["strategy_id"].startswith("a-b-")
    assert _fill(text, account=None)["account_id"] == "ACC7"


def test_a_tag_of_the_users_own_names_the_strategy():
    assert _fill(_report(_5001="momentum"), strategy_tag=5001)["strategy_id"] == "momentum"
    assert _fill(_report(), strategy_tag=5001)["strategy_id"] == "trend"


def test_a_trade_without_strategy_says_what_to_give():
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read(_report(), strategy=None)


def test_of_a_spread_and_its_legs_the_legs_count():
    legs = [_report(_17=f"L{n}", _442="2", _55=f"ES{n}") for n in (1, 2)]
    result = _read(_report(_442="3", _55="ES1-ES2"), *legs)
    assert result.fills["symbol"].to_pylist() == ["ES1", "ES2"]
    assert [row.reason for row in result.skipped] == ["a spread whose legs are told one by one"]


def test_a_spread_without_legs_in_the_log_is_a_fill():
    assert _fill(_report(_442="3", _55="ES1-ES2"))["symbol"] == "ES1-ES2"


def test_contracts_of_one_underlying_are_told_apart():
    option = _report(_167="OPT", _200="202406", _205="21", _201="1", _202="150", _231="100")
    fill = _fill(option)
    assert (fill["symbol"], fill["multiplier"]) == ("AAPL 20240621 C 150", 100.0)


def test_a_currency_trade_is_priced_in_the_second_currency():
    # tag 15 of a currency trade says what the quantity counts
    fill = _fill(_report(_55="EUR/USD", _15="EUR", _167="FXSPOT", _31="1.1", _32="10000"))
    assert (fill["base_currency"], fill["currency"]) == ("EUR", "USD")
    refused = _refused(_report(_55="EUR/USD", _15="USD", _167="FXSPOT"))
    assert refused.field == "volume"


def test_a_log_without_messages_is_an_error():
    with pytest.raises(ImportFormatError, match="must hold FIX messages that begin with 8=FIX"):
        read_fix(b"session opened\n", account="A1", strategy="trend")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImportFormatError, match=r"none\.log"):
        read_fix(tmp_path / "none.log")


quantities = st.integers(1, 10**6)


@given(st.lists(quantities, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_sending_messages_again_changes_nothing(sizes, random):
    messages = [_report(_17=f"E{n}", _32=str(size)) for n, size in enumerate(sizes)]
    again = [
        _report(_17=f"E{n}", _32=str(size), _43="Y", _52="20240103-00:00:00")
        for n, size in enumerate(sizes)
    ]
    random.shuffle(again)
    once, twice = _read(*messages), _read(*messages, *again)
    assert twice.fills.equals(once.fills)
    assert len(twice.skipped) == len(sizes)
