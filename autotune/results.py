"""What a finished search leaves behind: the config entry, the config file, the header."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autotune.duels import FALSE_CLAIMS, RELEVANT, Finals
from autotune.legal import LegalPlans
from autotune.machine import contention, this_machine
from autotune.measure import threading
from autotune.options import Request, tool_version
from autotune.outcome import Measurement
from autotune.problem import Derivation, Problem, checkpoint_answers, portable
from autotune.record import About
from autotune.select import Entry, Selection, interval, ratio
from autotune.statistics import remarks
from autotune.toolchain import Toolchain
from autotune.tune import Result
from autotune.tuned import (
    Decision,
    FrontPoint,
    Provenance,
    SearchRecord,
    TunedEntry,
    header_path,
    write_atomically,
)
from autotune.workload import Workload, elements
from search_spaces.model import Architecture, architectures
from transform import pipeline

_BUSY = 0.1  # share of the time: an idle machine's timings stay far below


def about_search(
    derivation: Derivation, arch: Architecture, toolchain: Toolchain, workload: str, problem: Problem
) -> About:
    """What a search's raw measurements say about themselves."""
    limits, machine = problem.limits, dict(this_machine().to_json())
    environment = {
        **machine,
        "gpus": [f"{gpu.name}, driver {gpu.driver}" for gpu in this_machine().gpus],
        "compiler": f"{Path(toolchain.compiler).name} {toolchain.compiler_version}",
        "flags": " ".join((f"-std={toolchain.std}", *toolchain.flags)),
        "kokkos": toolchain.kokkos.describe(),
        "threads and places": {
            name: value
            for name, value in ({**os.environ, **threading()}).items()
            if name.startswith(("OMP_", "KOKKOS_", "GOMP_", "KMP_"))
        },
        "caches": "emptied before each call" if limits.cold else "warm",
        "kad-tune": tool_version(),
    }
    return About(
        derivation.signature.name,
        arch.name,
        workload,
        problem.legal.space.default,
        problem.rules,
        environment,
    )


def tuned_entry(
    request: Request,
    derivation: Derivation,
    arch: Architecture,
    toolchain: Toolchain,
    workload: Workload,
    result: Result,
    selection: Selection,
    search: SearchRecord,
    caches: str,
    pareto: Sequence[Entry] = (),
) -> TunedEntry:
    """The winner with its evidence and provenance. ``pareto``: the front, if memory was an objective."""
    winner = selection.winner
    measured = winner.outcome
    assert isinstance(measured, Measurement)
    primal, gradient, reference = measured.primal, measured.gradient, measured.reference
    if result.finals is not None and result.finals.runs_of(winner.plan):
        primal, gradient, reference = result.finals.times(winner.plan)
    duel = selection.duel
    return TunedEntry(
        arch=arch.name,
        workload=workload.name,
        elements=elements(workload, derivation.signature),
        wrt=derivation.wrt,
        of=derivation.of,
        knobs=winner.plan,
        primal=primal,
        gradient=gradient,
        ratio=ratio(gradient, primal),
        baseline_knobs=result.reference,
        baseline=reference,
        speedup=duel.speedup if duel is not None and duel.bounded else ratio(reference, gradient),
        accuracy=measured.accuracy,
        memory=measured.memory,
        deterministic=winner.deterministic,
        reproducible=measured.reproducible,
        ties=tuple(e.plan for e in selection.ties),
        search=search,
        caches=caches,
        decision=_decision(selection, result),
        provenance=provenance(request, derivation, arch, toolchain, winner.plan),
        front=tuple(
            FrontPoint(e.plan, interval(e), e.outcome.memory)
            for e in pareto
            if isinstance(e.outcome, Measurement)
        ),
    )


def _decision(selection: Selection, result: Result) -> Decision:
    duel, finals, measured = selection.duel, result.finals, selection.winner.outcome
    assert isinstance(measured, Measurement)
    return Decision(
        claimed=duel is not None and duel.claimed,
        certain=duel.certain if duel is not None else 0.0,
        processes=len({r.process for r in finals.runs}) if finals is not None else 0,
        false_claims=FALSE_CLAIMS,
        relevant=RELEVANT,
        remarks=(*remarks(measured.gradient), *_surroundings(measured, finals)),
    )


def _surroundings(measured: Measurement, finals: Finals | None) -> Iterator[str]:
    """What the machine's state while the winner was timed says against the times."""
    spans = [measured.conditions] if finals is None else [r.conditions for r in finals.runs]
    waited = contention(spans)
    if waited > _BUSY:
        yield f"the machine was not idle: threads waited for a processor {100 * waited:.0f} % of the time"
    moments = [moment for span in spans if span is not None for moment in span]
    for whose, clocks in (
        ("processors", [c.megahertz for c in moments]),
        ("GPU", [after.gpu_megahertz for _, after in (s for s in spans if s is not None)]),
    ):
        known = [clock for clock in clocks if clock > 0]
        if known and min(known) < 0.9 * max(known):
            yield f"the clock of the {whose} varied between {min(known):.0f} and {max(known):.0f} MHz"


def provenance(
    request: Request,
    derivation: Derivation,
    arch: Architecture,
    toolchain: Toolchain,
    plan: Mapping[str, str | int],
    device: str = "",
) -> Provenance:
    """``device``: if it is not this machine's."""
    machine = this_machine()
    gpu = machine.gpus[0] if machine.gpus and arch.backend != "host" else None
    code = derivation.variant(plan).code("kad")
    return Provenance(
        kernel=request.kernel.name,
        kernel_fingerprint=derivation.kernel_fingerprint,
        code_fingerprint=hashlib.sha256(code.encode()).hexdigest(),
        compiler=Path(toolchain.compiler).name,
        compiler_version=toolchain.compiler_version,
        flags=toolchain.flags,
        std=toolchain.std,
        kokkos_version=toolchain.kokkos.version,
        kokkos_backends=toolchain.kokkos.backends,
        device=device or (gpu.name if gpu else machine.cpu),
        driver=gpu.driver if gpu else "",
        host=machine.to_json(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=tool_version(),
    )


def write_header(
    out: Path, derivation: Derivation, config: Mapping[str, Any], latest: str, note: Callable[[str], None]
) -> Path:
    """``OUT/f_grad.hpp`` with the winners of every architecture in ``config``; returns its path.

    An architecture that was tuned for several workloads gets all their winners, for each call the one tuned
    for the nearest size. Entries of another version of the kernel, or for other independents or dependents,
    are left out with a note: the portable fallback serves those architectures.
    """
    usable = []
    for entry in config["entries"]:
        stale = _stale(derivation, entry)
        if stale is None:
            usable.append(entry)
        else:
            note(f"the header leaves out the winner for {entry['arch']}, {entry['workload']}: {stale}")
    winners: dict[str, list[pipeline.Winner]] = {}
    # the newest first: where architectures share a macro, or workloads a size, it decides
    usable.sort(key=lambda e: (e["arch"] == latest, e["provenance"]["date"]), reverse=True)
    owner: dict[str, str] = {}
    for entry in usable:
        arch = architectures()[entry["arch"]]
        if owner.setdefault(arch.macro, arch.name) != arch.name:
            note(f"the header serves {arch.name} with the winners for {owner[arch.macro]}")
            continue
        same = winners.setdefault(arch.macro, [])
        size = entry.get("elements", 0)
        if any(size == w.elements for w in same):
            note(f"the header has another winner of {arch.name} for the size of {entry['workload']}")
        else:
            same.append(pipeline.Winner(derivation.variant(entry["knobs"]), size))
    text = pipeline.gradient_header(derivation.adjoint, winners, portable(derivation))
    path = header_path(out, derivation.signature.name)
    write_atomically(path, text)
    return path


def _stale(derivation: Derivation, entry: Mapping[str, Any]) -> str | None:
    """Why an entry's plan cannot go into this kernel's header."""
    arch = architectures().get(entry["arch"])
    if arch is None:
        return "this version does not know the architecture"
    if entry["provenance"]["kernel_fingerprint"] != derivation.kernel_fingerprint:
        return "the kernel has changed since; tune it again"
    if (tuple(entry["wrt"]), tuple(entry["of"])) != (derivation.wrt, derivation.of):
        return "it was tuned for other --wrt or --of"
    more = checkpoint_answers(entry["knobs"].values())
    if entry["knobs"] not in LegalPlans(pipeline.search_space(derivation.adjoint, arch, more)):
        return "this version offers no such variant; tune it again"
    return None
