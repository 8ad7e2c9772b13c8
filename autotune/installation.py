"""Finding Kokkos installations and telling what each can serve."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autotune.store import cache_dir
from search_spaces.model import Architecture

RECORD = "kad-kokkos.json"  # beside an installation that ``build`` made: what it was built for
DEVICE_BACKENDS = ("cuda", "hip", "sycl", "openmptarget", "openacc")
HOST_BACKENDS = ("openmp", "threads", "hpx", "serial")  # the one that Kokkos takes by default first
SYSTEM_ROOTS = (Path("/usr/local"), Path("/usr"))
_HEADERS = ("include", "include/kokkos", "include/trilinos")
_LIBRARIES = ("lib", "lib64")
_PARTS = ("containers", "algorithms", "simd", "core")  # in link order; Kokkos versions have different ones


class ToolchainMissing(Exception):
    """A compiler, a Kokkos or a tool to build one is not there (exit status 4). Says how to get it."""


@dataclass(frozen=True)
class Kokkos:
    """An installation. ``libraries`` are linker arguments: files in link order, then ``-l`` options.

    ``backends`` in lower case (``openmp``), device backends first. ``architectures``: the
    ``KOKKOS_ARCH_*`` macros that it was configured with. ``std``: the C++ standard of its own build.
    """

    root: Path
    include: Path
    version: str
    backends: tuple[str, ...]
    libraries: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    std: str = "c++17"

    @property
    def device(self) -> str | None:
        """The enabled device backend, or None: then the default execution space is on the host."""
        return next((b for b in self.backends if b in DEVICE_BACKENDS), None)

    def describe(self) -> str:
        return f"Kokkos {self.version} ({', '.join(self.backends)}) at {self.root}"


def read_installation(path: Path) -> Kokkos | None:
    """The installation at the prefix ``path`` (or whose ``lib/cmake/Kokkos`` that is), or None."""
    path = path.expanduser().absolute()
    for root in (path, *path.parents[:4]) if path.name == "Kokkos" else (path,):
        for include in (root / h for h in _HEADERS):
            config = include / "KokkosCore_config.h"
            if config.is_file():
                return _read_config(root, include, config.read_text(errors="replace"))
    return None


def _read_config(root: Path, include: Path, config: str) -> Kokkos | None:
    defined = dict(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(KOKKOS_\w+)[ \t]*(.*)$", config, re.MULTILINE))
    number = re.match(r"\d+", defined.get("KOKKOS_VERSION", ""))
    libraries = _libraries(root, defined)
    if number is None or not libraries:
        return None
    code = int(number[0])
    return Kokkos(
        root=root,
        include=include,
        version=f"{code // 10000}.{code // 100 % 100}.{code % 100}",
        backends=tuple(b for b in DEVICE_BACKENDS + HOST_BACKENDS if f"KOKKOS_ENABLE_{b.upper()}" in defined),
        libraries=libraries,
        architectures=tuple(sorted(m for m in defined if m.startswith("KOKKOS_ARCH_"))),
        std=_standard(defined),
    )


def _standard(defined: Mapping[str, str]) -> str:
    """The standard that Kokkos was built with, at least C++17: its headers may need no less."""
    for year in ("26", "23", "20"):
        if f"KOKKOS_ENABLE_CXX{year}" in defined:
            return f"c++{year}"
    return "c++17"


def _libraries(root: Path, defined: Mapping[str, str]) -> tuple[str, ...]:
    folders = [root / name for name in _LIBRARIES]
    folders += sorted(p for p in (root / "lib").glob("*-linux-gnu*") if p.is_dir())
    for folder in folders:
        for prefix in ("libkokkos", "libtrilinos_kokkos"):
            for suffix in (".a", ".so"):
                if (folder / f"{prefix}core{suffix}").is_file():
                    files = (folder / f"{prefix}{part}{suffix}" for part in _PARTS)
                    found = [str(f) for f in files if f.is_file()]
                    if suffix == ".so" and str(folder) not in _SYSTEM_FOLDERS:
                        found.append(f"-Wl,-rpath,{folder}")
                    return (*found, *_system_libraries(defined))
    return ()


_SYSTEM_FOLDERS = ("/usr/lib", "/usr/lib64", *(str(p) for p in Path("/usr/lib").glob("*-linux-gnu*")))


def _system_libraries(defined: Mapping[str, str]) -> Iterator[str]:
    if "KOKKOS_ENABLE_HWLOC" in defined:
        yield "-lhwloc"
    if "KOKKOS_ENABLE_LIBDL" in defined:
        yield "-ldl"
    if "KOKKOS_ENABLE_CUDA" in defined:
        yield "-lcuda"


def candidates(explicit: Path | None = None) -> tuple[Kokkos, ...]:
    """Every installation found, best first: ``explicit`` alone if given; else ``Kokkos_ROOT``,
    ``Kokkos_DIR``, ``CMAKE_PREFIX_PATH``, the user's cache (newest version first), the system's.
    """
    if explicit is not None:
        found = read_installation(explicit)
        return (found,) if found else ()
    places = [*_from_environment(), *cached_roots(), *SYSTEM_ROOTS]
    installations: dict[Path, Kokkos] = {}
    for place in places:
        if (kokkos := read_installation(place)) is not None:
            installations.setdefault(kokkos.root.resolve(), kokkos)
    return tuple(installations.values())


def _from_environment() -> Iterator[Path]:
    for name in ("Kokkos_ROOT", "KOKKOS_ROOT", "Kokkos_DIR", "CMAKE_PREFIX_PATH"):
        for entry in re.split("[:;]", os.environ.get(name, "")):
            if entry:
                yield Path(entry)


def cached_roots() -> tuple[Path, ...]:
    """Installations that ``build`` put into the cache, newest Kokkos version first."""

    def newest(root: Path) -> tuple[tuple[int, ...], str]:
        version = str(record(root).get("version", "0"))
        return tuple(-int(n) for n in version.split(".") if n.isdigit()), root.name

    return tuple(sorted((p.parent for p in (cache_dir() / "kokkos").glob(f"*/{RECORD}")), key=newest))


def record(root: Path) -> Mapping[str, object]:
    """What ``build`` noted about an installation; empty for one that it did not make."""
    try:
        noted = json.loads((root / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def why_not(kokkos: Kokkos, arch: Architecture) -> str | None:
    """Why this installation cannot serve ``arch``, or None if it can."""
    if arch.backend == "host":
        if kokkos.device is not None:
            return f"its default execution space is {kokkos.device}"
        if not kokkos.backends:
            return "it has no host backend"
        target = record(kokkos.root).get("target")
        if target is not None and target != native_target():
            return "it was built for another CPU"
        return None
    if arch.backend not in kokkos.backends:
        return f"it has no {arch.backend} backend"
    names = arch_options(arch)
    if not {f"KOKKOS_ARCH_{n}" for n in names} & set(kokkos.architectures):
        return f"it was not configured for {arch.name} (Kokkos_ARCH_{' or '.join(names)})"
    return None


def find(arch: Architecture, explicit: Path | None = None) -> Kokkos | None:
    """The best installation for ``arch``, or None.

    The user's choice (``explicit``, environment) wins; among the cache and the system, for ``host``, one
    with threads wins over a Serial one.
    """
    able = [k for k in candidates(explicit) if why_not(k, arch) is None]
    if not able or explicit is not None or chosen_by_user(able[0]) or arch.backend != "host":
        return able[0] if able else None
    return min(able, key=lambda k: k.backends == ("serial",))  # stable: the first with threads


def chosen_by_user(kokkos: Kokkos) -> bool:
    """Whether the environment names this installation."""
    named = (read_installation(place) for place in _from_environment())
    return any(k is not None and k.root.resolve() == kokkos.root.resolve() for k in named)


def arch_options(arch: Architecture) -> tuple[str, ...]:
    """The ``Kokkos_ARCH_`` options of the architecture, newest name first: Kokkos has renamed some."""
    return tuple(n.strip() for n in arch.kokkos_arch.split(","))


@lru_cache
def native_target() -> str:
    """What ``-march=native`` means here: a digest of the CPU's instruction sets, or "" if unknown.

    A home directory shared by unlike machines must not hand one's binaries to the other.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    keys = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU implementer", "CPU part")
    lines = {line.split(":")[0].strip(): line for line in text.splitlines() if ":" in line}
    return hashlib.sha256("\n".join(lines.get(key, "") for key in keys).encode()).hexdigest()[:12]
