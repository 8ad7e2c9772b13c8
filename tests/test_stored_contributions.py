"""Contributions stored and added up by target: right, and bitwise the same on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases import cases
from tests.compiled_support import Call, _run, compiled, expected, expected_primal, program
from tests.gradient_support import Oracle, primal
from transform import pipeline

pytestmark = pytest.mark.kokkos

# records of several Views, slots in branches and in loops of unknown length, several parallel indices; sorted
FUNCTIONS = {
    "indices": (
        "connectivity",
        "conditional_permutation",
        "transposed",
        "compressed_rows",
        "cube",
        "interpolated",
        "springs",
    ),
    "atomics": ("scatter_loop", "half_neighbours"),
}


def calls(file: str) -> list[Call]:
    found: list[Call] = []
    for case in cases():
        if case.file != file or case.function not in FUNCTIONS[file]:
            continue
        oracle = Oracle(
            pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of), case.values()
        )
        plans = [p for p in oracle.plans if {"gather", "sorted"} & set(p.values())]
        layouts = {p.get("records"): p for p in reversed(plans)}
        found += [Call(f"g{len(found) + k}", case, oracle, p) for k, p in enumerate(layouts.values())]
    assert {call.case.function for call in found} == set(FUNCTIONS[file])
    return found


@pytest.mark.parametrize("file", FUNCTIONS)
def test_sums_by_target(file: str) -> None:
    wanted = calls(file)
    assert any(call.plan.get("records") == "aligned" for call in wanted) == (file == "indices")
    text = program(wanted)
    assert "kad::InverseMap" in text
    binary = compiled(text, f"test_stored_{file}")
    keys = {call.key for call in wanted}
    alone, together, again = (_run(binary, threads, keys) for threads in ("1", "3", "3"))
    for call in wanted:
        np.testing.assert_allclose(together[call.key], expected(call), 1e-10, 1e-10, err_msg=call.case.name)
        adjoints = slice(len(expected_primal(call)), None)  # the primal itself may round differently
        for other in (alone, again):
            np.testing.assert_array_equal(
                together[call.key][adjoints], other[call.key][adjoints], err_msg=call.case.name
            )
