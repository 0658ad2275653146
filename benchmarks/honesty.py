"""Honesty: how often an interval holds the truth, and a test cries wolf.

Worlds are simulated whose truth is known: independent normal returns, t(4), and an AR(1) of
0.2. What is printed here chose the interval of `perfkit.metrics.honesty.bootstrap`, the 30
observations of `ENOUGH`, and stands in the notes of the functions. Minutes on one core.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from arch.bootstrap import SPA, optimal_block_length
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

from benchmarks.timing import machine
from perfkit.metrics.honesty import (
    decay_test,
    deflated_sharpe_ratio,
    drawdown_odds,
    probabilistic_sharpe_ratio,
    superior_predictive_ability,
    trials_of,
)
from perfkit.metrics.honesty.percentile_interval import bounds_of_draws
from perfkit.metrics.honesty.resampling import block_length, drawn_positions

KINDS = ("normal", "t(4)", "AR(1) 0.2")
METRICS = ("mean", "volatility", "Sharpe", "Sortino", "Omega", "VaR 5 %", "CVaR 5 %")
LEVEL, MEAN = 0.95, 0.1


def world(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw returns of deviation 0.01 without a mean."""
    if kind == "t(4)":
        return 0.01 * rng.standard_t(4, shape) / np.sqrt(2)
    if kind == "gains":
        return 0.01 * (rng.exponential(1.0, shape) - 1.0)
    noise = rng.standard_normal(shape)
    if kind == "AR(1) 0.2":
        for i in range(1, shape[-1]):
            noise[..., i] = 0.2 * noise[..., i - 1] + np.sqrt(0.96) * noise[..., i]
    return 0.01 * noise


def measures(returns: np.ndarray) -> np.ndarray:
    """Measure each row of returns; one column a metric."""
    mean, deviation = returns.mean(-1), returns.std(-1, ddof=1)
    losses = np.minimum(returns, 0.0)
    worst = np.sort(returns, -1)[..., : max(int(0.05 * returns.shape[-1]), 1)]
    with np.errstate(divide="ignore"):
        columns = (
            mean,
            deviation,
            mean / deviation,
            mean / np.sqrt((losses**2).mean(-1)),
            np.maximum(returns, 0.0).sum(-1) / -losses.sum(-1),
            np.quantile(returns, 0.05, axis=-1),
            worst.mean(-1),
        )
    return np.stack(columns, -1)


def intervals_of(returns: np.ndarray, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Build the intervals that were compared; each of shape (n_metrics, 2)."""
    n, tail, m = returns.size, (1 - LEVEL) / 2, len(METRICS)
    value = measures(returns)
    optimal = max(float(optimal_block_length(returns)["stationary"].iloc[0]), 1.0)
    found: dict[str, np.ndarray] = {}
    for name, block in (("optimal block", optimal), ("chosen", block_length(returns))):
        drawn = measures(returns[np.stack(list(drawn_positions(n, block, draws, seed)))])
        bounds = [
            bounds_of_draws(value[i], drawn[:, i], level=LEVEL, effective=n / block)
            for i in range(m)
        ]
        found[name] = np.array([b or (np.nan, np.nan) for b in bounds])
    ordered = np.sort(drawn, axis=0)

    def at(parts: np.ndarray) -> np.ndarray:
        places = np.clip(np.floor((draws + 1) * parts).astype(int) - 1, 0, draws - 1)
        return np.take_along_axis(ordered, places.T, axis=0).T

    plain = at(np.tile([tail, 1 - tail], (m, 1)))
    found["percentile"] = plain
    found["basic"] = 2 * value[:, None] - plain[:, ::-1]
    bias = ndtri(np.clip((drawn < value).mean(0), 1 / draws, 1 - 1 / draws))[:, None]
    z = ndtri([tail, 1 - tail])[None, :]
    groups = np.array_split(np.arange(n), 20)
    left_out = np.stack([measures(np.delete(returns, group)) for group in groups])
    gap = left_out.mean(0) - left_out
    skew = ((gap**3).sum(0) / (6 * (gap**2).sum(0) ** 1.5 + 1e-300))[:, None]
    found["BCa"] = at(ndtr(bias + (bias + z) / (1 - skew * (bias + z))))
    with np.errstate(invalid="ignore"):  # an Omega without a loss is infinite
        wide = student.ppf([tail, 1 - tail], n - 1) * drawn.std(0, ddof=1)[:, None]
    found["t, bootstrap error"] = value[:, None] + wide
    return found


def coverage(kind: str, n: int, worlds: int, draws: int) -> pd.DataFrame:
    """Count how often each interval holds the truth; NaN where under half were given."""
    rng = np.random.default_rng(n)
    long = world(np.random.default_rng(1), "t(4)" if kind == "t(4)" else "normal", (2_000_000,))
    truth = measures(long + 0.01 * MEAN)
    held: dict[str, list[np.ndarray]] = {}
    for seed in range(worlds):
        returns = world(rng, kind, (n + 20,))[20:] + 0.01 * MEAN
        for name, bounds in intervals_of(returns, draws, seed).items():
            inside = (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
            held.setdefault(name, []).append(
                np.where(np.isnan(bounds[:, 0]), np.nan, inside.astype(float))
            )
    rates = {
        name: np.array([_mean_known(column) for column in np.array(rows).T])
        for name, rows in held.items()
    }
    return pd.DataFrame(rates, index=METRICS).T * 100


def print_coverage(worlds: int, draws: int) -> None:
    print(f"\ncoverage of {LEVEL:.0%} intervals, in %; {worlds} worlds, {draws} draws")
    print(f"  {'':<11}{'n':>5}  {'interval':<20}" + "".join(f"{m:>11}" for m in METRICS))
    for kind in KINDS:
        for n in (30, 60, 250, 1_000):
            for name, row in coverage(kind, n, worlds, draws).iterrows():
                numbers = "".join(f"{x:>11.1f}" for x in row)
                print(f"  {kind:<11}{n:>5}  {name:<20}{numbers}")


def print_skill(worlds: int) -> None:
    print(f"\nrecords without skill, part with PSR > 0.95, in %; {worlds} worlds")
    for n in (5, 10, 20, 30, 60, 250):
        rates = []
        for kind in ("normal", "t(4)", "gains"):
            rng = np.random.default_rng(n)
            frame = pd.DataFrame(world(rng, kind, (worlds, n)).T)
            for sign in (1, -1) if kind == "gains" else (1,):
                psr = probabilistic_sharpe_ratio(sign * frame, small_sample="answer")
                rates.append(f"{(psr > 0.95).mean():>8.1%}")
        print(f"  n={n:<5} normal {rates[0]}  t(4) {rates[1]}  rare gains {rates[2]}"
              f"  rare losses {rates[3]}")  # fmt: skip
    rng, passed = np.random.default_rng(0), np.zeros(2)
    for _ in range(200):
        tried = pd.DataFrame(rng.normal(0, 0.01, (500, 50)))
        sharpes = tried.mean() / tried.std()
        best = tried[sharpes.idxmax()]
        psr = probabilistic_sharpe_ratio(best)
        dsr = deflated_sharpe_ratio(best, trials=trials_of(sharpes))
        passed += (psr > 0.95, dsr > 0.95)
    print(f"  the best of 50: PSR > 0.95 in {passed[0] / 200:.0%} of 200 worlds, "
          f"DSR > 0.95 in {passed[1] / 200:.1%}")  # fmt: skip


def print_decay(worlds: int) -> None:
    print(f"\ndecay test, alarms of {worlds} strategies within 250 days, in %")
    for kind in (*KINDS, "gains"):
        rng = np.random.default_rng(4)
        live, past = world(rng, kind, (worlds, 250)), world(rng, kind, (worlds, 1_000))
        alarms = [
            np.mean([decay_test(x, expected=goal, block=block).alarm is not None for x in live])
            for goal, block in ((0.0, 5), (0.0, 1), (0.00126, 5), (0.003, 5))
        ]
        pairs = zip(live, past, strict=True)
        alarms.append(np.mean([decay_test(x, expected=p).alarm is not None for x, p in pairs]))
        means = live.cumsum(1) / np.arange(1, 251)
        roots = np.sqrt(np.arange(1, 251))
        errors = np.stack([live[:, :k].std(1, ddof=1) for k in range(20, 251)], 1) / roots[19:]
        peeked = (means[:, 19:] < -1.96 * errors).any(1).mean()
        names = ("as promised", "by days", "Sharpe 2 lost", "Sharpe 4.8 lost", "against 1,000 days")
        told = "  ".join(f"{name} {a:.1%}" for name, a in zip(names, alarms, strict=True))
        print(f"  {kind:<11} {told}  (t-test each day {peeked:.1%})")


def print_drawdowns(worlds: int) -> None:
    print(f"\ndrawdown odds of spans like their reference, part below 0.05; {worlds} worlds")
    for kind in KINDS:
        for length in (250, 1_000):
            rng, p_values = np.random.default_rng(6), []
            for seed in range(worlds):
                live, past = (world(rng, kind, (k,)) + 0.0006 for k in (250, length))
                odds = drawdown_odds(live, reference=past, draws=200, seed=seed)
                p_values.append((odds.depth_p_value, odds.length_p_value))
            depth, longest = (np.array(p_values) < 0.05).mean(0)
            print(f"  {kind:<11} reference of {length:>5}: depth {depth:.1%}, length {longest:.1%}")


def print_superiority(worlds: int) -> None:
    print(f"\nsuperior predictive ability, part with p <= 0.05; {worlds} worlds of 250 days")
    for count in (2, 20):
        hits = np.zeros(4)
        for seed in range(worlds):
            rng = np.random.default_rng([seed, count])
            none = 0.01 * rng.standard_normal((250, count)) * np.linspace(0.3, 3.0, count)
            some = none + 0.00075 * (np.arange(count) == 0)
            for i, returns in enumerate((none, some)):
                own = superior_predictive_ability(0.0, pd.DataFrame(returns), draws=199, seed=seed)
                raw = SPA(np.zeros(250), -returns, reps=199, seed=seed)
                raw.compute()
                hits[2 * i] += own.consistent <= 0.05
                hits[2 * i + 1] += raw.pvalues["consistent"] <= 0.05
        size, raw_size, power, raw_power = hits / worlds
        print(f"  {count:>2} strategies: none better {size:.1%} (arch unscaled {raw_size:.1%}), "
              f"the calmest better {power:.1%} ({raw_power:.1%})")  # fmt: skip


def main(worlds: int = 400) -> None:
    print(f"machine: {machine()}")
    print_coverage(worlds, 400)
    print_skill(10 * worlds)
    print_decay(worlds)
    print_drawdowns(worlds)
    print_superiority(worlds // 2)


def _mean_known(column: np.ndarray) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if known.size * 2 >= column.size else float("nan")


if __name__ == "__main__":
    main()
