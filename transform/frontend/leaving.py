"""What a branch leaves behind: numbers that only it defines become merges of the ``If``."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from transform.frontend.bindings import (
    Alias,
    Axis,
    Binding,
    Choice,
    Either,
    Element,
    Group,
    Handle,
    Lvalue,
    Mapping,
    Memory,
    NoView,
    Object,
    Opaque,
    Part,
    Place,
    Run,
    Sum,
    Unset,
    Variable,
)
from transform.ir.build import Fresh, zero
from transform.ir.nodes import Atom, Block, Merge, Symbol
from transform.ir.types import Scalar
from transform.ir.walk import defines, walk


class Leaving:
    """One side of an ``If``: ``atom`` gives a number as the code after the ``If`` may name it."""

    def __init__(self, fresh: Fresh, block: Block, taken: bool, merges: list[Merge]) -> None:
        self.inside = {n for s in walk(block) for n in defines(s)}
        self._fresh, self._taken, self._merges = fresh, taken, merges
        self._known: dict[Atom, Atom] = {}

    def atom(self, atom: Atom) -> Atom:
        if atom not in self.inside:
            return atom
        if atom not in self._known:
            assert isinstance(atom, Symbol) and isinstance(atom.type, Scalar)
            other = zero(atom.type)
            result = self._fresh.symbol(atom.name, atom.type)
            self._merges.append(Merge(result, atom, other) if self._taken else Merge(result, other, atom))
            self._known[atom] = result
        return self._known[atom]


def leaving(handle: Handle, leave: Leaving) -> Handle:
    """``handle`` as the code after a branch may name it."""
    inside, out = leave.inside, leave.atom

    def moved(h: Handle) -> Handle:
        match h:
            case NoView():
                return h
            case Choice(cond=cond, then=then, orelse=orelse):
                return Choice(out(cond), moved(then), moved(orelse))
            case Memory(symbol=symbol) if symbol in inside:
                return NoView("it is made inside a branch")
            case Memory(mapping=None):
                return h
            case Memory(symbol=symbol, mapping=mapping):
                assert mapping is not None
                axes = tuple(
                    Axis(
                        None if a.first is None else out(a.first),
                        tuple((p, None if step is None else out(step)) for p, step in a.terms),
                    )
                    for a in mapping.axes
                )
                return Memory(symbol, Mapping(axes, tuple(out(e) for e in mapping.extents)))
            case _:
                assert_never(h)

    return moved(handle) if inside else handle


def either(cond: Atom, a: Binding, b: Binding, then: Leaving, orelse: Leaving) -> Binding | None:
    """What a reference stands for that one of two branches has bound, or both; ``None`` if nothing can."""
    for one, other, leave in ((a, b, then), (b, a, orelse)):
        if isinstance(other, Unset):  # the end of a function that returns nothing there: never reached
            match one:
                case Alias(place=place):
                    return Alias(_outside(place, leave), one.pointer)
                case Object(place=found):
                    return replace(one, place=_object_outside(found, leave))
                case _:
                    return one
    if isinstance(a, Alias) and isinstance(b, Alias) and a.pointer == b.pointer:
        return Alias(_place(cond, _outside(a.place, then), _outside(b.place, orelse)), a.pointer)
    if isinstance(a, Object) and isinstance(b, Object) and a.pointer == b.pointer:
        chosen = _lvalue(cond, _object_outside(a.place, then), _object_outside(b.place, orelse))
        return Object(chosen, a.pointer) if isinstance(chosen, Group | Part | Run) else None
    return a if a == b else None


def _place(cond: Atom, a: Place, b: Place) -> Place:
    return a if a == b else Either(cond, a, b)


def _lvalue(cond: Atom, a: Lvalue, b: Lvalue) -> Lvalue:
    match a, b:
        case Group(), Group() if a.type == b.type:
            pairs = zip(a.members, b.members, strict=True)
            return replace(
                a, members=tuple(replace(x, place=_lvalue(cond, x.place, y.place)) for x, y in pairs)
            )
        case ((Variable() | Element() | Sum() | Either()), (Variable() | Element() | Sum() | Either())):
            return _place(cond, a, b)
        case _:
            return a if a == b else Opaque("one of two arrays, chosen at run time")


def _outside(place: Place, leave: Leaving) -> Place:
    """A place as the code after a branch may name it."""
    match place:
        case Element(index=index):
            return replace(place, index=tuple(leave.atom(i) for i in index))
        case Either(cond=cond, then=then, orelse=orelse):
            return Either(leave.atom(cond), _outside(then, leave), _outside(orelse, leave))
        case _:
            return place


def _object_outside(place: Group | Part | Run, leave: Leaving) -> Group | Part | Run:
    if isinstance(place, Part):
        return replace(place, index=tuple(leave.atom(i) for i in place.index))
    if isinstance(place, Run):
        index = tuple(leave.atom(i) for i in place.index)
        return replace(place, index=index, first=leave.atom(place.first))
    members = []
    for m in place.members:
        match m.place:
            case Variable() | Element() | Sum() | Either():
                members.append(replace(m, place=_outside(m.place, leave)))
            case Group() | Part() | Run():
                members.append(replace(m, place=_object_outside(m.place, leave)))
            case _:
                members.append(m)
    return replace(place, members=tuple(members))
