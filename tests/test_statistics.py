"""Intervals, ratios and decisions on samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.statistics import (
    drift,
    modes,
    outliers,
    ratio_interval,
    remarks,
    signed_rank_interval,
    timing,
)

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


def test_signed_rank_bounds_of_tables() -> None:
    """Critical sums of negative ranks from published tables: one-sided 2.5 %: 8 of 10, 52 of 20."""
    for n, critical in {10: 8, 20: 52}.items():
        values = [float(i) for i in range(1, n + 1)]
        means = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
        estimate, low, high = signed_rank_interval(values, 0.025)
        assert estimate == (n + 1) / 2
        assert (low, high) == (means[critical], means[-critical - 1])


def test_signed_rank_needs_enough_values() -> None:
    assert signed_rank_interval([1.0] * 5, 0.03)[1] == -np.inf
    assert signed_rank_interval([1.0] * 6, 0.02) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", ["normal", "two", "heavy"])
def test_signed_rank_bound_holds_for_any_symmetric_noise(kind: str) -> None:
    """Also for what fools a t-test: two equally likely values."""
    random = np.random.default_rng(5)
    wrong = 0
    for _ in range(4000):
        noise = {
            "normal": random.normal(size=12),
            "two": random.choice([-1.0, 1.0], 12) + 1e-6 * random.normal(size=12),
            "heavy": random.standard_cauchy(12),
        }[kind]
        wrong += signed_rank_interval(noise.tolist(), 0.01)[1] > 0
    assert wrong <= 0.01 * 4000 + 3 * np.sqrt(0.01 * 4000)


def test_two_modes_are_found_and_one_is_not_split() -> None:
    random = np.random.default_rng(7)
    one = [list(random.lognormal(0.0, 0.03, n)) for n in (14, 20, 50) for _ in range(300)]
    one += [list(random.uniform(1.0, 1.2, n)) for n in (14, 20, 50) for _ in range(300)]
    assert sum(modes(timing(s)) is not None for s in one) <= 0.015 * len(one)
    for share in (0.25, 0.5, 0.75):
        two = [10.0 * (1.1 if i < share * 40 else 1.0) * random.lognormal(0.0, 0.008) for i in range(40)]
        found = modes(timing(two))
        assert found is not None and found == pytest.approx((10.0, 11.0), rel=0.01)
        assert any("two modes" in r for r in remarks(timing(two)))


def test_drift_is_told_from_noise() -> None:
    random = np.random.default_rng(8)
    still = list(random.lognormal(0.0, 0.01, 40))
    assert drift(timing(still)) == 0.0
    assert drift(timing([s * (1 + 0.002 * i) for i, s in enumerate(still)])) > 0.02
