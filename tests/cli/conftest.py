"""Run the command as its user does: words in, text and an exit code out."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple

import pytest

from perfkit.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def perfkit(monkeypatch, capsys):
    def run(*words, stdin=""):
        monkeypatch.setattr(sys, "argv", ["perfkit", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return Answer(stop.value.code or 0, printed.out, printed.err)

    return run
