"""Small queries about a kernel body that the sweeps share."""

from __future__ import annotations

from collections.abc import Iterator

from transform.analysis.access import Footprints, Tuple
from transform.analysis.affine import Affine
from transform.ir.nodes import (
    Accumulate,
    Apply,
    Block,
    Carried,
    Const,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import View
from transform.ir.walk import atoms, binds, blocks, defines, uses, walk, written


def defined(block: Block) -> set[Symbol]:
    """What the block or a block inside it defines."""
    return {name for s in walk(block) for name in (*defines(s), *binds(s))}


def free(block: Block) -> list[Symbol]:
    """Symbols that the block reads and does not define, in order of first use."""
    inside = defined(block)
    found: dict[Symbol, None] = {}
    for s in walk(block):
        for a in atoms(s):
            if isinstance(a, Symbol) and a not in inside:
                found[a] = None
    return list(found)


def loop_free(loop: For) -> list[Symbol]:
    """Symbols from outside that iterations of the loop read (``init`` excluded: it is read once, before)."""
    inside = defined(loop.body) | {loop.index} | {c.inner for c in loop.carried}
    found = dict.fromkeys(free(loop.body))
    for c in loop.carried:
        if isinstance(c.next, Symbol):
            found[c.next] = None
    return [s for s in found if s not in inside]


MOST_RECORDED = 1024
"""Longest loop whose values are kept in a local array, one per iteration."""


def trip_count(loop: For) -> int | None:
    """The largest number of iterations if it is a compile-time constant and small enough to record each."""
    if isinstance(loop.lo, Const) and isinstance(loop.hi, Const):
        trips = max(0, -(-(int(loop.hi.value) - int(loop.lo.value)) // loop.step))
        return trips if trips <= MOST_RECORDED else None
    return None


def is_sum(loop: For, carried: Carried) -> bool:
    """Whether a loop only adds to a carried scalar at the top of its body: no derivative needs its value."""
    chain = {carried.inner}
    for s in loop.body.stmts:
        match s:
            case Let(target=target, op=Apply(fn="add" | "sub" | "copy")) if chain & set(uses(s)):
                chain.add(target)
            case _:
                if any(chain & set(uses(inner)) for inner in walk(Block((s,)))):
                    return False
    other = [c.next for c in loop.carried if c is not carried]
    until = () if loop.exit is None else (loop.exit.until,)
    return not any(a in chain for a in (*other, *until))


def overwritten_loads(scope: Block, array: Symbol) -> dict[int, tuple[For, ...]]:
    """Loads of a local array whose element ``scope`` may overwrite later.

    Maps ``id(load statement)`` to the loops around it inside ``scope``. A replay cannot repeat such a load:
    its value must be recorded.
    """
    found: dict[int, tuple[For, ...]] = {}
    events = list(_events(scope, array, ()))
    for position, (stmt, loops, is_write) in enumerate(events):
        if is_write:
            continue
        later = any(w for _, _, w in events[position + 1 :])
        again = any(
            w and any(outer is inner for outer in loops for inner in around) for _, around, w in events
        )
        if later or again:
            found[id(stmt)] = loops
    return found


def _events(
    block: Block, array: Symbol, loops: tuple[For, ...]
) -> Iterator[tuple[Stmt, tuple[For, ...], bool]]:
    for s in block.stmts:
        match s:
            case Let(op=Load(memory=m)) if m == array:
                yield s, loops, False
            case Store(memory=m) | Increment(memory=m) | Accumulate(memory=m) if m == array:
                yield s, loops, True
            case For(body=body):
                yield from _events(body, array, (*loops, s))
            case If(then=then, orelse=orelse):
                yield from _events(then, array, loops)
                yield from _events(orelse, array, loops)
            case _:
                pass


def reads_of_own_writes(launch: Launch) -> set[int]:
    """``id`` of loads from Views that may see what the same iteration of the kernel wrote before."""
    found: set[int] = set()
    footprints = Footprints(launch)
    sides = dict(_sides(launch.body, frozenset()))
    for view in {v for v in written(launch.body) if isinstance(v.type, View)}:
        events = list(_events(launch.body, view, ()))
        for position, (stmt, loops, is_write) in enumerate(events):
            if is_write:
                continue
            others = {(branch, not side) for branch, side in sides[id(stmt)]}
            at = _where(stmt, footprints)
            for other, (write, around, writes) in enumerate(events):
                common = {loop.index for loop in loops if any(loop is x for x in around)}
                earlier = other < position and not others & sides[id(write)]
                if writes and _may_see(at, _where(write, footprints), common, earlier):
                    found.add(id(stmt))
    return found


def _sides(
    block: Block, taken: frozenset[tuple[int, bool]]
) -> Iterator[tuple[int, frozenset[tuple[int, bool]]]]:
    """By ``id`` of the statement, the branches that it is inside of, and of which side."""
    for s in block.stmts:
        yield id(s), taken
        if isinstance(s, If):
            yield from _sides(s.then, taken | {(id(s), True)})
            yield from _sides(s.orelse, taken | {(id(s), False)})
        else:
            for inner in blocks(s):
                yield from _sides(inner, taken)


def _where(s: Stmt, footprints: Footprints) -> Tuple:
    match s:
        case (
            Let(op=Load(index=index)) | Store(index=index) | Increment(index=index) | Accumulate(index=index)
        ):
            return tuple(footprints.affine(i) for i in index)
        case _:
            raise AssertionError(s)


def _may_see(read: Tuple, write: Tuple, common: set[Symbol], earlier: bool) -> bool:
    """Whether a read at ``read`` may see a write at ``write`` of the same parallel iteration. ``common``:
    indices of the loops around both; ``earlier``: the write stands before the read."""
    settled: set[Symbol] = set()  # loops of which both must be in the same iteration to meet
    for x, y in zip(read, write, strict=True):
        if x.terms != y.terms:
            continue
        changing = [(term, c) for term, c in x.terms if Affine(((term, c),), 0).local]
        difference = x.constant - y.constant
        if not changing and difference:
            return False
        if len(changing) != 1 or changing[0][0][0] != "local" or len(changing[0][0]) != 2:
            continue
        (_, index), coefficient = changing[0]
        if difference % coefficient:
            return False
        if difference == 0 and index in common:
            assert isinstance(index, Symbol)
            settled.add(index)
    return earlier or settled != common
