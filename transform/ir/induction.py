"""Induction variables: counters that a loop carries become functions of its index.

``int k = a; while (...) { ++k; ... }`` has ``k`` equal to ``a`` plus the iteration's number. Without this, a
reverse sweep would have to find the counter again by counting.
"""

from __future__ import annotations

from transform.ir.build import Builder, Fresh, is_const, scalar
from transform.ir.nodes import Apply, Atom, Block, Carried, For, Let, Stmt, Symbol
from transform.ir.walk import binds, defines, map_blocks, walk


def closed_counters(block: Block, fresh: Fresh) -> Block:
    """IR before -> after: integers to which every iteration of an ascending unit-step loop adds the same
    amount are computed from the loop's index."""
    out: list[Stmt] = []
    for s in block.stmts:
        s = map_blocks(s, lambda b: closed_counters(b, fresh))
        if isinstance(s, For) and s.step == 1 and not s.descending:
            out += _closed(s, fresh)
        else:
            out.append(s)
    return Block(tuple(out))


def _closed(loop: For, fresh: Fresh) -> list[Stmt]:
    inside = {loop.index, *(n for s in walk(loop.body) for n in (*defines(s), *binds(s)))}
    inside |= {c.inner for c in loop.carried}
    amounts = {c.inner: amount for c in loop.carried if (amount := _amount(c, loop.body, inside)) is not None}
    if not amounts:
        return [loop]
    counters = [c for c in loop.carried if c.inner in amounts]
    head, tail = Builder(fresh), Builder(fresh)
    head.loc = tail.loc = loop.loc
    for c in counters:
        _define(head, c.inner, c.init, _done(head, loop), amounts[c.inner])
        _define(tail, c.result, c.init, _total(tail, loop), amounts[c.inner])
    body = Block((*head.stmts, *loop.body.stmts))
    kept = tuple(c for c in loop.carried if c.inner not in amounts)
    closed = For(loop.index, loop.lo, loop.hi, 1, False, kept, body, loop.loc, loop.exit, loop.parallel)
    return [closed, *tail.stmts]


def _amount(carried: Carried, body: Block, inside: set[Symbol]) -> Atom | None:
    """What every iteration adds to a carried integer, if it is the same for all."""
    if not scalar(carried.inner).is_integer:
        return None
    for s in body.stmts:
        match s:
            case Let(target=target, op=Apply(fn="add", args=(a, b))) if target == carried.next:
                other = b if a == carried.inner else a if b == carried.inner else None
                return other if other is not None and other not in inside else None
            case _:
                pass
    return None


def _done(b: Builder, loop: For) -> Atom:
    """The number of iterations before the present one."""
    return loop.index if is_const(loop.lo, 0) else b.sub(loop.index, loop.lo)


def _total(b: Builder, loop: For) -> Atom:
    if loop.exit is not None:
        return loop.exit.trips
    zero = b.const(0, loop.hi)
    return b.select(b.compare("lt", loop.lo, loop.hi), b.sub(loop.hi, loop.lo), zero)


def _define(b: Builder, target: Symbol, first: Atom, times: Atom, amount: Atom) -> None:
    type_ = scalar(target)
    steps: Atom = b.cast(times, type_)
    if not is_const(amount, 1):
        steps = b.mul(steps, amount)
    b.add_stmt(Let(target, Apply("add", (first, steps)), b.loc))
