"""The tuned config ``OUT/f.kad.json`` and the header beside it: read, merged, replaced atomically.

A config has one entry per architecture and workload. Writing one entry keeps all others; the file is
always either the old or the new one. A config that cannot be read is never overwritten.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from autotune.outcome import Accuracy, Timing
from autotune.store import locked
from search_spaces.model import Plan
from transform.diagnostics import UsageError

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """Where an entry comes from. ``host``: facts about the machine; ``date``: UTC, ISO 8601."""

    kernel: str
    kernel_fingerprint: str
    code_fingerprint: str
    compiler: str
    compiler_version: str
    flags: tuple[str, ...]
    std: str
    kokkos_version: str
    kokkos_backends: tuple[str, ...]
    device: str
    driver: str
    host: Mapping[str, object]
    date: str
    tool_version: str


@dataclass(frozen=True)
class SearchRecord:
    """How the winner was found. ``space``: number of legal plans, ``None`` if too many to enumerate."""

    trials: int
    verified: int
    space: int | None
    sampler: str
    seed: int


@dataclass(frozen=True)
class Decision:
    """How the winner was chosen; see ``duels``.

    ``claimed``: it is faster than the baseline, by more than ``certain`` (a ratio; 0 if nothing is certain)
    but for a rate of ``false_claims``. ``relevant``: gains below this fraction are not claimed.
    ``processes``: of the finals. ``remarks``: what is suspicious about the winner's samples.
    """

    claimed: bool
    certain: float
    processes: int
    false_claims: float
    relevant: float
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class FrontPoint:
    """A variant that no other beats in time and memory. ``relative``: its time over the baseline's."""

    knobs: Plan
    relative: Timing
    memory: int

    def to_json(self) -> dict[str, Any]:
        return {"knobs": dict(self.knobs), "relative": _interval(self.relative), "memory": self.memory}


@dataclass(frozen=True)
class TunedEntry:
    """The winner for one architecture and workload. Times in seconds, ``memory`` in bytes.

    ``elements``: the workload's size, see ``workload.elements``.
    ``front``: the Pareto front, fastest first, where the search had several objectives.
    ``ratio`` is gradient over primal, ``speedup`` the baseline's gradient over the winner's.
    """

    arch: str
    workload: str
    elements: int
    wrt: tuple[str, ...]
    of: tuple[str, ...]
    knobs: Plan
    primal: Timing
    gradient: Timing
    ratio: Timing
    baseline_knobs: Plan
    baseline: Timing
    speedup: Timing
    accuracy: Accuracy
    memory: int
    deterministic: bool
    reproducible: bool
    ties: tuple[Plan, ...]
    search: SearchRecord
    provenance: Provenance
    decision: Decision | None = None
    caches: str = "warm"
    evidence: str = "measured"
    front: tuple[FrontPoint, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "arch": self.arch,
            "workload": self.workload,
            "elements": self.elements,
            "wrt": list(self.wrt),
            "of": list(self.of),
            "knobs": dict(self.knobs),
            "evidence": self.evidence,
            "primal": _interval(self.primal),
            "gradient": _interval(self.gradient),
            "ratio": _interval(self.ratio),
            "baseline": {
                "knobs": dict(self.baseline_knobs),
                "gradient": _interval(self.baseline),
                "speedup": _interval(self.speedup),
            },
            "error": {
                "inner_product": self.accuracy.inner_product,
                "finite_differences": self.accuracy.finite_differences,
                "agreement": self.accuracy.agreement,
            },
            "memory": self.memory,
            "deterministic": self.deterministic,
            "reproducible": self.reproducible,
            "ties": [dict(plan) for plan in self.ties],
            **({} if self.decision is None else {"decision": _plain(self.decision)}),
            "caches": self.caches,
            **({"front": [p.to_json() for p in self.front]} if self.front else {}),
            "search": asdict(self.search),
            "provenance": _plain(self.provenance),
        }


def config_path(out: Path, name: str) -> Path:
    return out / f"{name}.kad.json"


def header_path(out: Path, name: str) -> Path:
    return out / f"{name}_grad.hpp"


def state_dir(out: Path) -> Path:
    """Where searches keep their journals, locks and working files."""
    return out / ".kad"


@cache
def schema() -> dict[str, Any]:
    """The published JSON schema of a tuned config."""
    text = (Path(__file__).parent / "config.schema.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read_config(path: Path) -> dict[str, Any] | None:
    """The config at ``path``, validated; ``None`` if there is none. Raises ``UsageError`` if it is broken."""
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(_broken(path, str(problem))) from problem
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UsageError(
            f"{path} was written by a newer kad-tune (schema version {version}); update this one"
        )
    try:
        jsonschema.validate(data, schema())
    except jsonschema.ValidationError as problem:
        raise UsageError(_broken(path, f"{problem.json_path}: {problem.message}")) from problem
    checked: dict[str, Any] = data
    return checked


def merge(config: Mapping[str, Any] | None, function: str, entry: TunedEntry) -> dict[str, Any]:
    """``config`` with ``entry`` in place of the one for the same architecture and workload, or added.

    Raises ``UsageError`` if the config belongs to another function.
    """
    if config is not None and config["function"] != function:
        raise UsageError(
            f"the tuned config in this directory belongs to {config['function']}, not to {function}; "
            "choose another --out"
        )
    mine = entry.to_json()
    key = (entry.arch, entry.workload)
    entries = [mine if (e["arch"], e["workload"]) == key else e for e in (config or {}).get("entries", [])]
    if mine not in entries:
        entries.append(mine)
    merged = {"schema_version": SCHEMA_VERSION, "function": function, "entries": entries}
    jsonschema.validate(merged, schema())
    return merged


def write_entry(out: Path, name: str, function: str, entry: TunedEntry) -> dict[str, Any]:
    """Merge ``entry`` into ``OUT/name.kad.json`` and return the new config.

    Two drivers that write at the same time lose no entry. Raises ``UsageError`` (the old file is kept).
    """
    path = config_path(out, name)
    with locked(state_dir(out) / f"{name}.config.lock"):
        config = merge(read_config(path), function, entry)
        write_atomically(path, json.dumps(config, indent=2) + "\n")
    return config


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` in one step; after a crash it holds the old text or the new. Raises ``UsageError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as problem:
        raise UsageError(f"cannot write {path}: {problem.strerror}") from problem


def _plain(record: Provenance | Decision) -> dict[str, Any]:
    """As JSON would give it back: lists for tuples."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(record)))
    return data


def _interval(timing: Timing) -> dict[str, float]:
    return {"median": timing.median, "low": timing.low, "high": timing.high}


def _broken(path: Path, problem: str) -> str:
    return f"{path} is not a tuned config: {problem}; it is left as it is: repair it or move it away"
