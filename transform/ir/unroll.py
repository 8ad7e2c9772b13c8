"""Small loops of constant length written out.

IR before -> after: a loop of a kernel that runs a few times, a number known here, becomes its iterations one
after the other. Together with ``simplify``, which follows elements of local arrays through constant indices,
``double J[2][2]`` becomes four scalars: no states, no replay and no adjoint array are needed to reverse it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from transform.ir.build import TEMPORARY, Fresh, scalar
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Const,
    Declare,
    For,
    If,
    Increment,
    Launch,
    Let,
    Program,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import Array
from transform.ir.walk import map_blocks, substitute, walk

MOST = 96
"""Statements that a loop may have when written out, those of all iterations together."""


def written_out(program: Program, last_id: int) -> Program:
    """As above, in every kernel, and on the host where a loop fills local arrays.

    Other loops of the host stay, and so do ranges of teams: the user chose what runs at once."""
    fresh = Fresh(last_id)
    body = _host(program.body, {}, fresh)
    return program if body == program.body else replace(program, body=remove_dead(simplify(body, fresh)))


def _host(block: Block, results: dict[Symbol, Atom], fresh: Fresh) -> Block:
    out: list[Stmt] = []
    for given in block.stmts:
        (s,) = substitute(Block((given,)), results).stmts
        if isinstance(s, Launch):
            inside: dict[Symbol, Atom] = {}
            out.append(map_blocks(s, partial(_kernel, results=inside, fresh=fresh)))
        elif isinstance(s, For) and _fills_arrays(s.body):
            out += _kernel(Block((s,)), results, fresh).stmts
        else:
            out.append(map_blocks(s, partial(_host, results=results, fresh=fresh)))
    return Block(tuple(out))


def _fills_arrays(body: Block) -> bool:
    """Whether a block computes numbers and elements of local arrays, and does nothing else."""
    inside = list(walk(body))
    memories = [s.memory for s in inside if isinstance(s, Store | Increment)]
    plain = all(isinstance(s, Let | Store | Increment | If | For) for s in inside)
    return bool(memories) and plain and all(isinstance(m.type, Array) for m in memories)


def _kernel(block: Block, results: dict[Symbol, Atom], fresh: Fresh) -> Block:
    """``results``: what written-out loops have carried out of their last iteration; grows."""
    out: list[Stmt] = []

    def inner(b: Block) -> Block:
        return _kernel(b, results, fresh)

    for given in block.stmts:
        s = map_blocks(given, inner)
        (s,) = substitute(Block((s,)), results).stmts
        values = _values(s) if isinstance(s, For) else None
        if isinstance(s, For) and values is not None and len(values) * _size(s.body) <= MOST:
            stmts, ends = _written_out(s, values, fresh)
            out += stmts
            results.update(ends)
        else:
            out.append(s)
    return Block(tuple(out))


def _values(loop: For) -> list[int] | None:
    """The index of each iteration in order, if that is known here and the iterations are few."""
    bounded = isinstance(loop.lo, Const) and isinstance(loop.hi, Const)
    if not bounded or loop.exit is not None or loop.parallel:
        return None
    assert isinstance(loop.lo, Const) and isinstance(loop.hi, Const)
    indices = range(int(loop.lo.value), int(loop.hi.value), loop.step)
    if len(indices) > MOST:
        return None
    return list(reversed(indices)) if loop.descending else list(indices)


def _size(body: Block) -> int:
    return sum(1 for s in walk(body) if not isinstance(s, Declare))


def _written_out(loop: For, values: list[int], fresh: Fresh) -> tuple[list[Stmt], dict[Symbol, Atom]]:
    """The iterations, and what the results of the loop are afterwards."""
    stmts: list[Stmt] = []
    now: dict[Symbol, Atom] = {c.inner: c.init for c in loop.carried}
    for value in values:
        copy, names = renamed(loop.body, fresh)
        known = {**now, loop.index: Const(value, scalar(loop.index))}
        stmts += _named_elements(substitute(copy, known), fresh).stmts

        def at_end(a: Atom, known: dict[Symbol, Atom] = known, names: dict[Symbol, Symbol] = names) -> Atom:
            return known.get(a, names.get(a, a)) if isinstance(a, Symbol) else a

        now = {c.inner: at_end(c.next) for c in loop.carried}
    return stmts, {c.result: now[c.inner] for c in loop.carried}


def _named_elements(block: Block, fresh: Fresh) -> Block:
    """Nameless values that become an element of a local array get a name after it, ``J_0_1``: it may be all
    that is left of the array."""
    out: list[Stmt] = []
    for given in block.stmts:
        s = map_blocks(given, lambda b: _named_elements(b, fresh))
        if isinstance(s, Store) and isinstance(s.memory.type, Array) and _nameless(s.value):
            at = [str(i.value) for i in s.index if isinstance(i, Const)]
            if len(at) == len(s.index):
                name = fresh.symbol("_".join([s.memory.name, *at]), s.value.type)
                out.append(Let(name, Apply("copy", (s.value,)), s.loc))
                s = replace(s, value=name)
        out.append(s)
    return Block(tuple(out))


def _nameless(a: Atom) -> bool:
    return isinstance(a, Symbol) and a.name == TEMPORARY
