"""Loops over the same range made one, where they read the same elements.

IR before -> after::

    for j: row += A(i, j) * x(j)            for j: a = A(i, j); row += a * x(j); x_b(j) += w * a
    y_b(i) += seed * row                    y_b(i) += seed * row
    for j: x_b(j) += w * A(i, j)

A replay and the adjoint of a loop often are such a pair: the data then passes through the caches once. Each
loop runs its own iterations in the same order as before, so every number is bitwise the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from transform.ir.nodes import (
    Accumulate,
    Block,
    Declare,
    For,
    Increment,
    Launch,
    Let,
    Load,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import View
from transform.ir.walk import defines, map_blocks, substitute, substitute_op, uses, walk


def fused_loops(block: Block) -> Block:
    """As above, in every kernel of a host block."""
    kernel = fused_in_kernel
    return Block(tuple(map_blocks(s, kernel if isinstance(s, Launch) else fused_loops) for s in block.stmts))


def fused_in_kernel(block: Block, sums: Collection[Symbol] = ()) -> Block:
    """As above, in a block of a kernel. ``sums``: memory whose increments may change places."""
    stmts = [map_blocks(s, lambda b: fused_in_kernel(b, sums)) for s in block.stmts]
    while (joined := _one_pair(stmts, sums)) is not None:
        stmts = joined
    return Block(tuple(stmts))


def _one_pair(stmts: list[Stmt], sums: Collection[Symbol]) -> list[Stmt] | None:
    """The statements with the first two loops that can be one made one; None if there are none."""
    for first, a in enumerate(stmts):
        for second in range(first + 1, len(stmts)):
            b = stmts[second]
            if isinstance(a, For) and isinstance(b, For) and _alike(a, b) and _share(a, b):
                between = _around(a, b, stmts[first + 1 : second], sums)
                if between is not None:
                    before, after = between
                    return [*stmts[:first], *before, _join(a, b), *after, *stmts[second + 1 :]]
    return None


def _alike(a: For, b: For) -> bool:
    """The same iterations in the same order, all of them."""
    if a.exit is not None or b.exit is not None or a.index.type != b.index.type:
        return False
    first, second = ((s.lo, s.hi, s.step, s.descending, s.parallel) for s in (a, b))
    return first == second


def _share(a: For, b: For) -> bool:
    """Whether both read an element of a View whose place depends on the iteration."""
    return bool(_reads(a, a.index) & _reads(b, a.index))


def _reads(loop: For, index: Symbol) -> set[Load]:
    """Loads of Views at the top of the body whose place is given by the loop's index and values from outside,
    with ``index`` for the former."""
    return {
        op
        for s in loop.body.stmts
        if isinstance(s, Let) and isinstance(s.op, Load) and isinstance(s.op.memory.type, View)
        if loop.index in s.op.index
        for op in [substitute_op(s.op, {loop.index: index})]
        if isinstance(op, Load)
    }


def _around(
    a: For, b: For, between: list[Stmt], sums: Collection[Symbol]
) -> tuple[list[Stmt], list[Stmt]] | None:
    """What stands between two loops, sorted into what can run before both and what can run after both.

    None if the loops must stay apart."""
    before: list[Stmt] = []
    after: list[Stmt] = [a]  # the first loop and what must stay behind it
    for s in between:
        (after if any(_ordered(x, s, sums) for x in after) else before).append(s)
    # the second loop moves before what stays behind the first
    if any(_ordered(x, b, sums) for x in after):
        return None
    return before, after[1:]


def _ordered(first: Stmt, second: Stmt, sums: Collection[Symbol]) -> bool:
    """Whether ``second`` must run after ``first``."""
    made = set(defines(first))
    if any(made & set(uses(s)) for s in walk(Block((second,)))):
        return True
    set_1, added_1, read_1 = _memory(first)
    set_2, added_2, read_2 = _memory(second)
    return bool(
        set_1 & (set_2 | added_2 | read_2)
        or added_1 & (set_2 | read_2)
        or (added_1 & added_2).difference(sums)
        or read_1 & (set_2 | added_2)
    )


def _memory(stmt: Stmt) -> tuple[set[Symbol], set[Symbol], set[Symbol]]:
    """The memory that a kernel's statement sets, that it adds to, and that it reads."""
    stored: set[Symbol] = set()
    added: set[Symbol] = set()
    read: set[Symbol] = set()
    for s in walk(Block((stmt,))):
        match s:
            case Store(memory=m) | Declare(target=m):
                stored.add(m)
            case Increment(memory=m) | Accumulate(memory=m):
                added.add(m)
            case Let(op=Load(memory=m)):
                read.add(m)
            case _:
                pass
    return stored, added, read


def _join(a: For, b: For) -> For:
    """Both bodies in one loop."""
    (second,) = substitute(Block((replace(b, index=a.index),)), {b.index: a.index}).stmts
    assert isinstance(second, For)
    body = Block((*a.body.stmts, *second.body.stmts))
    return replace(a, carried=(*a.carried, *second.carried), body=body)
