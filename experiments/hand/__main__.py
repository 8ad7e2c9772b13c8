"""Tuned gradients against adjoints written by hand, from one program per kernel.

python -m experiments.hand [KERNEL...] [--quick] [--trials N] [--plan KNOB=VALUE,...] [--minutes M] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.machine import this_machine
from autotune.outcome import Measurement, Outcome, Timing
from autotune.statistics import ratio_interval
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.hand.cases import CASES, FOLDER, Case
from experiments.hand.variants import CORPUS, by_hand, named_plan, promised, tuned_plan
from search_spaces.model import Plan, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions

README = FOLDER / "README.md"
MARK = "<!-- results: python -m experiments.hand --write -->\n"
LIMITS = Limits(timeout=300.0, budget=4.0, least=9, most=60)
QUICK = Limits(timeout=300.0, budget=1.5)


@dataclass(frozen=True)
class Row:
    """One gradient beside the tuned one: ``label``, and what was measured with the tuned one as reference."""

    label: str
    outcome: Outcome


@dataclass(frozen=True)
class Comparison:
    case: Case
    workload: str
    plan: Plan
    tuned: Outcome
    noticing: Outcome  # the tuned gradient that also looks for changed index arrays
    rows: tuple[Row, ...]


def main(arguments: Sequence[str]) -> int:
    kernels = list(dict.fromkeys(c.kernel for c in CASES))
    parser = argparse.ArgumentParser(prog="python -m experiments.hand", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=kernels, help=f"from {', '.join(kernels)}")
    parser.add_argument("--quick", action="store_true", help="smaller workloads, fewer samples")
    parser.add_argument("--trials", type=int, default=40, help="of the search for the tuned variant (40)")
    parser.add_argument(
        "--plan", help="do not search: this variant, KNOB=VALUE,...; other knobs as by default"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="no case is begun later")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    for name in options.kernel:
        if name not in kernels:
            parser.error(f"unknown kernel {name!r}; there are adjoints by hand of {', '.join(kernels)}")
    try:
        _run(options)
    except (UsageError, ToolchainMissing) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 4
    return 0


def _run(options: argparse.Namespace) -> None:
    """Measure, print and with ``--write`` write case by case."""
    end = time.monotonic() + 60.0 * options.minutes
    tools = find_toolchain(
        architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
    )
    setting = _setting(tools)
    print(setting, flush=True)
    executor = LocalExecutor()
    found: list[Comparison] = []
    try:
        for case in CASES:
            if case.kernel not in options.kernel:
                continue
            if time.monotonic() > end:
                _note(f"time is up: {case.name} and all after it left out")
                break
            found.append(_compare(case, options, tools, executor))
            print(_details(found[-1]), flush=True)
            if options.write:
                text = README.read_text()
                report = "\n".join([setting, _summary(found), *map(_details, found)])
                README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    finally:
        executor.close()
        print(_summary(found), flush=True)


def _note(message: str) -> None:
    print(message, file=sys.stderr)


def _setting(tools: Toolchain) -> str:
    machine = this_machine()
    kokkos = f"Kokkos {tools.kokkos.version} ({', '.join(tools.kokkos.backends)})"
    return (
        f"{datetime.date.today()}, {machine.cpu}, {machine.threads} threads, {kokkos}, "
        f"{tools.compiler_version}, {' '.join(tools.flags)}; load average {machine.load:.1f} at the start.\n"
    )


def _compare(
    case: Case, options: argparse.Namespace, tools: Toolchain, executor: LocalExecutor
) -> Comparison:
    """Tune, then time every adjoint by hand interleaved with the tuned one and the primal."""
    path = CORPUS / f"{case.kernel}.cpp"
    workload = case.quick if options.quick else case.workload
    adjoint = pipeline.differentiate(
        pipeline.parse(path, ParseOptions(kokkos_include=tools.kokkos.include)), case.wrt
    )
    signature = pipeline.signature(adjoint)
    if options.plan is not None:
        plan = named_plan(pipeline.search_space(adjoint, architectures()["host"]).plans(), options.plan)
    else:
        plan = tuned_plan(case, workload, options.trials, options.kokkos_root)
    code = pipeline.realise(adjoint, plan).code("kad_tuned")
    tuned = Job("tuned", plan, promised(code))
    others = {}
    if "kad::Remembered" in code:
        others = {"noticing": Job("noticing", plan, code.replace("kad_tuned", "kad_noticing"))}
    experts = [Job(p.stem, {}, by_hand(p, signature)) for p in case.by_hand()]
    task = Task(
        signature,
        path,
        pipeline.tangent_header(adjoint),
        tuned,
        (*others.values(), *experts),
        tools,
        (FOLDER,),
    )
    ((_, binary),) = executor.build([task])
    if not isinstance(binary, Binary):
        raise SystemExit(f"{case.name}: the comparison does not compile:\n{binary.log}")
    toml = path.with_suffix(".toml")
    inputs = Inputs(
        signature, load_workload(f"{toml}:{workload}", signature), load_workload(f"{toml}:small", signature)
    )

    def measured(job: Job) -> Outcome:
        _note(f"{case.kernel}, {workload}: {job.key}")
        return executor.evaluate(binary, job.key, inputs, QUICK if options.quick else LIMITS)

    first = measured(tuned)
    noticing = measured(others["noticing"]) if others else first
    labels = [p.read_text().splitlines()[0].removeprefix("// ") for p in case.by_hand()]
    rows = tuple(Row(label, measured(job)) for label, job in zip(labels, experts, strict=True))
    return Comparison(case, workload, plan, first, noticing, rows)


def _summary(found: Sequence[Comparison]) -> str:
    """One line per case: tuned over the best by hand."""
    lines = [
        "| kernel | primal, ms | tuned, x primal | best by hand, x primal | tuned / best by hand |",
        "|---|---|---|---|---|",
    ]
    for c in found:
        measured = [(r.label, r.outcome) for r in c.rows if isinstance(r.outcome, Measurement)]
        label, b = min(measured, key=lambda pair: pair[1].gradient.median / pair[1].reference.median)
        m = c.tuned
        if not isinstance(m, Measurement):
            lines.append(f"| {c.case.name} | | {type(m).__name__} | | |")
            continue
        ratio, low, high = ratio_interval(b.reference, b.gradient)
        lines.append(
            f"| {c.case.kernel}, {c.workload} | {_milliseconds(m.primal)} "
            f"| {m.gradient.median / m.primal.median:.2f} "
            f"| {b.gradient.median / b.primal.median:.2f} ({label}) "
            f"| **{ratio:.2f}** [{low:.2f}, {high:.2f}] |"
        )
    return "\n".join(lines) + "\n"


def _details(c: Comparison) -> str:
    """Every gradient of a case, in units of the tuned one that was timed beside it."""
    plan = ", ".join(f"{k}={v}" for k, v in c.plan.items()) or "the only one"
    lines = [
        f"### {c.case.kernel}, {c.workload}\n",
        "| gradient | ms | x primal | x tuned |",
        "|---|---|---|---|",
    ]
    entries = [Row(f"**tuned**: {plan}", c.tuned)]
    if c.noticing is not c.tuned:
        entries.append(Row("the same, looking for changed index arrays", c.noticing))
    for row in (*entries, *c.rows):
        m = row.outcome
        if isinstance(m, Measurement):
            ratio, low, high = ratio_interval(m.gradient, m.reference)
            lines.append(
                f"| {row.label} | {_milliseconds(m.gradient)} | {m.gradient.median / m.primal.median:.2f} "
                f"| {ratio:.2f} [{low:.2f}, {high:.2f}] |"
            )
        else:
            lines.append(f"| {row.label} | {type(m).__name__} | | |")
            _note(str(m))
    return "\n".join(lines) + "\n"


def _milliseconds(t: Timing) -> str:
    return f"{1e3 * t.median:.1f} [{1e3 * t.low:.1f}, {1e3 * t.high:.1f}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
