"""Search spaces of which every plan was measured: ours, and those of the public auto-tuning benchmark hub."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autotune.legal import LegalPlans, plan_key
from search_spaces.model import Parameter, Plan, SearchSpace, Value

RECORDINGS = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Record:
    """One plan. ``time`` is to be small, ``None`` where it failed; ``cost``: seconds that trying it takes."""

    plan: Plan
    time: float | None
    cost: float


@dataclass(frozen=True)
class RecordedSpace:
    """``default`` is what an expert tries first, if the space knows one; ``source`` the file it is from."""

    name: str
    source: Path
    parameters: tuple[Parameter, ...]
    records: tuple[Record, ...]
    default: Plan | None
    setting: str = ""

    @cached_property
    def legal(self) -> LegalPlans:
        listed = tuple(dict(r.plan) for r in self.records)
        return _Listed(SearchSpace(self.parameters), self.default is not None, listed)

    @cached_property
    def by_plan(self) -> Mapping[str, Record]:
        return {plan_key(r.plan): r for r in self.records}

    @cached_property
    def mark(self) -> str:
        """Tells recordings apart that were made under one name; the hub's do not change."""
        if self.default is None:
            return "hub"
        return hashlib.sha256(repr((self.parameters, self.records)).encode()).hexdigest()[:8]

    def prepare(self) -> None:
        """Compute now what every search of the space needs."""
        self.legal.candidates(np.random.default_rng(0), (), (), 1)
        assert self.by_plan and self.mark

    @cached_property
    def best(self) -> float:
        return min(r.time for r in self.records if r.time is not None)


@dataclass(frozen=True)
class _Listed(LegalPlans):
    """Legal is what was recorded: the constraints behind it are not known."""

    listed: tuple[dict[str, Value], ...] = ()

    @cached_property
    def plans(self) -> tuple[dict[str, Value], ...]:
        return self.listed


def recordings(names: Iterable[str] = ()) -> list[RecordedSpace]:
    """Our own recorded spaces, in the order of their names; those ``names`` if any are given."""
    paths = sorted(RECORDINGS.glob("*.json.gz"))
    return [load(p) for p in paths if not names or p.name.removesuffix(".json.gz") in names]


def save(space: RecordedSpace, path: Path) -> None:
    """Write a recording: values by their index, so that a plan takes a line of a few numbers."""
    legal = LegalPlans(SearchSpace(space.parameters))
    data = {
        "name": space.name,
        "setting": space.setting,
        "default": space.default,
        "parameters": [
            {"name": p.name, "values": p.values, "active_if": p.active_if} for p in space.parameters
        ],
        "plans": legal.encode([r.plan for r in space.records]).tolist(),
        "times": [r.time for r in space.records],
        "costs": [round(r.cost, 4) for r in space.records],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # no time stamp inside: the same recording is the same file
    path.write_bytes(gzip.compress(json.dumps(data).encode(), mtime=0))


def load(path: Path) -> RecordedSpace:
    """The inverse of ``save``."""
    data = _read(path)
    parameters = tuple(
        Parameter(p["name"], tuple(p["values"]), active_if=tuple((n, tuple(v)) for n, v in p["active_if"]))
        for p in data["parameters"]
    )
    plans = [
        {p.name: p.values[code] for p, code in zip(parameters, row, strict=True) if code >= 0}
        for row in data["plans"]
    ]
    records = zip(plans, data["times"], data["costs"], strict=True)
    return RecordedSpace(
        data["name"],
        path,
        parameters,
        tuple(Record(plan, time, cost) for plan, time, cost in records),
        data["default"],
        data["setting"],
    )


def hub(root: Path, names: Iterable[str] = ()) -> list[RecordedSpace]:
    """The spaces below ``root`` (``KERNEL/GPU.json.gz``), by name; only those ``names``, if there are any.

    The hub has each space twice, as Kernel Tuner's cache file and in the T4 format. This reads the former,
    because Kernel Tuner's simulation reads it too, and so all search among the same numbers.
    """
    found = []
    for path in sorted(root.glob("*/*.json.gz")):
        name = f"{path.parent.name.removesuffix('_milo')}/{path.name.removesuffix('.json.gz')}"
        if not path.stem.endswith(("_T4.json", "_original.json")) and (not names or name in names):
            found.append(_from_cache_file(name, path))
    return found


def _from_cache_file(name: str, path: Path) -> RecordedSpace:
    data = _read(path)
    values: dict[str, list[Value]] = {k: v for k, v in data["tune_params"].items() if len(v) > 1}
    parameters = tuple(Parameter(k, tuple(v)) for k, v in values.items())
    records = []
    for entry in data["cache"].values():
        # milliseconds; older files do not say how long compiling and verifying took
        cost = sum(entry.get(part) or 0.0 for part in ("compile_time", "verification_time", "benchmark_time"))
        time = entry["time"] if isinstance(entry["time"], int | float) else None  # else the error's name
        records.append(Record({k: entry[k] for k in values}, time, cost / 1e3))
    return RecordedSpace(name, path, parameters, tuple(records), None)


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))
