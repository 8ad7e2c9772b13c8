"""Ways to combine increments: sums of the launch, copies of teams, few copies."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from search_spaces.model import Plan, architectures
from tests.cases import Case, cases
from tests.compiled_support import Call, _run, compiled, expected, program
from tests.gradient_support import Oracle, primal
from transform import pipeline

HOST = architectures()["host"]
DEVICE = replace(HOST, knobs={**HOST.knobs, "replicas": (2, 1, 50), "team_size": (64,)})
WAYS = ("reduction", "hierarchical", "privatization")
CASES = tuple(c for c in cases() if c.file == "accumulation")


@cache
def oracle(case: Case) -> Oracle:
    return Oracle(pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of), case.values())


def chosen(case: Case) -> list[Plan]:
    """Plans that answer with one of ``WAYS``; one for each combination of answers."""
    found: dict[tuple[object, ...], Plan] = {}
    for plan in pipeline.search_space(oracle(case).adjoint, DEVICE).plans():
        answers = tuple(v for k, v in plan.items() if k.startswith("accumulate.") or k == "replicas")
        if set(answers) & set(WAYS):
            found.setdefault(answers, plan)
    return list(found.values())


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_interpreted(case: Case) -> None:
    for plan in chosen(case):
        oracle(case).check(plan)


@pytest.mark.kokkos
def test_compiled() -> None:
    calls = [
        Call(f"a{k}p{n}", case, oracle(case), plan)
        for k, case in enumerate(CASES)
        for n, plan in enumerate(chosen(case))
    ]
    binary = compiled(program(calls), "test_accumulation_ways")
    for threads in ("1", "2", "4"):
        printed = _run(binary, threads, {c.key for c in calls})
        for call in calls:
            tolerance = 1e-5 if oracle(call.case).float32 else 1e-10
            name = f"{call.case.name} {dict(call.plan)} with {threads} threads"
            np.testing.assert_allclose(printed[call.key], expected(call), tolerance, tolerance, err_msg=name)


def test_few_copies_are_not_declared_reproducible() -> None:
    case = next(c for c in CASES if c.function == "from_table")
    adjoint = oracle(case).adjoint
    plan: Plan = {**pipeline.search_space(adjoint, HOST).default, "accumulate.table": "privatization"}
    own, shared = (pipeline.realise(adjoint, p) for p in (plan, {**plan, "replicas": 2}))
    assert own.deterministic and not shared.deterministic
    assert "kad::replicas<Kokkos::DefaultExecutionSpace>(ws.knobs.replicas)" in shared.text
    assert "kad::Knobs knobs{0, 100, {0}, 2, 256};" in shared.text


def test_what_changes_at_run_time_shares_its_code() -> None:
    case = next(c for c in CASES if c.function == "from_table")
    adjoint = oracle(case).adjoint
    for answer, knob in (("privatization", "replicas"), ("hierarchical", "team_size")):
        plan: Plan = {**pipeline.search_space(adjoint, HOST).default, "accumulate.table": answer}
        one, other = (pipeline.realise(adjoint, {**plan, knob: n}).text for n in (1, 64))
        different = [line for line in one.splitlines() if line not in other.splitlines()]
        assert len(different) == 1 and "kad::Knobs knobs" in different[0]
