"""One function over parts, merged in order: the same in this process and on Dask."""

from __future__ import annotations

import sys
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.cluster import map_reduce
from perfkit.errors import InvalidArgumentError


def scaled(factor, number):
    return factor * number


def joined(left, right):
    return f"({left}{right})"


def refused(factor, number):
    raise InvalidArgumentError(f"number must be even, was {number}")


@pytest.fixture(scope="module")
def client():
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("count", "tree"),
    [
        (1, "a"),
        (2, "(ab)"),
        (3, "((ab)c)"),
        (5, "(((ab)(cd))e)"),
        (7, "(((ab)(cd))((ef)g))"),
    ],
)
def test_neighbours_are_merged_first_wherever_it_runs(count, tree, client):
    parts = list("abcdefg"[:count])
    assert map_reduce(scaled, 1, parts, joined) == tree
    assert map_reduce(scaled, 1, parts, joined, scheduler=client) == tree


@settings(deadline=None, max_examples=25)
@given(numbers=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40))
def test_a_sum_of_floats_is_the_same_to_the_last_bit_on_dask(numbers, client):
    here = map_reduce(scaled, 0.1, numbers, float.__add__)
    assert map_reduce(scaled, 0.1, numbers, float.__add__, scheduler=client) == here
    assert here == pytest.approx(reduce(float.__add__, [0.1 * n for n in numbers]), abs=1e-3)


@pytest.mark.parametrize("count", [1, 4, 7])
def test_who_wants_to_know_is_told_after_each_part(count, client):
    for scheduler in (None, client):
        told = []
        map_reduce(
            scaled, 2, range(count), int.__add__, scheduler=scheduler,
            progress=lambda done, of, told=told: told.append((done, of)),
        )  # fmt: skip
        assert told == [(done, count) for done in range(1, count + 1)]


def test_an_error_reaches_also_who_wants_to_know(client):
    for scheduler in (None, client):
        with pytest.raises(InvalidArgumentError, match="number must be even, was"):
            map_reduce(refused, 2, [1, 3, 5], int.__add__, scheduler=scheduler, progress=print)


def test_a_client_that_was_given_stays_open(client):
    map_reduce(scaled, 2, [1, 2], int.__add__, scheduler=client)
    assert client.submit(scaled, 2, 3).result() == 6


def test_an_error_of_a_part_is_raised_here(client):
    for scheduler in (None, client):
        with pytest.raises(InvalidArgumentError, match="number must be even, was 1"):
            map_reduce(refused, 2, [1], int.__add__, scheduler=scheduler)


@pytest.mark.parametrize("scheduler", ["spark", 4, object])
def test_a_scheduler_that_does_not_exist_is_refused(scheduler):
    with pytest.raises(InvalidArgumentError, match="must be None, 'dask' or a dask"):
        map_reduce(scaled, 2, [1], int.__add__, scheduler=scheduler)


def test_nothing_to_do_is_refused():
    with pytest.raises(InvalidArgumentError, match="at least one"):
        map_reduce(scaled, 2, [], int.__add__)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidArgumentError, match=r"install perfkit\[cluster\]"):
        map_reduce(scaled, 2, [1], int.__add__, scheduler="dask")
