"""Gradient over primal for all corpus kernels over sizes and threads, against the least memory traffic.

python -m experiments.ratio.sizes [CASE...] [--sizes 1e3,1e4,1e6] [--minutes M] [--resume] [--quick] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.machine import this_machine
from autotune.measure import threading
from autotune.outcome import Accuracy, Comparison
from autotune.statistics import ratio_interval, timing
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.plans import strategies
from experiments.ratio.points import Point, Ratio, details, plot, summary, winners
from experiments.ratio.traffic import CASES, SizedCase, least_traffic
from search_spaces.model import Plan, SearchSpace, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions

FOLDER = Path(__file__).parent
CORPUS = FOLDER.parent / "kernels"
RESULTS = FOLDER / "SIZES.md"
MARK = "<!-- results: python -m experiments.ratio.sizes --write -->\n"
LIMITS = Limits(timeout=300.0, budget=1.0, least=7)
QUICK = Limits(timeout=120.0, budget=0.3)
STREAM = 40_000_000  # doubles in each array of the bandwidth measurement
VERIFIED = 100_000  # entries at which every variant is verified before anything is timed
HOPELESS = 3.0  # what takes so many times the best with that many or more is not timed with more
FEW = 30_000_000  # entries from which on samples are few, and one thread is not timed
BLOCKS = ("share", 1)  # of colorings


def main(arguments: Sequence[str]) -> int:
    names = list(CASES)
    parser = argparse.ArgumentParser(prog="python -m experiments.ratio.sizes", description=__doc__)
    parser.add_argument("case", nargs="*", default=names, help=f"from {', '.join(names)}")
    parser.add_argument("--sizes", default="1e3,1e4,1e5,1e6,1e7,1e8", help="entries of all Views together")
    parser.add_argument("--threads", help="default: 1 and all")
    parser.add_argument("--minutes", type=float, default=20.0, help="nothing is begun later (20)")
    parser.add_argument("--record", type=Path, help="file of what was measured (sizes.jsonl with --write)")
    parser.add_argument("--resume", action="store_true", help="measure what the record does not have yet")
    parser.add_argument("--quick", action="store_true", help="fewer samples, sizes 1e3, 1e4 and 1e6")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put results and plots beside this experiment")
    options = parser.parse_args(arguments)
    for name in options.case:
        if name not in CASES:
            parser.error(f"unknown case {name!r}; there are {', '.join(names)}")
    if options.record is None and (options.write or options.resume):
        options.record = FOLDER / "sizes.jsonl"
    try:
        _run(options)
    except (UsageError, ToolchainMissing) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 4
    return 0


def _run(options: argparse.Namespace) -> None:
    """Measure size by size, small ones first; tables and plots are as complete as what was measured."""
    end = time.monotonic() + 60.0 * options.minutes
    sizes = [int(float(s)) for s in ("1e3,1e4,1e6" if options.quick else options.sizes).split(",")]
    every = len(os.sched_getaffinity(0))
    threads = [int(t) for t in options.threads.split(",")] if options.threads else sorted({1, every})
    tools = find_toolchain(
        architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
    )
    setting, points = _recorded(options.record) if options.resume else ("", [])
    bandwidth = float(setting.partition("bandwidth ")[2].partition(" ")[0] or 0) * 1e9
    if not setting:
        bandwidth = _stream(tools)
        setting = _setting(tools, bandwidth)
        _record(options.record, {"setting": setting}, fresh=True)
    executor = LocalExecutor()
    limits = QUICK if options.quick else LIMITS
    try:
        benches = _benches([CASES[name] for name in options.case], tools, executor)
        for size in sizes:
            for bench in benches:
                for count in threads:
                    if size > FEW and count != every:
                        continue
                    if any(p.at == (bench.case.name, size, count) for p in points):
                        continue
                    if time.monotonic() > end:
                        _note(f"time is up: {bench.case.name} with {size} entries and all after it left out")
                        return
                    point = bench.measure(size, count, points, executor, limits)
                    if point is not None:
                        points.append(point)
                        _record(options.record, asdict(point))
            if options.write:
                _write(setting, points, bandwidth)
    finally:
        executor.close()
        print(_report(setting, points, bandwidth))


def _report(setting: str, points: Sequence[Point], bandwidth: float) -> str:
    if not points:
        return setting
    return "\n".join([setting, summary(points), winners(points), *details(points, bandwidth)])


def _write(setting: str, points: Sequence[Point], bandwidth: float) -> None:
    text = RESULTS.read_text()
    RESULTS.write_text(text[: text.index(MARK)] + MARK + "\n" + _report(setting, points, bandwidth))
    (FOLDER / "plots").mkdir(exist_ok=True)
    for name in dict.fromkeys(p.case for p in points):
        (FOLDER / "plots" / f"{name}.svg").write_text(plot([p for p in points if p.case == name]))


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _record(file: Path | None, entry: dict[str, object], *, fresh: bool = False) -> None:
    if file is not None:
        with file.open("w" if fresh else "a") as out:
            out.write(json.dumps(entry) + "\n")


def _recorded(file: Path) -> tuple[str, list[Point]]:
    """The setting and the points of a record; nothing where there is none."""
    if not file.exists():
        return "", []
    head, *lines = file.read_text().splitlines()
    return json.loads(head)["setting"], [Point.read(json.loads(line)) for line in lines]


def _setting(tools: Toolchain, bandwidth: float) -> str:
    machine = this_machine()
    kokkos = f"Kokkos {tools.kokkos.version} ({', '.join(tools.kokkos.backends)})"
    return (
        f"{datetime.date.today()}, {machine.cpu}, {machine.threads} threads, {kokkos}, "
        f"{tools.compiler_version}, {' '.join(tools.flags)}; memory bandwidth {bandwidth / 1e9:.1f} GB/s; "
        f"load average {machine.load:.1f} at the start.\n"
    )


def _stream(tools: Toolchain) -> float:
    """Memory bandwidth, bytes per second."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "stream"
        flags = ["-O3", "-march=native", "-fopenmp"]
        command = [tools.compiler, *flags, str(FOLDER / "stream.cpp"), "-o", str(program)]
        subprocess.run(command, check=True)
        environment = [f"{k}={v}" for k, v in threading().items()]
        command = ["env", *environment, str(program), str(STREAM)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _variants(space: SearchSpace) -> dict[str, Plan]:
    """For each way to combine increments (with large and small colored blocks, iterations alone or together)
    the first plan that has it."""
    chosen: dict[str, Plan] = {}
    for plan in strategies(space):
        label = next((str(v) for k, v in plan.items() if k.startswith("accumulate.")), "nothing races")
        block = plan.get("coloring_block", BLOCKS[0])
        if block not in BLOCKS:
            continue
        label += "" if block == BLOCKS[0] else f", blocks of {block}"
        label += f", jam {plan['jam']}" if plan.get("jam", 1) != 1 else ""
        chosen.setdefault(label, plan)
    return chosen


class _Bench:
    """The variants of a case in one program."""

    def __init__(self, case: SizedCase, tools: Toolchain) -> None:
        self.case = case
        path = CORPUS / f"{case.kernel}.cpp"
        options = ParseOptions(kokkos_include=tools.kokkos.include)
        adjoint = pipeline.differentiate(pipeline.parse(path, options))
        self.signature = pipeline.signature(adjoint)
        plans = _variants(pipeline.search_space(adjoint, architectures()["host"]))
        self.jobs = {
            label: Job(f"v{i}", plan, pipeline.realise(adjoint, plan).code(f"kad_v{i}"))
            for i, (label, plan) in enumerate(plans.items())
        }
        jobs = tuple(self.jobs.values())
        self.task = Task(self.signature, path, pipeline.tangent_header(adjoint), jobs[0], jobs, tools)
        self.small = load_workload(f"{path.with_suffix('.toml')}:small", self.signature)
        self.binary: Binary | None = None

    def other(self, case: SizedCase) -> _Bench:
        """The same program with the data of ``case``."""
        bench = copy(self)
        bench.case, bench.jobs = case, dict(self.jobs)
        return bench

    def inputs(self, size: int) -> Inputs:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "sizes.toml"
            file.write_text(f"[size]\n{self.case.toml(size)}\n")
            full = load_workload(f"{file}:size", self.signature)
        return Inputs(self.signature, full, self.small)

    def verify(self, executor: LocalExecutor) -> None:
        """Leave out what is wrong, and say so."""
        assert self.binary is not None
        inputs = self.inputs(VERIFIED)
        for label, job in list(self.jobs.items()):
            verdict = executor.verify(self.binary, job.key, inputs, LIMITS)
            if not isinstance(verdict, Accuracy):
                _note(f"{self.case.name}, {label}: {verdict}")
                del self.jobs[label]

    def measure(
        self, size: int, threads: int, points: Sequence[Point], executor: LocalExecutor, limits: Limits
    ) -> Point | None:
        """All variants but the hopeless ones, interleaved in one process."""
        assert self.binary is not None
        at = (self.case.name, threads)
        before = [p for p in points if (p.case, p.threads) == at and VERIFIED <= p.entries < size]
        hopeful = before[-1].within(HOPELESS) if before else list(self.jobs)
        if size > FEW:
            hopeful = hopeful[:2]
            limits = Limits(timeout=limits.timeout, budget=limits.budget, least=3, most=9)
        labels = [label for label in hopeful if label in self.jobs]
        inputs = self.inputs(size)
        with _environment(threads):
            keys = [self.jobs[label].key for label in labels]
            found = executor.compare(self.binary, keys, inputs, limits, 1)
        _note(f"{self.case.name}, {size} entries, {threads} threads: {type(found).__name__}")
        if not isinstance(found, Comparison):
            _note(str(found))
            return None
        primal = timing(found.primal)
        ratios = {}
        for label, key in zip(labels, keys, strict=True):
            gradient = timing(found.gradients[key])
            ratios[label] = Ratio(gradient.median, *ratio_interval(gradient, primal))
        files = inputs.directories()[0].glob("*.raw")
        least, bytes_ = least_traffic({f.stem: f.stat().st_size for f in files}, self.signature)
        return Point(self.case.name, size, threads, primal.median, bytes_ / least, bytes_, ratios)


class _environment:
    """A number of threads for what is started inside; all of them are the default."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __enter__(self) -> None:
        if self.threads != len(os.sched_getaffinity(0)):
            os.environ["OMP_NUM_THREADS"] = str(self.threads)

    def __exit__(self, *_: object) -> None:
        if self.threads != len(os.sched_getaffinity(0)):
            del os.environ["OMP_NUM_THREADS"]


def _benches(cases: Sequence[SizedCase], tools: Toolchain, executor: LocalExecutor) -> list[_Bench]:
    """Built side by side, a program for each kernel, then verified."""
    read: dict[str, _Bench] = {}
    for case in cases:
        if case.kernel not in read:
            _note(f"reading {case.kernel}")
            read[case.kernel] = _Bench(case, tools)
    for task, binary in executor.build([bench.task for bench in read.values()]):
        if not isinstance(binary, Binary):
            raise SystemExit(f"{task.signature.name}: does not compile:\n{binary.log}")
        next(bench for bench in read.values() if bench.task is task).binary = binary
    benches = [read[case.kernel].other(case) for case in cases]
    for bench in benches:
        bench.verify(executor)
    return benches


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
