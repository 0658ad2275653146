"""A disk that is slow, or fails: no receipt before it is there, and none after an error.

A library that is loaded before the C library answers for ``fsync``: the file
``plan`` says what happens to the next one of a file with a given ending.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

from perfkit.store import TradeStore, verify

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int answer(int file, const char *name) {
    char link[64], path[4096], kind[16] = "", ending[64] = "";
    int milliseconds = 0;
    FILE *plan = fopen(getenv("FSYNC_PLAN"), "r");
    if (plan) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, path, sizeof path - 1);
        path[size < 0 ? 0 : size] = 0;
        fscanf(plan, "%15s %63s %d", kind, ending, &milliseconds);
        fclose(plan);
        char *end = strstr(path, ending);
        if (end && !end[strlen(ending)]) {
            if (!strcmp(kind, "eio")) {      /* as a kernel does: it tells of an error once */
                unlink(getenv("FSYNC_PLAN"));
                errno = EIO;
                return -1;
            }
            struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
            nanosleep(&time, NULL);
        }
    }
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return answer(file, "fsync"); }
int fdatasync(int file) { return answer(file, "fdatasync"); }
"""

CHILD = textwrap.dedent(
    """
    import json, os, sys, time
    from datetime import datetime, UTC
    from pathlib import Path
    from perfkit.errors import StoreError
    from perfkit.records import CashRecord, to_table
    from perfkit.store import TradeStore

    plan, root = Path(os.environ["FSYNC_PLAN"]), Path(sys.argv[1])
    said = {}

    def cash(number):
        return to_table([CashRecord(cash_id=f"C{number}", account_id="a", strategy_id="s",
            execution_time=datetime(2024, 1, 1, tzinfo=UTC), kind="deposit", amount=1.0,
            currency="USD")], CashRecord)

    def attempt(step, *arguments):
        began = time.perf_counter()
        try:
            answer = step(*arguments)
            answer = answer if isinstance(answer, int) else answer.last_sequence
        except StoreError as error:
            answer = str(error)
        return answer, time.perf_counter() - began

    def append(store, number):
        return attempt(store.append, "cash", cash(number))

    """
)

needs_cc = pytest.mark.skipif(
    shutil.which("cc") is None, reason="needs cc, to compile a failing fsync"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shim")
    source, library = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    command = ["cc", "-shared", "-fPIC", "-Wno-unused-result", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def child(shim, tmp_path):
    """Run a script whose fsyncs go by the plan; gives what it said."""

    def run(script):
        command = [sys.executable, "-c", CHILD + textwrap.dedent(script), tmp_path / "history"]
        environment = os.environ | {"LD_PRELOAD": str(shim), "FSYNC_PLAN": str(tmp_path / "plan")}
        answer = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return json.loads(answer.stdout)

    return run


@needs_cc
def test_receipts_wait_for_a_slow_disk_and_end_with_its_first_error(child, tmp_path):
    said = child(
        """
        store = TradeStore(root).open()
        said["quick"] = append(store, 1)
        plan.write_text("delay -wal 400")
        said["slow"] = append(store, 2)
        plan.write_text("eio -wal")
        said["failed"] = append(store, 3)
        said["was told"] = not plan.exists()
        said["later"] = append(store, 4), attempt(store.flush)
        said["read"] = store.read("cash").num_rows
        store.close()
        print(json.dumps(said))
        """
    )
    assert said["quick"][0] == 1
    assert (said["slow"][0], said["slow"][1] >= 0.4) == (2, True)
    assert said["was told"]
    assert "could not be written" in said["failed"][0]
    assert "nothing was acknowledged and writing has stopped" in said["failed"][0]
    assert all("has stopped after an error" in answer for answer, _ in said["later"])
    assert said["read"] == 2
    with TradeStore(tmp_path / "history") as again:
        assert again.read("cash")["cash_id"].to_pylist()[:2] == ["C1", "C2"]
    assert verify(tmp_path / "history").is_clean


@needs_cc
def test_an_error_while_the_journal_forgets_is_the_last_thing_it_does(child, tmp_path):
    said = child(
        """
        store = TradeStore(root).open()
        append(store, 1)
        plan.write_text("eio journal.sqlite")
        said["flush"] = attempt(store.flush)
        said["was told"] = not plan.exists()
        said["later"] = append(store, 2), attempt(store.flush)
        store.close()
        print(json.dumps(said))
        """
    )
    assert said["was told"]
    assert "could not be written" in said["flush"][0]
    assert all("has stopped after an error" in answer for answer, _ in said["later"])
    with TradeStore(tmp_path / "history") as again:
        assert again.read("cash")["cash_id"].to_pylist() == ["C1"]
    assert verify(tmp_path / "history").is_clean


@needs_cc
def test_a_table_whose_fsync_failed_is_not_believed_the_second_time(child, tmp_path):
    """The kernel forgets what it could not write; the log's entry is another file afterwards."""
    said = child(
        """
        store = TradeStore(root).open()
        entry = root / "cash" / "_delta_log" / f"{1:020}.json"
        append(store, 1)
        for name, ending in [("file", ".tmp"), ("entry", entry.name)]:
            plan.write_text(f"eio {ending}")
            said[name] = attempt(store.flush)
            said[f"beside the {name}"] = append(store, 2 + (name == "entry"))
        before = entry.stat().st_ino
        said["retry"] = attempt(store.flush)
        said["is another"] = entry.stat().st_ino != before
        store.close()
        print(json.dumps(said))
        """
    )
    assert "its trades are safe where they are" in said["file"][0]
    assert "its trades are safe where they are" in said["entry"][0]
    assert (said["beside the file"][0], said["beside the entry"][0]) == (2, 3)
    assert (said["retry"][0], said["is another"]) == (3, True)
    assert verify(tmp_path / "history").table_rows["cash"] == 3
