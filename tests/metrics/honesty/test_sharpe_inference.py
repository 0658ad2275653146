"""Sharpe inference: laws, and that luck is called luck."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics import compute
from perfkit.metrics.honesty import (
    SharpeRecord,
    Trials,
    confidence_interval,
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    finished_trials,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_haircut,
    sharpe_record,
    sharpe_standard_error,
    trials_of,
)

FUND = SharpeRecord(0.458, 24, -2.448, 10.164)
columns = st.lists(st.floats(-0.2, 0.2), min_size=30, max_size=80).map(np.array)


@pytest.mark.parametrize("returns", [[0.02], [0.02] * 29, list(np.linspace(0.01, 0.02, 29))])
def test_few_winning_days_are_insufficient_and_not_97_percent_skill(returns):
    assert math.isnan(probabilistic_sharpe_ratio(returns))
    assert math.isnan(minimum_track_record_length(returns))
    assert math.isnan(deflated_sharpe_ratio(returns, trials=1))
    assert math.isnan(sharpe_standard_error(returns))


@pytest.mark.parametrize("wins", [1, 2, 4])
def test_a_few_winning_days_among_many_of_nothing_are_insufficient_too(wins):
    returns = np.zeros(100)
    returns[:wins] = 0.05  # by coin toss 2 ** -4 of records win all four; the formula says 0.00003
    assert math.isnan(probabilistic_sharpe_ratio(returns))
    assert math.isnan(minimum_track_record_length(returns))
    assert math.isnan(deflated_sharpe_ratio(returns, trials=1))
    found = compute(returns, metrics=["probabilistic_sharpe_ratio", "minimum_track_record_length"])
    assert set(found["reason"]) == {"insufficient"}
    assert probabilistic_sharpe_ratio(returns, small_sample="answer") > 0.97
    assert "too few" in confidence_interval(returns, np.mean).verdict


def test_a_crash_in_a_record_that_gains_is_answered_and_lowers_the_confidence():
    days = np.tile([0.02, -0.01, 0.01], 80)
    crashed = np.append(days, -0.30)
    assert 0.5 < probabilistic_sharpe_ratio(crashed) < probabilistic_sharpe_ratio(days)


def test_thirty_days_are_answered():
    returns = np.tile([0.02, -0.01, 0.01], 10)
    # by hand: mean 2/3 %, biased deviation 1.2472 %, skewness -0.3818, raw kurtosis 1.5
    s = (0.02 / 3) / (math.sqrt(0.00014 / 0.9) * math.sqrt(30 / 29))
    record = sharpe_record(returns)
    assert record.kurtosis == pytest.approx(1.5, abs=1e-9)
    assert record.skewness == pytest.approx(-0.381802, abs=1e-6)
    assert record.sharpe == pytest.approx(s, rel=1e-9)
    assert 0.99 < probabilistic_sharpe_ratio(returns) < 1.0


@settings(deadline=None, max_examples=50)
@given(columns, st.floats(1e-3, 1e3))
def test_scale_does_not_matter(returns, factor):
    one, other = probabilistic_sharpe_ratio(returns), probabilistic_sharpe_ratio(returns * factor)
    assert one == pytest.approx(other, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=50)
@given(columns)
def test_the_other_side_of_the_trade_has_the_rest_of_the_confidence(returns):
    assume(not math.isnan(sharpe_record(returns).sharpe))
    both = probabilistic_sharpe_ratio(returns) + probabilistic_sharpe_ratio(-returns)
    assert both == pytest.approx(1.0, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.01, 1.0), st.floats(-1.0, 1.0), st.floats(0.0, 5.0), st.floats(0.6, 0.99))
def test_after_the_minimum_length_the_confidence_is_just_reached(sharpe, skewness, more, level):
    record = SharpeRecord(sharpe, 60, skewness, 1.0 + skewness**2 + more)
    length = minimum_track_record_length(record, level=level)
    s, g3, g4 = record.sharpe, record.skewness, record.kurtosis
    root = math.sqrt((length - 1.0) / (1.0 - g3 * s + (g4 - 1.0) / 4.0 * s**2))
    assert 0.5 * math.erfc(-s * root / math.sqrt(2.0)) == pytest.approx(level, abs=1e-9)


def test_no_track_record_is_long_enough_for_a_sharpe_ratio_below_the_benchmark():
    assert minimum_track_record_length(FUND, benchmark_sharpe=0.5) == math.inf


def test_a_frame_is_answered_column_by_column_and_the_rate_is_subtracted():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(0.001, 0.01, (60, 2)), columns=["a", "b"])
    found = probabilistic_sharpe_ratio(frame, rf=0.05, periods=252)
    daily = 1.05 ** (1 / 252) - 1
    assert found["b"] == pytest.approx(probabilistic_sharpe_ratio(frame["b"] - daily), abs=1e-12)
    assert found["b"] == pytest.approx(
        probabilistic_sharpe_ratio(frame["b"], rf_per_period=daily), abs=1e-12
    )


def test_what_does_not_move_has_no_sharpe_ratio_even_after_a_rate():
    assert math.isnan(probabilistic_sharpe_ratio([0.01] * 50, rf=0.03, periods=252))
    assert math.isnan(probabilistic_sharpe_ratio([0.0] * 50))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: probabilistic_sharpe_ratio([0.1] * 40, rf=0.05), "periods"),
        (lambda: probabilistic_sharpe_ratio([0.1] * 40, variance_at="zero"), "variance_at"),
        (lambda: probabilistic_sharpe_ratio([0.1] * 40, wrong=1), "wrong"),
        (lambda: probabilistic_sharpe_ratio(FUND, benchmark_sharpe=math.nan), "benchmark_sharpe"),
        (lambda: probabilistic_sharpe_ratio(SharpeRecord(0.1, 50, 0.0, 0.2)), "kurtosis"),
        (lambda: probabilistic_sharpe_ratio(SharpeRecord(math.inf, 50)), "finite"),
        (lambda: probabilistic_sharpe_ratio(SharpeRecord(0.1, 1)), "n of"),
        (lambda: minimum_track_record_length(FUND, level=95), "level"),
        (lambda: deflated_sharpe_ratio(FUND, trials=10), "trials_variance"),
        (lambda: deflated_sharpe_ratio(FUND, trials=0, trials_variance=1.0), "trials"),
        (lambda: deflated_sharpe_ratio(FUND, trials=Trials(2, 0.1), trials_variance=1.0), "Trials"),
        (lambda: expected_maximum_sharpe(3, -1.0), "variance"),
        (lambda: trials_of([0.1, 0.2], count=1), "count"),
        (lambda: trials_of([0.1, 1e300]), "finite"),
        (lambda: sharpe_haircut(1.0, 120, 10, method="holm"), "holm"),
        (lambda: sharpe_haircut(1.0, 120, 10, method="sidak"), "sidak"),
        (lambda: sharpe_haircut(1.0, 120, [0.2, 0.3], method="holm"), "include"),
        (lambda: sharpe_haircut(math.nan, 120, 10), "sharpe"),
        (lambda: sharpe_haircut(1.0, 120, 1.5), "trials"),
    ],
)
def test_a_wrong_argument_is_named(call, told):
    with pytest.raises(InvalidArgumentError, match=told):
        call()


def test_one_trial_is_not_deflated_and_more_trials_deflate_more():
    returns = np.random.default_rng(0).normal(0.001, 0.01, 500)
    values = [
        deflated_sharpe_ratio(returns, trials=n, trials_variance=0.002) for n in (1, 2, 10, 1000)
    ]
    assert values[0] == probabilistic_sharpe_ratio(returns)
    assert values == sorted(values, reverse=True)


def test_trials_are_counted_from_runs_and_only_the_finished_ones_count():
    runs = pd.DataFrame(
        {
            "status": ["FINISHED", "FINISHED", "FINISHED", "FAILED", "RUNNING"],
            "metrics.sharpe_ratio": [1.0, 2.0, np.nan, 9.0, 9.0],
        }
    )
    found = finished_trials(runs, sharpe="metrics.sharpe_ratio", periods=4)
    assert found == Trials(count=3, variance=0.125, sharpes=(0.5, 1.0))  # (1/2)^2 * 1/2
    with pytest.raises(UnknownNameError, match=r"metrics\.sharpe_ratio"):
        finished_trials(runs[["status"]], sharpe="metrics.sharpe_ratio", periods=4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its database library
def test_the_runs_of_an_mlflow_database_are_read_as_they_come(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    before, store = mlflow.get_tracking_uri(), f"sqlite:///{tmp_path / 'runs.db'}"
    client = mlflow.tracking.MlflowClient(store)
    experiment = client.create_experiment("search", str(tmp_path / "artifacts"))
    for status, sharpe in [
        ("FINISHED", 1.0), ("FINISHED", 2.0), ("FINISHED", math.nan), ("FINISHED", math.inf),
        ("FINISHED", None), ("FAILED", 9.0), ("RUNNING", 9.0),
    ]:  # fmt: skip
        run = client.create_run(experiment).info.run_id
        if sharpe is not None:
            client.log_metric(run, "sharpe_ratio", sharpe)
        client.update_run(run, status)
    try:
        mlflow.set_tracking_uri(store)
        runs = mlflow.search_runs([experiment])
    finally:
        mlflow.set_tracking_uri(before)
    found = finished_trials(runs, sharpe="metrics.sharpe_ratio", periods=4)
    assert (found.count, found.variance) == (5, 0.125)  # (1/2)^2 * 1/2
    assert sorted(found.sharpes) == [0.5, 1.0]


def test_many_trials_of_unknown_spread_are_not_answered():
    runs = pd.DataFrame({"status": ["FINISHED"] * 5, "metrics.sharpe": [1.0] + [np.nan] * 4})
    trials = finished_trials(runs, sharpe="metrics.sharpe", periods=1)
    assert (trials.count, math.isnan(trials.variance)) == (5, True)
    assert math.isnan(deflated_sharpe_ratio(FUND, trials=trials))
    none = finished_trials(runs.iloc[:0], sharpe="metrics.sharpe", periods=1)
    assert none.count == 1  # what is judged was tried at least once


def test_psr_calls_a_twentieth_of_skill_less_records_skilled():
    rng = np.random.default_rng(7)
    psr = probabilistic_sharpe_ratio(pd.DataFrame(rng.standard_t(4, (250, 1500)) * 0.01))
    assert np.mean(psr > 0.95) == pytest.approx(0.05, abs=0.02)  # 3.5 standard errors
    assert np.mean(psr < 0.5) == pytest.approx(0.5, abs=0.05)


def test_the_best_of_fifty_without_skill_passes_psr_and_fails_dsr():
    rng, passed = np.random.default_rng(3), np.zeros(2)
    for _ in range(60):
        tried = pd.DataFrame(rng.normal(0, 0.01, (500, 50)))
        sharpes = tried.mean() / tried.std()
        best = tried[sharpes.idxmax()]
        dsr = deflated_sharpe_ratio(best, trials=trials_of(sharpes))
        passed += (probabilistic_sharpe_ratio(best) > 0.95, dsr > 0.95)
    assert passed[0] >= 48
    assert passed[1] <= 1


@settings(deadline=None, max_examples=50)
@given(st.floats(0.01, 1.0), st.integers(30, 2_000), st.integers(1, 500))
def test_a_haircut_cuts_and_bonferroni_cuts_no_less_than_holm(sharpe, n, trials):
    alone = sharpe_haircut(sharpe, n, trials)
    assert 0.0 <= alone.haircut <= 1.0
    family = [sharpe, *np.linspace(-0.5, 0.5, 9)]
    cuts = [sharpe_haircut(sharpe, n, family, method=m).sharpe for m in ("bonferroni", "holm")]
    assert cuts[0] <= cuts[1] + 1e-12


def test_a_haircut_is_refused_where_there_is_nothing_to_cut_or_to_say():
    assert sharpe_haircut(-0.5, 120, 10).reason == "undefined"
    cut = sharpe_haircut(1.0, 12, 10, periods=12)
    assert (cut.reason, math.isnan(cut.sharpe)) == ("insufficient", True)
