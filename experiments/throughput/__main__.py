"""Variants built, and verified and timed, a minute: with one compiler run each, and as the tuner does it.

python -m experiments.throughput [KERNEL] [--variants N] [--kernel-tuner PYTHON] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, cycle, islice
from pathlib import Path

from autotune.compiler import compile_command
from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.harness import INCLUDE_DIR, source
from autotune.machine import this_machine
from autotune.outcome import CompileFailed, Measurement
from autotune.study import batch_size
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.tune import grouped
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.plots import bars
from search_spaces.model import architectures
from transform import pipeline
from transform.frontend.clang import ParseOptions

HERE = Path(__file__).parent
CORPUS = HERE.parent / "kernels"
README = HERE / "README.md"
MARK = "<!-- results: python -m experiments.throughput --write -->\n"
GOALS = {"built: 16": 600.0, "built, verified": 300.0}  # a minute, by how the row begins
ALONE = 8  # variants that are compiled one by one: enough to see the rate


@dataclass(frozen=True)
class Rate:
    """``seconds`` of wall time for ``count`` variants; ``processor``: seconds of all processors."""

    what: str
    count: int
    seconds: float
    processor: float

    @property
    def a_minute(self) -> float:
        return 60 * self.count / self.seconds

    def row(self) -> str:
        return (
            f"| {self.what} | {self.count} | {self.seconds:.1f} | {self.processor / self.count:.3f} "
            f"| **{self.a_minute:.0f}** |"
        )


class _Clock:
    """Wall time, and processor time of this process and its children that have ended."""

    def __init__(self) -> None:
        self._wall, self._processor = time.monotonic(), self._used()

    @staticmethod
    def _used() -> float:
        t = os.times()
        return t.user + t.system + t.children_user + t.children_system

    def rate(self, what: str, count: int) -> Rate:
        return Rate(what, count, time.monotonic() - self._wall, self._used() - self._processor)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.throughput", description=__doc__)
    names = sorted(p.stem for p in CORPUS.glob("*.cpp"))
    parser.add_argument("kernel", nargs="?", default="map", choices=names)
    parser.add_argument("--variants", type=int, default=320, metavar="N", help="default 320")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument(
        "--kernel-tuner", metavar="PYTHON", help="an interpreter that has Kernel Tuner: measured beside ours"
    )
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    try:
        tools = find_toolchain(
            architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
        )
    except ToolchainMissing as problem:
        print(problem, file=sys.stderr)
        return 4
    report, rates = _report(options.kernel, options.variants, tools, options.kernel_tuner)
    print(report)
    if options.write:
        goals = {what: goal for what in rates for start, goal in GOALS.items() if what.startswith(start)}
        bars(HERE / "throughput.svg", "variants a minute", rates, goals)
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _report(
    kernel: str, count: int, tools: Toolchain, kernel_tuner: str | None
) -> tuple[str, dict[str, float]]:
    """The table, and variants a minute by what was done with them."""
    machine = this_machine()
    lines = [
        f"{datetime.date.today()}, `{kernel}`, workload `small`, {machine.cpu}, {machine.threads} threads, "
        f"{tools.kokkos.describe().split(' at ')[0]}, {tools.compiler_version}, {' '.join(tools.flags)}; "
        f"load average {machine.load:.1f} at the start.\n",
        "| what | variants | seconds | processor seconds each | a minute |",
        "|---|---|---|---|---|",
    ]
    rates = _measure(kernel, count, tools)
    if kernel_tuner is not None:
        script = [kernel_tuner, str(HERE / "kernel_tuner_side.py")]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
        found, seconds, processor = done.stdout.split()[-3:]
        what = "Kernel Tuner, an OpenMP kernel of that size: compiled and timed, not verified"
        rates.append(Rate(what, int(found), float(seconds), float(processor)))
    lines += (rate.row() for rate in rates)
    return "\n".join(lines) + "\n", {rate.what: rate.a_minute for rate in rates}


def _measure(kernel: str, count: int, tools: Toolchain) -> list[Rate]:
    path = CORPUS / f"{kernel}.cpp"
    options = ParseOptions(kokkos_include=tools.kokkos.include)
    adjoint = pipeline.differentiate(pipeline.parse(path, options))
    signature = pipeline.signature(adjoint)
    plans = list(pipeline.search_space(adjoint, architectures()["host"]).plans())
    variants = [pipeline.realise(adjoint, plan) for plan in plans]
    # a small kernel has few legal variants: the same ones again under other names cost the compiler as much
    jobs = [
        Job(f"v{i}", plan, variant.code(f"kad_v{i}"))
        for i, (plan, variant) in enumerate(islice(cycle(zip(plans, variants, strict=True)), count))
    ]
    reference = Job("reference", plans[0], variants[0].code("kad_reference"))
    size = batch_size("exhaustive")
    batches = [jobs[i : i + size] for i in range(0, count, size)]
    task = Task(signature, path, pipeline.tangent_header(adjoint), reference, (), tools)
    toml = path.with_suffix(".toml")
    small = load_workload(f"{toml}:small", signature)
    inputs = Inputs(signature, small, small)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kad-throughput-")))
        before = os.environ.get("KAD_CACHE_DIR")
        stack.callback(_set_cache, before)
        _set_cache(str(folder / "cache"))
        executor = LocalExecutor()
        stack.callback(executor.close)
        alone = _one_by_one(replace(task, jobs=()), jobs[:ALONE], folder)
        groups = [[replace(task, jobs=g) for g in grouped(b, executor.parallel)] for b in batches]
        return [alone, *_as_the_tuner(groups, executor, inputs)]


def _set_cache(place: str | None) -> None:
    if place is None:
        del os.environ["KAD_CACHE_DIR"]
    else:
        os.environ["KAD_CACHE_DIR"] = place


def _one_by_one(task: Task, jobs: Sequence[Job], folder: Path) -> Rate:
    """One compiler run for each variant, two files at a time, no precompiled header."""

    def compile_alone(job: Job) -> None:
        text = folder / f"{job.key}.cpp"
        text.write_text(source(replace(task, reference=job)))
        command = compile_command(task.toolchain, text, folder / job.key, (INCLUDE_DIR,))
        subprocess.run(command, check=True, capture_output=True)

    _note(f"building {len(jobs)} variants one by one")
    clock = _Clock()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(compile_alone, jobs))
    return clock.rate("built: one program each, no precompiled header", len(jobs))


def _as_the_tuner(batches: Sequence[Sequence[Task]], executor: LocalExecutor, inputs: Inputs) -> list[Rate]:
    """Each batch is built before the next, in as many shared objects as a search makes of it."""
    tasks = [task for batch in batches for task in batch]
    count = sum(len(t.jobs) for t in tasks)
    together = max(len(t.jobs) for t in tasks)
    _note(f"building {count} variants, {together} to a shared object")
    clock = _Clock()
    binaries = _build(batches, executor)
    cold = clock.rate(f"built: {together} to a shared object, cold cache", count)
    clock = _Clock()
    again = _build(batches, executor)
    warm = clock.rate("found again: warm cache", count)
    assert binaries == again, "what is in the cache is not built again"
    _note(f"verifying and timing {count} variants")
    clock = _Clock()
    for task in tasks:
        for job in task.jobs:
            outcome = executor.evaluate(binaries[job.key], job.key, inputs, Limits())
            if not isinstance(outcome, Measurement):
                raise RuntimeError(f"{job.key} {dict(job.plan)}: {outcome}")
    timed = clock.rate("verified and timed", count)
    both = Rate(
        "built, verified and timed, cold cache",
        count,
        cold.seconds + timed.seconds,
        cold.processor + timed.processor,
    )
    return [cold, warm, timed, both]


def _build(batches: Sequence[Sequence[Task]], executor: LocalExecutor) -> dict[str, Binary]:
    binaries: dict[str, Binary] = {}
    for task, binary in chain.from_iterable(map(executor.build, batches)):
        if isinstance(binary, CompileFailed):
            raise RuntimeError(binary.log)
        binaries |= {job.key: binary for job in task.jobs}
    return binaries


def _note(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
