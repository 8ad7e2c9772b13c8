"""Emitted gradients, compiled without warnings and run on three threads, against the interpreter.

``KAD_COMPILE=all`` takes every kernel and more plans, ``KAD_RUNS=serial,2x20,4x20`` runs them with Kokkos'
Serial, and on two and on four threads twenty times each.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.cases import cases, compiled
from tests.compiled_support import Call, expected, expected_primal, runs
from tests.gradient_support import Oracle, primal, spread
from transform import pipeline

pytestmark = pytest.mark.kokkos

ALL = os.environ.get("KAD_COMPILE") == "all"


def calls(file: str) -> list[Call]:
    found = []
    for number, case in enumerate(cases()):
        if case.file != file or not case.portable or not (ALL or case.function in compiled().get(file, ())):
            continue
        program = primal(case.path, case.function)
        oracle = Oracle(pipeline.differentiate(program, case.wrt, case.of), case.values())
        for k, plan in enumerate(spread(oracle.plans, 4 if ALL else 2)):
            found.append(Call(f"c{number}p{k}", case, oracle, plan))
    return found


@pytest.mark.parametrize("file", sorted({c.file for c in cases()}) if ALL else sorted(compiled()))
def test_compiled_gradients(file: str) -> None:
    wanted = calls(file)
    known = {call.key: (expected_primal(call), expected(call)) for call in wanted}
    for computed in runs(wanted, f"test_{file}"):
        for call in wanted:
            result, gradient = known[call.key]
            close(computed[f"primal_{call.key}"], result, call, "as the user's code computes it")
            close(computed[call.key], gradient, call, str(dict(call.plan)))


def close(computed: np.ndarray, wanted: np.ndarray, call: Call, what: str) -> None:
    tolerance = 2e-4 if call.oracle.float32 else 1e-10
    np.testing.assert_allclose(computed, wanted, tolerance, tolerance, err_msg=f"{call.case.name} {what}")
