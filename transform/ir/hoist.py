"""What is the same in every iteration of a kernel is computed before it.

IR before -> after::

    parallel i: w = 2 * seed; v = w * x(i); ...
    w = 2 * seed; parallel i: v = w * x(i); ...

Floating-point arithmetic only: it has no effects where there are no iterations, and devices round it as hosts
do.
"""

from __future__ import annotations

from dataclasses import replace

from transform.ir.nodes import Apply, Block, Launch, Let, Stmt, Symbol
from transform.ir.types import Scalar
from transform.ir.walk import defines, map_blocks, uses, walk

_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg", "sqrt"})


def hoisted(block: Block) -> Block:
    """As above, in every kernel of a host block."""
    out: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, Launch):
            out += _split(s)
        else:
            out.append(map_blocks(s, hoisted))
    return Block(tuple(out))


def _split(launch: Launch) -> list[Stmt]:
    own: set[Symbol] = {r.index for r in launch.ranges}
    own.update(r.accumulator for r in launch.reductions)
    own.update(name for s in walk(launch.body) for name in defines(s))
    before: list[Stmt] = []
    kept: list[Stmt] = []
    for s in launch.body.stmts:
        if isinstance(s, Let) and _moves(s) and not own.intersection(uses(s)):
            before.append(s)
            own.discard(s.target)
        else:
            kept.append(s)
    return [*before, replace(launch, body=Block(tuple(kept)))]


def _moves(s: Let) -> bool:
    number = isinstance(s.target.type, Scalar) and s.target.type.is_float
    return number and isinstance(s.op, Apply) and s.op.fn in _ARITHMETIC
