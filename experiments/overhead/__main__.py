"""Time per trial outside compiling and running: the search, its journal, the executor.

python -m experiments.overhead [--trials N] [--executor local,ray] [--sampler random,auto] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from autotune.evaluate import Binary, Inputs, Limits, Task
from autotune.interrupt import interrupts
from autotune.machine import conditions, this_machine
from autotune.measure import threading
from autotune.options import SAMPLERS, Request, sampler_name
from autotune.outcome import Accuracy, Comparison, Measurement, Outcome
from autotune.problem import Problem, derive_or_install, prepare, workload_of
from autotune.progress import PlainProgress
from autotune.statistics import timing
from autotune.study import open_search
from autotune.tune import Budget, run_search
from autotune.workers import Executor, LocalExecutor, RayExecutor, Work
from experiments.plots import bars
from search_spaces.model import architectures

P = ParamSpec("P")
R = TypeVar("R")

HERE = Path(__file__).parent
KERNEL = HERE.parent / "kernels" / "heat.cpp"
README = HERE / "README.md"
MARK = "<!-- results: python -m experiments.overhead --write -->\n"

GOALS = {"local": 10.0, "ray": 50.0}  # milliseconds
EXECUTORS: dict[str, Callable[[Work], Executor]] = {
    "local": lambda work: LocalExecutor(work=work),
    "ray": lambda work: RayExecutor(work=work),
}


@dataclass(frozen=True)
class Nothing:
    """Work that takes no time: what is left is the tuner's own. Outcomes are as large as real ones."""

    def build(self, task: Task) -> Binary:
        return Binary(HERE, tuple(j.key for j in task.jobs), task.reference.key)

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        threading()  # what every measurement asks of the machine
        before = conditions()
        slow = 1.0 + sum(key.encode()) % 97 / 97  # the same in every process
        samples = timing([1e-3 * (1 + 0.001 * (i % 7)) for i in range(100)])
        gradient = timing([slow * s for s in samples.samples])
        return Measurement(
            samples,
            gradient,
            samples,
            Accuracy(1e-15, 1e-9, 1e-14, True),
            memory=0,
            reproducible=True,
            conditions=(before, conditions()),
        )

    def compare(
        self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
    ) -> Comparison:
        return Comparison((1e-3,) * 9, {key: (1e-3,) * 9 for key in keys})


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.overhead", description=__doc__)
    parser.add_argument("--trials", type=int, default=64, metavar="N", help="default 64")
    parser.add_argument("--executor", default="local,ray", help=f"of {', '.join(EXECUTORS)}")
    parser.add_argument("--sampler", default="random,auto", help=f"of auto, {', '.join(SAMPLERS)}")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    report, milliseconds = _report(options.executor.split(","), options.sampler.split(","), options.trials)
    print(report)
    if options.write:
        goals = {name: GOALS[name.split(",")[0]] for name in milliseconds}
        bars(HERE / "overhead.svg", "milliseconds a trial outside compiling and running", milliseconds, goals)
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _report(executors: Sequence[str], samplers: Sequence[str], trials: int) -> tuple[str, dict[str, float]]:
    """The table, and milliseconds a trial by executor and sampler."""
    machine = this_machine()
    lines = [
        f"{datetime.date.today()}, {machine.cpu}, {machine.threads} threads, load average "
        f"{machine.load:.1f} at the start; {trials} trials.\n",
        "| executor | sampler | milliseconds a trial | of these asking and telling |",
        "|---|---|---|---|",
    ]
    found = {}
    for executor in executors:
        for sampler in samplers:
            whole, search = _measure(executor, sampler_name(sampler, None, trials), trials)
            lines.append(f"| {executor} | {sampler} | **{1e3 * whole:.1f}** | {1e3 * search:.1f} |")
            found[f"{executor}, {sampler}"] = 1e3 * whole
    return "\n".join(lines) + "\n", found


def _measure(name: str, sampler: str, trials: int) -> tuple[float, float]:
    """Seconds per trial of a whole search, after a first one that starts everything; and of ask and tell."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kad-overhead-")))
        problems = [_problem(folder), _problem(folder)]  # each emits its variants itself
        nothing = Nothing()
        work = Work(build=nothing.build, evaluate=nothing.evaluate, compare=nothing.compare)
        executor = EXECUTORS[name](work)
        stack.callback(executor.close)
        if isinstance(executor, RayExecutor):
            executor.ready()
        _search(problems[0], executor, sampler, 4, folder / "first.journal")
        return _search(problems[1], executor, sampler, trials, folder / "second.journal")


def _search(
    problem: Problem, executor: Executor, sampler: str, trials: int, journal: Path
) -> tuple[float, float]:
    search = open_search(
        problem.legal,
        label="heat",
        identity="overhead",
        storage=journal,
        sampler=sampler,
        seed=0,
        resume=False,
        first=(problem.legal.space.default,),
    )
    spent = [0.0]
    ask, tell = search.ask, search.tell
    search.ask, search.tell = _timed(ask, spent), _timed(tell, spent)  # type: ignore[method-assign]
    started = time.perf_counter()
    try:
        with interrupts() as stop:
            progress = PlainProgress(StringIO())
            run_search(problem, search, executor, Budget(trials), progress, stop)
        count = len(search.finished())
    finally:
        search.close()
    return (time.perf_counter() - started) / count, spent[0] / count


def _timed(call: Callable[P, R], spent: list[float]) -> Callable[P, R]:
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        started = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            spent[0] += time.perf_counter() - started

    return timed


def _problem(out: Path) -> Problem:
    """The real space of a corpus kernel, whose variants are emitted as in any search; none is compiled."""
    host = architectures()["host"]
    request = Request(
        kernel=KERNEL, archs=("host",), out=out, workload=f"{KERNEL.with_suffix('.toml')}:small"
    )
    derivation, toolchain = derive_or_install(request, host, lambda message: None)
    workload = workload_of(request, derivation, lambda message: None)
    return prepare(request, derivation, host, toolchain, workload, limits=Limits())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
