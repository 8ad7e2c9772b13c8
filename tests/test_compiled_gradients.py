"""Emitted gradients, compiled without warnings and run on three threads, against the interpreter.

``KAD_COMPILE=all`` takes every kernel and more plans.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.compiled_support import Call, expected, run
from tests.gradient_support import Oracle, primal, spread
from tests.kernel_cases import CASES
from transform import pipeline

pytestmark = pytest.mark.kokkos

ALL = os.environ.get("KAD_COMPILE") == "all"
CHOSEN = {
    "loops": ("nested_carried", "descending_dynamic", "array_dynamic_index", "bounds_from_view"),
    "memory": ("local_refilled", "parameter_refilled", "filler_with_atomic_side_effect", "copies"),
    "indices": ("connectivity", "scatter_atomic", "grid", "cube", "conditional_permutation"),
    "host": ("power_iteration", "nested_time_loops", "branch_in_time_loop", "two_time_loops", "empty_ranges"),
    "types": ("mixed", "rank_four", "static_extents", "rank_zero_fill", "math", "extrema"),
}  # fmt: skip


def calls(file: str) -> list[Call]:
    found = []
    for number, case in enumerate(CASES):
        if case.file != file or not (ALL or case.function in CHOSEN[file]):
            continue
        program = primal(case.path, case.function)
        oracle = Oracle(pipeline.differentiate(program, case.wrt, case.of), case.values())
        for k, plan in enumerate(spread(oracle.plans, 4 if ALL else 2)):
            found.append(Call(f"c{number}p{k}", case, oracle, plan))
    return found


@pytest.mark.parametrize("file", sorted({c.file for c in CASES}) if ALL else sorted(CHOSEN))
def test_compiled_gradients(file: str) -> None:
    wanted = calls(file)
    computed = run(wanted, f"test_{file}")
    for call in wanted:
        tolerance = 2e-4 if call.oracle.float32 else 1e-10
        np.testing.assert_allclose(
            computed[call.key],
            expected(call),
            rtol=tolerance,
            atol=tolerance,
            err_msg=f"{call.case.name} {dict(call.plan)}",
        )
