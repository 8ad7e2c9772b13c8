"""Iterations of an adjoint kernel run together, so that what they share is read once (unroll and jam).

IR before -> after, ``jam`` = 4::

    for i: for j: row += A(i, j) * x(j); x_b(j) += w * A(i, j)

    for each four iterations a, b, c, d:
      for j: row_a += A(a, j) * x(j); ... row_d += A(d, j) * x(j)
             x_b(j) += w_a * A(a, j) + ... + w_d * A(d, j)

``x`` and ``x_b`` pass the caches once for four rows, and four sums do not wait for each other (Carr &
Kennedy, *Improving the ratio of memory operations to floating-point operations in loops*, TOPLAS 1994). Every
sum of the primal adds in the same order as before; increments of one adjoint element are added to each other
first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from search_spaces.model import Architecture, Parameter, Plan
from transform.adjoint.combine import combined
from transform.ir.build import Builder, Fresh, scalar, zero
from transform.ir.fuse import fused_in_kernel
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Atom,
    Block,
    Declare,
    Flat,
    For,
    If,
    Launch,
    Let,
    Load,
    Range,
    Stmt,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import View
from transform.ir.walk import defines, substitute, walk
from transform.strategies.base import open_views

TOGETHER = ("privatization", "reduction", "atomic")
"""Answers for racing increments with which iterations run together: the others would have to take groups of
iterations for the units that they order."""


def parameters(body: Block, names: Mapping[Symbol, str], arch: Architecture) -> tuple[Parameter, ...]:
    """The question how many iterations run together, where ``arch`` asks it and some kernel would gain.

    ``names``: the knob of each View with open increments."""
    launches = [s for s in walk(body) if isinstance(s, Launch) and _gains(s)]
    if "jam" not in arch.knobs or not launches:
        return ()
    needs = dict.fromkeys((names[v], TOGETHER) for s in launches for v in open_views(s))
    always = any(not open_views(s) for s in launches)
    meaning = "iterations of an adjoint kernel that run together"
    return (Parameter("jam", tuple(arch.knobs["jam"]), meaning, () if always else tuple(needs)),)


def jammed(
    launch: Launch, answers: Mapping[Symbol, str], adjoints: Collection[Symbol], plan: Plan, fresh: Fresh
) -> list[Stmt]:
    """What replaces ``launch``: as many iterations together as ``plan`` says.

    Only an adjoint kernel that gains is changed, and only if all ``answers`` for its increments allow it.
    ``adjoints``: memory whose sums may change order."""
    width = int(plan.get("jam", 1))
    if width == 1 or not _gains(launch) or not set(answers.values()) <= set(TOGETHER):
        return [launch]
    return _jam(launch, adjoints, width, fresh)


def _gains(s: Launch) -> bool:
    """Whether ``s`` is an adjoint kernel whose iterations read the same elements in a loop of one length."""
    if not isinstance(s.schedule, Flat) or not s.label.endswith("adjoint"):
        return False
    if len(s.ranges) != 1 or any(isinstance(x, Declare) and x.extents for x in walk(s.body)):
        return False
    own = {s.ranges[0].index, *(name for x in walk(s.body) for name in defines(x))}
    return any(
        isinstance(x, For)
        and not {x.lo, x.hi} & own
        and x.exit is None
        and not x.parallel
        and _shared(x, own)
        for x in s.body.stmts
    )


def _shared(loop: For, own: set[Symbol]) -> bool:
    """Whether the loop reads elements of a View at the same places in every iteration of the kernel."""
    return any(
        isinstance(x, Let)
        and isinstance(x.op, Load)
        and isinstance(x.op.memory.type, View)
        and loop.index in x.op.index
        and not own.intersection(x.op.index)
        for x in loop.body.stmts
    )


def _jam(launch: Launch, adjoints: Collection[Symbol], width: int, fresh: Fresh) -> list[Stmt]:
    """What computes the number of groups, and the launch over groups of ``width`` iterations."""
    (given,) = launch.ranges
    b = Builder(fresh)
    b.loc = launch.loc
    one = b.const(1, given.index)
    size = b.const(width, given.index)
    with b.block() as before:
        last = b.sub(b.sub(given.hi, given.lo), one)
        groups = b.add(b.apply("div", last, size), one)
        count = b.select(b.compare("lt", given.lo, given.hi), groups, zero(scalar(given.index)))
    group = fresh.like(given.index, f"{given.index.name}_group")
    with b.block() as body:
        first = b.named(f"{given.index.name}_first", b.add(given.lo, b.mul(group, size)))
        together = [b.add(first, b.const(k, first)) for k in range(width)]
        whole = b.compare("ge", b.sub(given.hi, first), size)
        then = [s for i in together for s in _copy(launch.body, given.index, i, fresh).stmts]
        index = fresh.like(given.index)
        rest = For(
            index, first, given.hi, 1, False, (), _copy(launch.body, given.index, index, fresh), launch.loc
        )
        joined = fused_in_kernel(simplify(Block(tuple(then)), fresh), adjoints)
        joined = combined(simplify(joined, fresh), adjoints, fresh)
        b.add_stmt(If(whole, joined, Block((rest,)), (), launch.loc))
    groups_of = Range(group, zero(scalar(given.index)), count)
    grouped = replace(launch, ranges=(groups_of,), body=simplify(Block(tuple(body)), fresh))
    read = [name for r in launch.reductions for name in r.results]
    return [*before, *remove_dead(Block((grouped,)), read).stmts]


def _copy(body: Block, index: Symbol, value: Atom, fresh: Fresh) -> Block:
    copy, _ = renamed(body, fresh)
    return substitute(copy, {index: value})
