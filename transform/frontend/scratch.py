"""Scratch memory of teams and threads: Views of it become local arrays."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod

from transform.frontend.clang import Cursor, CursorKind, location, strip
from transform.frontend.places import member_base
from transform.frontend.scope import Axis, Mapping, Memory, Scope
from transform.frontend.team_handle import member
from transform.ir.build import Builder
from transform.ir.measure import largest
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Const,
    Declare,
    Extent,
    For,
    Launch,
    Let,
    Stmt,
    Symbol,
)
from transform.ir.types import LONG, Array, Scalar
from transform.ir.walk import binds, defines, map_blocks, substitute_op, uses, walk

_OF_TEAM, _OF_THREAD = ("team_scratch", "team_shmem"), ("thread_scratch",)
_MOST_ON_STACK = 512  # elements of an array that is a plain local one


def is_scratch(scope: Scope, cursor: Cursor) -> bool:
    """Whether the first argument of a View's constructor is the scratch memory of the kernel's team."""
    source = strip(cursor)
    named = source.kind == CursorKind.CALL_EXPR and source.spelling in (*_OF_TEAM, *_OF_THREAD)
    return named and member(scope, member_base(source)) is not None


def scratch_view(
    scope: Scope, name: str, element: Scalar, extents: tuple[Atom, ...], memory: Cursor
) -> Memory:
    """A View of these extents in the scratch memory ``memory``."""
    state = scope.team
    assert state is not None
    constant = tuple(int(e.value) for e in extents if isinstance(e, Const))
    plain = len(constant) == len(extents) and prod(constant) <= _MOST_ON_STACK
    array = Array(element, (constant or (1,)) if plain else (0,) * len(extents))
    symbol = scope.fresh.symbol(name, array)
    scope.stmts.append(Declare(symbol, False, location(memory), () if plain else extents))
    owners = state.scratch if strip(memory).spelling in _OF_TEAM else state.thread_scratch
    owners.add(symbol)
    axes = tuple(Axis(None, ((d, None),)) for d in range(len(extents)))
    return Memory(symbol, Mapping(axes or (Axis(None, ()),), extents))


def sink(block: Block, arrays: set[Symbol], threads: set[Symbol]) -> Block:
    """IR before -> after: an array of ``arrays`` that one of the loops ``threads`` alone uses is declared in
    it: iterations that one thread runs after another do not share what is in its scratch memory."""
    moved: dict[Symbol, list[Declare]] = {}
    kept: list[Stmt] = []
    for s in block.stmts:
        users = [u for u in block.stmts if isinstance(s, Declare) and _uses(u, s.target)]
        only = users[0] if len(users) == 1 else None
        if isinstance(s, Declare) and s.target in arrays and isinstance(only, For) and only.index in threads:
            moved.setdefault(only.index, []).append(s)
        else:
            kept.append(s)
    out = []
    for s in kept:
        if isinstance(s, For) and s.index in moved:
            s = replace(s, body=Block((*moved[s.index], *s.body.stmts)))
        out.append(map_blocks(s, lambda b: sink(b, arrays, threads)))
    return Block(tuple(out))


def _uses(stmt: Stmt, array: Symbol) -> bool:
    return any(array in uses(s) for s in walk(Block((stmt,))))


def hoist_sizes(scope: Scope, launch: Launch) -> Launch:
    """IR before -> after: sizes of arrays are values of the host, computed before ``launch``. Where they
    differ between teams, every team gets as much as the one that needs most."""
    lets = {s.target: s for s in walk(launch.body) if isinstance(s, Let)}
    inside = {r.index for r in launch.ranges}
    inside |= {n for s in walk(launch.body) if not isinstance(s, Let) for n in (*defines(s), *binds(s))}
    outside: dict[Symbol, Atom] = {}

    def known(atom: Atom) -> bool:
        if isinstance(atom, Const) or atom in outside:
            return True
        let = lets.get(atom)
        if let is None:
            return atom not in inside
        operands = let.op.args if isinstance(let.op, Apply) else ()
        if not isinstance(let.op, Apply | Extent) or not all(known(a) for a in operands):
            return False
        outside[atom] = scope.fresh.like(atom)
        scope.stmts.append(Let(outside[atom], substitute_op(let.op, outside), let.loc))  # type: ignore[arg-type]
        return True

    own = [s for s in walk(launch.body) if isinstance(s, Declare) and not all(known(e) for e in s.extents)]
    b = Builder(scope.fresh)
    b.loc = launch.loc
    found = largest(launch, {id(s): partial(_extents, s) for s in own}, b) if own else {}
    if found is None:
        hint = "use a size that is the same for all teams, or one that the kernel only reads from Views"
        for s in own:
            message = f"the size of the scratch memory '{s.target.name}' is known in its team only"
            scope.refuse_at(s.loc, message, hint)
        return launch
    scope.stmts += b.stmts

    def rewrite(block: Block) -> Block:
        return Block(tuple(sized(s) for s in block.stmts))

    def sized(s: Stmt) -> Stmt:
        if id(s) in found and isinstance(s, Declare):
            return replace(s, extents=tuple(found[id(s)]))
        s = map_blocks(s, rewrite)
        if not isinstance(s, Declare):
            return s
        return replace(s, extents=tuple(outside.get(e, e) if isinstance(e, Symbol) else e for e in s.extents))

    return replace(launch, body=rewrite(launch.body))


def _extents(declared: Declare, b: Builder) -> list[Atom]:
    return [b.cast(e, LONG) for e in declared.extents]
