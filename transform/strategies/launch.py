"""How kernels are launched: bounds, schedules, tiles, occupancy, unrolling, the way inputs are read.

No answer changes what is computed, nor the order in which anything is added. Which answers a machine tries
is in its architecture file; a machine that lists none for a question is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from search_spaces.model import Architecture, Constraint, Parameter, Plan, Value
from transform.ir.nodes import Block, For, Launch, Let, Load, Param, Symbol
from transform.ir.types import View
from transform.ir.walk import walk, written

RUN_TIME: Mapping[str, Value] = {
    "chunk": 0,
    "occupancy": 100,
    "tile": "default",
    "replicas": 8,
    "team_size": 256,
}
"""Answers that need no other code, with the neutral value: members of ``kad::Knobs``."""

# element types that devices load through their read-only path
_READ_ONLY = ("float", "double", "int", "long")
_MEANING = {
    "launch_bounds": "threads of a block (x blocks that a core must hold) that kernels are compiled for",
    "schedule": "iterations are dealt out beforehand, or to whichever thread is free",
    "chunk": "iterations that a thread takes at once; 0: as Kokkos chooses",
    "occupancy": "percent of the device's threads to aim at",
    "tile": "tiles of kernels over several ranges",
    "unroll": "turns of an innermost loop at once; 0: as the compiler chooses",
    "reads": "inputs that no kernel writes: as they are, or through the read-only path",
}


@dataclass(frozen=True)
class Launching:
    """The answers as emitted code needs them. ``bounds``: the last arguments of ``kad::Range``; ``knobs``:
    the initial values of run-time choices that the code has, by name."""

    bounds: str = ""
    dynamic: bool = False
    unroll: int = 0
    read_only: bool = False
    knobs: tuple[tuple[str, Value], ...] = ()


def launching(plan: Plan) -> Launching:
    """What ``plan`` says about launches."""
    bounds = str(plan.get("launch_bounds", "default"))
    return Launching(
        "" if bounds == "default" else ", ".join(bounds.split("x")),
        plan.get("schedule") == "dynamic",
        int(plan.get("unroll", 0)),
        plan.get("reads") == "read-only",
        tuple((k, plan[k]) for k in RUN_TIME if k in plan),
    )


def build_plan(plan: Plan) -> dict[str, Value]:
    """The plan whose code ``plan`` runs: run-time choices at their neutral values."""
    return {k: RUN_TIME.get(k, v) for k, v in plan.items()}


def run_time(plan: Plan) -> dict[str, Value]:
    """The run-time choices that differ from the neutral ones."""
    return {k: v for k, v in plan.items() if k in RUN_TIME and v != RUN_TIME[k]}


def parameters(body: Block, params: Iterable[Param], arch: Architecture) -> tuple[Parameter, ...]:
    """The questions that ``arch`` asks about the launches of ``body``."""
    launches = [s for s in walk(body) if isinstance(s, Launch)]
    asked = {
        "launch_bounds": bool(launches),
        "schedule": any(not s.reductions for s in launches),
        "chunk": any(not s.reductions for s in launches),
        "occupancy": bool(launches),
        "tile": any(len(s.ranges) > 1 for s in launches),
        "unroll": any(isinstance(x, For) for s in launches for x in walk(s.body)),
        "reads": bool(unchanged(body, params)),
    }
    needs = {"chunk": (("schedule", ("dynamic",)),)}
    return tuple(
        Parameter(name, tuple(arch.knobs[name]), meaning, needs.get(name, ()))
        for name, meaning in _MEANING.items()
        if asked[name] and name in arch.knobs
    )


def constraints(body: Block) -> tuple[Constraint, ...]:
    """What bounds and tiles must be together: a tile is a block, whose threads the bounds limit."""
    ranks = [len(s.ranges) for s in walk(body) if isinstance(s, Launch) and len(s.ranges) > 1]

    def fits(plan: Plan) -> bool:
        threads = int(str(plan.get("launch_bounds", "default")).split("x")[0].replace("default", "1024"))
        tile = str(plan.get("tile", "default"))
        if tile != "default":
            return prod(int(n) for n in tile.split("x")) <= threads
        return all(min(16 * 4 ** (rank - 1), 256) <= threads for rank in ranks)  # Kokkos' largest default

    reason = "a tile has no more threads than the launch bounds allow"
    return (Constraint(reason, fits, ("launch_bounds", "tile")),) if ranks else ()


def unchanged(body: Block, params: Iterable[Param]) -> list[Symbol]:
    """Views of constant numbers among the parameters that kernels read and nothing writes."""
    changed = written(body)
    read = {
        x.op.memory
        for s in walk(body)
        if isinstance(s, Launch)
        for x in walk(s.body)
        if isinstance(x, Let) and isinstance(x.op, Load)
    }
    return [
        p.symbol
        for p in params
        if isinstance(p.symbol.type, View)
        and p.symbol in read
        and p.symbol not in changed
        and p.symbol.type.read_only
        and p.symbol.type.rank > 0
        and not p.symbol.type.objects
        and not p.symbol.type.atomic
        and p.symbol.type.element.name in _READ_ONLY
    ]
