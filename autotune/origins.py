"""Where an integer of the primal comes from: through conversions, loads and shifts."""

from __future__ import annotations

from collections.abc import Mapping

from transform.ir.nodes import Apply, Atom, Const, Let, Load, Op, Program, Symbol
from transform.ir.types import View
from transform.ir.walk import walk


def definitions(program: Program) -> dict[Symbol, Op]:
    """The operation that defines each scalar of the program."""
    return {s.target: s.op for s in walk(program.body) if isinstance(s, Let)}


def through_casts(atom: Atom, defined: Mapping[Symbol, Op]) -> Atom:
    """The atom that ``atom`` is a conversion or copy of."""
    while isinstance(atom, Symbol):
        op = defined.get(atom)
        if not isinstance(op, Apply) or op.fn not in ("cast", "copy"):
            break
        atom = op.args[0]
    return atom


def loaded_from(atom: Atom, defined: Mapping[Symbol, Op]) -> Symbol | None:
    """The integer View of which ``atom`` is an element, perhaps shifted by a constant."""
    atom = through_casts(atom, defined)
    op = defined.get(atom) if isinstance(atom, Symbol) else None
    if isinstance(op, Load) and isinstance(op.memory.type, View):
        return op.memory
    if isinstance(op, Apply) and op.fn in ("add", "sub"):
        left, right = op.args
        if isinstance(through_casts(right, defined), Const):
            return loaded_from(left, defined)
        if op.fn == "add" and isinstance(through_casts(left, defined), Const):
            return loaded_from(right, defined)
    return None
