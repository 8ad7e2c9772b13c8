"""Variants of one kernel in translation units: whether they compile, what the compiler complains of, what the
kernels need."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.compiler import identity
from autotune.resources import Resources, compile_object, namespace_of, parse_report, unit_of
from autotune.toolchain import Toolchain
from search_spaces.model import Architecture, Plan
from transform.pipeline import Variant

TIMEOUT = 1200.0
WARNINGS = ("-Wall", "-Wextra")
PER_UNIT = 16  # variants in one translation unit: reading Kokkos takes longer than a variant


@dataclass(frozen=True)
class Target:
    arch: Architecture
    tools: Toolchain

    @property
    def title(self) -> str:
        kokkos = self.tools.kokkos
        return f"{self.arch.name}, Kokkos {kokkos.version} ({', '.join(kokkos.backends)})"


@dataclass(frozen=True)
class Entry:
    """One variant for one target. ``kernels`` have no names here; ``log`` holds errors and warnings."""

    target: str
    kernel: str
    plan: Plan
    compiled: bool
    warnings: int
    kernels: tuple[Resources, ...]
    log: str

    @property
    def clean(self) -> bool:
        return self.compiled and not self.warnings


class Record:
    """The entries in a file of JSON lines, by a key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.known: dict[str, Entry] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.is_file() else ():
            data = json.loads(line)
            kernels = tuple(Resources(**r) for r in data.pop("kernels"))
            key = data.pop("key")
            self.known[key] = Entry(kernels=kernels, **data)

    def add(self, entries: Mapping[str, Entry]) -> None:
        with self._path.open("a") as file:
            for key, entry in entries.items():
                file.write(json.dumps({"key": key, **dataclasses.asdict(entry)}) + "\n")
        self.known |= entries


def note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def entries(
    target: Target, path: Path, variants: Sequence[tuple[str, Variant]], record: Record
) -> list[Entry]:
    """What each named variant of a kernel in ``path`` comes to: from ``record``, or made now and added."""
    identified = identity(target.tools)
    keyed = {_key(identified, path, v.code()): (name, v) for name, v in variants}
    missing = [k for k in keyed if k not in record.known]
    for first in range(0, len(missing), PER_UNIT):
        part = missing[first : first + PER_UNIT]
        started = time.monotonic()
        record.add(_compile(target, path, {k: keyed[k] for k in part}))
        seconds = time.monotonic() - started
        note(f"{target.title}: {path.stem}: {len(part)} variants in {seconds:.0f} s")
    return [record.known[k] for k in keyed]


def _key(identified: str, path: Path, code: str) -> str:
    parts = (identified, *WARNINGS, path.read_text(), code)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _compile(target: Target, path: Path, variants: Mapping[str, tuple[str, Variant]]) -> dict[str, Entry]:
    """Compile the variants together, or in halves if they do not compile together or something warns."""
    names = {key: f"kad_v{k}" for k, key in enumerate(variants)}
    text = unit_of(path, (v.code(names[k]) for k, (_, v) in variants.items()))
    compiled, log = compile_object(target.tools, text, WARNINGS, TIMEOUT)
    warnings = count_warnings(log)
    if len(variants) > 1 and (not compiled or warnings):
        keys, middle = list(variants), len(variants) // 2
        halves = ({k: variants[k] for k in half} for half in (keys[:middle], keys[middle:]))
        return {k: e for half in halves for k, e in _compile(target, path, half).items()}
    kernels: dict[str, list[Resources]] = {}
    for r in parse_report(target.arch, log):
        kernels.setdefault(namespace_of(r.name, "kad_v") or "", []).append(dataclasses.replace(r, name=""))
    kept = "" if compiled and not warnings else _complaints(log)
    return {
        key: Entry(target.title, name, v.plan, compiled, warnings, tuple(kernels.get(names[key], ())), kept)
        for key, (name, v) in variants.items()
    }


def count_warnings(log: str) -> int:
    return len(re.findall(r"\bwarning\b.*:", log, re.IGNORECASE))


def _complaints(log: str) -> str:
    """The log from its first error or warning on."""
    found = re.search(r"^.*\b(error|warning)\b", log, re.MULTILINE | re.IGNORECASE)
    return log[found.start() : found.start() + 4000] if found else log[-4000:]
