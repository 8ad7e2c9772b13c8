"""What the order of a flat launch must not hide: threads of one team that race or do the same thing twice.

A kernel of a TeamPolicy is lowered as if one thread did everything in order. That is what it computes if

* what all threads execute is harmless when done once: no increments, and no element that is read and then
  overwritten;
* iterations of a range that the team shares never meet at an element;
* parts of the kernel that different threads may be in at the same time, because no barrier separates them, do
  not meet at an element either. Two ranges with the same bounds give equal indices to the same thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count

from transform.analysis.access import Access, Footprints, disjoint
from transform.analysis.races import collisions
from transform.diagnostics import Diagnostic
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    Declare,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Location,
    Range,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import Accumulator, View
from transform.ir.walk import map_blocks, substitute, walk

BARRIER = "barrier"
"""The function of a Let that only marks where all threads of a team meet."""


class Share(Enum):
    """Who runs an iteration of a loop that a team shares: its other threads or lanes do not."""

    THREAD = "thread"  # one thread, with all of its lanes (TeamThreadRange)
    LANE = "lane"  # one lane of every thread that comes here (ThreadVectorRange)
    BOTH = "both"  # one lane of one thread (TeamVectorRange)


Shares = Mapping[Symbol, Share]


@dataclass(frozen=True)
class _Site:
    """An access to memory that threads share. ``phase``: sites of different, unlinked phases are separated by
    a barrier; ``loops``: the loops around it, outermost first; ``sides``: the sides of branches around it."""

    stmt: Let | Store | Increment
    memory: Symbol
    index: tuple[Atom, ...]
    phase: int
    loops: tuple[For, ...]
    sides: tuple[tuple[int, bool], ...]

    def excludes(self, other: _Site) -> bool:
        """Whether the two are on different sides of a branch that a thread meets once."""
        if any(loop in other.loops for loop in self.loops):
            return False
        return any(a == b and x is not y for a, x in self.sides for b, y in other.sides)

    @property
    def reads(self) -> bool:
        return isinstance(self.stmt, Let)

    @property
    def atomic(self) -> bool:
        return isinstance(self.stmt, Increment) and self.stmt.how is How.ATOMIC

    @property
    def loc(self) -> Location | None:
        return self.stmt.loc


def team_findings(
    launch: Launch, shares: Shares, scratch: Collection[Symbol], lanes: bool
) -> Iterator[Diagnostic]:
    """Why ``launch``, lowered from the kernel of a TeamPolicy, is not what its threads compute together.

    ``shares``: the loops that the team shares, by index; ``scratch``: local arrays that it shares; ``lanes``:
    a thread may have several vector lanes.
    """
    sites = _Sites(shares, scratch)
    sites.visit(launch.body, (), sites.new_phase())
    yield from _repeated(launch, sites.found, shares, lanes)
    yield from _within(launch.body, sites.found, shares)
    yield from _between(launch, sites, shares)


class _Sites:
    """Collects sites; phases are numbers, and those that may overlap in time are linked."""

    def __init__(self, shares: Shares, scratch: Collection[Symbol]) -> None:
        self.found: list[_Site] = []
        self._shares = shares
        self._scratch = scratch
        self._link: list[int] = []
        self._sides: tuple[tuple[int, bool], ...] = ()

    def new_phase(self) -> int:
        self._link.append(len(self._link))
        return self._link[-1]

    def together(self, a: int, b: int) -> bool:
        return self._root(a) == self._root(b)

    def _root(self, phase: int) -> int:
        while self._link[phase] != phase:
            phase = self._link[phase]
        return phase

    def visit(self, block: Block, loops: tuple[For, ...], phase: int) -> int:
        """Collect the sites of ``block``, which begins in ``phase``; returns the phase in which it ends."""
        for s in block.stmts:
            match s:
                case Let(op=Apply(fn=fn)) if fn == BARRIER:
                    phase = self.new_phase()
                case Let(op=Load(memory=m, index=index)) if self._shared(m):
                    self.found.append(_Site(s, m, index, phase, loops, self._sides))
                case Store(memory=m, index=index) | Increment(memory=m, index=index) if self._shared(m):
                    self.found.append(_Site(s, m, index, phase, loops, self._sides))
                case For(body=body):
                    end = self.visit(body, (*loops, s), phase)
                    self._link[self._root(end)] = self._root(phase)  # the next iteration, or none at all
                    phase = end
                case If(then=then, orelse=orelse):
                    outer = self._sides
                    self._sides = (*outer, (id(s), True))
                    end = self.visit(then, loops, phase)
                    self._sides = (*outer, (id(s), False))
                    phase = self.visit(orelse, loops, phase)
                    self._sides = outer
                    self._link[self._root(end)] = self._root(phase)
                case _:
                    pass
        return phase

    def _shared(self, memory: Symbol) -> bool:
        return isinstance(memory.type, View | Accumulator) or memory in self._scratch


def _owner(site: _Site, shares: Shares) -> For | None:
    """The loop that gives the site to one thread; ``None`` if every thread comes here."""
    return next((f for f in site.loops if shares.get(f.index) in (Share.THREAD, Share.BOTH)), None)


def _once(loop: For) -> bool:
    return loop.lo == Const(0, loop.lo.type) and loop.hi == Const(1, loop.hi.type)  # type: ignore[arg-type]


_ONCE_HINT = "do it once: Kokkos::single(Kokkos::PerTeam(team), [&]() { ... })"


# Joining a value once more changes nothing.
_IDEMPOTENT = frozenset({*Combiner} - {Combiner.SUM, Combiner.PROD})


def _repeated(launch: Launch, sites: list[_Site], shares: Shares, lanes: bool) -> Iterator[Diagnostic]:
    """Increments that every thread or every lane carries out."""
    harmless = {r.accumulator for r in launch.reductions if r.combiner in _IDEMPOTENT}
    for site in sites:
        if not isinstance(site.stmt, Increment):
            continue
        name = site.memory.name
        sharing = [f for f in site.loops if shares.get(f.index) in (Share.LANE, Share.BOTH)]
        if site.memory in harmless:
            continue
        if _owner(site, shares) is None:
            yield Diagnostic(f"every thread of the team adds to '{name}'", site.loc, _ONCE_HINT)
        elif lanes and isinstance(site.memory.type, Accumulator) and not all(map(_once, sharing)):
            hint = "reduce over the lanes first, with a nested parallel_reduce"
            yield Diagnostic(f"each vector lane has its own partial sum '{name}'", site.loc, hint)
        elif lanes and site.atomic and not sharing:
            hint = "do it once: Kokkos::single(Kokkos::PerThread(team), [&]() { ... })"
            yield Diagnostic(f"every vector lane adds to '{name}'", site.loc, hint)


def _within(block: Block, sites: list[_Site], shares: Shares) -> Iterator[Diagnostic]:
    """Iterations of one shared range that meet at an element."""
    for loop in walk(block):
        if not isinstance(loop, For) or loop.index not in shares or _once(loop):
            continue
        footprints = Footprints(Launch("", "", (Range(loop.index, loop.lo, loop.hi),), loop.body, ()))
        own = {s.target for s in walk(loop.body) if isinstance(s, Declare)}
        inside = [
            Access(
                s.memory,
                tuple(footprints.affine(i) for i in s.index),
                "load" if s.reads else "atomic" if s.atomic else "store",
                always=False,
                constant=False,
                loc=s.loc,
            )
            for s in sites
            if loop in s.loops and s.memory not in own and not isinstance(s.memory.type, Accumulator)
        ]
        yield from collisions(inside, 1, footprints.bounds)


def _between(launch: Launch, sites: _Sites, shares: Shares) -> Iterator[Diagnostic]:
    """Parts of the kernel that no barrier separates and that meet at an element."""
    memories = [s for s in sites.found if not isinstance(s.memory.type, Accumulator)]
    order = count()
    place = {id(s): next(order) for s in memories}
    for write in memories:
        if write.reads:
            continue
        for other in memories:
            if other.memory != write.memory or (write.atomic and other.atomic):
                continue
            if not other.reads and place[id(other)] > place[id(write)]:
                continue  # reported from the other's side
            if not sites.together(write.phase, other.phase) or write.excludes(other):
                continue
            if not _meet(launch, write, other, shares):
                continue
            a, b = _owner(write, shares), _owner(other, shares)
            name, line = write.memory.name, other.loc.line if other.loc is not None else 0
            if a is None and b is None:
                if not other.reads or not _then(other, write, place):
                    continue
                message = f"every thread of the team reads '{name}' (line {line}) and then writes it"
                yield Diagnostic(message, write.loc, _ONCE_HINT)
                break
            if a is not b:
                message = f"no barrier separates this write to '{name}' from the access at line {line}"
                yield Diagnostic(message, write.loc, "call team_barrier() between them")
                break


def _then(read: _Site, write: _Site, place: Mapping[int, int]) -> bool:
    """Whether the write may follow the read."""
    return place[id(read)] < place[id(write)] or any(loop in write.loops for loop in read.loops)


def _meet(launch: Launch, a: _Site, b: _Site, shares: Shares) -> bool:
    """Whether different threads may meet at an element that ``a`` and ``b`` access."""
    first, second = _owner(a, shares), _owner(b, shares)
    same: dict[Symbol, int] = {}
    if first is not None and second is not None and _alike(first, second, shares):
        same = {first.index: 0, second.index: 0}
    footprints = Footprints(replace(launch, ranges=()), also=same)
    x, y = (tuple(footprints.affine(i) for i in site.index) for site in (a, b))
    return not disjoint(x, y, 1, (), footprints.bounds)


def _alike(a: For, b: For, shares: Shares) -> bool:
    """Whether the same thread runs equal indices of two ranges."""
    bounds = (a.lo, a.hi) == (b.lo, b.hi) and not _once(a)
    return bounds and shares[a.index] == shares[b.index]


def settle(block: Block) -> Block:
    """IR before -> after: without barrier marks, and with loops of one iteration in line."""
    values: dict[Symbol, Atom] = {}

    def inline(block: Block) -> Block:
        stmts: list[Stmt] = []
        for s in block.stmts:
            if isinstance(s, Let) and isinstance(s.op, Apply) and s.op.fn == BARRIER:
                continue
            s = map_blocks(s, inline)
            if not (isinstance(s, For) and s.parallel and _once(s)):
                stmts.append(s)
                continue
            values[s.index] = s.lo
            values.update({c.inner: c.init for c in s.carried} | {c.result: c.next for c in s.carried})
            stmts += s.body.stmts
        return Block(tuple(stmts))

    inlined = inline(block)
    return substitute(inlined, _resolved(values))


def _resolved(mapping: Mapping[Symbol, Atom]) -> dict[Symbol, Atom]:
    """``mapping`` with keys among its values replaced too."""

    def end(atom: Atom) -> Atom:
        return end(mapping[atom]) if isinstance(atom, Symbol) and atom in mapping else atom

    return {symbol: end(atom) for symbol, atom in mapping.items()}
