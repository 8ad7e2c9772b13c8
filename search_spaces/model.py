"""Parameters, constraints and search spaces; architectures as data.

A *plan* gives every active parameter one value. Only legal values are in the space; what analysis ruled
out is kept beside it as ``Refusal`` with its reason, so that a user who asks for it learns why not.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Value = str | int
Plan = Mapping[str, Value]


@dataclass(frozen=True)
class Refusal:
    """A value that analysis ruled out for this kernel."""

    parameter: str
    value: Value
    reason: str


@dataclass(frozen=True)
class Parameter:
    """A tunable choice. ``values`` lists the legal ones, the expert default first.

    ``active_if`` = ``(other parameter, values)``: the parameter exists only where one of the named others
    has one of those values (any pair suffices; empty: always).
    """

    name: str
    values: tuple[Value, ...]
    meaning: str = ""
    active_if: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    def active(self, plan: Plan) -> bool:
        return not self.active_if or any(plan.get(name) in values for name, values in self.active_if)


@dataclass(frozen=True)
class Constraint:
    """``allows(plan)`` is False for combinations that are illegal together.

    ``reads``: the parameters that it looks at; empty: it may look at all.
    """

    reason: str
    allows: Callable[[Plan], bool] = field(compare=False)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchSpace:
    """Conditional parameters, in dependency order: a parameter's conditions name earlier ones only."""

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def plans(self) -> Iterator[dict[str, Value]]:
        """Every legal plan, in a fixed order: the default first."""

        def extend(plan: dict[str, Value], rest: tuple[Parameter, ...]) -> Iterator[dict[str, Value]]:
            if not rest:
                if all(c.allows(plan) for c in self.constraints):
                    yield dict(plan)
                return
            head, *tail = rest
            for value in head.values if head.active(plan) else (None,):
                yield from extend(plan if value is None else {**plan, head.name: value}, tuple(tail))

        return extend({}, self.parameters)

    @cached_property
    def size(self) -> int:
        """The exact number of legal plans: a product over parts that have nothing to do with each other."""
        return math.prod(sum(1 for _ in part.plans()) for part in self._parts())

    def _parts(self) -> list[SearchSpace]:
        """Spaces of disjoint parameters; no condition or constraint of one names a parameter of another."""
        names = [p.name for p in self.parameters]
        ties = [{p.name, *(other for other, _ in p.active_if)} for p in self.parameters]
        ties += [set(c.reads or names) for c in self.constraints]
        parts: list[set[str]] = []
        for tie in ties:
            touched = [part for part in parts if part & tie]
            parts = [*(part for part in parts if not part & tie), tie.union(*touched)]
        return [
            SearchSpace(
                tuple(p for p in self.parameters if p.name in part),
                tuple(c for c in self.constraints if set(c.reads or names) & part),
            )
            for part in parts
        ]

    @cached_property
    def default(self) -> dict[str, Value]:
        return next(self.plans())


@dataclass(frozen=True)
class Device:
    """What an accelerator can do, from its vendor's data sheet: for predictions, never for legality.

    ``bandwidth`` of its memory in GB/s, ``flops`` of vector fp64 units in TFLOP/s, ``launch`` of an empty
    kernel in microseconds; ``cores`` (each of AMD's compute units has four). Of one core: ``registers`` that
    its resident threads share, given out in ``register_unit`` to each of at most ``groups`` groups (warps,
    wavefronts) of ``group`` threads.
    """

    bandwidth: float
    flops: float
    launch: float
    cores: int
    registers: int
    register_unit: int
    groups: int
    group: int


@dataclass(frozen=True)
class Architecture:
    """A machine as data: one file in ``search_spaces/arch``."""

    name: str
    title: str
    backend: str  # "host", "cuda", "hip" or "sycl": which Kokkos device backend runs there
    kokkos_arch: str  # the Kokkos_ARCH_* CMake option, or "NATIVE"
    macro: str  # the Kokkos macro that is defined when compiling for it, or ""
    compiler: tuple[str, ...]  # candidate compilers, best first
    flags: tuple[str, ...]  # compiler flags beyond -O3
    knobs: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)  # values this machine tries
    device: Device | None = None  # None: a host


def arch_dir() -> Path:
    return Path(__file__).parent / "arch"


def load_architecture(path: Path) -> Architecture:
    """Read one architecture file. Raises ``ValueError`` naming the file and the offending key."""
    try:
        data = tomllib.loads(path.read_text())
        return Architecture(
            name=path.stem,
            title=data["title"],
            backend=data["backend"],
            kokkos_arch=data["kokkos_arch"],
            macro=data.get("macro", ""),
            compiler=tuple(data["compiler"]),
            flags=tuple(data.get("flags", ())),
            knobs={k: tuple(v) for k, v in data.get("knobs", {}).items()},
            device=Device(**data["device"]) if "device" in data else None,
        )
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as problem:
        raise ValueError(f"{path}: malformed architecture file: {problem}") from problem


def architectures() -> dict[str, Architecture]:
    """All known architectures by name."""
    return {p.stem: load_architecture(p) for p in sorted(arch_dir().glob("*.toml"))}
