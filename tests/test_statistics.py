"""Intervals, ratios and decisions on samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.statistics import Verdict, better, outliers, ratio_interval, timing

samples = st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=60)


@given(samples)
def test_interval_encloses_the_median(values: list[float]) -> None:
    t = timing(values)
    assert min(values) <= t.low <= t.median <= t.high <= max(values)
    assert t.samples == tuple(values)


def test_order_statistics_of_tables() -> None:
    """Ranks of the 95 % interval for the median from published tables (two-sided, conservative)."""
    for n, (low, high) in {7: (1, 7), 10: (2, 9), 20: (6, 15), 50: (18, 33)}.items():
        t = timing([float(i) for i in range(1, n + 1)])
        assert (t.low, t.high) == (low, high), n


def test_coverage_is_at_least_nominal() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(2000):
        t = timing(list(random.lognormal(0.0, 0.5, 15)))
        covered += t.low <= 1.0 <= t.high
    assert covered >= 0.94 * 2000


def test_one_sample_and_none() -> None:
    t = timing([2.0])
    assert (t.low, t.median, t.high) == (2.0, 2.0, 2.0)
    with pytest.raises(ValueError, match="no samples"):
        timing([])


def test_better_needs_separate_intervals() -> None:
    fast, slow = timing([1.0 + 0.01 * i for i in range(9)]), timing([2.0 + 0.01 * i for i in range(9)])
    wide = timing([0.5 + 0.3 * i for i in range(9)])
    assert better(fast, slow) is Verdict.FASTER
    assert better(slow, fast) is Verdict.SLOWER
    assert better(fast, wide) is Verdict.TIE


def test_ratio_interval_is_reproducible_and_uses_pairs() -> None:
    drift = np.linspace(1.0, 3.0, 15)
    primal, gradient = timing(list(drift)), timing(list(2.5 * drift))
    ratio, low, high = ratio_interval(gradient, primal)
    assert ratio == pytest.approx(2.5)
    assert low == pytest.approx(2.5)
    assert high == pytest.approx(2.5)
    unpaired = timing(list(2.5 * drift)[:-1])
    assert ratio_interval(unpaired, primal) == ratio_interval(unpaired, primal)
    assert ratio_interval(unpaired, primal)[2] > 2.6


def test_outliers_are_counted() -> None:
    assert outliers(timing([1.0, 1.01, 1.02, 0.99, 1.0, 1.03, 9.0])) == 1
    assert outliers(timing([1.0, 1.01, 1.02, 0.99, 1.0, 1.03])) == 0
