"""What a launch takes for granted."""

from __future__ import annotations

from dataclasses import dataclass, field

from transform.ir.atoms import Atom, Location


@dataclass(frozen=True, slots=True)
class Comparison:
    """``sum(factor * product of atoms)``, without overflow, is not negative; ``nonzero``: is not 0."""

    terms: tuple[tuple[int, tuple[Atom, ...]], ...]
    nonzero: bool


@dataclass(frozen=True, slots=True)
class Assumption:
    """One of ``either`` holds, or the launch has no iteration. ``text`` says it in the user's names; ``loc``
    and ``view``: the access and the View that need it."""

    either: tuple[Comparison, ...]
    text: str = field(compare=False)
    view: str = field(compare=False)
    loc: Location | None = field(default=None, compare=False)
