"""Traversal and rewriting of the IR, used by every pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Assumption,
    Atom,
    Block,
    Carried,
    Chunked,
    Color,
    Colored,
    Combine,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    If,
    Increment,
    Invert,
    Launch,
    Let,
    Load,
    Merge,
    Op,
    Output,
    PrefixSum,
    Program,
    Range,
    Replicate,
    Restore,
    Return,
    Save,
    Stmt,
    Store,
    Symbol,
    Teamed,
    Touch,
)
from transform.ir.types import Array, View


def op_atoms(op: Op) -> tuple[Atom, ...]:
    """The operands of an operation, the accessed memory included."""
    match op:
        case Apply(args=args):
            return args
        case Load(memory=memory, index=index):
            return (memory, *index)
        case Extent(view=view):
            return (view,)
        case _:
            assert_never(op)


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks directly inside ``stmt``."""
    match stmt:
        case For(body=body) | Launch(body=body) | Color(body=body) | Invert(body=body):
            return (body,)
        case If(then=then, orelse=orelse):
            return (then, orelse)
        case _:
            return ()


def map_blocks(stmt: Stmt, rewrite: Callable[[Block], Block]) -> Stmt:
    """``stmt`` with each directly contained block rewritten; ``stmt`` itself if nothing changed."""
    match stmt:
        case For(body=body) | Launch(body=body) | Color(body=body) | Invert(body=body):
            new = rewrite(body)
            return stmt if new is body else replace(stmt, body=new)
        case If(then=then, orelse=orelse):
            new_then, new_orelse = rewrite(then), rewrite(orelse)
            if new_then is then and new_orelse is orelse:
                return stmt
            return replace(stmt, then=new_then, orelse=new_orelse)
        case _:
            return stmt


def atoms(stmt: Stmt) -> tuple[Atom, ...]:
    """The atoms that ``stmt`` itself reads or accesses (not those of statements inside its blocks).

    ``Carried.next``, ``Exit.until`` and the sides of a ``Merge`` count: they belong to the ``For`` or ``If``.
    """
    match stmt:
        case Let(op=op):
            return op_atoms(op)
        case Declare(extents=extents):
            return extents
        case Store() | Increment() | Accumulate():
            return (stmt.memory, *stmt.index, stmt.value)
        case For(lo=lo, hi=hi, carried=carried, exit=leave):
            until = () if leave is None else (leave.until,)
            return (lo, hi, *(a for c in carried for a in (c.init, c.next)), *until)
        case If(cond=cond, merges=merges):
            return (cond, *(a for m in merges for a in (m.then, m.orelse)))
        case Launch(ranges=ranges, schedule=schedule, given=given):
            bounds = tuple(a for r in ranges for a in (r.lo, r.hi))
            assumed = tuple(a for g in given for a in assumed_atoms(g))
            match schedule:
                case Colored(coloring=coloring):
                    return (*bounds, *assumed, coloring)
                case Teamed(copies=copies):
                    return (*bounds, *assumed, *(view for _, view in copies))
                case _:
                    return (*bounds, *assumed)
        case Save(source=source):
            return (source,)
        case Restore():
            return ()
        case Replicate(source=source):
            return (source,)
        case Combine(target=target, replicas=replicas):
            return (target, replicas)
        case Touch(view=view, index=index):
            return (view, *index)
        case Color(unit=unit, views=views, keys=keys):
            return (unit.lo, unit.hi, *views, *keys)
        case Invert(keys=keys, targets=targets, watched=watched):
            return (keys, targets, *(watched or ()))
        case Allocate(extents=extents):
            return extents
        case DeepCopy(target=target, source=source):
            return (target, source)
        case PrefixSum(view=view, start=start):
            return (view, start)
        case Return(value=value) | Output(value=value):
            return (value,)
        case _:
            assert_never(stmt)


def assumed_atoms(given: Assumption) -> tuple[Atom, ...]:
    """The values that an assumption compares."""
    return tuple(a for c in given.either for _, atoms_ in c.terms for a in atoms_)


def map_assumption(given: Assumption, new: Callable[[Atom], Atom]) -> Assumption:
    """``given`` with each of its atoms replaced by ``new`` of it."""
    either = (
        replace(c, terms=tuple((k, tuple(new(a) for a in atoms_)) for k, atoms_ in c.terms))
        for c in given.either
    )
    return replace(given, either=tuple(either))


def uses(stmt: Stmt) -> tuple[Symbol, ...]:
    """The symbols among ``atoms(stmt)``, in order, repeated as often as they occur."""
    return tuple(a for a in atoms(stmt) if isinstance(a, Symbol))


def defines(stmt: Stmt) -> tuple[Symbol, ...]:
    """The symbols that later statements of the same block may use because of ``stmt``."""
    match stmt:
        case (
            Let(target=target)
            | Declare(target=target)
            | Allocate(target=target)
            | Restore(target=target)
            | Replicate(target=target)
            | Color(target=target)
        ):
            return (target,)
        case For(carried=carried, exit=leave):
            results = tuple(c.result for c in carried)
            return results if leave is None else (*results, leave.trips)
        case If(merges=merges):
            return tuple(m.result for m in merges)
        case Launch(reductions=reductions):
            return tuple(s for r in reductions for s in r.results)
        case PrefixSum(total=Symbol() as total):
            return (total,)
        case Invert(starts=starts, entries=entries):
            return (starts, entries)
        case _:
            return ()


def binds(stmt: Stmt) -> tuple[Symbol, ...]:
    """The symbols that ``stmt`` defines for its own blocks only: indices, carried values, accumulators."""
    match stmt:
        case For(index=index, carried=carried):
            return (index, *(c.inner for c in carried))
        case Launch(ranges=ranges, reductions=reductions, schedule=schedule):
            own: tuple[Symbol, ...] = (schedule.replica,) if isinstance(schedule, Chunked) else ()
            if isinstance(schedule, Teamed):
                own = tuple(copy for copy, _ in schedule.copies)
            return (*(r.index for r in ranges), *(r.accumulator for r in reductions), *own)
        case Color(unit=unit):
            return (unit.index,)
        case _:
            return ()


def walk(block: Block) -> Iterator[Stmt]:
    """Every statement of ``block`` and of the blocks inside it, each before its own blocks."""
    for stmt in block.stmts:
        yield stmt
        for inner in blocks(stmt):
            yield from walk(inner)


def last_id_of(block: Block) -> int:
    """The largest id of a symbol that ``block`` defines."""
    return max((x.id for s in walk(block) for x in (*defines(s), *binds(s))), default=0)


def last_id(program: Program) -> int:
    """The largest id of a symbol of ``program``."""
    return max([last_id_of(program.body), *(p.symbol.id for p in program.params)])


def written(block: Block) -> frozenset[Symbol]:
    """The memory that some statement of ``block`` writes."""
    found: set[Symbol] = set()
    for stmt in walk(block):
        match stmt:
            case Store(memory=memory) | Increment(memory=memory) | Accumulate(memory=memory):
                found.add(memory)
            case (
                DeepCopy(target=target)
                | Declare(target=target)
                | Allocate(target=target)
                | Combine(target=target)
                | Replicate(target=target)
            ):
                found.add(target)
            case PrefixSum(view=view):
                found.add(view)
            case _:
                pass
    return frozenset(found)


def without_effects(block: Block, kept: Collection[Symbol]) -> Block:
    """``block`` without what it does to memory, except to local arrays and to ``kept``."""

    def keeps(s: Stmt) -> bool:
        match s:
            case Store(memory=m) | Increment(memory=m) | Accumulate(memory=m):
                return isinstance(m.type, Array) or m in kept
            case _:
                return True

    stmts = (s for s in block.stmts if keeps(s))
    return Block(tuple(map_blocks(s, lambda inner: without_effects(inner, kept)) for s in stmts))


def loaded(block: Block) -> set[Symbol]:
    """The Views that some statement of ``block`` loads from."""
    return {
        s.op.memory
        for s in walk(block)
        if isinstance(s, Let) and isinstance(s.op, Load) and isinstance(s.op.memory.type, View)
    }


def substitute(block: Block, mapping: Mapping[Symbol, Atom]) -> Block:
    """``block`` with every use of a key of ``mapping`` replaced.

    Definitions stay. Memory may only be replaced by memory (a ``Symbol``); ``TypeError`` otherwise.
    """
    if not mapping:
        return block
    new = tuple(_substitute_stmt(s, mapping) for s in block.stmts)
    return block if all(a is b for a, b in zip(new, block.stmts, strict=True)) else Block(new)


def _substitute_stmt(stmt: Stmt, mapping: Mapping[Symbol, Atom]) -> Stmt:
    def atom(a: Atom) -> Atom:
        return mapping.get(a, a) if isinstance(a, Symbol) else a

    def many(index: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(atom(a) for a in index)

    def memory(symbol: Symbol) -> Symbol:
        new = atom(symbol)
        if isinstance(new, Const):
            raise TypeError(f"memory {symbol.name} cannot become the constant {new.value}")
        return new

    stmt = map_blocks(stmt, lambda inner: substitute(inner, mapping))
    if not any(symbol in mapping for symbol in uses(stmt)):
        return stmt
    match stmt:
        case Let(op=op):
            return replace(stmt, op=substitute_op(op, mapping))
        case Declare(extents=extents):
            return replace(stmt, extents=many(extents))
        case Store() | Increment() | Accumulate():
            return replace(stmt, memory=memory(stmt.memory), index=many(stmt.index), value=atom(stmt.value))
        case For(lo=lo, hi=hi, carried=carried, exit=leave):
            new_carried = tuple(Carried(c.inner, atom(c.init), atom(c.next), c.result) for c in carried)
            new_exit = None if leave is None else replace(leave, until=atom(leave.until))
            return replace(stmt, lo=atom(lo), hi=atom(hi), carried=new_carried, exit=new_exit)
        case If(cond=cond, merges=merges):
            new_merges = tuple(Merge(m.result, atom(m.then), atom(m.orelse)) for m in merges)
            return replace(stmt, cond=atom(cond), merges=new_merges)
        case Launch(ranges=ranges, given=given):
            new_ranges = tuple(Range(r.index, atom(r.lo), atom(r.hi)) for r in ranges)
            return replace(stmt, ranges=new_ranges, given=tuple(map_assumption(g, atom) for g in given))
        case Allocate(extents=extents):
            return replace(stmt, extents=many(extents))
        case DeepCopy(target=target, source=source):
            return replace(stmt, target=memory(target), source=atom(source))
        case PrefixSum(view=view, start=start):
            return replace(stmt, view=memory(view), start=atom(start))
        case Return(value=value) | Output(value=value):
            return replace(stmt, value=atom(value))
        case Save(source=source):
            return replace(stmt, source=atom(source))
        case Restore():
            return stmt
        case Replicate(source=source):
            return replace(stmt, source=memory(source))
        case Combine(target=target, replicas=replicas):
            return replace(stmt, target=memory(target), replicas=memory(replicas))
        case Touch(view=view, index=index):
            return replace(stmt, view=memory(view), index=many(index))
        case Color(unit=unit, views=views, keys=keys):
            return replace(
                stmt,
                unit=Range(unit.index, atom(unit.lo), atom(unit.hi)),
                views=tuple(memory(v) for v in views),
                keys=tuple(memory(k) for k in keys),
            )
        case Invert(keys=keys, targets=targets, watched=watched):
            seen = None if watched is None else tuple(memory(w) for w in watched)
            return replace(stmt, keys=memory(keys), targets=atom(targets), watched=seen)
        case _:
            assert_never(stmt)


def substitute_op(op: Op, mapping: Mapping[Symbol, Atom]) -> Op:
    """``op`` with every use of a key of ``mapping`` replaced; see ``substitute``."""

    def atom(a: Atom) -> Atom:
        return mapping.get(a, a) if isinstance(a, Symbol) else a

    def memory(symbol: Symbol) -> Symbol:
        new = atom(symbol)
        if isinstance(new, Const):
            raise TypeError(f"memory {symbol.name} cannot become the constant {new.value}")
        return new

    match op:
        case Apply(fn=fn, args=args):
            return Apply(fn, tuple(atom(a) for a in args))
        case Load(memory=source, index=index):
            return Load(memory(source), tuple(atom(a) for a in index))
        case Extent(view=view, dim=dim):
            return Extent(memory(view), dim)
        case _:
            assert_never(op)
