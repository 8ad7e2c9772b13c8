"""One tuning run, from the request to the files: every architecture in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autotune.evaluate import Job, Limits
from autotune.failures import NoDevice
from autotune.interrupt import Interrupts
from autotune.machine import can_run
from autotune.options import Request, SearchOptions, sampler_name
from autotune.outcome import Measurement
from autotune.problem import (
    Derivation,
    Problem,
    architecture,
    derive_or_install,
    journal_path,
    prepare,
    workload_of,
)
from autotune.progress import Progress
from autotune.record import About, Record, write_record
from autotune.results import about_search, tuned_entry, write_header
from autotune.select import front
from autotune.study import open_search
from autotune.table import entries_json
from autotune.toolchain import Toolchain
from autotune.tune import Budget, Result, run_search
from autotune.tuned import SearchRecord, TunedEntry, config_path, write_entry
from autotune.warm import first_plans, tuned_plans
from autotune.workers import Executor
from autotune.workload import Workload
from search_spaces.model import Architecture, Plan, architectures


@dataclass(frozen=True)
class Tuned:
    """What became of one architecture. Without a winner ``entry``, ``config`` and ``header`` are ``None``."""

    arch: str
    workload: str
    problem: Problem
    result: Result
    entry: TunedEntry | None
    config: Path | None
    header: Path | None

    def to_json(self) -> dict[str, Any]:
        return {
            "arch": self.arch,
            "workload": self.workload,
            "winner": None if self.entry is None else self.entry.to_json(),
            "variants": entries_json(self.result.entries, self.result.selection, self.problem.rules),
            "refused": [
                {"knob": r.parameter, "value": r.value, "reason": r.reason}
                for r in self.problem.legal.space.refusals
            ],
            "config": None if self.config is None else str(self.config),
            "header": None if self.header is None else str(self.header),
        }


def runnable(names: tuple[str, ...]) -> tuple[Architecture, ...]:
    """The architectures called ``names``. Raises ``UsageError`` (unknown) or ``NoDevice``."""
    archs = tuple(architecture(name) for name in names)
    for arch in archs:
        reason = can_run(arch)
        if reason is not None:
            able = ", ".join(a.name for a in architectures().values() if can_run(a) is None)
            raise NoDevice(f"{arch.name} ({arch.title}) cannot run here: {reason}; can run here: {able}")
    return archs


def tune(
    request: Request,
    options: SearchOptions,
    executor: Executor,
    progress: Progress,
    interrupts: Interrupts,
    *,
    limits: Limits | None = None,
    mutate: Callable[[Job], Job] | None = None,
) -> tuple[Tuned, ...]:
    """Tune for every architecture of the request, writing config and header after each.

    ``mutate`` may change a job before it is built (tests inject faults with it). Raises ``Refused``,
    ``UsageError``, ``ToolchainMissing``, ``KokkosHeadersMissing``, ``NoDevice``, ``KeyboardInterrupt``.
    """
    results = []
    measuring = replace(limits or Limits(), cold=options.cold_cache)
    for arch in runnable(request.archs):
        progress.stage(f"reading {request.kernel}")
        derivation, toolchain = derive_or_install(request, arch, progress.note)
        workload = workload_of(request, derivation, progress.note)
        problem = prepare(
            request,
            derivation,
            arch,
            toolchain,
            workload,
            limits=measuring,
            mutate=mutate,
            objectives=options.objectives,
        )
        sampler = sampler_name(options.sampler, problem.legal.size, options.trials)
        about = about_search(derivation, arch, toolchain, workload.name, problem)
        name, wrt, of = derivation.signature.name, derivation.wrt, derivation.of
        earlier = [] if options.cold else tuned_plans(request.out, name, options.warm, wrt, of, arch.name)
        result = _search(request, options, sampler, earlier, problem, about, executor, progress, interrupts)
        write_record(request.out, Record(about, result.entries, result.finals))
        results.append(
            _conclude(
                request,
                options,
                sampler,
                derivation,
                arch,
                toolchain,
                workload,
                problem,
                result,
                progress,
            )
        )
    return tuple(results)


def _search(
    request: Request,
    options: SearchOptions,
    sampler: str,
    earlier: Sequence[Plan],
    problem: Problem,
    about: About,
    executor: Executor,
    progress: Progress,
    interrupts: Interrupts,
) -> Result:
    first = first_plans(problem.legal, earlier, options.trials)
    search = open_search(
        problem.legal,
        label=problem.label,
        identity=problem.identity,
        storage=options.storage or journal_path(request.out, problem.label),
        sampler=sampler,
        seed=options.seed,
        resume=options.resume,
        first=first,
        objectives=len(options.objectives),
    )
    try:
        size = problem.legal.size
        progress.note(
            f"{problem.label}: {'more than can be enumerated' if size is None else size} legal variants, "
            f"sampler {sampler}, {len(search.finished())} trials kept from before"
        )
        if earlier and not search.resumed:
            progress.note("winners of earlier searches are tried first (--cold-start: not)")
        if options.resume and not search.resumed:
            progress.note(
                "nothing to resume: no search for this kernel, workload, toolchain and space was kept"
            )
        several = len(options.objectives) > 1  # no one number says what is left to gain
        keep_going = options.keep_going or several or sampler == "exhaustive"
        budget = Budget(options.trials, options.time_budget, keep_going)
        search.keep("about", about.to_json())
        return run_search(problem, search, executor, budget, progress, interrupts)
    finally:
        search.close()


def _conclude(
    request: Request,
    options: SearchOptions,
    sampler: str,
    derivation: Derivation,
    arch: Architecture,
    toolchain: Toolchain,
    workload: Workload,
    problem: Problem,
    result: Result,
    progress: Progress,
) -> Tuned:
    if result.selection is None:
        return Tuned(arch.name, workload.name, problem, result, None, None, None)
    record = SearchRecord(
        trials=len(result.entries),
        verified=sum(isinstance(e.outcome, Measurement) for e in result.entries),
        space=problem.legal.size,
        sampler=sampler,
        seed=options.seed,
    )
    caches = "cold" if problem.limits.cold else "warm"
    pareto = front(result.entries, problem.rules) if len(options.objectives) > 1 else ()
    entry = tuned_entry(
        request, derivation, arch, toolchain, workload, result, result.selection, record, caches, pareto
    )
    name = derivation.signature.name
    config = write_entry(request.out, name, derivation.signature.qualified, entry)
    header = write_header(request.out, derivation, config, arch.name, progress.note)
    return Tuned(arch.name, workload.name, problem, result, entry, config_path(request.out, name), header)
