"""Several increments of one element by one iteration become one.

IR before -> after::

    for k: ... accumulate x_b(i) += v(k)        sum = 0; for k: ... sum += v(k)
                                                if there were turns: accumulate x_b(i) += sum
    accumulate x_b(i) += a; ... += b            accumulate x_b(i) += a + b

whatever strategy combines those of different iterations then has less to do. (Increments at equal index
expressions outside of loops come from one load already: value numbering has shared it.)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from transform.ir.build import Builder, Fresh, scalar, zero
from transform.ir.nodes import (
    Accumulate,
    Atom,
    Block,
    Carried,
    Const,
    For,
    If,
    Increment,
    Let,
    Load,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.walk import binds, defines, map_blocks, walk


def combined(block: Block, adjoints: Collection[Symbol], fresh: Fresh) -> Block:
    """``block`` with fewer increments of ``adjoints``, memory whose sums may change order."""
    b = Builder(fresh)
    found: dict[tuple[object, ...], int] = {}  # where the increment of an element stands
    for given in block.stmts:
        s = map_blocks(given, lambda inner: combined(inner, adjoints, fresh))
        for part in _hoisted(s, adjoints, fresh) if isinstance(s, For) else (s,):
            _append(part, adjoints, b, found)
    return Block(tuple(b.stmts))


def _append(s: Stmt, adjoints: Collection[Symbol], b: Builder, found: dict[tuple[object, ...], int]) -> None:
    """Add ``s`` to the block; an increment takes the one before of the same element into itself."""
    changed = _observed(Block((s,)))
    for key in [key for key in found if key[0] in changed]:
        del found[key]
    if isinstance(s, Increment | Accumulate) and s.memory in adjoints:
        key = (s.memory, type(s), s.index, getattr(s, "how", None))
        if key in found:
            earlier = b.stmts[found[key]]
            assert isinstance(earlier, Increment | Accumulate)
            b.stmts[found[key]] = replace(earlier, value=zero(scalar(earlier.value)))  # simplify drops it
            b.loc = s.loc
            s = replace(s, value=b.add(earlier.value, s.value))
        b.add_stmt(s)
        found[key] = len(b.stmts) - 1
    else:
        b.add_stmt(s)


def _hoisted(loop: For, adjoints: Collection[Symbol], fresh: Fresh) -> list[Stmt]:
    """``loop`` with increments of elements that stay the same as sums that it carries; what adds these."""
    own = {*binds(loop), *(name for x in walk(loop.body) for name in (*defines(x), *binds(x)))}
    observed = _observed(loop.body)
    sums: dict[tuple[Symbol, tuple[Atom, ...]], tuple[Symbol, Accumulate]] = {}
    current: dict[tuple[Symbol, tuple[Atom, ...]], Atom] = {}
    b = Builder(fresh)
    for s in loop.body.stmts:
        fixed = isinstance(s, Accumulate) and s.memory in adjoints and not own.intersection(s.index)
        if not isinstance(s, Accumulate) or not fixed or s.memory in observed or loop.exit is not None:
            b.add_stmt(s)
            continue
        key = s.memory, s.index
        if key not in sums:
            inner = fresh.symbol(f"{s.memory.name}_sum", scalar(s.value))
            sums[key], current[key] = (inner, s), inner
        b.loc = s.loc
        current[key] = b.add(current[key], s.value)
    if not sums:
        return [loop]
    carried = [
        Carried(inner, zero(scalar(inner)), current[key], fresh.like(inner))
        for key, (inner, _) in sums.items()
    ]
    out: list[Stmt] = [replace(loop, carried=(*loop.carried, *carried), body=Block(tuple(b.stmts)))]
    added = [replace(s, value=c.result) for c, (_, s) in zip(carried, sums.values(), strict=True)]
    if isinstance(loop.lo, Const) and isinstance(loop.hi, Const) and loop.lo.value < loop.hi.value:
        return [*out, *added]
    # without a turn, the element need not exist
    after = Builder(fresh)
    begun = after.compare("lt", loop.lo, loop.hi)
    return [*out, *after.stmts, If(begun, Block(tuple(added)), Block(()), (), loop.loc)]


def _observed(block: Block) -> set[Symbol]:
    """The memory that ``block`` reads or sets."""
    found: set[Symbol] = set()
    for x in walk(block):
        match x:
            case Let(op=Load(memory=m)) | Store(memory=m):
                found.add(m)
            case _:
                pass
    return found
