"""A profile gives the numbers of the library that it is named after.

The numbers stand in tests/reference/profiles.json: those of the Python libraries come from
``python -m benchmarks.peers``, those of R and LEAN from what they publish.
"""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.peer_calls import CALLS, NOT_REPRODUCED
from benchmarks.peers import call, frame_of, namespace, prices_of
from perfkit.errors import UnknownNameError
from perfkit.metrics import METRICS, compute, honesty
from perfkit.metrics.profiles import PROFILES, find_profile

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "profiles.json").read_text(encoding="utf-8")
)
CASES = [
    pytest.param(case, id=f"{n}-{case['profile']}-{case['metric']}-{case['data']}")
    for n, case in enumerate(REFERENCE["cases"])
]
TERMS = {"periods", "rf", "rf_per_period"}
PEERS = {"quantstats": "quantstats", "empyrical": "empyrical", "vectorbt": "vectorbt", "ffn": "ffn"}


def is_reproduced(case):
    return case.values[0].get("reproduced", True)


def column(name):
    known = REFERENCE["series"][name]
    if known["start"] is not None:
        return frame_of(REFERENCE["series"], name)
    return np.array(known["values"], dtype=float)


def as_seen_by(profile, returns, benchmark):
    """ffn is given prices: its returns stand beside the date at which the wealth was 1."""
    if profile != "ffn":
        return returns, benchmark
    return prices_of(returns).pct_change(), prices_of(benchmark).pct_change()


def number(case, returns, benchmark, options):
    """Read a metric by profile: through compute where that takes what is asked."""
    whose = PROFILES[case["profile"]]
    if case["metric"] not in METRICS:  # those of honesty ask more than compute is told
        measure = getattr(honesty, case["metric"])
        return measure(returns, **(whose.options.get(case["metric"], {}) | options))
    entry = METRICS[case["metric"]]
    if options.keys() <= TERMS:
        how = {"metrics": [entry.name], "profile": whose, "benchmark": benchmark, **options}
        is_of_trades = entry.needs == "trades" and not whose.trades_are_returns
        table = compute(trades=returns, **how) if is_of_trades else compute(returns, **how)
        return table["value"].iloc[0]
    if "periods" not in entry.options:
        options = {name: value for name, value in options.items() if name != "periods"}
    columns = (returns, benchmark) if entry.needs == "benchmark" else (returns,)
    return entry.function(*columns, **(whose.keywords(entry) | options))


def answer(case):
    returns = column(case["data"])
    benchmark = column(case["benchmark"]) if "benchmark" in case else None
    if isinstance(returns, pd.Series) and benchmark is not None:
        benchmark = benchmark.reindex(returns.index)
    options = dict(case["options"])
    if isinstance(options.get("rf_per_period"), str):
        options["rf_per_period"] = column(options["rf_per_period"])
    return number(case, *as_seen_by(case["profile"], returns, benchmark), options)


@pytest.mark.parametrize("case", [case for case in CASES if is_reproduced(case)])
def test_a_profile_gives_its_sources_number(case):
    near = {"abs": case["tolerance"], "rel": 1e-12, "nan_ok": True}
    assert answer(case) == pytest.approx(float(case["expected"]), **near)


@pytest.mark.parametrize("case", [case for case in CASES if not is_reproduced(case)])
def test_a_number_that_is_not_reproduced_is_said_in_words(case):
    assert case["metric"] in PROFILES[case["profile"]].deviations
    own = answer(case)
    if not str(case["expected"]).startswith("raises"):
        theirs = float(case["expected"])
        assert own != pytest.approx(theirs, rel=1e-9, nan_ok=True)


def test_what_a_profile_does_not_reproduce_is_shown_by_a_case():
    said = {(p.name, metric) for p in PROFILES.values() for metric in p.deviations}
    shown = {
        (case.values[0]["profile"], case.values[0]["metric"])
        for case in CASES
        if not is_reproduced(case)
    }
    assert shown <= said


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_is_a_set_of_keywords_that_its_metrics_take(profile):
    unknown = {
        (metric, option)
        for metric, options in profile.options.items()
        for option in options
        if metric in METRICS and option not in METRICS[metric].options
    }
    assert unknown == set()
    assert {*profile.deviations, *profile.called} <= set(METRICS)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_knows_what_its_source_calls_a_metric(profile):
    written = {
        (case["metric"], case["call"])
        for case in REFERENCE["cases"]
        if case["profile"] == profile.name
    }
    for metric, name in profile.called.items():
        assert any(name in call for asked, call in written if asked == metric), metric


def test_the_default_profile_is_the_definitions_themselves():
    own = find_profile("perfkit")
    assert all(own.keywords(entry) == {} for entry in METRICS.values())


def test_an_unknown_profile_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(UnknownNameError, match="quantstats"):
        find_profile("pyfolio")


two_columns = st.integers(30, 90).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.integers(-400, 420), min_size=n, max_size=n) for _ in range(2)]
    )
)


@pytest.mark.parametrize("peer", PEERS)
@settings(deadline=None, max_examples=8)
@given(columns=two_columns)
def test_a_profile_follows_its_peer_wherever_both_have_a_number(peer, columns):
    """vectorbt, empyrical and ffn are benchmarks' dependencies: where they lack, it is skipped."""
    pytest.importorskip(PEERS[peer], exc_type=ImportError)
    returns, benchmark = (_series(values) for values in columns)
    for values in (returns, benchmark):
        assume(5 <= (values < 0).sum() <= len(values) - 5 and values.std() > 0.002)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = namespace(peer, returns, benchmark)
    seen = as_seen_by(peer, returns, benchmark)
    differ = {}
    for written, metric, options, _ in CALLS[peer]:
        if any((written, series) in NOT_REPRODUCED for series in ("zeros", "first_loss")):
            continue
        said = {k: known["p"] if v == "p" else v for k, v in options.items()}
        own = number({"profile": peer, "metric": metric}, *seen, said)
        theirs = call(written, known)
        if math.isfinite(theirs) and own != pytest.approx(theirs, rel=1e-8, abs=1e-10):
            differ[written] = (own, theirs)
    assert differ == {}


def _series(hundredths):
    dates = pd.date_range("2024-01-02", periods=len(hundredths), freq="B")
    return pd.Series(np.array(hundredths) / 1e4, dates)
