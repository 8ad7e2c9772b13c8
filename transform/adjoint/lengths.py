"""How often the loops of a kernel run at most, as far as that can be told before the launch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from transform.adjoint.scope import defined, trip_count
from transform.ir.build import Builder, is_const, is_float
from transform.ir.measure import largest
from transform.ir.nodes import UNBOUNDED, Apply, Atom, Const, Extent, For, Launch, Let, Op, Symbol
from transform.ir.types import LONG
from transform.ir.walk import walk

Host = Callable[[Symbol], Atom | None]
"""A scalar or View of the function, as it can be named where statements are added; None: it cannot."""


def lengths(
    b: Builder, launch: Launch, loops: Iterable[For], host: Host, changed: Collection[Symbol] | None
) -> dict[Symbol, Atom]:
    """By the index of each of ``loops``, which are inside ``launch``: the most iterations that it has, of
    type ``long``. Statements that compute it are added to ``b``; a loop that cannot be bounded is left out.

    Where bounds depend on the iteration of the kernel, a launch before it finds the largest. There is none
    where Views decide that the kernel writes or that are among ``changed``; nor with None for these.
    """
    inside = {*defined(launch.body), *(r.index for r in launch.ranges)}
    lets = {s.target: s.op for s in walk(launch.body) if isinstance(s, Let)}
    found: dict[Symbol, Atom] = {}
    unknown: list[For] = []
    for loop in dict.fromkeys(loops):
        constant = trip_count(loop)
        if constant is not None:
            found[loop.index] = Const(constant, LONG)
            continue
        if is_const(loop.hi, UNBOUNDED):
            continue
        lo, hi = (_on_host(b, a, lets, inside, host) for a in (loop.lo, loop.hi))
        if lo is None or hi is None:
            unknown.append(loop)
        else:
            found[loop.index] = trips(b, lo, hi, loop.step)
    if unknown and changed is not None:
        asked = {id(loop): partial(_trips_of, loop) for loop in unknown}
        measured = largest(launch, asked, b, changed)
        if measured is not None:
            found.update({loop.index: measured[id(loop)][0] for loop in unknown})
    return found


def _on_host(
    b: Builder, atom: Atom, lets: Mapping[Symbol, Op], inside: set[Symbol], host: Host
) -> Atom | None:
    """``atom`` computed before the launch, if it is the same for all iterations."""
    if not isinstance(atom, Symbol):
        return atom
    if atom not in inside:
        return host(atom)
    match lets.get(atom):
        case Apply(fn=fn, args=args) if not is_float(atom) and _always_defined(fn, args):
            known = [_on_host(b, a, lets, inside, host) for a in args if not is_float(a)]
            given = tuple(a for a in known if a is not None)
            return b.let(Apply(fn, given), atom.type) if len(given) == len(args) else None
        case Extent(view=view, dim=dim) if view not in inside:
            there = host(view)
            return b.let(Extent(there, dim), atom.type) if isinstance(there, Symbol) else None
        case _:
            return None


def trips(b: Builder, lo: Atom, hi: Atom, step: int) -> Atom:
    """The iterations of a loop with these bounds."""
    span = b.sub(b.cast(hi, LONG), b.cast(lo, LONG))
    count = b.div(b.add(span, Const(step - 1, LONG)), Const(step, LONG))
    return b.select(b.compare("lt", lo, hi), count, Const(0, LONG))


def _trips_of(loop: For, b: Builder) -> list[Atom]:
    return [trips(b, loop.lo, loop.hi, loop.step)]


def _always_defined(fn: str, args: tuple[Atom, ...]) -> bool:
    """Whether an operation may run where the kernel might not have run it: it cannot divide by zero."""
    return fn not in ("div", "mod") or isinstance(args[1], Const)
