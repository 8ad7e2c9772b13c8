"""Measure every plan of a kernel's space and keep the outcomes."""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.legal import plan_key
from autotune.machine import this_machine
from autotune.options import Request
from autotune.outcome import CompileFailed, Measurement, Outcome
from autotune.problem import Problem, architecture, derive_or_install, prepare, workload_of
from autotune.select import objective
from autotune.workers import LocalExecutor
from experiments.regret.spaces import RECORDINGS, Record, RecordedSpace, save

HERE = Path(__file__).parent
CORPUS = HERE.parent / "kernels"
WORKLOADS = HERE / "workloads"
_PER_PROGRAM = 8
_LEAST, _MOST = 0.1, 1.0  # seconds that a plan is sampled for; warming up takes up to as long again
_BESIDE = 0.4  # seconds to build and verify a plan, about


@dataclass(frozen=True)
class Space:
    """A kernel of the corpus, or of this folder, with a table of ``workloads/KERNEL.toml``."""

    kernel: str
    workload: str

    @property
    def name(self) -> str:
        return f"{self.kernel}:{self.workload}"

    @property
    def path(self) -> Path:
        name = f"{self.kernel}.cpp"
        return CORPUS / name if (CORPUS / name).exists() else HERE / name

    @property
    def target(self) -> Path:
        return RECORDINGS / f"{self.kernel}-{self.workload}.json.gz"

    def problem(self, kokkos_root: Path | None) -> Problem:
        workload = f"{WORKLOADS / self.kernel}.toml:{self.workload}"
        request = Request(self.path, workload=workload, kokkos_root=kokkos_root)
        host = architecture("host")
        derivation, toolchain = derive_or_install(request, host, _note)
        chosen = workload_of(request, derivation, _note)
        return prepare(request, derivation, host, toolchain, chosen, limits=Limits())


def known_spaces(names: Sequence[str] = ()) -> list[Space]:
    """Every table of every workload file; those ``names`` (KERNEL or KERNEL:WORKLOAD) if any are given."""
    tables = [(p.stem, t) for p in sorted(WORKLOADS.glob("*.toml")) for t in tomllib.loads(p.read_text())]
    spaces = [Space(kernel, table) for kernel, table in tables]
    return [s for s in spaces if not names or s.name in names or s.kernel in names]


def record_all(spaces: Sequence[Space], kokkos_root: Path | None, minutes: float) -> Iterator[Path]:
    """Measure all plans of all ``spaces`` in about ``minutes`` after reading them, equal time for each plan.

    A variant's time is the ratio to the default variant's, which is timed beside it. Its cost is the time
    for its verification and timing and its share of the time to build the program that it is in. A space
    that has not begun after ``minutes`` is left out. Yields the files written.
    """
    problems = [(space, space.problem(kokkos_root)) for space in spaces]
    plans = sum(len(problem.legal.plans or ()) for _, problem in problems)
    end = time.monotonic() + 60 * minutes
    share = 60 * minutes / plans
    budget = min(max((share - _BESIDE) / 2, _LEAST), _MOST)
    _note(f"{plans} plans in {len(spaces)} spaces, {budget:.2f} s of samples each")
    executor = LocalExecutor()
    try:
        for space, problem in problems:
            if time.monotonic() > end:
                _note(f"no time left for {space.name}")
                continue
            limits = replace(problem.limits, budget=budget)
            yield _record(space, replace(problem, limits=limits), executor)
    finally:
        executor.close()


def _record(space: Space, problem: Problem, executor: LocalExecutor) -> Path:
    before = this_machine()
    records = tuple(_measure(problem, executor))
    tools = problem.task(problem.job(problem.legal.space.default), ()).toolchain
    setting = (
        f"{before.cpu}, {before.threads} threads, load {before.load:.1f}, Kokkos {tools.kokkos.version}, "
        f"{tools.compiler_version}"
    )
    legal = problem.legal.space
    save(
        RecordedSpace(space.name, space.path, legal.parameters, records, legal.default, setting), space.target
    )
    return space.target


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
