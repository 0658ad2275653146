"""Short in every run of the tests; with PERFKIT_TORTURE=1 as long as it takes."""

from __future__ import annotations

import os

import pytest

from tests.store.test_disk_faults import shim
from tests.torture.disk import Disk, compiled

__all__ = ["disk", "library", "shim", "size"]


@pytest.fixture(scope="session")
def size():
    """Choose between the short form and the long one: size(2, 20)."""
    is_long = os.environ.get("PERFKIT_TORTURE") == "1"
    return lambda short, long: long if is_long else short


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("disk"))


@pytest.fixture
def disk(library, tmp_path):
    """A disk of which the test decides, and on it the folder of a history."""
    return Disk(library, tmp_path / "disk", tmp_path / "history")
