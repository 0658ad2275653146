"""An error says the same on whatever side of a process border it is read."""

from __future__ import annotations

import pickle

import pytest

from perfkit import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidArgumentError("rf must be ..."),
        errors.UnknownNameError("there is no metric 'x'"),
        errors.StoreError("the disk refuses"),
        errors.UnfitFillError(3, "multiplier", ("main", "trend", "ES"), "row 3: multiplier ..."),
        errors.UnreadableCellError("price", "must be a number"),
        errors.InvalidTableError("fill", (), 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_a_process_as_it_was(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
