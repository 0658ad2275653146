"""A bar on the terminal: shown when there is something to wait for, and only then."""

from __future__ import annotations

import pytest

from perfkit.cli.terminal import progress


@pytest.mark.parametrize("steps", [[], [(1, 1)]])
def test_what_is_done_at_once_shows_no_bar(capsys, steps):
    with progress("valuing", at_once=False) as step:
        for done in steps:
            step(*done)
    assert capsys.readouterr().err == ""


def test_what_has_several_parts_shows_one(capsys):
    with progress("valuing", at_once=False) as step:
        for done in range(1, 4):
            step(done, 3)
    assert "valuing" in capsys.readouterr().err


def test_what_is_known_to_be_long_shows_one_at_once(capsys):
    with progress("resampling"):
        pass
    assert "resampling" in capsys.readouterr().err
