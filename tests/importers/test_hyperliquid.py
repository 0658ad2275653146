"""Hyperliquid: fills and funding of a real account, and the traps of both feeds."""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from itertools import groupby, pairwise

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.crypto.hyperliquid import read_hyperliquid
from perfkit.importers.crypto.position_chain import Step, moves


def _read(source, **settings):
    return read_hyperliquid(source, **{"account": "A1", "strategy": "grid"} | settings)


def _fill(**cells):
    return {
        "coin": "SUI", "px": "1.31", "sz": "2.0", "side": "B", "time": 1683245884863,
        "startPosition": "0.0", "dir": "Open Long", "closedPnl": "0.0", "hash": "0xab",
        "oid": 7, "crossed": True, "fee": "0.01", "tid": 9, "feeToken": "USDC",
    } | cells  # fmt: skip


def _first(result):
    assert result.refused == ()
    return result.fills.to_pylist()[0]


@pytest.fixture(scope="module")
def raw(shared_data):
    return json.loads((shared_data / "fills/hyperliquid_mit/user_fills.json").read_text())


def _steps(result, raw):
    """The fills of each coin in the order read, each with the position the venue gives it."""
    given = defaultdict(deque)
    for row in raw:
        given[_what(row)].append((float(row["startPosition"]), row["hash"]))
    steps = defaultdict(list)
    for fill in result.fills.to_pylist():
        sign = 1 if fill["side"] == "buy" else -1
        time = round(fill["execution_time"].timestamp() * 1000)
        numbers = (fill["price"], fill["volume"])
        start, trade = given[fill["order_id"], fill["symbol"], time, sign, *numbers].popleft()
        step = Step(start=start, change=sign * fill["volume"], trade=(trade, fill["price"]))
        steps[fill["symbol"]].append(step)
    return steps


def _what(row):
    sign = 1 if row["side"] == "B" else -1
    return str(row["oid"]), row["coin"], row["time"], sign, float(row["px"]), float(row["sz"])


def _links(steps):
    """Whether each position is the one that the fill before ended with, self-trades netted."""
    return [
        math.isclose(end, start, abs_tol=1e-6)
        for book in steps.values()
        for (_, end), (start, _) in pairwise(_ends(book))
    ]


def _ends(book):
    for unit in moves(book):
        start = book[unit[0]].start
        yield start, start + sum(book[place].change for place in unit)


def test_every_row_of_the_real_file_is_a_fill(raw):
    result = _read(raw)
    assert (result.read, result.recorded, result.fills.num_rows) == (500, 500, 500)
    assert (result.skipped, result.refused) == ((), ())


def test_401_of_402_position_links_are_exact_after_netting_self_trades(raw):
    # 500 fills, 83 pairs as one, 15 coins: 500 - 83 - 15 = 402 links
    links = _links(_steps(_read(raw), raw))
    assert (sum(links), len(links)) == (401, 402)


def test_the_links_are_the_same_where_fills_of_a_millisecond_stand_the_other_way_round(raw):
    turned = [
        row for _, block in groupby(raw, lambda row: row["time"]) for row in reversed(list(block))
    ]
    assert turned != raw
    links = _links(_steps(_read(turned), raw))
    assert (sum(links), len(links)) == (401, 402)


def test_the_fills_with_their_self_trades_end_at_the_position_that_the_venue_gives(raw):
    steps = _steps(_read(raw), raw)
    held = {coin: book[0].start + sum(step.change for step in book) for coin, book in steps.items()}
    told = {coin: list(_ends(book))[-1][1] for coin, book in steps.items()}
    # the one broken link: the oldest fill is half of a self-trade that the answer cut in two
    assert steps["SUI"][0].change == pytest.approx(104.4)
    assert held.pop("SUI") - told.pop("SUI") == pytest.approx(104.4)
    assert held == pytest.approx(told, abs=1e-6)


def test_every_funding_payment_has_the_sign_of_who_pays(shared_data):
    path = shared_data / "fills/hyperliquid_mit/user_funding.json"
    result = _read(path)
    rows = json.loads(path.read_text())
    paid = {(c["symbol"], round(c["execution_time"].timestamp() * 1000)): c["amount"]
            for c in result.cash.to_pylist()}  # fmt: skip
    agree = [
        paid[row["delta"]["coin"], row["time"]]
        * float(row["delta"]["szi"]) * float(row["delta"]["fundingRate"]) < 0
        for row in rows
    ]  # fmt: skip
    assert (sum(agree), len(agree)) == (218, 218)
    assert set(result.cash["kind"].to_pylist()) == {"funding"}
    assert math.fsum(paid.values()) == pytest.approx(695.14, abs=0.005)  # as the source states


def test_fills_and_funding_may_stand_in_one_list():
    delta = {"type": "funding", "coin": "SUI", "usdc": "-0.25", "szi": "2", "fundingRate": "0.01"}
    result = _read([_fill(), {"time": 1683245900000, "hash": "0x0", "delta": delta}])
    assert (result.fills.num_rows, result.cash["amount"].to_pylist()) == (1, [-0.25])
    assert result.cash["currency"].to_pylist() == ["USDC"]


def test_a_ledger_update_that_is_no_funding_is_skipped_with_its_type():
    (skipped,) = _read([{"time": 1, "delta": {"type": "deposit", "usdc": "5.0"}}]).skipped
    assert skipped.reason == "neither a fill nor funding: a ledger update of type 'deposit'"


def test_a_negative_fee_is_a_rebate_and_a_maker_did_not_cross():
    fill = _first(_read([_fill(fee="-0.002", crossed=False)]))
    assert (fill["commission"], fill["liquidity"]) == (-0.002, "maker")


def test_a_spot_purchase_pays_its_fee_in_the_coin_bought():
    bought = _fill(coin="PURR/USDC", sz="986.87", fee="0.34540448", feeToken="PURR", dir="Buy")
    fill = _first(_read([bought]))
    assert (fill["base_currency"], fill["currency"], fill["fee_currency"]) == (
        "PURR", "USDC", "PURR",
    )  # fmt: skip
    assert (fill["volume"], fill["commission"]) == (986.87, 0.34540448)


def test_a_spot_position_chains_less_the_fee_that_came_off_it():
    # 986.87 - 0.34540448 = 986.52459552, which the venue prints as 986.5246
    sold = _fill(coin="@107", side="A", sz="986.52", startPosition="986.5246", tid=2, dir="Sell")
    bought = _fill(coin="@107", sz="986.87", fee="0.34540448", feeToken="HYPE", tid=1, dir="Buy")
    result = _read([sold, bought])
    assert result.fills["side"].to_pylist() == ["buy", "sell"]
    assert result.fills["symbol"].to_pylist() == ["@107", "@107"]
    assert set(result.fills["base_currency"].to_pylist()) == {"HYPE"}
    assert set(result.fills["currency"].to_pylist()) == {"USDC"}


def test_the_fee_of_a_perpetual_never_comes_off_its_position():
    fill = _first(_read([_fill(coin="HYPE", feeToken="USDC")]))
    assert (fill["base_currency"], fill["currency"]) == (None, "USDC")


def test_fills_from_before_fee_tokens_are_in_usdc():
    old = {name: cell for name, cell in _fill().items() if name not in {"feeToken", "tid"}}
    assert _first(_read([old]))["fee_currency"] == "USDC"


def test_equal_fills_without_ids_stay_two_and_keep_their_ids():
    old = {name: cell for name, cell in _fill().items() if name != "tid"}
    ids = _read([old, old]).fills["trade_id"].to_pylist()
    assert len(set(ids)) == 2
    assert _read([old, old]).fills["trade_id"].to_pylist() == ids


def test_both_fills_of_a_self_trade_with_one_tid_are_kept():
    result = _read([_fill(), _fill(side="A", crossed=False, oid=8, dir="Open Short")])
    assert result.recorded == 2
    assert len(set(result.fills["trade_id"].to_pylist())) == 2


def test_the_same_fill_in_two_answers_has_the_same_id():
    (first, second) = (_read([_fill()]).fills for _ in range(2))
    assert first.equals(second)
    (skipped,) = _read([_fill(), _fill()]).skipped
    assert skipped.reason == "the same record, with the same id, again"


def test_a_liquidation_is_the_reason():
    assert _first(_read([_fill(dir="Liquidated Cross Long")]))["reason"] == "Liquidated Cross Long"


def test_the_client_order_id_names_the_strategy_where_none_is_given():
    tagged = _fill(cloid="0x00ff")
    assert _first(_read([tagged], strategy=None))["strategy_id"] == "0x00ff"
    assert _first(_read([tagged]))["strategy_id"] == "grid"
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read([_fill()], strategy=None)


def test_a_twap_slice_belongs_to_its_twap_order():
    sliced = {"fill": _fill(builderFee="0.004"), "twapId": 3156}
    fill = _first(_read([sliced]))
    assert (fill["order_id"], fill["commission"]) == ("twap-3156", 0.01)  # builderFee is in fee


def test_a_row_that_cannot_be_read_is_refused_and_its_neighbours_stay():
    rows = [_fill(sz="2,0x"), _fill(time="soon", tid=1), _fill(side="C", tid=2), _fill(tid=3)]
    result = _read(rows)
    assert result.recorded == 1
    assert [row.field for row in result.refused] == ["volume", "execution_time", "side"]


def test_a_fill_without_a_price_is_refused():
    (refused,) = _read([{k: v for k, v in _fill().items() if k != "px"}]).refused
    assert refused.field == "price"


def test_the_account_must_be_given():
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read([_fill()], account=None)


def test_an_answer_that_is_no_list_is_an_error(tmp_path):
    path = tmp_path / "fills.json"
    path.write_text('{"error": "rate limited"}')
    with pytest.raises(ImportFormatError, match="must be a JSON list of fills"):
        _read(path)
