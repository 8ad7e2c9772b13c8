"""Tuned gradients, adjoints by hand, Clad and Enzyme side by side, on the loops that all of them can read.

python -m experiments.peers [KERNEL...] [--enzyme PATH] [--clad PLUGIN] [--clad-include DIR] [--clang PROGRAM]
                            [--openmp LIBRARY] [--quick] [--trials N] [--plan KNOB=VALUE,...] [--write]
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autotune.compiler import compiler_version
from autotune.evaluate import Binary, Inputs, Job, Limits, Task, gradient
from autotune.machine import this_machine
from autotune.outcome import Comparison
from autotune.statistics import ratio_interval, timing
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.hand.cases import FOLDER, Case
from experiments.hand.variants import CORPUS, by_hand, named_plan, promised, tuned_plan
from experiments.peers.loops import LOOPS, Loops, variant
from experiments.peers.tools import Clad, Enzyme, Tool, ToolFailed
from search_spaces.model import Plan, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions
from transform.signature import Signature

README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.peers --write -->\n"
LIMITS = Limits(timeout=600.0, budget=36.0, least=5, most=40)
QUICK = Limits(timeout=300.0, budget=9.0, least=5, most=40)


@dataclass(frozen=True)
class Comparative:
    """One kernel on a number of threads. ``differs``: of a tool's gradient from ours, relative to the largest
    element of each adjoint; ``failed``: why a tool has none."""

    kernel: str
    workload: str
    threads: int
    plan: Plan
    labels: Mapping[str, str]
    times: Comparison
    differs: Mapping[str, float]
    failed: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    kernels = [loops.kernel for loops in LOOPS]
    parser = argparse.ArgumentParser(prog="python -m experiments.peers", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=kernels, help=f"from {', '.join(kernels)}")
    parser.add_argument("--enzyme", type=Path, help="plugin for that clang, or a program that runs Enzyme")
    parser.add_argument("--clad", type=Path, help="plugin for that clang (clad.so)")
    parser.add_argument("--clad-include", type=Path, default=Path(), help="the folder of clad/")
    parser.add_argument(
        "--clang", default="clang++", help="the compiler that the plugins belong to (clang++)"
    )
    parser.add_argument("--openmp", type=Path, help="that clang's libomp.so; default: only one thread")
    parser.add_argument("--quick", action="store_true", help="smaller workloads, fewer samples")
    parser.add_argument("--trials", type=int, default=40, help="of the search for the tuned variant (40)")
    parser.add_argument("--plan", help="do not search: this variant, KNOB=VALUE,...; others as by default")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.kernel) - set(kernels)):
        parser.error(f"unknown kernel {unknown[0]!r}; there are loops of {', '.join(kernels)}")
    try:
        report = _report(options, _tools(options))
    except (UsageError, ToolchainMissing) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 4
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _tools(options: argparse.Namespace) -> list[Tool]:
    """The tools that are there. Raises ``UsageError`` for a path that is not."""
    found: list[Tool] = []
    clang = shutil.which(options.clang)
    for name, path in (("enzyme", options.enzyme), ("clad", options.clad)):
        if path is None:
            print(f"{name}: missing; its gradients are left out (--{name} names it)", file=sys.stderr)
        elif clang is None or not path.is_file():
            raise UsageError(f"--{name}: no {path if clang else options.clang} here")
        elif name == "enzyme":
            found.append(Enzyme(name, clang, path.absolute()))
        else:
            found.append(Clad(name, clang, path.absolute(), options.clad_include.absolute()))
    return found


def _report(options: argparse.Namespace, tools: Sequence[Tool]) -> str:
    kokkos_tools = find_toolchain(
        architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
    )
    parts = [_setting(kokkos_tools, tools)]
    print(parts[0], flush=True)
    executor = LocalExecutor()
    given = os.environ.get("OMP_NUM_THREADS")
    try:
        for loops in LOOPS:
            for threads in (1, len(os.sched_getaffinity(0))) if loops.kernel in options.kernel else ():
                if threads > 1 and options.openmp is None:
                    continue
                os.environ["OMP_NUM_THREADS"] = str(threads)
                parts.append(_table(_compared(loops, threads, options, kokkos_tools, tools, executor)))
                print(parts[-1], flush=True)
    finally:
        executor.close()
        if given is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = given
    parts.append(_kokkos_errors(options, kokkos_tools, tools))
    print(parts[-1], flush=True)
    return "\n".join(parts)


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _setting(kokkos_tools: Toolchain, tools: Sequence[Tool]) -> str:
    machine = this_machine()
    kokkos = kokkos_tools.kokkos
    missing = [name for name in ("enzyme", "clad") if all(t.name != name for t in tools)]
    return (
        f"{datetime.date.today()}, {machine.cpu}, Kokkos {kokkos.version} ({', '.join(kokkos.backends)}), "
        f"ours and by hand: {kokkos_tools.compiler_version}, {' '.join(kokkos_tools.flags)}; "
        + "".join(f"{t.name}: {compiler_version(t.clang)}, {t.path.name}; " for t in tools)
        + "".join(f"{name}: missing; " for name in missing)
        + f"load average {machine.load:.1f} at the start.\n"
    )


# ---- one kernel ----


def _compared(
    loops: Loops,
    threads: int,
    options: argparse.Namespace,
    kokkos_tools: Toolchain,
    tools: Sequence[Tool],
    executor: LocalExecutor,
) -> Comparative:
    """Build everything into one program, compare the gradients, then time them interleaved."""
    path = CORPUS / f"{loops.kernel}.cpp"
    case = Case(loops.kernel, "medium" if options.quick else "large", loops.wrt)
    parse_options = ParseOptions(kokkos_include=kokkos_tools.kokkos.include)
    adjoint = pipeline.differentiate(pipeline.parse(path, parse_options), loops.wrt)
    signature = pipeline.signature(adjoint)
    if options.plan is not None:
        plan = named_plan(pipeline.search_space(adjoint, architectures()["host"]).plans(), options.plan)
    else:
        plan = tuned_plan(case, case.workload, options.trials, options.kokkos_root)
    tuned = Job("tuned", plan, promised(pipeline.realise(adjoint, plan).code("kad_tuned")))
    labels = {"tuned": f"**tuned**: {', '.join(f'{k}={v}' for k, v in plan.items()) or 'the only one'}"}
    jobs = [Job(p.stem, {}, by_hand(p, signature)) for p in case.by_hand()]
    labels |= {
        p.stem: "by hand: " + p.read_text().splitlines()[0].removeprefix("// ") for p in case.by_hand()
    }
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="kad-peers-") as name:
        folder = Path(name)
        libraries = [str(options.openmp)] if threads > 1 else []
        for tool in tools:
            try:
                libraries.append(str(tool.gradient(loops, signature, threads > 1, folder)))
            except (ToolFailed, subprocess.TimeoutExpired) as problem:
                failed[tool.name] = str(problem)
                continue
            jobs.append(Job(tool.name, {}, variant(loops, signature, tool.name)))
            labels[tool.name] = f"{tool.name.capitalize()}, {'OpenMP' if threads > 1 else 'plain'} loops"
        # in front: one OpenMP runtime serves everybody
        kokkos = dataclasses.replace(
            kokkos_tools.kokkos, libraries=(*libraries, *kokkos_tools.kokkos.libraries)
        )
        linked = dataclasses.replace(kokkos_tools, kokkos=kokkos)
        task = Task(signature, path, pipeline.tangent_header(adjoint), tuned, tuple(jobs), linked, (FOLDER,))
        ((_, binary),) = executor.build([task])
        if not isinstance(binary, Binary):
            raise SystemExit(f"{loops.kernel}: the comparison does not compile:\n{binary.log}")
        toml = path.with_suffix(".toml")
        inputs = Inputs(
            signature, *(load_workload(f"{toml}:{w}", signature) for w in (case.workload, "small"))
        )
        limits = QUICK if options.quick else LIMITS
        differs = _differences(binary, [j.key for j in jobs], inputs, signature, limits, folder, failed)
        keys = ["tuned", *(j.key for j in jobs if j.key not in failed)]
        _note(f"{loops.kernel}, {threads} threads: {', '.join(keys)}")
        times = executor.compare(binary, keys, inputs, limits, seed=1)
        if not isinstance(times, Comparison):
            raise SystemExit(f"{loops.kernel}: {times}")
    return Comparative(loops.kernel, case.workload, threads, plan, labels, times, differs, failed)


def _differences(
    binary: Binary,
    keys: Sequence[str],
    inputs: Inputs,
    signature: Signature,
    limits: Limits,
    folder: Path,
    failed: dict[str, str],
) -> dict[str, float]:
    """How far each gradient is from ours; what does not run is added to ``failed``."""
    full, _ = inputs.directories()
    names = [a.name for a in signature.arguments if a.independent]

    def adjoints(key: str) -> list[np.ndarray] | None:
        out = folder / f"adjoints_{key}"
        out.mkdir()
        value = gradient(binary, key, full, out, limits)
        if not isinstance(value, float):
            failed[key] = str(value).splitlines()[0]
            return None
        return [np.fromfile(out / f"{n}_b.raw") for n in names]

    ours = adjoints("tuned")
    if ours is None:
        raise SystemExit(f"the tuned gradient does not run: {failed['tuned']}")
    found = {}
    for key in keys:
        theirs = adjoints(key)
        if theirs is not None:
            pairs = zip(theirs, ours, strict=True)
            found[key] = max(float(np.max(np.abs(t - o)) / (np.max(np.abs(o)) or 1.0)) for t, o in pairs)
    return found


def _table(c: Comparative) -> str:
    primal = timing(c.times.primal)
    lines = [
        f"### {c.kernel}, {c.workload}, {c.threads} thread{'s' if c.threads > 1 else ''}, "
        f"primal {1e3 * primal.median:.1f} ms\n",
        "| gradient | ms | x primal | x tuned | differs from tuned |",
        "|---|---|---|---|---|",
    ]
    tuned = timing(c.times.gradients["tuned"])
    for key, label in c.labels.items():
        if key in c.failed:
            continue
        own = timing(c.times.gradients[key])
        ratio, low, high = ratio_interval(own, tuned)
        difference = f"{c.differs[key]:.0e}" if key in c.differs else ""
        wrong = " **WRONG**" if c.differs.get(key, 0.0) > 1e-6 else ""
        lines.append(
            f"| {label} | {1e3 * own.median:.1f} | {own.median / primal.median:.2f} "
            f"| {ratio:.2f} [{low:.2f}, {high:.2f}] | {difference}{wrong} |"
        )
    lines += [f"| {name} | none: {_cell(why)} | | | |" for name, why in c.failed.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")[:300]


def _kokkos_errors(options: argparse.Namespace, kokkos_tools: Toolchain, tools: Sequence[Tool]) -> str:
    """What the tools say to the Kokkos kernels themselves."""
    lines = ["### The Kokkos kernels\n", "| kernel | tool | first error |", "|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="kad-peers-") as name:
        for kernel in dict.fromkeys(options.kernel):
            path = CORPUS / f"{kernel}.cpp"
            parse_options = ParseOptions(kokkos_include=kokkos_tools.kokkos.include)
            signature = pipeline.signature(pipeline.differentiate(pipeline.parse(path, parse_options)))
            for tool in tools:
                said = tool.on_kokkos(path, signature, kokkos_tools.kokkos, Path(name))
                lines.append(f"| {kernel} | {tool.name} | {_cell(said.replace(name, ''))} |")
    return "\n".join(lines) + "\n" if tools else "No tool to try on the Kokkos kernels.\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
