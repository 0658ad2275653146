"""Kappa and shares against published examples, other libraries, and their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from perfkit.errors import InvalidArgumentError
from perfkit.labels.agreement import cohen_kappa, wilson_interval

law = settings(max_examples=100, deadline=None)
squares = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 50), min_size=k, max_size=k), min_size=k, max_size=k)
)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Wikipedia, Cohen's kappa: the grant proposals, and the two of the same p_o
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        # Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions,
        # table 18.1: 100 subjects, psychotic, neurotic and organic
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.6765),
    ],
)
def test_kappa_is_that_of_published_tables(table, expected):
    assert cohen_kappa(table).value == pytest.approx(expected, abs=5e-5)


def test_the_standard_error_is_that_of_fleiss_cohen_and_everitt():
    # Fleiss, Levin, Paik (2003), section 18.1: 0.087, from a kappa rounded to 0.68, and so a
    # 95 % interval of 0.51 to 0.85
    kappa = cohen_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert kappa.standard_error == pytest.approx(0.087, abs=1e-3)
    assert (kappa.low, kappa.high) == pytest.approx((0.51, 0.85), abs=1e-2)


def test_the_interval_of_kappa_covers_what_it_says():
    """Drawn from one table of probabilities, 95 % of the intervals hold its kappa."""
    shares = np.array([[0.4, 0.1], [0.15, 0.35]])
    true = cohen_kappa(shares * 1e6).value
    rng = np.random.default_rng(7)
    found = [cohen_kappa(rng.multinomial(200, shares.ravel()).reshape(2, 2)) for _ in range(2000)]
    covered = np.mean([kappa.low <= true <= kappa.high for kappa in found])
    assert 0.93 <= covered <= 0.97


@law
@given(squares)
def test_kappa_is_one_only_in_full_agreement_and_symmetric_in_its_judges(table):
    counts = np.array(table)
    kappa, turned = cohen_kappa(counts), cohen_kappa(counts.T)
    if math.isnan(kappa.value):
        assert counts.sum() == 0 or np.count_nonzero(counts) == 1
        return
    assert kappa.value == pytest.approx(turned.value, abs=1e-12)
    assert kappa.standard_error == pytest.approx(turned.standard_error, abs=1e-9)
    assert (kappa.value == pytest.approx(1.0, abs=1e-12)) == (np.trace(counts) == counts.sum())
    assert -1.0 <= kappa.low <= kappa.value <= kappa.high <= 1.0
    many = cohen_kappa(counts * 100)
    assert many.value == pytest.approx(kappa.value, abs=1e-12)
    assert many.standard_error == pytest.approx(kappa.standard_error / 10, abs=1e-9)


@law
@given(squares)
def test_kappa_is_scikit_learns(table):
    metrics = pytest.importorskip("sklearn.metrics")
    counts = np.array(table)
    one, other = (index.ravel().repeat(counts.ravel()) for index in np.indices(counts.shape))
    kappa = cohen_kappa(counts).value
    if not math.isnan(kappa):
        assert kappa == pytest.approx(metrics.cohen_kappa_score(one, other), abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17(8), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_an_interval_of_a_share_is_newcombes(hits, n, low, high):
    assert wilson_interval(hits, n) == pytest.approx((low, high), abs=5e-5)


@law
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_of_a_share_is_scipys(pair):
    hits, n = pair
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("table", [[[1, 2, 3]], [[1, -1], [0, 2]], [[1, math.nan], [0, 2]], 3])
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(InvalidArgumentError, match="square with counts of at least 0"):
        cohen_kappa(table)


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2), (0, -1)])
def test_what_is_no_share_is_refused(hits, n):
    with pytest.raises(InvalidArgumentError, match="between 0 and n"):
        wilson_interval(hits, n)


def test_nothing_has_no_share():
    assert all(map(math.isnan, wilson_interval(0, 0)))
    assert all(map(math.isnan, cohen_kappa(np.zeros((2, 2)))))


@pytest.mark.parametrize("table", [[[1, 2], [3]], "x", None, [[1, -1], [0, 0]]])
def test_what_is_no_square_table_is_refused(table):
    with pytest.raises(InvalidArgumentError, match="table must be square with counts"):
        cohen_kappa(table)


@pytest.mark.parametrize("counts", [("1", 2), (1.5, 2), (True, 2), (None, 1)])
def test_a_share_is_one_of_whole_numbers(counts):
    with pytest.raises(InvalidArgumentError, match="hits and n must be whole numbers"):
        wilson_interval(*counts)
