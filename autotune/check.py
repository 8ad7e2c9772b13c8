"""``kad-tune check``: is the gradient of every legal variant right? Nothing is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, TextIO

from rich import box
from rich.table import Table

from autotune.evaluate import Binary, Job, Limits
from autotune.interrupt import Interrupts
from autotune.legal import ENUMERATED, describe
from autotune.options import Request
from autotune.outcome import Accuracy, CompileFailed, Failure, to_json
from autotune.problem import Problem, derive_or_install, prepare, workload_of
from autotune.progress import Progress, reason, summary
from autotune.session import runnable
from autotune.table import show, wide_console
from autotune.workers import Executor
from search_spaces.model import Plan

_GROUP = 8  # variants in one program


@dataclass(frozen=True)
class Checked:
    """One variant: how accurate it is, or how it failed."""

    arch: str
    plan: Plan
    deterministic: bool
    verdict: Accuracy | Failure

    @property
    def passed(self) -> bool:
        return isinstance(self.verdict, Accuracy)

    def to_json(self) -> dict[str, Any]:
        verdict = self.verdict
        return {
            "arch": self.arch,
            "knobs": dict(self.plan),
            "deterministic": self.deterministic,
            "passed": self.passed,
            **(
                {"accuracy": asdict(verdict)}
                if isinstance(verdict, Accuracy)
                else {"failure": to_json(verdict)}
            ),
        }


def check(
    request: Request, executor: Executor, progress: Progress, interrupts: Interrupts
) -> tuple[Checked, ...]:
    """Verify every legal variant for every architecture of the request (the first 20,000 of each).

    Raises what ``session.tune`` raises.
    """
    checked: list[Checked] = []
    for arch in runnable(request.archs):
        progress.stage(f"reading {request.kernel}")
        derivation, toolchain = derive_or_install(request, arch, progress.note)
        workload = workload_of(request, derivation, progress.note)
        problem = prepare(request, derivation, arch, toolchain, workload, limits=Limits())
        checked += check_all(problem, arch.name, executor, progress, interrupts)
    return tuple(checked)


def check_all(
    problem: Problem, arch: str, executor: Executor, progress: Progress, interrupts: Interrupts
) -> list[Checked]:
    """Verify every legal variant of ``problem`` against its default."""
    if problem.legal.size is None:
        progress.note(f"more than {ENUMERATED} legal variants: checking the first {ENUMERATED}")
    plans = list(islice(problem.legal.space.plans(), ENUMERATED))
    reference = problem.job(problem.legal.space.default)
    checked: list[Checked] = []
    step = _GROUP * executor.parallel
    for start in range(0, len(plans), step):
        jobs = [problem.job(p) for p in plans[start : start + step]]
        progress.stage(f"building {len(jobs)} variants")
        with interrupts.waiting():
            binaries = _build(problem, reference, jobs, executor)
        for job in jobs:
            progress.running(f"{len(checked) + 1}/{len(plans)} {describe(job.plan)}")
            binary = binaries[job.key]
            with interrupts.waiting():
                verdict = (
                    binary
                    if isinstance(binary, CompileFailed)
                    else executor.verify(binary, job.key, problem.inputs, problem.limits)
                )
            checked.append(Checked(arch, job.plan, problem.deterministic(job.plan), verdict))
        if start == 0 and all(isinstance(c.verdict, CompileFailed) for c in checked) and plans[step:]:
            progress.note(f"none of the first {len(checked)} variants compiles: the others are not tried")
            break
    return checked


def _build(
    problem: Problem, reference: Job, jobs: Sequence[Job], executor: Executor
) -> dict[str, Binary | CompileFailed]:
    """Several variants per program; where that fails, one per program, so that the culprit is found."""
    groups = [tuple(jobs[i : i + _GROUP]) for i in range(0, len(jobs), _GROUP)]
    binaries: dict[str, Binary | CompileFailed] = {}
    for task, binary in executor.build([problem.task(reference, g) for g in groups]):
        binaries |= {job.key: binary for job in task.jobs}
    failed = [j for j in jobs if isinstance(binaries[j.key], CompileFailed)]
    # without the default variant beside it: that may be the one that does not compile
    for task, binary in executor.build([problem.task(j, (j,)) for j in failed]):
        binaries |= {job.key: binary for job in task.jobs}
    return binaries


def print_checked(checked: Sequence[Checked], stream: TextIO) -> None:
    """A table of all variants, then why the failed ones failed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("variant", overflow="fold", min_width=24)
    for title in ("inner product", "finite differences", "against default"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("deterministic")
    table.add_column("verdict", min_width=16)
    several = len({c.arch for c in checked}) > 1
    for c in checked:
        name = f"{c.arch}: {describe(c.plan)}" if several else describe(c.plan)
        sure = "yes" if c.deterministic else "no"
        if isinstance(c.verdict, Accuracy):
            a = c.verdict
            errors = (f"{e:.1e}" for e in (a.inner_product, a.finite_differences, a.agreement))
            table.add_row(name, *errors, sure, "passed")
        else:
            table.add_row(name, "-", "-", "-", sure, summary(c.verdict))
    console = wide_console(stream)
    show(console, table, ("deterministic", "finite differences", "against default"))
    for c in checked:
        if not isinstance(c.verdict, Accuracy):
            console.print(f"{describe(c.plan)}: {summary(c.verdict)}: {reason(c.verdict)}", markup=False)
    console.print(f"{sum(c.passed for c in checked)} of {len(checked)} variants passed")
