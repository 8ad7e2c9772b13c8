"""Measure every plan of a kernel's space and keep the outcomes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.legal import plan_key
from autotune.machine import this_machine
from autotune.options import Request
from autotune.outcome import CompileFailed, Measurement, Outcome
from autotune.problem import architecture, derive_or_install, prepare, workload_of
from autotune.select import objective
from autotune.tune import Problem
from autotune.workers import LocalExecutor
from experiments.regret.spaces import RECORDINGS, Record, RecordedSpace, save

CORPUS = Path(__file__).parent.parent / "kernels"
_PER_PROGRAM = 8
_LIMITS = Limits(timeout=120.0, budget=0.4)


def record(kernel: str, workload: str, kokkos_root: Path | None) -> Path:
    """Measure all of ``kernel`` (its name in the corpus) and write the recording; the file's path.

    A variant's time is the ratio to the default variant's, which is timed beside it. Its cost is the time
    for its verification and timing and its share of the time to build the program that it is in.
    """
    path = CORPUS / f"{kernel}.cpp"
    request = Request(path, workload=f"{path.with_suffix('.toml')}:{workload}", kokkos_root=kokkos_root)
    host = architecture("host")
    derivation, toolchain = derive_or_install(request, host, _note)
    chosen = workload_of(request, derivation, _note)
    problem = prepare(request, derivation, host, toolchain, chosen, limits=_LIMITS)
    executor = LocalExecutor()
    try:
        records = tuple(_measure(problem, executor))
    finally:
        executor.close()
    machine = this_machine()
    space = RecordedSpace(
        f"{kernel}:{workload}",
        path,
        problem.legal.space.parameters,
        records,
        problem.legal.space.default,
        f"{machine.cpu}, {machine.threads} threads, Kokkos {toolchain.kokkos.version}, "
        f"{toolchain.compiler_version}",
    )
    target = RECORDINGS / f"{kernel}-{workload}.json.gz"
    save(space, target)
    return target


def _measure(problem: Problem, executor: LocalExecutor) -> Iterator[Record]:
    jobs = [problem.job(plan) for plan in problem.legal.space.plans()]
    reference = jobs[0]
    for first in range(0, len(jobs), _PER_PROGRAM):
        group = tuple(jobs[first : first + _PER_PROGRAM])
        for part in _built(problem, executor, reference, group):
            for job, binary, building in part:
                start = time.monotonic()
                outcome = _outcome(executor, binary, job, problem.inputs, problem.limits)
                cost = building + time.monotonic() - start
                found = objective(outcome, problem.rules)
                _note(f"{plan_key(job.plan)}: {type(outcome).__name__} {found}")
                yield Record(job.plan, found if isinstance(outcome, Measurement) else None, cost)


def _built(
    problem: Problem, executor: LocalExecutor, reference: Job, group: Sequence[Job]
) -> Iterator[list[tuple[Job, Binary | CompileFailed, float]]]:
    """One program of all; where that does not compile, each alone. With each one's share of the seconds."""

    def build(jobs: Sequence[Job]) -> list[tuple[Job, Binary | CompileFailed, float]]:
        start = time.monotonic()
        task: Task = problem.task(reference, tuple(jobs))
        ((_, binary),) = executor.build([task])
        share = (time.monotonic() - start) / len(jobs)
        return [(job, binary, share) for job in jobs]

    together = build(group)
    if isinstance(together[0][1], CompileFailed) and len(group) > 1:
        for job in group:
            yield build([job])
    else:
        yield together


def _outcome(
    executor: LocalExecutor, binary: Binary | CompileFailed, job: Job, inputs: Inputs, limits: Limits
) -> Outcome:
    if isinstance(binary, CompileFailed):
        return binary
    return executor.evaluate(binary, job.key, inputs, limits)


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
