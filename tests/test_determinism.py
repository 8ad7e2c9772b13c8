"""What is declared bitwise reproducible computes the same bits on every run with as many threads."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.model import Plan
from tests.cases import Case
from tests.compiled_support import Call, _run, compiled, program
from tests.corpus_support import CORPUS
from tests.gradient_support import Oracle, primal
from transform import pipeline

pytestmark = pytest.mark.kokkos

THREADS = ("2", "3", "4")
REPEATS = 3
NODES, ELEMENTS = 400, 900


def triangles() -> list[list[int]]:
    """Elements that share nodes at random: the order of increments shows in the last bits."""
    rng = np.random.default_rng(1)
    return [rng.choice(NODES, 3, replace=False).tolist() for _ in range(ELEMENTS)]


def places() -> np.ndarray:
    return np.random.default_rng(2).uniform(size=(NODES, 2))


def corpus_cases() -> tuple[Case, ...]:
    return (
        Case(
            "fe_energy",
            "fe_energy",
            {"coords": places(), "conn": triangles(), "u": (NODES,), "kappa": 1.3},
            directory=CORPUS,
        ),
        Case(
            "theta",
            "theta_loss",
            {"data": (500, 8), "target": (500,), "theta": (16,)},
            directory=CORPUS,
        ),
    )


def chosen(oracle: Oracle) -> list[Plan]:
    """One plan for each strategy that serves all Views, other answers as by default."""
    found: dict[str, Plan] = {}
    for plan in oracle.plans:
        answers = {str(v) for k, v in plan.items() if k.startswith("accumulate.")}
        if len(answers) == 1:
            found.setdefault(answers.pop(), plan)
    return list(found.values())


@pytest.mark.parametrize("case", corpus_cases(), ids=lambda c: c.file)
def test_declared_reproducible_is(case: Case) -> None:
    oracle = Oracle(pipeline.differentiate(primal(case.path, case.function)), case.values())
    plans = chosen(oracle)
    declared = [pipeline.realise(oracle.adjoint, plan).deterministic for plan in plans]
    names = [str(dict(plan)) for plan in plans]
    assert [d for d, name in zip(declared, names, strict=True) if "'atomic'" in name] == [False]
    assert any(declared)
    calls = [Call(f"d{k}", case, oracle, p) for k, p in enumerate(plans) if declared[k]]
    binary = compiled(program(calls), f"test_deterministic_{case.file}")
    for threads in THREADS:
        first, *others = (_run(binary, threads, {c.key for c in calls}) for _ in range(REPEATS))
        for call in calls:
            for other in others:
                np.testing.assert_array_equal(first[call.key], other[call.key], err_msg=str(dict(call.plan)))
