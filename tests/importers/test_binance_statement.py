"""Binance's account statement: three and more rows a trade, and everything that is none."""

from __future__ import annotations

import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.importers.crypto.binance import read_binance

_HEADER = "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark"
_NOON = "2021-06-05 12:00:00"


@pytest.fixture
def read(tmp_path):
    def read(*lines, **settings):
        path = tmp_path / "statement.csv"
        path.write_text("\n".join([_HEADER, *lines]) + "\n")
        return read_binance(path, **{"strategy": "dip"} | settings)

    return read


def _row(operation, coin, change, time=_NOON, wallet="Spot", user="36001"):
    return f"{user},{time},{wallet},{operation},{coin},{change},"


_BOUGHT = (
    _row("Buy", "BTC", "0.5"),
    _row("Transaction Related", "USDT", "-18000"),
    _row("Fee", "BNB", "-0.04"),
)


def test_the_rows_of_a_purchase_are_one_fill_told_by_the_first(read):
    result = read(*_BOUGHT)
    (fill,) = result.fills.to_pylist()
    assert (fill["symbol"], fill["side"], fill["volume"]) == ("BTC/USDT", "buy", 0.5)
    assert fill["price"] == 36_000.0  # 18,000 / 0.5
    assert (fill["commission"], fill["fee_currency"]) == (0.04, "BNB")
    assert (fill["base_currency"], fill["currency"]) == ("BTC", "USDT")
    assert fill["execution_time"].isoformat() == "2021-06-05T12:00:00+00:00"
    assert (result.read, result.recorded) == (3, 1)
    assert [(row.line, row.reason) for row in result.skipped] == [
        (3, "part of the trade on line 2"), (4, "part of the trade on line 2"),
    ]  # fmt: skip


def test_the_newer_words_of_a_sale_are_understood(read):
    (fill,) = read(
        _row("Transaction Revenue", "USDT", "900"),
        _row("Transaction Fee", "USDT", "-0.9"),
        _row("Transaction Sold", "SOL", "-10"),
    ).fills.to_pylist()
    assert (fill["symbol"], fill["side"], fill["price"]) == ("SOL/USDT", "sell", 90.0)
    assert (fill["commission"], fill["fee_currency"]) == (0.9, "USDT")


def test_partial_fills_of_a_second_are_one_trade_at_their_average_price(read):
    more = [_row("Buy", "BTC", "1.5"), _row("Transaction Related", "USDT", "-55200")]
    (fill,) = read(*_BOUGHT, *more, _row("Fee", "BNB", "-0.12")).fills.to_pylist()
    assert fill["volume"] == 2.0
    assert fill["price"] == 36_600.0  # (18,000 + 55,200) / 2
    assert fill["commission"] == pytest.approx(0.16)


def test_trades_of_two_seconds_and_of_two_wallets_are_not_mixed(read):
    later = [row.replace("12:00:00", "12:00:01") for row in _BOUGHT]
    margin = [row.replace("Spot", "Cross Margin") for row in _BOUGHT]
    result = read(*_BOUGHT, *later, *margin)
    assert (result.fills.num_rows, len(result.skipped)) == (3, 6)


def test_a_second_fee_currency_becomes_cash_of_the_trade(read):
    result = read(*_BOUGHT, _row("Fee", "BTC", "-0.0001"))
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("fee", -0.0001, "BTC")
    assert (cash["symbol"], result.fills["commission"].to_pylist()) == ("BTC/USDT", [0.04])


def test_a_fee_whose_trade_stands_in_another_second_is_cash(read):
    result = read(_row("Fee", "BNB", "-0.04"))
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("fee", -0.04, "BNB")


def test_trades_of_two_pairs_in_one_second_are_refused_row_by_row(read):
    result = read(*_BOUGHT, _row("Buy", "ETH", "1"), _row("Transaction Related", "USDT", "-2000"))
    assert (result.recorded, len(result.refused)) == (0, 5)
    assert "+0.5 BTC, -20000.0 USDT, +1.0 ETH" in result.refused[0].reason


def test_half_a_trade_is_refused(read):
    (refused,) = read(_row("Buy", "BTC", "0.5")).refused
    assert (refused.line, refused.field) == (2, "volume")


def test_a_conversion_is_a_trade_apart_from_those_of_its_second(read):
    converted = [_row("Binance Convert", "EUR", "-100"), _row("Binance Convert", "BTC", "0.0025")]
    result = read(*_BOUGHT, *converted)
    assert sorted(result.fills["symbol"].to_pylist()) == ["BTC/EUR", "BTC/USDT"]


@pytest.mark.parametrize(
    ("operation", "change", "kind"),
    [
        ("Deposit", "100", "deposit"),
        ("Fiat Deposit", "100", "deposit"),
        ("Withdraw", "-100", "withdrawal"),
        ("Distribution", "0.2", "dividend"),
        ("Simple Earn Flexible Interest", "0.01", "interest"),
        ("Commission Rebate", "0.3", "fee"),
    ],
)
def test_what_is_no_trade_becomes_cash_of_its_kind(read, operation, change, kind):
    (cash,) = read(_row(operation, "USDT", change)).cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == (kind, float(change), "USDT")


def test_a_transfer_between_wallets_is_skipped_with_its_word(read):
    result = read(_row("transfer_out", "USDT", "-5"), _row("transfer_in", "USDT", "5"))
    assert [row.reason for row in result.skipped] == [
        "neither a trade nor a result: transfer_out", "neither a trade nor a result: transfer_in",
    ]  # fmt: skip


def test_of_a_futures_wallet_only_funding_is_read(read):
    result = read(
        _row("Realized Profit and Loss", "USDT", "12.5", wallet="USD-M Futures"),
        _row("Fee", "USDT", "-0.2", wallet="USD-M Futures"),
        _row("Funding Fee", "USDT", "-0.3", wallet="USD-M Futures"),
    )
    assert [c["kind"] for c in result.cash.to_pylist()] == ["funding"]
    assert [row.reason for row in result.skipped] == [
        "told by the trades of the futures account: Realized Profit and Loss",
        "told by the trades of the futures account: Fee",
    ]


def test_an_operation_that_is_not_known_is_refused_by_its_word(read):
    (refused,) = read(_row("Moon Bonus", "USDT", "5")).refused
    assert (refused.field, "was 'Moon Bonus'" in refused.reason) == ("kind", True)


def test_the_user_names_the_account_and_the_argument_stands_for_rows_without_one(read):
    rows = (_row("Deposit", "USDT", "1"), _row("Deposit", "USDT", "2", user=""))
    assert read(*rows, account="A1").cash["account_id"].to_pylist() == ["36001", "A1"]
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        read(*rows)


def test_the_strategy_must_be_given(read):
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        read(*_BOUGHT, strategy=None)


def test_reading_again_gives_the_same_records(read):
    rows = (*_BOUGHT, _row("Deposit", "USDT", "1"), _row("Deposit", "USDT", "1"))
    first, second = read(*rows), read(*rows)
    assert first.fills.equals(second.fills)
    assert first.cash.equals(second.cash)
    assert len(set(first.cash["cash_id"].to_pylist())) == 2


def test_two_digit_years_are_of_this_century(read):
    (cash,) = read(_row("Deposit", "USDT", "1", time="24-01-02 03:04:05")).cash.to_pylist()
    assert cash["execution_time"].isoformat() == "2024-01-02T03:04:05+00:00"


def test_a_row_with_an_unreadable_change_is_refused_and_its_trade_with_it(read):
    result = read(_row("Buy", "BTC", "half"), *_BOUGHT[1:])
    assert (result.recorded, [row.field for row in result.refused]) == (
        0, ["amount", "volume", "volume"],
    )  # fmt: skip
