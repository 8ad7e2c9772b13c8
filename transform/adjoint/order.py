"""Let loops of the adjoint run forwards where their order is free.

IR before -> after: a reversed loop whose iterations only add to things (adjoint elements, sums) runs in the
primal's direction, which hardware prefetches better. Sums are then formed in another order, nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from transform.ir.nodes import Apply, Block, For, Let, Load, Op, Store, Symbol
from transform.ir.walk import map_blocks, uses, walk, written


def natural_order(block: Block) -> Block:
    """``block`` with every commuting descending loop made ascending."""
    stmts = []
    for s in block.stmts:
        s = map_blocks(s, natural_order)
        if isinstance(s, For) and s.descending and _commutes(s):
            s = replace(s, descending=False)
        stmts.append(s)
    return Block(tuple(stmts))


def _commutes(loop: For) -> bool:
    changed = written(loop.body)
    lets: dict[Symbol, Op] = {}
    count: Counter[Symbol] = Counter(c.next for c in loop.carried if isinstance(c.next, Symbol))
    for s in walk(loop.body):
        count.update(uses(s))
        if isinstance(s, Let):
            lets[s.target] = s.op
            if isinstance(s.op, Load) and s.op.memory in changed:
                return False
    return all(_is_sum(c.inner, c.next, lets, count) for c in loop.carried) and not _stores(loop.body)


def _stores(body: Block) -> bool:
    return any(isinstance(s, Store) for s in walk(body))


def _is_sum(inner: Symbol, at: object, lets: Mapping[Symbol, Op], count: Counter[Symbol]) -> bool:
    """Whether the carried value is only ever added to: ``at`` is ``inner`` plus terms, and nothing but the
    next iteration reads a partial sum."""
    if count[inner] != 1:
        return False
    while at != inner:
        op = lets.get(at) if isinstance(at, Symbol) else None
        if not isinstance(op, Apply) or op.fn not in ("add", "sub"):
            return False
        if isinstance(at, Symbol) and count[at] > 1:
            return False
        left, right = op.args
        at = right if op.fn == "add" and _leads_to(inner, right, lets) else left
    return True


def _leads_to(inner: Symbol, at: object, lets: Mapping[Symbol, Op]) -> bool:
    if at == inner:
        return True
    op = lets.get(at) if isinstance(at, Symbol) else None
    if not isinstance(op, Apply) or op.fn not in ("add", "sub"):
        return False
    return any(_leads_to(inner, a, lets) for a in (op.args if op.fn == "add" else op.args[:1]))
