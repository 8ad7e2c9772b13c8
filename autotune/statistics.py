"""Medians with distribution-free confidence intervals, ratios, and which of two timings is faster.

Run times are skewed and have outliers, so nothing here assumes a normal distribution.
Sources: order-statistic interval of the median: Conover, Practical Nonparametric Statistics, 3rd ed., 3.2;
bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13; outliers: Tukey's fences.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np
from scipy.stats import binom

from autotune.outcome import Timing

CONFIDENCE = 0.95
RESAMPLES = 2000


class Verdict(Enum):
    """Of two timings."""

    FASTER = "faster"
    SLOWER = "slower"
    TIE = "tie"


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
    k = int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
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


def better(a: Timing, b: Timing) -> Verdict:
    """Is ``a`` faster than ``b``? Only intervals that do not overlap decide; otherwise it is a tie."""
    if a.high < b.low:
        return Verdict.FASTER
    if a.low > b.high:
        return Verdict.SLOWER
    return Verdict.TIE


def outliers(measured: Timing) -> int:
    """How many samples lie beyond Tukey's outer fences: three interquartile ranges from the quartiles."""
    first, third = np.quantile(measured.samples, [0.25, 0.75])
    reach = 3.0 * (third - first)
    return sum(1 for s in measured.samples if s < first - reach or s > third + reach)
