"""The ledger and its round trips against cases worked out elsewhere or by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from perfkit.ledger import Ledger, round_trips

CASES = json.loads((Path(__file__).parents[1] / "reference" / "ledger.json").read_text())


def table_of(case, fills):
    given = case["input"]
    rows = [
        (n, f["side"], f["volume"], f["price"], {"commission": f["commission"]})
        for n, f in enumerate(given["fills"])
    ]
    return fills(*rows, multiplier=given["multiplier"])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_the_books_are_those_of_the_reference(case, fills):
    ledger = Ledger(case["input"]["method"])
    answer = ledger.apply(table_of(case, fills)).to_pandas()
    expected, tolerance = case["expected"], case["tolerance"]
    total = answer["realized_pnl"].sum()
    assert total == pytest.approx(expected["realized_pnl"], rel=tolerance, abs=tolerance)
    assert answer["fees"].sum() == pytest.approx(expected["fees"], rel=tolerance)
    assert answer["position"].iloc[-1] == pytest.approx(expected["position"], rel=tolerance)
    average = answer["average_price"].iloc[-1]
    if expected["average_price"] is None:
        assert np.isnan(average)
    else:
        assert average == pytest.approx(expected["average_price"], rel=tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_the_round_trips_are_those_of_the_reference(case, fills):
    given, expected = case["input"], case["expected"]
    trips = round_trips(
        table_of(case, fills), method=given["method"], grouping=given["grouping"]
    ).rename(columns={"fees": "fees_of_trips"})
    for name in trips.columns.intersection(list(expected)):
        if name == "direction":
            assert trips[name].tolist() == expected[name]
        else:
            wanted = np.array(expected[name], float)
            np.testing.assert_allclose(trips[name], wanted, rtol=case["tolerance"], atol=1e-9)
