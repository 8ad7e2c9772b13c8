"""Host arrays that carry derivatives and are captured by kernels: each kernel makes its own from scalars.

IR before -> after: ``Declare w; Store w(0) a; ...; Launch { .. w(k) .. }`` ->
``Launch { Declare w'; Store w'(0) a; ...; .. w'(k) .. }``. The host's scalars then carry the derivatives.
"""

from __future__ import annotations

from dataclasses import replace

from transform.adjoint.sweep import zero
from transform.analysis.activity import Activity
from transform.ir.build import Fresh
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Const,
    Declare,
    Increment,
    Launch,
    Let,
    Load,
    Program,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import Array
from transform.ir.walk import map_blocks, substitute, uses, walk

_LARGEST = 64  # elements: every iteration stores them all


def own_arrays(program: Program, active: Activity, last_id: int) -> Program:
    """``program`` with the active host arrays gone that are filled once, element by element, before they are
    read; other arrays stay as they are."""
    body, fresh = program.body, Fresh(last_id)
    for s in program.body.stmts:
        if isinstance(s, Declare) and s.target in active:
            values = _values(body, s.target)
            if values is not None:
                body = _rewritten(body, s, values, fresh)
    return program if body is program.body else replace(program, body=remove_dead(body))


def _values(body: Block, array: Symbol) -> list[Store] | None:
    """The stores that fill ``array``; ``None`` if they are not all there is, or may be too late."""
    assert isinstance(array.type, Array)
    size = 1
    for extent in array.type.extents:
        size *= extent
    stores: list[Store] = []
    read = size > _LARGEST
    for s in body.stmts:
        if isinstance(s, Store) and s.memory == array:
            if read or not _constant(s.index):
                return None
            stores.append(s)
            continue
        for inner in walk(Block((s,))):
            if isinstance(inner, Store | Increment) and inner.memory == array:
                return None
            read = read or array in uses(inner)
    return stores


def _rewritten(body: Block, declared: Declare, stores: list[Store], fresh: Fresh) -> Block:
    array = declared.target
    known = {_numbers(s.index): s.value for s in stores}

    def rewrite(block: Block) -> Block:
        return Block(tuple(_statement(s) for s in block.stmts))

    def _statement(s: Stmt) -> Stmt:
        match s:
            case Launch() if any(array in uses(x) for x in walk(s.body)):
                copy = fresh.like(array)
                filling = [replace(x, memory=copy) for x in stores]
                used = substitute(s.body, {array: copy})
                return replace(s, body=Block((replace(declared, target=copy), *filling, *used.stmts)))
            case Launch():
                return s
            case Let(target=target, op=Load(memory=memory, index=index)) if memory == array:
                value = known.get(_numbers(index))
                if value is None and declared.zeroed and _numbers(index) is not None:
                    value = zero(target)
                return s if value is None else replace(s, op=Apply("copy", (value,)))
            case _:
                return map_blocks(s, rewrite)

    return rewrite(body)


def _numbers(index: tuple[Atom, ...]) -> tuple[int, ...] | None:
    """The values of constant indices."""
    return tuple(int(i.value) for i in index if isinstance(i, Const)) if _constant(index) else None


def _constant(index: tuple[Atom, ...]) -> bool:
    return all(isinstance(i, Const) for i in index)
