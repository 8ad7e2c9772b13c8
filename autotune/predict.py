"""``--predict``: no device at hand. Cross-compile, rank by what kernels need and move, verify on the host.

What is predicted is marked so in the config, and never replaces what was measured.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autotune.evaluate import Inputs, Job, Limits, Task, build, evaluate
from autotune.failures import NoVariant
from autotune.infer import shrink
from autotune.legal import LegalPlans, describe, difference, plan_key
from autotune.options import Request, SearchOptions
from autotune.outcome import CompileFailed, Measurement, Timing
from autotune.problem import Derivation, architecture, derive_or_install, space_of, workload_of
from autotune.progress import Progress
from autotune.resources import REPORT, Resources, compile_object, namespace_of, parse_report, unit_of
from autotune.results import provenance, write_header
from autotune.toolchain import Toolchain, find_toolchain
from autotune.traffic import Work, seconds, work_of
from autotune.tuned import SearchRecord, TunedEntry, config_path, read_config, write_entry
from autotune.workload import Workload, arrays, elements
from search_spaces.model import Architecture, Device, Plan, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.ir.nodes import Block, Symbol
from transform.ir.types import View
from transform.strategies.launch import build_plan

PER_UNIT = 8
TIMEOUT = 900.0  # seconds for one translation unit
CANDIDATES = 5  # that are tried on the host until one passes
TIE = 1.05  # the model knows no better


@dataclass(frozen=True)
class Predicted:
    """A variant with the time that the model gives it, in seconds, and the most that any kernel needs."""

    plan: Plan
    time: float
    registers: int
    spilled: int
    occupancy: float


@dataclass(frozen=True)
class Prediction:
    """The variants of one architecture, fastest first, and what was written."""

    arch: str
    entry: TunedEntry
    variants: tuple[Predicted, ...]
    failed: int  # did not compile
    config: Path
    header: Path

    def to_json(self) -> dict[str, Any]:
        return {
            "arch": self.arch,
            "winner": self.entry.to_json(),
            "variants": [
                {
                    "knobs": dict(v.plan),
                    "predicted": v.time,
                    "registers": v.registers,
                    "spilled": v.spilled,
                    "occupancy": v.occupancy,
                }
                for v in self.variants
            ],
            "config": str(self.config),
            "header": str(self.header),
        }

    def lines(self) -> list[str]:
        """The result for people."""
        shown = [
            f"{1e3 * v.time:10.3f} ms  {v.registers:4} registers  {v.spilled:4} B spilled  "
            f"{v.occupancy:4.0%} occupancy  {describe(v.plan)}"
            for v in self.variants
        ]
        return [
            f"predicted for {self.arch}, not measured:",
            *shown,
            f"predicted winner for {self.arch}, verified on this machine's CPU: {describe(self.entry.knobs)}",
            f"config {self.config}\nheader {self.header}",
        ]


def predict(request: Request, options: SearchOptions, progress: Progress) -> tuple[Prediction, ...]:
    """Predict for every architecture of the request, writing config and header after each.

    Raises ``UsageError`` (an architecture that can be measured, or was), ``ToolchainMissing`` (for the
    architecture, or for this machine to verify), ``NoVariant``, and as ``session.tune`` does.
    """
    return tuple(_predict(request, options, architecture(name), progress) for name in request.archs)


def _predict(request: Request, options: SearchOptions, arch: Architecture, progress: Progress) -> Prediction:
    if arch.device is None or arch.backend not in REPORT:
        raise UsageError(f"--predict: no compiler for {arch.name} says what kernels need; tune where it is")
    progress.stage(f"reading {request.kernel}")
    derivation, toolchain = derive_or_install(request, arch, progress.note)
    workload = workload_of(request, derivation, progress.note)
    name = derivation.signature.name
    config = read_config(config_path(request.out, name)) or {"entries": []}
    for known in config["entries"]:
        if (known["arch"], known["workload"], known["evidence"]) == (arch.name, workload.name, "measured"):
            raise UsageError(f"--predict: {config_path(request.out, name)} has a measured winner; see --out")
    legal = LegalPlans(space_of(request, derivation, arch))
    plans = _plans(legal, options)
    progress.stage(f"compiling {len(plans)} variants for {arch.name}")
    needs = _compile_all(request, derivation, arch, toolchain, plans)
    model = _Model(derivation, workload, arch.device)
    ranked = sorted(
        (model.predicted(plan, kernels) for plan, kernels in needs if kernels), key=lambda v: v.time
    )
    progress.stage("verifying on this machine's CPU")
    default = legal.space.default
    ties = [v for v in ranked if v.time <= TIE * ranked[0].time]
    ties.sort(key=lambda v: difference(v.plan, default))
    rest = [v for v in ranked if v not in ties]
    for candidate in [*ties, *rest][:CANDIDATES]:
        checked = _on_host(request, derivation, workload, candidate.plan, progress)
        if checked is None:
            continue
        entry = _entry(
            request, options, derivation, arch, toolchain, workload, legal, model, ranked, candidate, checked
        )
        written = write_entry(request.out, name, derivation.signature.qualified, entry)
        header = write_header(request.out, derivation, written, arch.name, progress.note)
        failed = sum(not kernels for _, kernels in needs)
        path = config_path(request.out, name)
        return Prediction(arch.name, entry, tuple(ranked), failed, path, header)
    raise NoVariant(f"no variant compiled for {arch.name} and passed verification on this machine's CPU")


def _plans(legal: LegalPlans, options: SearchOptions) -> list[Plan]:
    """The default and others at random, of plans with the same code one."""
    random = np.random.default_rng(options.seed)
    found: dict[str, Plan] = {}
    tried: set[str] = set()
    plan: Plan | None = legal.space.default
    while plan is not None and len(found) < options.trials:
        tried.add(plan_key(plan))
        found.setdefault(plan_key(build_plan(plan)), build_plan(plan))
        plan = legal.draw(random, tried)
    return list(found.values())


def _compile_all(
    request: Request, derivation: Derivation, arch: Architecture, toolchain: Toolchain, plans: Sequence[Plan]
) -> list[tuple[Plan, tuple[Resources, ...]]]:
    """The kernels of each variant; none where it does not compile."""
    flags = tuple(f"-I{d.absolute()}" for d in request.include_dirs)

    def compile_some(part: Sequence[Plan]) -> list[tuple[Plan, tuple[Resources, ...]]]:
        codes = [derivation.variant(p).code(f"kad_v{k}") for k, p in enumerate(part)]
        compiled, log = compile_object(toolchain, unit_of(request.kernel.absolute(), codes), flags, TIMEOUT)
        if not compiled and len(part) > 1:
            return [pair for plan in part for pair in compile_some([plan])]
        kernels = parse_report(arch, log) if compiled else ()
        return [
            (p, tuple(r for r in kernels if namespace_of(r.name, "kad_v") == f"kad_v{k}"))
            for k, p in enumerate(part)
        ]

    parts = [plans[k : k + PER_UNIT] for k in range(0, len(plans), PER_UNIT)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return [pair for made in pool.map(compile_some, parts) for pair in made]


class _Model:
    """Times of the primal and of variants, for one workload and device."""

    def __init__(self, derivation: Derivation, workload: Workload, device: Device) -> None:
        self._derivation, self._device = derivation, device
        data = arrays(workload, derivation.signature)
        self._shapes: dict[Symbol, tuple[int, ...]] = {}
        self._scalars: dict[Symbol, float] = {}
        for p in derivation.program.params:
            if isinstance(p.symbol.type, View):
                self._shapes[p.symbol] = data[p.symbol.name].shape
            else:
                self._scalars[p.symbol] = float(data[p.symbol.name])
        self.primal = seconds(device, self._work(derivation.program.body, {}), 1.0, 0)

    def predicted(self, plan: Plan, kernels: Sequence[Resources]) -> Predicted:
        closed = pipeline.close(self._derivation.adjoint, plan)
        work = self._work(closed.body, closed.adjoints)
        occupancy, spilled = min(r.occupancy for r in kernels), max(r.spilled for r in kernels)
        time = seconds(self._device, work, occupancy, spilled)
        return Predicted(plan, time, max(r.registers for r in kernels), spilled, occupancy)

    def _work(self, body: Block, adjoints: dict[Symbol, Symbol]) -> tuple[Work, ...]:
        bars = {bar: self._shapes[p] for p, bar in adjoints.items() if p in self._shapes}
        return work_of(body, self._shapes | bars, self._scalars)


def _on_host(
    request: Request, derivation: Derivation, workload: Workload, plan: Plan, progress: Progress
) -> Measurement | None:
    """The variant built for this machine's CPU, verified and run there; ``None`` if it does not pass."""
    host = architectures()["host"]
    tools = find_toolchain(host, None, request.compiler_flags, build_missing=True, progress=progress.note)
    signature = derivation.signature
    variant = "p" + hashlib.sha256(plan_key(plan).encode()).hexdigest()[:12]
    job = Job(variant, plan, derivation.variant(plan).code(f"kad_{variant}"))
    include_dirs = tuple(d.absolute() for d in request.include_dirs)
    kernel = request.kernel.absolute()
    task = Task(signature, kernel, derivation.tangent, job, (job,), tools, include_dirs)
    binary = build(task)
    if isinstance(binary, CompileFailed):
        return None
    small = shrink(workload, derivation.program, signature)
    outcome = evaluate(binary, variant, Inputs(signature, workload, small), Limits(budget=0.2, least=3))
    if not isinstance(outcome, Measurement):
        progress.note(f"{describe(plan)}: {type(outcome).__name__} on this machine's CPU")
        return None
    return outcome


def _entry(
    request: Request,
    options: SearchOptions,
    derivation: Derivation,
    arch: Architecture,
    toolchain: Toolchain,
    workload: Workload,
    legal: LegalPlans,
    model: _Model,
    ranked: Sequence[Predicted],
    winner: Predicted,
    checked: Measurement,
) -> TunedEntry:
    default = next((v for v in ranked if v.plan == build_plan(legal.space.default)), winner)
    others = [v.plan for v in ranked if v.time <= TIE * ranked[0].time and v.plan != winner.plan]
    return TunedEntry(
        arch=arch.name,
        workload=workload.name,
        elements=elements(workload, derivation.signature),
        wrt=derivation.wrt,
        of=derivation.of,
        knobs=winner.plan,
        primal=_exactly(model.primal),
        gradient=_exactly(winner.time),
        ratio=_exactly(winner.time / model.primal),
        baseline_knobs=default.plan,
        baseline=_exactly(default.time),
        speedup=_exactly(default.time / winner.time),
        accuracy=checked.accuracy,
        memory=checked.memory,
        deterministic=derivation.variant(winner.plan).deterministic,
        reproducible=checked.reproducible,
        ties=(winner.plan, *others),
        search=SearchRecord(len(ranked), 1, legal.size, "predicted", options.seed),
        provenance=provenance(request, derivation, arch, toolchain, winner.plan, arch.title),
        evidence="predicted",
    )


def _exactly(time: float) -> Timing:
    """A model has no samples and no interval."""
    return Timing((), time, time, time)
