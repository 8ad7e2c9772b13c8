"""How long the loops of a kernel may get, where the host can tell before the launch."""

from __future__ import annotations

from collections.abc import Callable

from transform.adjoint.scope import defined
from transform.ir.build import Builder, scalar
from transform.ir.nodes import UNBOUNDED, Apply, Atom, Const, Extent, For, Launch, Let, Op, Symbol
from transform.ir.types import LONG
from transform.ir.walk import walk

# what cannot go wrong where the kernel would not have come to it
_HARMLESS = frozenset(
    {"add", "sub", "mul", "neg", "cast", "copy", "select", "lt", "le", "gt", "ge", "eq", "ne"}
)


def lengths(b: Builder, launch: Launch, host: Callable[[Atom], Atom | None]) -> dict[int, Atom]:
    """By ``id`` of a loop: the most iterations it can have, at least 1, as a ``long`` of the host.

    What that takes is computed by statements added to ``b``. ``host`` gives a scalar or View of the function
    as it is where the adjoint is launched, or None where it cannot be reached there. Loops whose bounds
    depend on the iteration of the kernel, or on what Views hold, have no such length.
    """
    lets = {s.target: s.op for s in walk(launch.body) if isinstance(s, Let)}
    inside = defined(launch.body) | {r.index for r in launch.ranges}
    known: dict[Symbol, Atom | None] = {}

    def outside(atom: Atom) -> Atom | None:
        if isinstance(atom, Const):
            return atom
        if atom not in inside:
            return host(atom)
        if atom not in known:
            known[atom] = computed(lets.get(atom), atom)
        return known[atom]

    def computed(op: Op | None, symbol: Symbol) -> Atom | None:
        match op:
            case Extent(view=view, dim=dim) if view not in inside:
                found = host(view)
                return b.let(Extent(found, dim), symbol.type) if isinstance(found, Symbol) else None
            case Apply(fn=fn, args=args) if fn in _HARMLESS and not scalar(symbol).is_float:
                operands = [outside(a) for a in args]
                given = tuple(a for a in operands if a is not None)
                return b.let(Apply(fn, given), symbol.type) if len(given) == len(args) else None
            case _:
                return None

    found: dict[int, Atom] = {}
    for loop in walk(launch.body):
        if not isinstance(loop, For) or loop.hi == Const(UNBOUNDED, LONG):
            continue
        lo, hi = outside(loop.lo), outside(loop.hi)
        if lo is None or hi is None:
            continue
        span = b.sub(b.cast(hi, LONG), b.cast(lo, LONG))
        steps = b.div(b.add(span, Const(loop.step - 1, LONG)), Const(loop.step, LONG))
        found[id(loop)] = b.select(b.compare("lt", Const(1, LONG), steps), steps, Const(1, LONG))
    return found
