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
UNSIGNED = Scalar("unsigned int")
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

    A View of objects (structs, complex numbers) has the scalars of an element as its last dimension, all of
    one type; ``objects`` is its C++ type, ``spelling`` that of the View of scalars on the same memory.
    """

    element: Scalar
    static_extents: tuple[int | None, ...]
    read_only: bool
    spelling: str
    objects: str = ""

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
        if self.objects:
            spelling = self.spelling.replace("Kokkos::View<const ", "Kokkos::View<", 1).replace(_THERE, _OWN)
            objects = f"kad::adjoint_of<{self.objects}>" if self.read_only else self.objects
            return replace(self, read_only=False, spelling=spelling, objects=objects)
        if not self.read_only and "MemoryTraits" not in self.spelling:
            return self
        plain = self.spelling.replace("Kokkos::View<const ", "Kokkos::View<", 1)
        if "MemoryTraits" in plain or "const" in plain:
            plain = f"kad::adjoint_of<{self.spelling}>"
        return replace(self, read_only=False, spelling=plain)

    @property
    def declared(self) -> str:
        """The C++ type of a parameter."""
        return self.objects or self.spelling

    @property
    def on_objects(self) -> str:
        """The C++ type of the View of scalars on the memory of a parameter."""
        return self.spelling.replace(_OWN, _THERE)


# A View of the scalars of objects that are elsewhere, and one that has memory of its own.
_THERE, _OWN = "Kokkos::LayoutStride, kad::device_of<", "Kokkos::LayoutRight, kad::device_of<"


def view_of_scalars(element: Scalar, extents: tuple[int | None, ...], read_only: bool, objects: str) -> View:
    """The View of objects with the C++ type ``objects``; ``extents`` end with the scalars of an element."""
    data = f"{element.name}{'*' * extents.count(None)}{''.join(f'[{n}]' for n in extents if n is not None)}"
    data = f"const {data}" if read_only else data
    spelling = f"Kokkos::View<{data}, Kokkos::LayoutStride, kad::device_of<{objects}>>"
    return View(element, extents, read_only, spelling, objects)


@dataclass(frozen=True, slots=True)
class Accumulator:
    """The ``double& sum`` argument of a ``parallel_reduce`` body; only incremented.

    ``size``: of an array of sums, how many (only the transformer makes such); 0: it is one value."""

    element: Scalar
    size: int = 0


@dataclass(frozen=True, slots=True)
class Coloring:
    """A conflict-free coloring of blocks of iterations."""


Memory = Array | View | Accumulator
Type = Scalar | Memory | Coloring
