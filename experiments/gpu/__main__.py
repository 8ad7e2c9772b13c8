"""Every strategy for every corpus kernel on this machine's device: verified, and timed beside the primal.

python -m experiments.gpu [KERNEL...] [--arch ARCH] [--workload NAME]... [--kokkos-root DIR] [--minutes N]
                          [--build-only] [--write]

Builds everything first (on all processors), then measures kernel by kernel; then the fastest variant of each
kernel once more with every other way to launch it. Results are kept as they come: started again, it goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.legal import describe, plan_key
from autotune.machine import can_run, this_machine
from autotune.outcome import CompileFailed, Measurement, Outcome
from autotune.statistics import ratio_interval
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain, identity
from autotune.workers import LocalExecutor
from autotune.workload import load_workload
from experiments.plans import launches, strategies
from search_spaces.model import Architecture, Plan, SearchSpace, architectures
from transform import pipeline
from transform.adjoint.gradient import Adjoint
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions
from transform.strategies.launch import build_plan, run_time

CORPUS = Path(__file__).parent.parent / "kernels"
README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.gpu --write -->\n"
STATE = Path("kad-out/gpu.jsonl")
PER_PROGRAM = 4
LIMITS = Limits(timeout=120.0, budget=0.5)


@dataclass(frozen=True)
class Figure:
    """One variant of a kernel with one workload. Times in seconds; ``failure``: why there are none."""

    kernel: str
    workload: str
    plan: Plan
    primal: float = 0.0
    gradient: float = 0.0
    ratio: tuple[float, float, float] = (0.0, 0.0, 0.0)
    memory: int = 0
    error: float = 0.0
    reproducible: bool = False
    failure: str = ""


class Record:
    """The figures in a file of JSON lines, by a key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.known: dict[str, Figure] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.is_file() else ():
            data: dict[str, Any] = json.loads(line)
            key = data.pop("key")
            self.known[key] = Figure(**{**data, "ratio": tuple(data["ratio"])})

    def add(self, key: str, figure: Figure) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps({"key": key, **dataclasses.asdict(figure)}) + "\n")
        self.known[key] = figure


class Kernel:
    """A corpus kernel, differentiated, and its variants for one architecture."""

    def __init__(self, name: str, arch: Architecture, tools: Toolchain) -> None:
        self.name, self._tools = name, tools
        self._path = CORPUS / f"{name}.cpp"
        options = ParseOptions(kokkos_include=tools.kokkos.include)
        self.adjoint: Adjoint = pipeline.differentiate(pipeline.parse(self._path, options))
        self.space: SearchSpace = pipeline.search_space(self.adjoint, arch)

    def job(self, plan: Plan) -> Job:
        built = build_plan(plan)
        variant = "p" + hashlib.sha256(plan_key(built).encode()).hexdigest()[:12]
        settings = ";".join(f"{k}={v}" for k, v in run_time(plan).items())
        code = pipeline.realise(self.adjoint, built).code(f"kad_{variant}")
        return Job(f"{variant}@{settings}" if settings else variant, plan, code)

    def tasks(self, plans: Iterable[Plan]) -> list[Task]:
        """A few variants to a program; variants that differ at run time only are in one."""
        jobs = [self.job(p) for p in plans]
        variants = list(dict.fromkeys(j.variant for j in jobs))
        parts = [variants[k : k + PER_PROGRAM] for k in range(0, len(variants), PER_PROGRAM)]
        signature, tangent = pipeline.signature(self.adjoint), pipeline.tangent_header(self.adjoint)
        reference = self.job(self.space.default)
        return [
            Task(
                signature,
                self._path,
                tangent,
                reference,
                tuple(j for j in jobs if j.variant in part),
                self._tools,
            )
            for part in parts
        ]

    def inputs(self, workload: str) -> Inputs | None:
        """The data of a workload; ``None`` if this kernel has no such table."""
        toml, signature = self._path.with_suffix(".toml"), pipeline.signature(self.adjoint)
        if f"[{workload}]" not in toml.read_text():
            return None
        full, small = (load_workload(f"{toml}:{w}", signature) for w in (workload, "small"))
        return Inputs(signature, full, small)

    def key(self, job: Job, workload: str) -> str:
        parts = (identity(self._tools), self._path.read_text(), workload, job.code, job.key)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def main(arguments: Sequence[str]) -> int:
    names = sorted(p.stem for p in CORPUS.glob("*.cpp"))
    parser = argparse.ArgumentParser(prog="python -m experiments.gpu", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=names, metavar="KERNEL", help=f"from {', '.join(names)}")
    parser.add_argument(
        "--arch", help="default: that of the device here; host tries the experiment without one"
    )
    parser.add_argument("--workload", action="append", metavar="NAME", help="repeatable (medium, large)")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos built for the device")
    parser.add_argument("--minutes", type=float, default=60.0, help="no new measurement begins after them")
    parser.add_argument("--build-only", action="store_true", help="needs no device")
    parser.add_argument("--state", type=Path, default=STATE, help=f"where results are kept ({STATE})")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.kernel) - set(names)):
        parser.error(f"unknown kernel {unknown[0]!r}; the corpus has {', '.join(names)}")
    arch = architectures().get(options.arch) if options.arch else _device_here()
    if arch is None:
        _note("no device was found here; name one of the architectures of `kad-tune archs` with --arch")
        return 6
    if not options.build_only and (reason := can_run(arch)) is not None:
        _note(f"{arch.name} cannot run here: {reason}")
        return 6
    try:
        tools = find_toolchain(arch, options.kokkos_root, (), build_missing=False, progress=_note)
    except (UsageError, ToolchainMissing) as problem:
        _note(str(problem))
        return 4
    workloads = tuple(options.workload or ("medium", "large"))
    end = time.monotonic() + 60 * options.minutes
    report = _measure(options.kernel, arch, tools, workloads, Record(options.state), end, options.build_only)
    print(report)
    if options.write and not options.build_only:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


def _device_here() -> Architecture | None:
    """The architecture of this machine's first device; by name where several have one backend."""
    able = [a for a in architectures().values() if a.backend != "host" and can_run(a) is None]
    gpus = this_machine().gpus
    named = [a for a in able if gpus and a.name.upper() in gpus[0].name.upper().replace(" ", "")]
    return next(iter(named or able), None)


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _measure(
    names: Sequence[str],
    arch: Architecture,
    tools: Toolchain,
    workloads: tuple[str, ...],
    record: Record,
    end: float,
    build_only: bool,
) -> str:
    executor = LocalExecutor()
    try:
        kernels = [Kernel(name, arch, tools) for name in names]
        binaries = _build(executor, kernels, {k.name: list(strategies(k.space)) for k in kernels}, end)
        if build_only:
            launched = {k.name: list(launches(k.space, k.space.default)) for k in kernels}
            return _built(kernels, [binaries, _build(executor, kernels, launched, end)])
        _time(executor, kernels, binaries, workloads, record, end)
        best = {k.name: list(launches(k.space, _fastest(k, workloads, record))) for k in kernels}
        more = _build(executor, kernels, best, end)
        _time(executor, kernels, more, workloads[-1:], record, end)
    finally:
        executor.close()
    return _report(tools, kernels, workloads, record)


Built = dict[str, list[tuple[Job, Binary | CompileFailed]]]  # by kernel


def _build(
    executor: LocalExecutor, kernels: Sequence[Kernel], plans: dict[str, list[Plan]], end: float
) -> Built:
    """Compile all variants, several kernels at once."""
    tasks = {k.name: k.tasks(plans[k.name]) for k in kernels}
    names = {id(t): name for name, mine in tasks.items() for t in mine}
    built: Built = {k.name: [] for k in kernels}
    if time.monotonic() > end:
        return built
    started = time.monotonic()
    for task, binary in executor.build([t for mine in tasks.values() for t in mine]):
        name = names[id(task)]
        _note(f"{name}: {len(task.jobs)} variants built after {time.monotonic() - started:.0f} s")
        if isinstance(binary, CompileFailed):
            _note(binary.log[-2000:])
        built[name] += [(job, binary) for job in task.jobs]
    return built


def _built(kernels: Sequence[Kernel], parts: Sequence[Built]) -> str:
    lines = []
    for k in kernels:
        jobs = [pair for part in parts for pair in part[k.name]]
        good = sum(isinstance(binary, Binary) for _, binary in jobs)
        lines.append(f"{k.name}: {good} of {len(jobs)} variants built")
    return "\n".join(lines)


def _time(
    executor: LocalExecutor,
    kernels: Sequence[Kernel],
    built: Built,
    workloads: Sequence[str],
    record: Record,
    end: float,
) -> None:
    """Verify and time what is not known yet."""
    for workload in workloads:
        for k in kernels:
            inputs = k.inputs(workload)
            for job, binary in built[k.name] if inputs is not None else ():
                key = k.key(job, workload)
                if key in record.known or time.monotonic() > end:
                    continue
                _note(f"{k.name}, {workload}: {describe(job.plan)}")
                assert inputs is not None
                outcome: Outcome = (
                    binary
                    if isinstance(binary, CompileFailed)
                    else executor.evaluate(binary, job.key, inputs, LIMITS)
                )
                record.add(key, _figure(k.name, workload, job.plan, outcome))


def _figure(kernel: str, workload: str, plan: Plan, outcome: Outcome) -> Figure:
    if not isinstance(outcome, Measurement):
        log = getattr(outcome, "log", "") or getattr(outcome, "reason", "")
        last = next((x for x in reversed(log.splitlines()) if x.strip()), "")
        return Figure(kernel, workload, plan, failure=f"{type(outcome).__name__} {last[:160]}".strip())
    return Figure(
        kernel,
        workload,
        plan,
        outcome.primal.median,
        outcome.gradient.median,
        ratio_interval(outcome.gradient, outcome.primal),
        outcome.memory,
        outcome.accuracy.inner_product,
        outcome.reproducible,
    )


def _fastest(k: Kernel, workloads: Sequence[str], record: Record) -> Plan:
    """With the last workload that this kernel has; the default if nothing was measured."""
    for workload in reversed(workloads):
        found = [f for f in _figures(k, workload, record) if not f.failure]
        if found:
            return min(found, key=lambda f: f.ratio[0]).plan
    return k.space.default


def _figures(k: Kernel, workload: str, record: Record) -> list[Figure]:
    """Fastest first, failures last."""
    mine = [f for f in record.known.values() if (f.kernel, f.workload) == (k.name, workload)]
    return sorted(mine, key=lambda f: (bool(f.failure), f.ratio[0]))


def _report(tools: Toolchain, kernels: Sequence[Kernel], workloads: Sequence[str], record: Record) -> str:
    machine = this_machine()
    device = machine.gpus[0].name if machine.gpus else "unknown device"
    lines = [
        f"{datetime.date.today()}, {device}, Kokkos {tools.kokkos.version} "
        f"({', '.join(tools.kokkos.backends)}), {tools.compiler_version}, {' '.join(tools.flags)}.\n"
    ]
    for k in kernels:
        for workload in workloads:
            figures = _figures(k, workload, record)
            if figures:
                lines += [f"### {k.name}, {workload}\n", *_table(figures), ""]
    return "\n".join(lines)


def _table(figures: Sequence[Figure]) -> list[str]:
    lines = [
        "| variant | primal, ms | gradient, ms | gradient / primal | memory, MB | error | reproducible |",
        "|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        if f.failure:
            lines.append(f"| {describe(f.plan)} | {f.failure} | | | | | |")
            continue
        ratio, low, high = f.ratio
        always = "yes" if f.reproducible else "no"
        lines.append(
            f"| {describe(f.plan)} | {1e3 * f.primal:.3f} | {1e3 * f.gradient:.3f} | {ratio:.2f} "
            f"[{low:.2f}, {high:.2f}] | {f.memory / 1e6:.1f} | {f.error:.0e} | {always} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
