"""Sizes that a kernel computes, found by a launch before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from transform.ir.build import Builder, is_float
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Reduction,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.types import LONG, Accumulator, Array
from transform.ir.walk import loaded, map_blocks, walk, written

Asked = Callable[[Builder], list[Atom]]
"""Builds numbers of type ``long``."""


def largest(
    launch: Launch, asked: Mapping[int, Asked], b: Builder, changed: Collection[Symbol] = ()
) -> dict[int, list[Atom]] | None:
    """Append to ``b`` a launch over the iterations of ``launch`` that finds the largest values, at least 0,
    of numbers which ``asked`` builds before a statement of its body, by the statement's ``id``.

    ``None``, and nothing appended, if floating-point numbers or memory that the kernel writes, or one of
    ``changed``, decide about them: another launch might find others.
    """
    reductions: dict[int, list[Reduction]] = {}

    def measured(block: Block) -> Block:
        with b.block() as out:
            for s in block.stmts:
                for value in asked[id(s)](b) if id(s) in asked else ():
                    accumulator = b.fresh.symbol("most", Accumulator(LONG))
                    r = Reduction(accumulator, b.fresh.symbol("size", LONG), Combiner.MAX)
                    reductions.setdefault(id(s), []).append(r)
                    b.add_stmt(Increment(accumulator, (), value, How.REDUCE, b.loc))
                if not isinstance(s, Store | Increment) or isinstance(s.memory.type, Array):
                    b.add_stmt(map_blocks(s, measured))
        return Block(tuple(out))

    body = measured(launch.body)
    every = tuple(r for rs in reductions.values() for r in rs)
    name = f"{launch.label or 'kernel'} sizes"
    whole = Launch(name, launch.space, launch.ranges, body, every, loc=launch.loc)
    sizes, names = renamed(remove_dead(Block((whole,)), [r.result for r in every]), b.fresh)
    if not sizes.stmts or loaded(sizes) & {*written(launch.body), *changed}:
        return None
    if not all(_integral(s) for s in walk(sizes) if s is not sizes.stmts[0]):
        return None
    b.add_stmt(sizes.stmts[0])

    def value(r: Reduction) -> Atom:
        """Nothing found is the least number of all."""
        found = names[r.result]
        return b.select(b.compare("lt", Const(0, LONG), found), found, Const(0, LONG))

    return {key: [value(r) for r in rs] for key, rs in reductions.items()}


def _integral(s: Stmt) -> bool:
    """Whether a statement computes integers alone: they are the same in every launch, however it is
    compiled."""
    match s:
        case Let(target=target, op=Apply(args=args)):
            return not any(is_float(a) for a in (target, *args))
        case Let(target=target):
            return not is_float(target)
        case For(exit=leave):
            return leave is None
        case If() | Increment():
            return True
        case _:
            return False
