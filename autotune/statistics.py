"""Medians with distribution-free confidence intervals, ratios, and what makes samples suspicious.

Run times are skewed and have outliers, so nothing here assumes a normal distribution.
Sources: order-statistic interval of the median and signed-rank interval: Conover, Practical Nonparametric
Statistics, 3rd ed., 3.2 and 5.7; bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13;
outliers: Tukey's fences; two modes: Ashman, Bird, Zepf, Detecting bimodality in astronomical datasets, 1994.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr

from autotune.outcome import Timing

CONFIDENCE = 0.95
RESAMPLES = 2000


def timing(samples: Sequence[float]) -> Timing:
    """Median and 95 % confidence interval of the median, in the samples' unit (seconds).

    The interval is bounded by order statistics; below six samples none reaches 95 %, and it is the range.
    Raises ``ValueError`` for no samples.
    """
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    n = len(ordered)
    # largest k with P(Binomial(n, 1/2) < k) <= alpha / 2: the k-th smallest and k-th largest sample bound it
    k = int(np.searchsorted(bdtr(np.arange(n + 1), n, 0.5), (1 - CONFIDENCE) / 2))
    k = max(k, 1)
    return Timing(tuple(samples), float(np.median(ordered)), ordered[k - 1], ordered[n - k])


def ratio_interval(numerator: Timing, denominator: Timing, seed: int = 0) -> tuple[float, float, float]:
    """Ratio of the medians with its 95 % percentile-bootstrap interval: ``(ratio, low, high)``.

    Interleaved timings of equal length are resampled in pairs, so that drift common to both cancels.
    """
    a, b = np.asarray(numerator.samples), np.asarray(denominator.samples)
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(a), (RESAMPLES, len(a)))
    columns = rows if len(a) == len(b) else random.integers(0, len(b), (RESAMPLES, len(b)))
    ratios = np.median(a[rows], axis=1) / np.median(b[columns], axis=1)
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return numerator.median / denominator.median, float(low), float(high)


def signed_rank_interval(values: Sequence[float], alpha: float) -> tuple[float, float, float]:
    """Centre of symmetry of independent ``values`` with a bound on either side: ``(estimate, low, high)``.

    Each bound is wrong with probability at most ``alpha``, whatever the distribution, if it is symmetric. The
    logarithm of the ratio of two equal variants' times is, when they take turns at random: swapping them
    changes its sign. Below ``log2(1 / alpha)`` values there are no such bounds, and they are infinite.
    The estimate is Hodges' and Lehmann's: the median of all pairwise means, which the bounds are among too.
    """
    x = np.asarray(values, dtype=float)
    first, second = np.triu_indices(len(x))
    means = np.sort((x[first] + x[second]) / 2)
    # number of sign patterns for each sum of the ranks with a negative sign
    patterns = np.zeros(len(means) + 1)
    patterns[0] = 1.0
    for rank in range(1, len(x) + 1):
        patterns[rank:] += patterns[: len(patterns) - rank].copy()
    outside = int(np.searchsorted(np.cumsum(patterns) / 2.0 ** len(x), alpha, side="right"))
    if outside == 0:
        return float(np.median(means)), -np.inf, np.inf
    return float(np.median(means)), float(means[outside - 1]), float(means[-outside])


def outliers(measured: Timing) -> int:
    """How many samples lie beyond Tukey's outer fences: three interquartile ranges from the quartiles."""
    first, third = np.quantile(measured.samples, [0.25, 0.75])
    # clocks tick and quiet samples agree to the last digit: less than 1 % from the quartiles is nothing
    reach = max(3.0 * (third - first), 0.01 * third)
    return sum(1 for s in measured.samples if s < first - reach or s > third + reach)


def modes(measured: Timing) -> tuple[float, float] | None:
    """The centres of two separate clusters of samples, if there are two; else ``None``.

    The split is the one with the least variance within. Two clusters count as separate where either holds a
    fifth of the samples, their means (of logarithms) are six of their standard deviations apart (a split
    normal sample has 2.7, a uniform one 3.5; few samples scatter widely), and the times differ by 2 %.
    """
    x = np.sort(np.log(measured.samples))
    n = len(x)
    least = max(3, -(-n // 5))
    if n < 14:
        return None
    splits = range(least, n - least + 1)
    cut = min(splits, key=lambda k: k * x[:k].var() + (n - k) * x[k:].var())
    low, high = x[:cut], x[cut:]
    within = np.sqrt((low.var(ddof=1) + high.var(ddof=1)) / 2)
    apart = high.mean() - low.mean()
    if apart < np.log(1.02) or apart < 6.0 * within:
        return None
    return float(np.exp(np.median(low))), float(np.exp(np.median(high)))


def drift(measured: Timing) -> float:
    """The second half's median over the first half's, less one, if their 95 % intervals part; else 0."""
    half = len(measured.samples) // 2
    if half < 6:
        return 0.0
    first, second = timing(measured.samples[:half]), timing(measured.samples[half:])
    apart = first.high < second.low or second.high < first.low
    return second.median / first.median - 1 if apart else 0.0


def remarks(measured: Timing) -> tuple[str, ...]:
    """What is suspicious about the samples, in words; nothing of it is averaged away."""
    found = []
    wild = outliers(measured)
    if wild:
        found.append(f"{wild} of {len(measured.samples)} samples are outliers")
    two = modes(measured)
    if two is not None:
        found.append(f"two modes, {100 * (two[1] / two[0] - 1):.0f} % apart")
    slope = drift(measured)
    if abs(slope) >= 0.02:
        found.append(f"drifts by {100 * slope:+.0f} %")
    return tuple(found)
