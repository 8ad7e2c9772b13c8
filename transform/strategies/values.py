"""Store what an iteration computed instead of computing it again.

IR before -> after: the primal kernel stores its values into one array each, indexed by iteration; the
adjoint kernel loads them, and the replay that they made redundant disappears as dead code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh, is_const, scalar
from transform.ir.nodes import (
    Allocate,
    Apply,
    Atom,
    Block,
    Const,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Range,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import Scalar, View
from transform.ir.walk import atoms, map_blocks, substitute, walk

Origin = dict[Symbol, Symbol]
_CHEAP = frozenset({"copy", "cast", "neg"})


@dataclass(frozen=True)
class Pair:
    """A primal kernel and its adjoint; ``cut``: the adjoint's replayed values and what they replay."""

    name: str  # of the primal kernel; several may have the same
    primal: int  # positions among the function's top-level statements
    adjoint: int
    cut: tuple[tuple[Symbol, Symbol], ...]
    last: bool  # nothing but scalars lies between the two


def pairs(body: Block, origin: Origin) -> list[Pair]:
    """Kernels outside host loops whose adjoint recomputes values that could be stored."""
    found: list[Pair] = []
    definer = {
        name: i for i, s in enumerate(body.stmts) if isinstance(s, Launch) for name in _scalars(s.body)
    }
    for i, s in enumerate(body.stmts):
        if not isinstance(s, Launch):
            continue
        replayed = [(r, origin[r]) for r in _needed(s.body, origin)]
        cut = [(r, p) for r, p in replayed if definer.get(p, i) != i]
        sources = {definer[p] for _, p in cut}
        if len(sources) == 1:
            (primal,) = sources
            between = body.stmts[primal + 1 : i]
            found.append(Pair(_label(body.stmts[primal]), primal, i, tuple(cut), _only_lets(between)))
    return sorted(found, key=lambda pair: pair.primal)


def _only_lets(stmts: tuple[Stmt, ...]) -> bool:
    return all(isinstance(s, Let) for s in stmts)


def _label(launch: Stmt) -> str:
    """The kernel's label as an identifier, or its line."""
    assert isinstance(launch, Launch)
    label = "".join(c if c.isalnum() else "_" for c in launch.label).strip("_")
    return label or f"line{launch.loc.line if launch.loc else 0}"


def store(body: Block, chosen: Pair, origin: Origin, fresh: Fresh) -> Block:
    """Store the cut of ``chosen``, a pair of this body or of the one it was before another strategy."""
    pair = next(p for p in pairs(body, origin) if p.cut[0] == chosen.cut[0])
    primal, adjoint = body.stmts[pair.primal], body.stmts[pair.adjoint]
    assert isinstance(primal, Launch)
    assert isinstance(adjoint, Launch)
    b = Builder(fresh)
    with b.block() as before:
        extents = tuple(_length(r, b) for r in primal.ranges)
        tapes: dict[Symbol, Symbol] = {}
        for _, p in pair.cut:
            tapes[p] = fresh.symbol(f"{p.name}_stored", _tape_type(p, len(extents)))
            b.add_stmt(Allocate(tapes[p], extents, primal.loc, zeroed=False))
    primal = replace(primal, body=_storing(primal, tapes, fresh))
    adjoint = replace(adjoint, body=_loading(adjoint, {r: tapes[p] for r, p in pair.cut}, fresh))
    stmts = list(body.stmts)
    stmts[pair.adjoint] = adjoint
    stmts[pair.primal : pair.primal + 1] = [*before, primal]
    return Block(tuple(stmts))


def _length(r: Range, b: Builder) -> Atom:
    """Iterations of a range, which is empty where its end lies before its begin."""
    length = b.sub(r.hi, r.lo)
    if isinstance(length, Const):
        return b.const(max(0, length.value), length)
    if is_const(r.lo, 0) and scalar(length).name.startswith("unsigned"):
        return length
    return b.select(b.compare("lt", r.lo, r.hi), length, b.const(0, length))


def _tape_type(value: Symbol, rank: int) -> View:
    assert isinstance(value.type, Scalar)
    return View(value.type, (None,) * rank, False, f"Kokkos::View<{value.type.name}{'*' * rank}>")


def _in_iteration(block: Block) -> Iterator[Stmt]:
    """Statements that run at most once per iteration: inner loops are left out."""
    for s in block.stmts:
        yield s
        if isinstance(s, If):
            yield from _in_iteration(s.then)
            yield from _in_iteration(s.orelse)


def _values(s: Stmt) -> list[Symbol]:
    match s:
        case Let(target=t, op=op):
            trivial = isinstance(op, Load) or (isinstance(op, Apply) and op.fn in _CHEAP)
            return [] if trivial else [t]
        case For(carried=carried):
            return [c.result for c in carried]
        case If(merges=merges):
            return [m.result for m in merges]
        case _:
            return []


def _scalars(body: Block) -> list[Symbol]:
    return [
        v for s in _in_iteration(body) for v in _values(s) if isinstance(v.type, Scalar) and v.type.is_float
    ]


def _needed(body: Block, origin: Origin) -> list[Symbol]:
    """Replayed values that the reverse part of an adjoint kernel reads."""
    reads: set[Atom] = set()
    for s in walk(body):
        match s:
            case Let(target=t) if t in origin:
                continue
            case Store(memory=m) | Increment(memory=m) if m in origin:
                continue
            case For(carried=carried):
                reads.update(a for c in carried if c.result not in origin for a in (c.init, c.next))
            case If(merges=merges):
                reads.update(a for m in merges if m.result not in origin for a in (m.then, m.orelse))
            case _:
                reads.update(atoms(s))
    return [v for v in _scalars(body) if v in origin and v in reads]


def _index(launch: Launch, b: Builder) -> tuple[Atom, ...]:
    """Zero-based iteration indices, in the body."""
    return tuple(r.index if is_const(r.lo, 0) else b.sub(r.index, r.lo) for r in launch.ranges)


def _storing(launch: Launch, tapes: dict[Symbol, Symbol], fresh: Fresh) -> Block:
    b = Builder(fresh)
    with b.block() as head:
        where = _index(launch, b)

    def rewrite(block: Block) -> Block:
        out: list[Stmt] = []
        for s in block.stmts:
            out.append(map_blocks(s, rewrite) if isinstance(s, If) else s)
            out += [Store(tapes[v], where, v, s.loc) for v in _values(s) if v in tapes]
        return Block(tuple(out))

    return Block((*head, *rewrite(launch.body).stmts))


def _loading(launch: Launch, tapes: dict[Symbol, Symbol], fresh: Fresh) -> Block:
    b = Builder(fresh)
    with b.block() as head:
        where = _index(launch, b)
    copies = {v: fresh.like(v) for v in tapes}

    def rewrite(block: Block) -> Block:
        out: list[Stmt] = []
        for s in block.stmts:
            out.append(map_blocks(s, rewrite) if isinstance(s, If) else s)
            out += [Let(copies[v], Load(tapes[v], where), s.loc) for v in _values(s) if v in tapes]
        return Block(tuple(out))

    return Block((*head, *substitute(rewrite(launch.body), dict(copies)).stmts))
