"""Print every benchmark with its peer, as a ratio, and the machine."""

from __future__ import annotations

from benchmarks import footprint, ledger, live_metrics, metrics, start
from benchmarks.timing import machine

ROW = "  {:<42} {:<18} {:>14} {:>12}"


def main() -> None:
    print(f"machine: {machine()}")
    print(f"\nledger, {ledger.FILLS:,} fills of {ledger.BOOKS:,} books, Arrow in and out")
    print(ROW.format("what", "who", "fills/s", "average is"))
    speeds = ledger.rows()
    best = speeds[0][2]
    for what, who, speed in speeds:
        print(ROW.format(what, who, f"{speed:,.0f}", f"{best / speed:,.1f} x"))
    for what, number, unit in footprint.rows():
        print(f"  {what:<61} {number:>14,.2f} {unit:>12}")
    print("\nmetrics\n" + ROW.format("what", "who", "ms", "perfkit is"))
    _beside(metrics.rows(), "{:,.2f}")
    print("\nlive metrics\n" + ROW.format("what", "who", "µs", "perfkit is"))
    _beside(live_metrics.rows(), "{:,.1f}")
    print("\nstart\n" + ROW.format("what", "who", "ms", "perfkit is"))
    starts = start.rows()
    for what, who, ms in starts:
        print(ROW.format(what, who, f"{ms:,.0f}", f"{ms / starts[0][2]:,.1f} x"))


def _beside(rows: list[tuple[str, str, float]], form: str) -> None:
    own = 0.0
    for what, who, time in rows:
        own = time if who == "perfkit" else own
        ratio = "" if who == "perfkit" else f"{time / own:,.1f} x"
        print(ROW.format(what, who, form.format(time), ratio))


if __name__ == "__main__":
    main()
