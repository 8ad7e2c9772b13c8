"""Every legal variant of every corpus kernel: against the tangent, finite differences and one another."""

from __future__ import annotations

import pytest

from autotune.evaluate import Limits, verify_only
from autotune.outcome import Accuracy
from tests.corpus_support import KERNELS, kernel, variants

pytestmark = pytest.mark.kokkos


@pytest.mark.parametrize("name", KERNELS)
def test_every_variant_is_right(name: str) -> None:
    found = {}
    for binary, job in variants(name):
        found[job.key] = verify_only(binary, job.key, kernel(name).inputs, Limits(timeout=60.0))
    plans = {f"v{i}": dict(plan) for i, plan in enumerate(kernel(name).plans)}
    assert set(found) == set(plans)
    wrong = {str(plans[k]): outcome for k, outcome in found.items() if not isinstance(outcome, Accuracy)}
    assert not wrong
    for outcome in found.values():
        assert isinstance(outcome, Accuracy)
        assert outcome.inner_product < 1e-10
        assert outcome.agreement < 1e-10
        assert outcome.finite_differences < 1e-6
        assert outcome.primal_unchanged


@pytest.mark.parametrize("name", ["fe_energy", "heat", "stencil"])
def test_there_is_a_choice_of_strategies(name: str) -> None:
    answers = {str(v) for plan in kernel(name).plans for k, v in plan.items() if k.startswith("accumulate")}
    assert {"atomic", "coloring", "privatization"} <= answers


def test_map_has_no_racing_increment() -> None:
    """Out-of-place elementwise: every increment is proved race-free, so there is nothing to choose."""
    assert not any(k.startswith("accumulate") for plan in kernel("map").plans for k in plan)
