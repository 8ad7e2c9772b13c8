"""Loops of a kernel written out, so that increments of the same element can be told and combined.

IR before -> after: ``for k in 0 .. 2: v_b[n(k)] += a(k)`` -> ``v_b[n(0)] += a(0); v_b[n(1)] += a(1)``
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from transform.ir.build import Fresh, scalar
from transform.ir.nodes import Accumulate, Apply, Atom, Block, Const, For, Launch, Let, Stmt, Symbol
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.walk import blocks, map_blocks, substitute, walk

MOST_INCREMENTS = 64
"""Per iteration, written out: beyond it loops stay loops, whose code fits into the instruction cache."""


def unrolled(launch: Launch, views: Collection[Symbol], fresh: Fresh) -> Launch:
    """``launch`` without loops around open increments of ``views``; unchanged where a trip count is unknown
    or they become too many."""
    count = _count(launch.body, views)
    if count is None or count > MOST_INCREMENTS or not _loops(launch.body, views):
        return launch
    return replace(launch, body=simplify(_unroll(launch.body, views, fresh), fresh))


def _concerns(s: Stmt, views: Collection[Symbol]) -> bool:
    return any(isinstance(x, Accumulate) and x.memory in views for b in blocks(s) for x in walk(b))


def _loops(body: Block, views: Collection[Symbol]) -> bool:
    return any(isinstance(s, For) and _concerns(s, views) for s in walk(body))


def _indices(loop: For) -> range | None:
    """The values of the loop's index; None where they are not known."""
    if not isinstance(loop.lo, Const) or not isinstance(loop.hi, Const) or loop.exit is not None:
        return None
    indices = range(int(loop.lo.value), int(loop.hi.value), loop.step)
    return indices[::-1] if loop.descending else indices


def _count(block: Block, views: Collection[Symbol]) -> int | None:
    """Open increments of ``views`` that a run of ``block`` makes at most; None if that is not known."""
    total = 0
    for s in block.stmts:
        if isinstance(s, Accumulate) and s.memory in views:
            total += 1
        inner = [_count(b, views) for b in blocks(s)]
        most = sum(n for n in inner if n is not None)
        if isinstance(s, For) and inner != [0]:
            indices = _indices(s)
            if indices is None:
                return None
            most *= len(indices)
        if None in inner:
            return None
        total += most
    return total


def _unroll(block: Block, views: Collection[Symbol], fresh: Fresh) -> Block:
    out: list[Stmt] = []
    for s in block.stmts:
        if not isinstance(s, For) or not _concerns(s, views):
            out.append(map_blocks(s, lambda b: _unroll(b, views, fresh)))
            continue
        indices = _indices(s)
        assert indices is not None
        values: list[Atom] = [c.init for c in s.carried]
        for index in indices:
            body, names = renamed(s.body, fresh)
            here: dict[Symbol, Atom] = {s.index: Const(index, scalar(s.index))}
            here |= {c.inner: value for c, value in zip(s.carried, values, strict=True)}
            out += _unroll(substitute(body, here), views, fresh).stmts
            here |= names
            values = [here.get(c.next, c.next) if isinstance(c.next, Symbol) else c.next for c in s.carried]
        out += (Let(c.result, Apply("copy", (v,)), s.loc) for c, v in zip(s.carried, values, strict=True))
    return Block(tuple(out))
