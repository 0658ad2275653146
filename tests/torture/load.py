"""Processes that are killed: a desk at full load, and the flusher beside it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path

from perfkit.cli import main
from perfkit.errors import QueueFullError, StoreLockedError
from perfkit.tracker import Recorder, TradeTracker, memory
from tests.torture.desk import bars, fills, first_fills

THREADS = 3
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["perfkit.tracker", "perfkit.cli", "perfkit.store.flush_process"])


def record(folder, ledger, day):
    """Record as fast as possible until killed; every receipt is written down."""
    memory._SNAPSHOT_ROWS = 3_000  # so that it is killed in the middle of some
    out = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(fill, done):
        error = done.exception()
        said = done.result().sequence if error is None else f"{type(error).__name__}: {error}"
        os.write(out, f"{fill.trade_id} {said}\n".encode())

    def offer(thread):
        for fill in fills(day, thread):
            while True:
                try:
                    waiter = recorder.submit(fill)
                except QueueFullError:
                    time.sleep(0.001)
                else:
                    break
            waiter.add_done_callback(lambda done, fill=fill: note(fill, done))

    with TradeTracker(folder) as tracker, Recorder(tracker, capacity=2_048) as recorder:
        tracker.record_bars(bars(day))
        threads = [threading.Thread(target=offer, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def flush(folder):
    """Be `perfkit flush --follow` until killed."""
    sys.argv = ["perfkit", "flush", str(folder), "--follow", "--every", "0.02"]
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    main()


def write(folder, number):
    """Want to write, together with others: say whether it was allowed to, and keep the right."""
    answer, sent = folder / f"{number}.answer", first_fills(0, number, 20)
    (folder / f"{number}.ready").touch()
    while len(list(folder.glob("*.ready"))) < 4:
        time.sleep(0.001)
    try:
        with TradeTracker(folder / "history") as tracker:
            tracker.record_many(sent)
            answer.write_text("wrote")
            time.sleep(3_600)
    except StoreLockedError:
        answer.write_text("refused")


def start(target, *arguments):
    process = _PROCESSES.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def kill(process):
    """Kill with signal 9, which must find it alive."""
    process.kill()
    process.join()
    assert process.exitcode == -9, f"it had ended by itself with code {process.exitcode}"


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
