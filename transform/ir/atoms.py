"""Names, constants and places in the source: what every node of the IR is made of."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.types import Scalar, Type


@dataclass(frozen=True, slots=True)
class Location:
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in the IR. ``id`` makes it unique; ``name`` is what the user wrote, kept for reading."""

    name: str
    id: int
    type: Type

    def __hash__(self) -> int:
        return (
            self.id
        )  # symbols are looked up all the time; hashing the type as well cost a tenth of emitting


@dataclass(frozen=True, slots=True)
class Const:
    value: int | float | bool
    type: Scalar


Atom = Symbol | Const
