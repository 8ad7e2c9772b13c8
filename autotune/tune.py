"""The loop: ask for a batch of plans, build them together, verify and time each alone, tell, select."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from autotune.duels import Finals
from autotune.evaluate import Binary, Job, Task
from autotune.finals import finalists, hold_finals
from autotune.interrupt import Interrupts
from autotune.legal import describe
from autotune.machine import memory_bytes
from autotune.outcome import Comparison, CompileFailed, Failure, Measurement, Outcome
from autotune.problem import Problem
from autotune.progress import Progress
from autotune.select import Entry, Rules, Selection, noise, objective, objectives, select
from autotune.study import Search, Trial
from autotune.workers import Executor
from search_spaces.model import Plan


@dataclass(frozen=True)
class Budget:
    """``seconds``: no new measurement begins after them. ``keep_going``: see ``_Patience``."""

    trials: int = 64
    seconds: float | None = None
    keep_going: bool = True


@dataclass(frozen=True)
class Result:
    """Every tried variant in order of proposal, the winner, and the plan that all were compared with.

    ``finals``: how the winner was chosen; ``None`` if there was nothing to choose among.
    """

    entries: tuple[Entry, ...]
    selection: Selection | None
    reference: Plan
    finals: Finals | None = None


def run_search(
    problem: Problem,
    search: Search,
    executor: Executor,
    budget: Budget,
    progress: Progress,
    interrupts: Interrupts,
) -> Result:
    """Spend the budget, then let the best compete once more in one program.

    Raises ``KeyboardInterrupt`` when interrupted; everything told until then is in the study.
    """
    begin = time.monotonic()
    end = None if budget.seconds is None else begin + budget.seconds
    entries = [Entry(f.plan, f.outcome, problem.deterministic(f.plan)) for f in search.finished()]
    bench = _Bench(problem, executor, progress, interrupts, entries)
    patience = _Patience(problem.rules)
    total = budget.trials if problem.legal.size is None else min(budget.trials, problem.legal.size)
    kept = len(entries)
    while len(entries) < total and not _over(end):
        count = min(search.batch, total - len(entries))
        if end is not None and len(entries) > kept:  # what could not be timed any more need not be built
            pace = (time.monotonic() - begin) / (len(entries) - kept)
            count = min(count, max(executor.parallel, ceil((end - time.monotonic()) / pace)))
        trials = search.ask(count)
        if not trials:
            break
        for trial, outcome in bench.run(trials):
            search.tell(trial, outcome, objectives(outcome, problem.rules))
            entries.append(Entry(trial.plan, outcome, problem.deterministic(trial.plan)))
            progress.trial(len(entries), total, describe(trial.plan), outcome, _best(entries, problem.rules))
            if _over(end):
                progress.note("the time budget is spent")
                break
        if not budget.keep_going and len(entries) < total and patience.spent(search, entries):
            progress.note(
                f"after {len(entries)} trials no improvement beyond the noise is expected "
                "(--keep-going spends them all)"
            )
            break
    finals = bench.final(entries)
    if finals is not None:
        search.keep("finals", finals.to_json())
    selection = select(entries, problem.rules, problem.legal.space.default, finals)
    return Result(tuple(entries), selection, bench.reference_plan, finals)


_WORTH = 1e-3  # the least improvement that a search goes on for, as a fraction of the best time


class _Patience:
    """The rule that ends a search early.

    Two batches in a row after which the greatest expected improvement of an untried plan, relative to the
    best time, is less than half the relative width of the best time's 95 % interval: what could still be
    gained could not be measured. Less than a thousandth is never worth a trial.
    (Expected improvement as a stopping rule: Nguyen et al., Regret for
    Expected Improvement over the Best-Observed Value and Stopping Condition, 2017.)
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._idle = 0

    def spent(self, search: Search, entries: Sequence[Entry]) -> bool:
        """Call it once after each batch."""
        expected, bound = search.improvement(), noise(entries, self._rules)
        idle = expected is not None and bound is not None and expected < max(bound, _WORTH)
        self._idle = self._idle + 1 if idle else 0
        return self._idle >= 2


_TOGETHER = 16  # variants to a translation unit: with more, each gets hardly cheaper, but a failure dearer


def grouped(jobs: Sequence[Job], parallel: int) -> list[tuple[Job, ...]]:
    """``jobs`` by the translation unit that each is built in; ``parallel`` units are compiled at once.

    Jobs of one variant are in one.
    """
    variants = list(dict.fromkeys(j.variant for j in jobs))
    count = max(min(parallel, len(variants)), ceil(len(variants) / _TOGETHER))
    return [tuple(j for j in jobs if j.variant in variants[i::count]) for i in range(count)]


class _Bench:
    """Builds and evaluates trials beside a reference variant.

    The reference is the default variant. Should that fail, each variant is its own reference until one
    passes, which then serves.
    """

    def __init__(
        self,
        problem: Problem,
        executor: Executor,
        progress: Progress,
        interrupts: Interrupts,
        entries: Sequence[Entry],
    ) -> None:
        self._problem, self._executor = problem, executor
        self._progress, self._interrupts = progress, interrupts
        self._reference: Job | None = problem.job(problem.legal.space.default)
        self._bound = 0.0  # time of the best so far over the reference's; 0: none
        self._built: dict[tuple[str, str], Binary | CompileFailed] = {}
        for entry in entries:
            self._learn(problem.job(entry.plan), entry.outcome)

    @property
    def reference_plan(self) -> Plan:
        return self._problem.legal.space.default if self._reference is None else self._reference.plan

    def run(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Outcome]]:
        """The outcome of each trial, in order."""
        jobs = [self._problem.job(t.plan) for t in trials]
        binaries = self._build_all(jobs)
        for trial, job in zip(trials, jobs, strict=True):
            reference = self._reference or job
            if (reference.key, job.key) not in binaries:  # the reference failed since they were built
                binaries |= self._build([self._problem.task(reference, (job,))])
            outcome = self._evaluate(binaries[reference.key, job.key], job)
            self._learn(job, outcome)
            yield trial, outcome

    def final(self, entries: Sequence[Entry]) -> Finals | None:
        """Let the best few and the reference compete; ``None`` if there is nothing to choose among."""
        reference = self._reference
        if reference is None:
            return None
        best = finalists(entries, self._problem.rules, reference.plan)
        if not best:
            return None
        jobs = [self._problem.job(e.plan) for e in best]
        binaries = self._together(reference, jobs)
        used = {str(binaries[reference.key, job.key]) for job in jobs}
        room = sum(e.outcome.memory for e in best if isinstance(e.outcome, Measurement)) < memory_bytes() / 4

        def compare(contestants: Sequence[Job], seed: int) -> Comparison | Failure:
            binary = next(binaries[reference.key, j.key] for j in contestants if j.key != reference.key)
            if isinstance(binary, CompileFailed):
                return binary
            keys = [j.key for j in contestants]
            with self._interrupts.waiting():
                return self._executor.compare(binary, keys, self._problem.inputs, self._problem.limits, seed)

        return hold_finals(
            reference,
            jobs,
            compare,
            self._problem.limits.processes,
            self._progress.stage,
            together=len(used) == 1 and room,
        )

    def _together(self, reference: Job, jobs: Sequence[Job]) -> dict[tuple[str, str], Binary | CompileFailed]:
        """One program with all of them, one of the search's own if it happens to be; else one for each."""
        known = [self._built.get((reference.key, job.key)) for job in jobs]
        if known[0] is not None and all(binary == known[0] for binary in known):
            return self._built
        built = self._build([self._problem.task(reference, tuple(jobs))])
        if any(isinstance(binary, CompileFailed) for binary in built.values()):
            return self._build([self._problem.task(reference, (job,)) for job in jobs])
        return built

    def _learn(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, Measurement):
            self._reference = self._reference or job
        elif self._reference is not None and job.key == self._reference.key:
            self._reference, self._bound = None, 0.0
        value = objective(outcome, self._problem.rules)
        if value is not None and self._reference is not None:
            self._bound = min(value, self._bound or value)

    def _build_all(self, jobs: Sequence[Job]) -> dict[tuple[str, str], Binary | CompileFailed]:
        """Build several variants per program; where that fails, one per program."""
        if self._reference is None:
            return self._build([self._problem.task(job, (job,)) for job in jobs])
        reference = self._reference
        others = [j for j in jobs if j.key != reference.key]
        groups = grouped(others, self._executor.parallel) or [()]
        groups[0] = (*(j for j in jobs if j.key == reference.key), *groups[0])
        binaries = self._build([self._problem.task(reference, group) for group in groups])
        failed = {key for key, binary in binaries.items() if isinstance(binary, CompileFailed)}
        alone = [j for g in groups if len(g) > 1 for j in g if (reference.key, j.key) in failed]
        return binaries | self._build([self._problem.task(reference, (job,)) for job in alone])

    def _build(self, tasks: Sequence[Task]) -> dict[tuple[str, str], Binary | CompileFailed]:
        """By the keys of reference and variant."""
        if not tasks:
            return {}
        count = sum(len(t.jobs) for t in tasks)
        self._progress.stage(f"building {count} variant{'s' * (count > 1)}")
        binaries: dict[tuple[str, str], Binary | CompileFailed] = {}
        with self._interrupts.waiting():
            for task, binary in self._executor.build(tasks):
                binaries |= {(task.reference.key, job.key): binary for job in task.jobs}
        self._built = self._built | binaries
        return binaries

    def _evaluate(self, binary: Binary | CompileFailed, job: Job) -> Outcome:
        if isinstance(binary, CompileFailed):
            return binary
        self._progress.running(describe(job.plan))
        with self._interrupts.waiting():
            limits = replace(self._problem.limits, bound=self._bound)
            return self._executor.evaluate(binary, job.key, self._problem.inputs, limits)


def _best(entries: Sequence[Entry], rules: Rules) -> float | None:
    ratios = [
        e.outcome.gradient.median / e.outcome.primal.median
        for e in entries
        if isinstance(e.outcome, Measurement) and rules.rejection(e.outcome) is None
    ]
    return min(ratios, default=None)


def _over(end: float | None) -> bool:
    return end is not None and time.monotonic() >= end
