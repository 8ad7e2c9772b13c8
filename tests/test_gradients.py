"""Every plan of every kernel in ``tests/kernels``, interpreted: gradients, primal results, races."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.cases import KERNELS, Case, cases, refused
from tests.gradient_support import Oracle, primal, spread
from transform import pipeline
from transform.frontend.targets import without_arguments


@cache
def oracle(case: Case) -> Oracle:
    program = primal(case.path, case.function)
    return Oracle(pipeline.differentiate(program, case.wrt, case.of), case.values())


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.name)
def test_tangent_is_the_slope(case: Case) -> None:
    oracle(case).check_tangent()


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.name)
def test_every_plan_is_the_transposed_tangent(case: Case) -> None:
    for plan in spread(oracle(case).plans):
        oracle(case).check(plan)


def test_every_kernel_has_a_case() -> None:
    for path in KERNELS.glob("*.cpp"):
        functions = re.findall(r"^(?:double|float|void) (\w+)\(", path.read_text(), re.M)
        assert len(functions) == len(set(functions))
        tried = {without_arguments(c.function) for c in cases() if c.file == path.stem} | refused(path.stem)
        tried = {name.rpartition("::")[2] for name in tried}
        assert set(functions) <= tried, path.name


def test_the_table_of_the_language_names_kernels_that_exist() -> None:
    rows = (KERNELS / "README.md").read_text().partition("|---|---|")[2].strip().splitlines()
    known = {c.function for c in cases()}
    for row in rows:
        named = re.findall(r"`([^`]+)`", row.split("|")[2])
        assert named and set(named) <= known, row
