"""What is here and what is missing: ``kad-tune doctor`` and ``kad-tune archs``."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from autotune.compiler import compiler_version, pick_compiler, toolchain_for
from autotune.installation import ToolchainMissing, candidates, find, why_not
from autotune.machine import can_run, this_machine
from autotune.store import cache_dir
from search_spaces.model import Architecture, architectures


@dataclass(frozen=True)
class Check:
    """One thing looked for. ``remedy``: what to do if it is missing; "" if nothing needs doing.

    ``needed``: the main job on this machine's CPU fails without it.
    """

    name: str
    found: bool
    detail: str
    remedy: str
    needed: bool = False


@dataclass(frozen=True)
class ArchStatus:
    """Whether programs for an architecture can be compiled and run now; "" instead of a reason if so."""

    arch: str
    title: str
    compiles: bool
    runs: bool
    why_no_compile: str
    why_no_run: str
    toolchain: str


def report(kokkos_root: Path | None = None) -> list[Check]:
    """Every check; ``kokkos_root`` as the user named it. Never raises: what fails is a finding."""
    return [_libclang(), *_compilers(), *_kokkos(kokkos_root), *_devices(), *_packages(), _cache()]


def healthy(checks: Sequence[Check]) -> bool:
    """Whether the main job can run on this machine's CPU."""
    return all(c.found for c in checks if c.needed)


def render(checks: Sequence[Check]) -> str:
    """For a terminal: one line per check, the remedy below what is missing."""
    width = max(len(c.name) for c in checks)
    lines = []
    for check in checks:
        mark = "ok     " if check.found else "MISSING" if check.needed else "-      "
        lines.append(f"{mark} {check.name:{width}}  {check.detail}")
        if not check.found and check.remedy:
            lines.append(f"{'':{width + 10}}{check.remedy}")
    return "\n".join(lines)


def to_json(checks: Sequence[Check]) -> dict[str, object]:
    """For ``--json``: the checks, whether all that is needed is there, and this machine's facts."""
    machine: Mapping[str, object] = this_machine().to_json()
    return {"ready": healthy(checks), "checks": [asdict(c) for c in checks], "machine": dict(machine)}


def arch_status(arch: Architecture) -> ArchStatus:
    """What ``arch`` lacks here. Looks only: builds nothing."""
    toolchain, why_no_compile = "", ""
    try:
        compiler = pick_compiler(arch)
        kokkos = find(arch)
        if kokkos is None:
            why_no_compile = _no_kokkos(arch)
        else:
            chosen = toolchain_for(arch, kokkos, compiler, ())
            toolchain = f"{chosen.compiler_version}; {kokkos.describe()}"
    except ToolchainMissing as problem:
        why_no_compile = str(problem)
    why_no_run = can_run(arch) or ""
    return ArchStatus(
        arch.name, arch.title, not why_no_compile, not why_no_run, why_no_compile, why_no_run, toolchain
    )


def _no_kokkos(arch: Architecture) -> str:
    option = "" if arch.backend == "host" else " --source DIR|TARBALL"
    unfit = [k for k in candidates() if arch.backend in k.backends]
    reasons = [f"; {k.describe()}: {why_not(k, arch)}" for k in unfit]
    return f"no Kokkos for it; kad-tune kokkos build --arch {arch.name}{option}{''.join(reasons)}"


def archs() -> list[ArchStatus]:
    """The status of every known architecture, ``host`` first."""
    known = sorted(architectures().values(), key=lambda a: (a.backend != "host", a.name))
    return [arch_status(a) for a in known]


def render_archs(statuses: Sequence[ArchStatus]) -> str:
    """For a terminal: one block per architecture."""
    lines = []
    for s in statuses:
        lines.append(f"{s.arch:8} {s.title}")
        lines.append(
            f"{'':8}   compile: {'yes, ' + s.toolchain if s.compiles else 'no, ' + s.why_no_compile}"
        )
        lines.append(f"{'':8}   run:     {'yes' if s.runs else 'no, ' + s.why_no_run}")
    return "\n".join(lines)


def _libclang() -> Check:
    name, remedy = "libclang", "pip install libclang"
    try:
        cindex = importlib.import_module("clang.cindex")
        cindex.Index.create()
    except Exception as problem:  # a broken shared library raises whatever it likes
        return Check(name, False, f"does not load: {problem}", remedy, needed=True)
    return Check(name, True, f"reads C++ ({_version('libclang')})", "", needed=True)


def _compilers() -> list[Check]:
    checks = []
    by_backend = {a.backend: a for a in reversed(architectures().values())}
    for backend in ("host", "cuda", "hip", "sycl"):
        if (arch := by_backend.get(backend)) is None:
            continue
        try:
            path = pick_compiler(arch)
            checks.append(
                Check(f"{backend} compiler", True, f"{path}: {compiler_version(path)}", "", backend == "host")
            )
        except ToolchainMissing as problem:
            how = str(problem).rpartition(": ")[2]
            detail = f"none found ({' or '.join(arch.compiler)})"
            checks.append(Check(f"{backend} compiler", False, detail, how, backend == "host"))
    for tool in ("cmake", "make"):
        path = shutil.which(tool) or ""
        remedy = f"on Debian: apt-get install {tool}"
        checks.append(Check(tool, bool(path), path or "not installed (builds Kokkos)", remedy))
    return checks


def _kokkos(root: Path | None) -> list[Check]:
    found = candidates(root)
    host = find(architectures()["host"], root)
    checks = [Check("Kokkos", True, k.describe() + (" <- host" if k == host else ""), "") for k in found]
    if host is None:
        remedy = "kad-tune kokkos build --arch host, or name one with --kokkos-root"
        checks.append(Check("Kokkos", False, "none for this machine's CPU", remedy, needed=True))
    elif host.backends == ("serial",):
        remedy = "kad-tune kokkos build --arch host"
        checks.append(Check("Kokkos OpenMP", False, "the only one for this CPU runs on one thread", remedy))
    return checks


def _devices() -> list[Check]:
    machine = this_machine()
    cpu = f"{machine.cpu}: {machine.cores} cores, {machine.threads} threads, {machine.memory / 2**30:.1f} GiB"
    if machine.governor:
        cpu += f", governor {machine.governor}"
    checks = [Check("CPU", True, cpu, "")]
    if machine.load > 0.5 * machine.threads:
        remedy = "measurements will be noisy: wait until it is idle"
        checks.append(Check("idle CPU", False, f"load average {machine.load:.1f}", remedy))
    checks += [Check("GPU", True, f"{g.name}, driver {g.driver or 'unknown'}", "") for g in machine.gpus]
    if not machine.gpus:
        checks.append(Check("GPU", False, "none here", ""))
    return checks


def _packages() -> list[Check]:
    roles = {"optuna": "searches", "ray": "distributes builds and measurements"}
    checks = []
    for package, role in roles.items():
        version = _version(package)
        detail = f"{version}, {role}" if version else f"not installed ({role})"
        checks.append(Check(package, bool(version), detail, f"pip install {package}", package == "optuna"))
    return checks


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cache() -> Check:
    path = cache_dir()
    existing: Path = path
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    used = sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.exists() else 0
    detail = f"{path}: {used / 2**20:.0f} MiB used, {free / 2**30:.1f} GiB free"
    remedy = "make room, or point KAD_CACHE_DIR elsewhere"
    return Check("cache", os.access(existing, os.W_OK) and free > 2**30, detail, remedy, needed=True)
