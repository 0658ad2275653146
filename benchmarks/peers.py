"""The peers' own numbers on the reference series, by calling them.

``python -m benchmarks.peers`` prints each call with its number and the peer's version;
``--write`` puts them into tests/reference/profiles.json, in place of those that are there.
What comes from documents (R, LEAN) stays as it is.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peer_calls import CALLS, NOT_REPRODUCED

__all__ = ["call", "frame_of", "namespace", "periods_of", "prices_of"]

REFERENCE = Path(__file__).parents[1] / "tests" / "reference" / "profiles.json"
DISTRIBUTIONS = {
    "quantstats": "quantstats",
    "empyrical": "empyrical-reloaded",
    "vectorbt": "vectorbt",
    "ffn": "ffn",
}
# series: its benchmark, and the letter by which a call asks for it (none: every call)
SERIES = {
    "daily": ("daily_benchmark", ""),
    "bacon_portfolio": ("bacon_benchmark", ""),
    "first_loss": ("daily_benchmark", "F"),
    "zeros": ("zeros_benchmark", "Z"),
    "gaps": ("daily_benchmark", "N"),
    "all_gains": ("daily_benchmark", "G"),
    "constant": ("daily_benchmark", "C"),
}
PLACES = 1e-14  # absolute, beside a relative 1e-12


def main() -> None:
    known = json.loads(REFERENCE.read_text(encoding="utf-8"))
    cases = [case for profile in CALLS for case in _cases(profile, known["series"])]
    print(json.dumps(cases, indent=1))
    if "--write" in sys.argv[1:]:
        published = [case for case in known["cases"] if case["profile"] not in CALLS]
        _write({"series": known["series"], "cases": published + cases})


def frame_of(series: dict[str, Any], name: str) -> pd.Series:
    """Give a reference series with its dates; they are all that a peer needs to know them."""
    known = series[name]
    values = [math.nan if v is None else v for v in known["values"]]
    dates = pd.date_range(known["start"], periods=len(values) + 1, freq=known["freq"])[1:]
    return pd.Series(values, dates, name=name)


def periods_of(returns: pd.Series) -> int:
    """Tell the two kinds of dates apart: months, and days without weekends."""
    return 12 if returns.index.freqstr.startswith("M") else 252


def namespace(profile: str, returns: pd.Series, benchmark: pd.Series) -> dict[str, Any]:
    """Name what a call speaks of: the peer, the columns, and the periods in a year."""
    benchmark = benchmark.reindex(returns.index)
    known: dict[str, Any] = {"returns": returns, "benchmark": benchmark, "p": periods_of(returns)}
    match profile:
        case "quantstats":
            import quantstats

            known["stats"] = quantstats.stats
        case "empyrical":
            import empyrical
            import scipy.stats

            known |= {"empyrical": empyrical, "scipy": scipy}
            known["period"] = {12: "monthly", 252: "daily"}[known["p"]]
        case "vectorbt":
            import vectorbt

            how = {"freq": "1D", "year_freq": f"{known['p']}D", "benchmark_rets": benchmark}
            known |= {"vectorbt": vectorbt, "accessor": returns.vbt.returns(**how)}
        case "ffn":
            import ffn

            prices, other = prices_of(returns), prices_of(benchmark)
            known |= {"ffn": ffn, "prices": prices, "returns": prices.pct_change()}
            known["benchmark"] = other.pct_change()
    return known


def call(written: str, known: dict[str, Any]) -> float:
    """Do what a call says."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # the peers' own
        return float(eval(written, {"np": np, "float": float}, known))


def prices_of(returns: pd.Series) -> pd.Series:
    """Compound returns from 100, at the date before the first of them."""
    first = returns.index[:1].shift(-1, freq=returns.index.freq)
    grown = np.concatenate(([100.0], 100.0 * np.cumprod(1.0 + returns.to_numpy())))
    return pd.Series(grown, first.append(returns.index), name=returns.name)


def _cases(profile: str, series: dict[str, Any]) -> list[dict[str, Any]]:
    source = f"{profile} {version(DISTRIBUTIONS[profile])}, run"
    cases = []
    for name, (beside, letter) in SERIES.items():
        known = namespace(profile, frame_of(series, name), frame_of(series, beside))
        for written, metric, options, wanted in CALLS[profile]:
            if (letter and letter not in wanted) or (wanted == "daily" and name != "daily"):
                continue
            said = {k: known["p"] if v == "p" else v for k, v in options.items()}
            case = {"profile": profile, "call": written, "metric": metric, "options": said}
            case |= {"data": name, "benchmark": beside, "expected": _answer(written, known)}
            case |= {"tolerance": PLACES, "source": source}
            if (written, name) in NOT_REPRODUCED:
                case["reproduced"] = False
            cases.append(case)
    return cases


def _answer(written: str, known: dict[str, Any]) -> float | str:
    try:
        value = call(written, known)
    except (ArithmeticError, TypeError, ValueError) as error:
        return f"raises {type(error).__name__}"
    return value if math.isfinite(value) else str(value)


def _write(reference: dict[str, Any]) -> None:
    """Write one case, or one series, a line."""
    series = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(known)}" for name, known in reference["series"].items()
    )
    cases = ",\n".join(f"  {json.dumps(case)}" for case in reference["cases"])
    text = f'{{\n "series": {{\n{series}\n }},\n "cases": [\n{cases}\n ]\n}}\n'
    REFERENCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
