"""A synthetic search problem: conditional knobs, a constraint, recorded outcomes. Needs no compiler."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autotune.compiler import Toolchain
from autotune.evaluate import Inputs, Job, Limits, Task
from autotune.installation import Kokkos
from autotune.legal import LegalPlans, plan_key
from autotune.outcome import (
    Accuracy,
    CompileFailed,
    Crashed,
    Measurement,
    Outcome,
    OutOfMemory,
    TimedOut,
    Timing,
    WrongGradient,
)
from autotune.problem import Problem
from autotune.select import Rules
from autotune.workload import Workload
from search_spaces.model import Constraint, Parameter, Plan, Refusal, SearchSpace
from transform.ir.types import DOUBLE
from transform.signature import Signature

SPACE = SearchSpace(
    parameters=(
        Parameter("accumulate.x", ("atomic", "coloring", "privatization")),
        Parameter("coloring.x.order", ("natural", "degree"), active_if=(("accumulate.x", ("coloring",)),)),
        Parameter("accumulate.y", ("atomic", "coloring")),
        Parameter("intermediates.t", ("store", "recompute")),
        Parameter("unroll", (1, 2, 4)),
    ),
    constraints=(
        Constraint(
            "recompute needs no unrolling", lambda p: p["intermediates.t"] == "store" or p["unroll"] != 4
        ),
    ),
    refusals=(Refusal("accumulate.y", "privatization", "y is larger than the memory of this machine"),),
)

GOOD = Accuracy(inner_product=1e-15, finite_differences=1e-9, agreement=1e-14, primal_unchanged=True)
WRONG = Accuracy(inner_product=0.3, finite_differences=1e-9, agreement=0.2, primal_unchanged=True)


def timing(seconds: float, spread: float = 0.002) -> Timing:
    samples = tuple(seconds * (1 + spread * (i - 4) / 4) for i in range(9))
    return Timing(samples=samples, median=seconds, low=seconds * (1 - spread), high=seconds * (1 + spread))


def seconds(plan: Plan) -> float:
    """A landscape with one best plan: coloring by degree, atomic, store, unroll 2."""
    cost = {"atomic": 4.0, "coloring": 2.0, "privatization": 3.0}[str(plan["accumulate.x"])]
    cost *= {"natural": 1.2, "degree": 1.0, "None": 1.0}[str(plan.get("coloring.x.order"))]
    cost *= {"atomic": 1.0, "coloring": 1.5}[str(plan["accumulate.y"])]
    cost *= {"store": 1.0, "recompute": 1.4}[str(plan["intermediates.t"])]
    return 1e-3 * cost * {1: 1.1, 2: 1.0, 4: 1.3}[int(plan["unroll"])]


def measured(plan: Plan, memory: int = 1000, reproducible: bool = True) -> Measurement:
    return Measurement(
        primal=timing(1e-3),
        gradient=timing(seconds(plan)),
        reference=timing(seconds(SPACE.default)),
        accuracy=GOOD,
        memory=memory,
        reproducible=reproducible,
    )


FAILURES: tuple[Outcome, ...] = (
    CompileFailed("no matching function"),
    WrongGradient(WRONG, "disagrees with the tangent"),
    Crashed("SIGSEGV", "tail"),
    TimedOut(10.0, ""),
    OutOfMemory(1 << 30, "std::bad_alloc"),
)


def recorded(space: SearchSpace = SPACE) -> dict[str, Outcome]:
    """An outcome for every legal plan; every eleventh plan fails in one of the possible ways."""
    outcomes: dict[str, Outcome] = {}
    for i, plan in enumerate(space.plans()):
        failure = FAILURES[i // 11 % len(FAILURES)] if i % 11 == 10 else None
        outcomes[plan_key(plan)] = failure or measured(plan)
    return outcomes


def key_of(plan: Plan) -> str:
    return "p" + hashlib.sha256(plan_key(plan).encode()).hexdigest()[:10]


def job(plan: Plan) -> Job:
    return Job(key_of(plan), plan, plan_key(plan))


SIGNATURE = Signature("f", "f", DOUBLE, ())
_KOKKOS = Kokkos(Path("/k"), Path("/k/include"), "4.6.0", ("serial",), ())
TOOLCHAIN = Toolchain("host", "g++", "g++ 12", (), _KOKKOS, "c++17")
INPUTS = Inputs(SIGNATURE, Workload("w", ()), Workload("w", ()))
LIMITS = Limits()


def task(reference: Job, jobs: tuple[Job, ...]) -> Task:
    return Task(SIGNATURE, Path("f.cpp"), "", reference, jobs, TOOLCHAIN)


def problem(space: SearchSpace = SPACE, rules: Rules | None = None) -> Problem:
    return Problem(
        label="f.host",
        identity="i",
        legal=LegalPlans(space),
        job=job,
        deterministic=lambda plan: "atomic" not in plan.values(),
        task=task,
        inputs=INPUTS,
        limits=LIMITS,
        rules=rules or Rules(),
    )
