"""Types of the IR: C++ scalars, fixed-size local arrays and Kokkos Views."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

FLOATS = ("double", "float")
INTEGERS = (
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "short",
    "unsigned short",
    "signed char",
    "unsigned char",
    "char",
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """An arithmetic type by its canonical C++ name, e.g. ``double`` or ``unsigned long``."""

    name: str

    @property
    def is_float(self) -> bool:
        return self.name in FLOATS

    @property
    def is_integer(self) -> bool:
        return self.name in INTEGERS


DEFAULT_SPACE = "Kokkos::DefaultExecutionSpace"
DOUBLE = Scalar("double")
FLOAT = Scalar("float")
INT = Scalar("int")
LONG = Scalar("long")
SIZE = Scalar("unsigned long")
BOOL = Scalar("bool")


@dataclass(frozen=True, slots=True)
class Array:
    """A local array, e.g. ``double J[2][2]``; an extent that only its declaration tells is 0."""

    element: Scalar
    extents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A Kokkos View.

    ``spelling`` is the C++ type as emitted code may write it (fully qualified, without a trailing
    ``const`` or ``&``). ``static_extents`` has one entry per dimension, ``None`` for a run-time extent.
    ``read_only`` means that the element type is const.
    """

    element: Scalar
    static_extents: tuple[int | None, ...]
    read_only: bool
    spelling: str

    @property
    def rank(self) -> int:
        return len(self.static_extents)

    @property
    def execution_space(self) -> str:
        """The space that works on its elements, as emitted code may spell it."""
        elsewhere = re.search(r"HostMirror|Space|Device|Kokkos::(Serial|OpenMP|Threads)\b", self.spelling)
        return f"{self.spelling}::execution_space" if elsewhere else DEFAULT_SPACE

    @property
    def atomic(self) -> bool:
        """Whether every access is atomic (the memory trait ``Kokkos::Atomic``, bit 4)."""
        traits = re.search(r"MemoryTraits<([^<>]*)>", self.spelling)
        if traits is None:
            return False
        number = re.fullmatch(r"(\d+)[uU]?[lL]*", traits[1].strip())
        return bool(int(number[1]) & 4) if number else "Atomic" in traits[1]

    @property
    def writable(self) -> View:
        """The same View with elements that can be written: the type of an adjoint, a tangent or a copy."""
        if not self.read_only and "MemoryTraits" not in self.spelling:
            return self
        plain = self.spelling.replace("Kokkos::View<const ", "Kokkos::View<", 1)
        if "MemoryTraits" in plain or "const" in plain:
            plain = f"kad::adjoint_of<{self.spelling}>"
        return replace(self, read_only=False, spelling=plain)


@dataclass(frozen=True, slots=True)
class Accumulator:
    """The ``double& sum`` argument of a ``parallel_reduce`` body; only incremented."""

    element: Scalar


@dataclass(frozen=True, slots=True)
class Coloring:
    """A conflict-free coloring of blocks of iterations."""


Memory = Array | View | Accumulator
Type = Scalar | Memory | Coloring
