"""Gradient over primal for all corpus kernels over sizes, against the least memory traffic.

python -m experiments.ratio.sizes [KERNEL...] [--sizes 1e3,1e4,1e6] [--quick] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.machine import this_machine
from autotune.measure import threading
from autotune.outcome import Measurement
from autotune.statistics import ratio_interval
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.plans import strategies
from experiments.ratio.plot import loglog
from experiments.ratio.traffic import SIZED, least_traffic
from search_spaces.model import Plan, SearchSpace, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions

FOLDER = Path(__file__).parent
CORPUS = FOLDER.parent / "kernels"
RESULTS = FOLDER / "SIZES.md"
MARK = "<!-- results: python -m experiments.ratio.sizes --write -->\n"
LIMITS = Limits(timeout=300.0, budget=1.5)
QUICK = Limits(timeout=120.0, budget=0.3)
STREAM = 40_000_000  # doubles in each array of the bandwidth measurement


@dataclass(frozen=True)
class Point:
    """One size of a kernel. ``bound``: least traffic of the gradient over that of the primal; ``bytes``: the
    gradient's. ``measured``: by variant."""

    entries: int
    bound: float
    bytes: int
    measured: dict[str, Measurement]

    @property
    def best(self) -> tuple[str, Measurement]:
        """The variant with the smallest ratio to the primal that was timed beside it."""
        return min(self.measured.items(), key=lambda pair: _ratio(pair[1]))


def _ratio(m: Measurement) -> float:
    return m.gradient.median / m.primal.median


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.ratio.sizes", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=list(SIZED), help=f"from {', '.join(SIZED)}")
    parser.add_argument("--sizes", default="1e3,1e4,1e5,1e6,1e7,5e7", help="entries of all Views together")
    parser.add_argument("--quick", action="store_true", help="fewer samples, sizes 1e3, 1e4 and 1e6")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put results and plots beside this experiment")
    options = parser.parse_args(arguments)
    for name in options.kernel:
        if name not in SIZED:
            parser.error(f"unknown kernel {name!r}; there are sizes for {', '.join(SIZED)}")
    sizes = [int(float(s)) for s in ("1e3,1e4,1e6" if options.quick else options.sizes).split(",")]
    try:
        report = _report(options, sizes)
    except (UsageError, ToolchainMissing) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 4
    if options.write:
        text = RESULTS.read_text()
        RESULTS.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _report(options: argparse.Namespace, sizes: Sequence[int]) -> str:
    tools = find_toolchain(
        architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
    )
    bandwidth = _stream(tools)
    parts = [_setting(tools, bandwidth)]
    print(parts[0], flush=True)
    executor = LocalExecutor()
    found: dict[str, list[Point]] = {}
    try:
        for name in options.kernel:
            found[name] = _measure(name, sizes, tools, executor, QUICK if options.quick else LIMITS)
            parts.append(_table(name, found[name], bandwidth))
            print(parts[-1], flush=True)
            if options.write:
                (FOLDER / "plots").mkdir(exist_ok=True)
                (FOLDER / "plots" / f"{name}.svg").write_text(_plot(name, found[name]))
    finally:
        executor.close()
    parts.insert(1, _summary(found))
    print(parts[1], flush=True)
    return "\n".join(parts)


def _note(message: str) -> None:
    print(message, file=sys.stderr)


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
        command = [
            tools.compiler,
            "-O3",
            "-march=native",
            "-fopenmp",
            str(FOLDER / "stream.cpp"),
            "-o",
            str(program),
        ]
        subprocess.run(command, check=True)
        run = subprocess.run(
            ["env", *(f"{k}={v}" for k, v in threading().items()), str(program), str(STREAM)],
            check=True,
            capture_output=True,
            text=True,
        )
        return float(run.stdout)


def _variants(space: SearchSpace) -> dict[str, Plan]:
    """For each way to combine increments (and to run iterations together) the first plan that has it."""
    chosen: dict[str, Plan] = {}
    for plan in strategies(space):
        combined = next((str(v) for k, v in plan.items() if k.startswith("accumulate.")), "nothing races")
        together = f", jam {plan['jam']}" if plan.get("jam", 1) != 1 else ""
        chosen.setdefault(combined + together, plan)
    return chosen


def _measure(
    name: str, sizes: Sequence[int], tools: Toolchain, executor: LocalExecutor, limits: Limits
) -> list[Point]:
    path = CORPUS / f"{name}.cpp"
    adjoint = pipeline.differentiate(pipeline.parse(path, ParseOptions(kokkos_include=tools.kokkos.include)))
    signature = pipeline.signature(adjoint)
    plans = _variants(pipeline.search_space(adjoint, architectures()["host"]))
    jobs = {
        label: Job(f"v{i}", plan, pipeline.realise(adjoint, plan).code(f"kad_v{i}"))
        for i, (label, plan) in enumerate(plans.items())
    }
    ordered = tuple(jobs.values())
    task = Task(signature, path, pipeline.tangent_header(adjoint), ordered[0], ordered, tools)
    ((_, binary),) = executor.build([task])
    if not isinstance(binary, Binary):
        raise SystemExit(f"{name}: does not compile:\n{binary.log}")
    small = load_workload(f"{path.with_suffix('.toml')}:small", signature)
    points = []
    for n in sizes:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "sizes.toml"
            file.write_text(f"[size]\n{SIZED[name](n)}\n")
            full = load_workload(f"{file}:size", signature)
        primal, gradient = least_traffic(full, signature)
        measured = {}
        for label, job in jobs.items():
            outcome = executor.evaluate(binary, job.key, Inputs(signature, full, small), limits)
            _note(f"{name}, {n} entries, {label}: {type(outcome).__name__}")
            if isinstance(outcome, Measurement):
                measured[label] = outcome
        if measured:
            points.append(Point(n, gradient / primal, gradient, measured))
    return points


def _summary(found: dict[str, list[Point]]) -> str:
    """The best ratio of each kernel at each size, with geometric means."""
    sizes = sorted({p.entries for points in found.values() for p in points})
    lines = [
        f"| kernel | {' | '.join(f'{n:.0e}' for n in sizes)} | least traffic, largest size |",
        f"|---|{'---|' * (len(sizes) + 1)}",
    ]
    ratios: dict[int, list[float]] = {n: [] for n in sizes}
    for name, points in found.items():
        cells = []
        for n in sizes:
            at = next((p for p in points if p.entries == n), None)
            if at is not None:
                ratios[n].append(_ratio(at.best[1]))
            cells.append("" if at is None else f"{_ratio(at.best[1]):.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} | {points[-1].bound:.2f} |")
    means = [math.exp(sum(map(math.log, r)) / len(r)) for r in ratios.values()]
    return "\n".join([*lines, f"| **geometric mean** | {' | '.join(f'{m:.2f}' for m in means)} | |"]) + "\n"


def _table(name: str, points: Sequence[Point], bandwidth: float) -> str:
    lines = [
        f"### {name}\n",
        f"![time over size](plots/{name}.svg)\n",
        "| entries | primal, ms | best variant | gradient, ms | gradient / primal | least traffic | "
        "share of bandwidth |",
        "|---|---|---|---|---|---|---|",
    ]
    for p in points:
        label, m = p.best
        ratio, low, high = ratio_interval(m.gradient, m.primal)
        lines.append(
            f"| {p.entries:.0e} | {1e3 * m.primal.median:.3g} | {label} | {1e3 * m.gradient.median:.3g} "
            f"| {ratio:.2f} [{low:.2f}, {high:.2f}] | {p.bound:.2f} "
            f"| {p.bytes / m.gradient.median / bandwidth:.0%} |"
        )
    return "\n".join(lines) + "\n"


def _plot(name: str, points: Sequence[Point]) -> str:
    labels = dict.fromkeys(label for p in points for label in p.measured)
    curves = {"primal": [(float(p.entries), 1e3 * p.best[1].primal.median) for p in points]}
    for label in labels:
        curves[label] = [
            (float(p.entries), 1e3 * p.measured[label].gradient.median) for p in points if label in p.measured
        ]
    return loglog(f"{name}: time of the gradient by variant", "entries of all Views", "milliseconds", curves)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
