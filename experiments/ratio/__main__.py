"""Primal time, gradient time of each variant, ratio and winner, for the corpus kernels, from one run.

python -m experiments.ratio [KERNEL...] [--workload large] [--kokkos-root DIR] [--all] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.machine import this_machine
from autotune.outcome import CompileFailed, Measurement, Outcome, Timing
from autotune.statistics import ratio_interval
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from search_spaces.model import Plan, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions

CORPUS = Path(__file__).parent.parent / "kernels"
README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.ratio --write -->\n"
PER_PROGRAM = 8
LIMITS = Limits(timeout=300.0, budget=1.5)


@dataclass(frozen=True)
class Row:
    plan: Plan
    outcome: Outcome


def main(arguments: Sequence[str]) -> int:
    names = sorted(p.stem for p in CORPUS.glob("*.cpp"))
    parser = argparse.ArgumentParser(prog="python -m experiments.ratio", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=names, metavar="KERNEL", help=f"from {', '.join(names)}")
    parser.add_argument("--workload", default="large", help="table of the kernel's workload file (large)")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--all", action="store_true", help="also variants that mix strategies between Views")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    for name in options.kernel:
        if name not in names:
            parser.error(f"unknown kernel {name!r}; the corpus has {', '.join(names)}")
    try:
        report = _report(options.kernel, options.workload, options.kokkos_root, options.all)
    except (UsageError, ToolchainMissing) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 4
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _report(names: Sequence[str], workload: str, kokkos_root: Path | None, mixed: bool) -> str:
    """Measure and print kernel by kernel; the whole text."""
    tools = find_toolchain(architectures()["host"], kokkos_root, (), build_missing=True, progress=_note)
    parts = [_setting(tools, workload)]
    print(parts[0], flush=True)
    executor = LocalExecutor()
    try:
        for name in names:
            parts.append(_table(name, _measure(name, workload, tools, executor, mixed)))
            print(parts[-1], flush=True)
    finally:
        executor.close()
    return "\n".join(parts)


def _note(message: str) -> None:
    print(message, file=sys.stderr)


def _setting(tools: Toolchain, workload: str) -> str:
    machine = this_machine()
    kokkos = f"Kokkos {tools.kokkos.version} ({', '.join(tools.kokkos.backends)})"
    return (
        f"{datetime.date.today()}, {machine.cpu}, {machine.threads} threads, {kokkos}, "
        f"{tools.compiler_version}, {' '.join(tools.flags)}; workload `{workload}`, load average "
        f"{machine.load:.1f} at the start.\n"
    )


def _measure(name: str, workload: str, tools: Toolchain, executor: LocalExecutor, mixed: bool) -> list[Row]:
    path = CORPUS / f"{name}.cpp"
    adjoint = pipeline.differentiate(pipeline.parse(path, ParseOptions(kokkos_include=tools.kokkos.include)))
    signature = pipeline.signature(adjoint)
    space = pipeline.search_space(adjoint, architectures()["host"])
    jobs = {}
    for i, plan in enumerate(p for p in space.plans() if mixed or _uniform(p)):
        jobs[f"v{i}"] = Job(f"v{i}", plan, pipeline.realise(adjoint, plan).code(f"kad_v{i}"))
    ordered = tuple(jobs.values())
    tangent = pipeline.tangent_header(adjoint)
    tasks = [
        Task(signature, path, tangent, ordered[0], ordered[first : first + PER_PROGRAM], tools)
        for first in range(0, len(ordered), PER_PROGRAM)
    ]
    toml = path.with_suffix(".toml")
    inputs = Inputs(
        signature, load_workload(f"{toml}:{workload}", signature), load_workload(f"{toml}:small", signature)
    )
    rows: list[Row] = []
    built = list(
        executor.build(tasks)
    )  # all builds before the first measurement, which wants the machine alone
    for task, binary in sorted(built, key=lambda pair: tasks.index(pair[0])):
        for job in task.jobs:
            _note(f"{name}: {_named(job.plan)}")
            outcome: Outcome = (
                binary if isinstance(binary, CompileFailed) else _evaluate(executor, binary, job, inputs)
            )
            rows.append(Row(job.plan, outcome))
    return rows


def _uniform(plan: Plan) -> bool:
    """Whether every View gets the same strategy."""
    return len({v for k, v in plan.items() if k.startswith("accumulate.")}) <= 1


def _evaluate(executor: LocalExecutor, binary: Binary, job: Job, inputs: Inputs) -> Outcome:
    return executor.evaluate(binary, job.key, inputs, LIMITS)


def _table(name: str, rows: Sequence[Row]) -> str:
    """Fastest first; failures last. Times in milliseconds with 95 % confidence intervals."""
    measured = [(r.plan, r.outcome) for r in rows if isinstance(r.outcome, Measurement)]
    # trials run one after the other: the ratio to the primal timed beside each is what compares them
    measured.sort(key=lambda pair: pair[1].gradient.median / pair[1].primal.median)
    lines = [
        f"### {name}\n",
        "| variant | primal, ms | gradient, ms | gradient / primal | memory, MB | error | reproducible |",
        "|---|---|---|---|---|---|---|",
    ]
    for rank, (plan, m) in enumerate(measured):
        ratio, low, high = ratio_interval(m.gradient, m.primal)
        label = f"**{_named(plan)}** (winner)" if rank == 0 else _named(plan)
        lines.append(
            f"| {label} | {_milliseconds(m.primal)} | {_milliseconds(m.gradient)} "
            f"| {ratio:.2f} [{low:.2f}, {high:.2f}] | {m.memory / 1e6:.1f} "
            f"| {m.accuracy.inner_product:.0e} | {'yes' if m.reproducible else 'no'} |"
        )
    for row in rows:
        if not isinstance(row.outcome, Measurement):
            lines.append(f"| {_named(row.plan)} | {type(row.outcome).__name__} | | | | | |")
    return "\n".join(lines) + "\n"


def _milliseconds(t: Timing) -> str:
    return f"{1e3 * t.median:.1f} [{1e3 * t.low:.1f}, {1e3 * t.high:.1f}]"


def _named(plan: Plan) -> str:
    return ", ".join(f"{knob}={value}" for knob, value in plan.items()) or "the only one"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
