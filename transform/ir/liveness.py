"""Remove what no effect needs: mark from the effects, sweep the rest.

IR before -> after: the same program without Lets, local arrays, loops and branches whose results are
unused. This is also how *to-be-recorded* analysis happens here: the reverse sweep is built with everything
it might recall, and a recall that no derivative uses disappears with its tape.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Atom,
    Block,
    Carried,
    Color,
    Combine,
    Declare,
    DeepCopy,
    For,
    If,
    Increment,
    Invert,
    Launch,
    Let,
    Merge,
    Output,
    PrefixSum,
    Reduction,
    Replicate,
    Restore,
    Return,
    Save,
    Stmt,
    Store,
    Symbol,
    Touch,
)
from transform.ir.types import Accumulator, Array
from transform.ir.walk import assumed_atoms, blocks, map_blocks, op_atoms, walk

_PRIVATE = (Array, Accumulator)
"""Memory that nobody sees: writing it is an effect only if it is read."""


@dataclass(frozen=True)
class _Site:
    """Where a symbol is defined: the statement, and the loops and branches around it."""

    stmt: Stmt | Carried | Merge | Reduction
    around: tuple[For | If | Launch | Color, ...]


class _Marker:
    def __init__(self, block: Block, read: Iterable[Symbol]) -> None:
        self.live: set[Symbol] = set()
        self.live_scopes: set[int] = set()
        self.sites: dict[Symbol, _Site] = {}
        self.writes: dict[Symbol, list[tuple[Stmt, tuple[For | If | Launch | Color, ...]]]] = {}
        self.effects: list[tuple[Stmt, tuple[For | If | Launch | Color, ...]]] = []
        self._collect(block, ())
        self.work: list[Symbol] = []
        self._use(read, ())
        for stmt, around in self.effects:
            self._use(_effect_operands(stmt), around)
        while self.work:
            self._mark(self.work.pop())

    def _collect(self, block: Block, around: tuple[For | If | Launch | Color, ...]) -> None:
        for s in block.stmts:
            match s:
                case Let(target=target) | Declare(target=target):
                    self.sites[target] = _Site(s, around)
                case Store(memory=memory) | Increment(memory=memory):
                    if isinstance(memory.type, _PRIVATE):
                        self.writes.setdefault(memory, []).append((s, around))
                    else:
                        self.effects.append((s, around))
                case For(carried=carried, body=body, exit=leave):
                    for c in carried:
                        self.sites[c.inner] = self.sites[c.result] = _Site(c, (*around, s))
                    if leave is not None:
                        self.sites[leave.trips] = _Site(s, around)
                    self._collect(body, (*around, s))
                case If(then=then, orelse=orelse, merges=merges):
                    for m in merges:
                        self.sites[m.result] = _Site(m, (*around, s))
                    self._collect(then, (*around, s))
                    self._collect(orelse, (*around, s))
                case Launch(body=body, reductions=reductions):
                    for r in reductions:
                        self.sites[r.accumulator] = _Site(s, around)
                        for name in r.results:
                            self.sites[name] = _Site(r, around)
                    self._collect(body, (*around, s))
                case Color(body=body, target=target):
                    self.sites[target] = _Site(s, around)
                    self._collect(body, (*around, s))
                case Invert(body=body):
                    self.effects.append((s, around))
                    self._collect(body, around)
                case Allocate(target=target) | Replicate(target=target) | Restore(target=target):
                    self.sites[target] = _Site(s, around)
                    if isinstance(s, Restore):  # popping is an effect
                        self.effects.append((s, around))
                case _:
                    self.effects.append((s, around))

    def _use(self, atoms: Iterable[Atom], around: tuple[For | If | Launch | Color, ...]) -> None:
        for atom in atoms:
            if isinstance(atom, Symbol) and atom not in self.live:
                self.live.add(atom)
                self.work.append(atom)
        for scope in around:
            if id(scope) in self.live_scopes:
                continue
            self.live_scopes.add(id(scope))
            match scope:
                case For(lo=lo, hi=hi, exit=leave):
                    self._use((lo, hi) if leave is None else (lo, hi, leave.until), ())
                case If(cond=cond):
                    self._use((cond,), ())
                case Launch(ranges=ranges, given=given):
                    self._use((a for r in ranges for a in (r.lo, r.hi)), ())
                    self._use((a for g in given for a in assumed_atoms(g)), ())
                case Color(unit=unit, views=views, keys=keys):
                    self._use((unit.lo, unit.hi, *views, *keys), ())

    def _mark(self, symbol: Symbol) -> None:
        for stmt, around in self.writes.get(symbol, ()):
            self._use(_effect_operands(stmt), around)
        site = self.sites.get(symbol)
        if site is None:
            return
        match site.stmt:
            case Let(op=op):
                self._use(op_atoms(op), site.around)
            case Carried() as c:
                self._use((c.inner, c.result, c.init, c.next), site.around)
            case Merge() as m:
                self._use((m.then, m.orelse), site.around)
            case Reduction(accumulator=accumulator):
                self._use((accumulator,), site.around)
            case Allocate(extents=extents) | Declare(extents=extents):
                self._use(extents, site.around)
            case Replicate(source=source):
                self._use((source,), site.around)
            case Launch() | Color() | For() as scope:
                self._use((), (*site.around, scope))
            case _:
                self._use((), site.around)


def _effect_operands(stmt: Stmt) -> tuple[Atom, ...]:
    match stmt:
        case Store(memory=m, index=i, value=v) | Increment(memory=m, index=i, value=v):
            return (m, *i, v)
        case Accumulate(memory=m, index=i, value=v):
            return (m, *i, v)
        case DeepCopy(target=target, source=source):
            return (target, source)
        case PrefixSum(view=view, start=start):
            return (view, start)
        case Return(value=value) | Output(value=value):
            return (value,)
        case Save(source=source):
            return (source,)
        case Restore(target=target):
            return ()
        case Combine(target=target, replicas=replicas):
            return (target, replicas)
        case Touch(view=view, index=index):
            return (view, *index)
        case Invert(keys=keys, targets=targets, watched=watched):
            return (keys, targets, *(watched or ()))
        case _:
            raise AssertionError(stmt)


def remove_dead(block: Block, read: Iterable[Symbol] = ()) -> Block:
    """``block`` without what its effects (View writes, copies, tapes, the return value) do not need;
    ``read``: results of its reductions that code outside the block reads.

    A ``Restore`` nobody reads stays: removing it needs its ``Save`` removed too (see ``remove_dead_tapes``).
    """
    return _sweep(block, _Marker(block, read))


def remove_dead_tapes(block: Block) -> Block:
    """Drop tapes whose restored values are all unused, then what fed them."""
    marker = _Marker(block, ())
    restored: dict[str, bool] = {}

    def look(b: Block) -> None:
        for s in b.stmts:
            if isinstance(s, Restore):
                restored[s.tape] = restored.get(s.tape, False) or s.target in marker.live
            for inner in blocks(s):
                look(inner)

    look(block)
    saved = {s.tape for s in walk(block) if isinstance(s, Save)}
    dead = {tape for tape in saved | restored.keys() if not restored.get(tape, False)}
    if not dead:
        return remove_dead(block)

    def strip(b: Block) -> Block:
        kept = (s for s in b.stmts if not (isinstance(s, Save | Restore) and s.tape in dead))
        return Block(tuple(map_blocks(s, strip) for s in kept))

    return remove_dead_tapes(strip(block))


def _live_reductions(launch: Launch, live: set[Symbol]) -> Launch:
    """Without reductions that nobody contributes to or reads, and without locations that nobody reads."""
    kept = [r for r in launch.reductions if live.intersection(r.results)]
    unread = {r.accumulator for r in kept if r.location is not None and r.location not in live}
    if not unread:
        return replace(launch, reductions=tuple(kept))

    def strip(block: Block) -> Block:
        stmts = (
            replace(s, index=()) if isinstance(s, Increment) and s.memory in unread else map_blocks(s, strip)
            for s in block.stmts
        )
        return Block(tuple(stmts))

    plain = tuple(replace(r, location=None) if r.accumulator in unread else r for r in kept)
    return replace(launch, body=strip(launch.body), reductions=plain)


def _sweep(block: Block, marker: _Marker) -> Block:
    live = marker.live
    kept: list[Stmt] = []
    for s in block.stmts:
        match s:
            case Let(target=t) | Declare(target=t) | Allocate(target=t) | Replicate(target=t):
                if t in live:
                    kept.append(s)
            case PrefixSum(total=total):
                kept.append(s if total is None or total in live else replace(s, total=None))
            case Store(memory=m) | Increment(memory=m):
                if not isinstance(m.type, _PRIVATE) or m in live:
                    kept.append(s)
            case For() | If() | Launch() | Color():
                if id(s) not in marker.live_scopes:
                    continue
                inner = map_blocks(s, lambda b: _sweep(b, marker))
                if isinstance(inner, For):
                    inner = replace(inner, carried=tuple(c for c in inner.carried if c.inner in live))
                elif isinstance(inner, If):
                    inner = replace(inner, merges=tuple(m for m in inner.merges if m.result in live))
                elif isinstance(inner, Launch):
                    inner = _live_reductions(inner, live)
                kept.append(inner)
            case _:
                kept.append(s)
    return Block(tuple(kept))
