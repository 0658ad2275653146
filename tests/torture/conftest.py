"""Short in every run of the tests; with PERFKIT_TORTURE=1 as long as it takes."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def size():
    """Choose between the short form and the long one: size(2, 20)."""
    is_long = os.environ.get("PERFKIT_TORTURE") == "1"
    return lambda short, long: long if is_long else short
