"""Increments of a few elements as an array of sums that the launch reduces."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh, block, element
from transform.ir.nodes import (
    Accumulate,
    Block,
    Const,
    Dealt,
    Flat,
    How,
    If,
    Increment,
    Launch,
    Load,
    Range,
    Reduction,
    Stmt,
    Symbol,
)
from transform.ir.types import LONG, Accumulator, Array
from transform.ir.walk import map_blocks
from transform.strategies.base import Strategy, reads
from transform.strategies.few import Region, region

MOST = 32
"""Sums: a thread keeps them in registers, and each thread of a device's block has a copy in shared memory."""


@dataclass(frozen=True)
class ArrayReduction(Strategy):
    """``parallel_reduce`` with an array of sums beside what the launch reduces anyway.

    Each thread adds up a share of the iterations in variables of its own; Kokkos joins the threads in a fixed
    order, so the result is the same on every run with as many threads."""

    name: str = "reduction"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        if region(launch, view, MOST) is None:
            return f"its elements are not known to be {MOST} at most"
        return "the kernel reads these adjoints too" if reads(launch, view) else None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        after: list[Stmt] = []
        for view in views:
            few = region(launch, view, MOST)
            assert few is not None
            accumulator = fresh.symbol(f"{view.name}_sums", Accumulator(element(view), few.size))
            result = fresh.symbol(f"{view.name}_total", Array(element(view), (few.size,)))
            launch = replace(
                launch,
                body=_contributing(launch.body, view, accumulator, few, fresh),
                reductions=(*launch.reductions, Reduction(accumulator, result)),
            )
            after.append(_delivery(launch, view, result, few, fresh))
        if isinstance(launch.schedule, Flat) and len(launch.ranges) == 1:
            launch = replace(launch, schedule=Dealt())
        return (launch, *after)


def _contributing(body: Block, view: Symbol, accumulator: Symbol, few: Region, fresh: Fresh) -> Block:
    """``body`` with open increments of ``view`` as contributions to sums."""
    b = Builder(fresh)

    def rewrite(given: Block) -> Block:
        with b.block() as stmts:
            for s in given.stmts:
                if isinstance(s, Accumulate) and s.memory == view:
                    b.loc = s.loc
                    where = few.position(s.index, b)
                    b.add_stmt(Increment(accumulator, (where,), s.value, How.REDUCE, s.loc))
                else:
                    b.add_stmt(map_blocks(s, rewrite))
        return block(stmts)

    return rewrite(body)


def _delivery(launch: Launch, view: Symbol, result: Symbol, few: Region, fresh: Fresh) -> Launch:
    """The launch that adds the sums to the elements. One that is 0 may have no element."""
    b = Builder(fresh)
    position = fresh.symbol("k", LONG)
    with b.block() as stmts:
        total = b.let(Load(result, (position,)), element(view))
        touched = b.compare("ne", total, Const(0.0, element(view)))
        with b.block() as then:
            b.add_stmt(Increment(view, few.element(position, b), total, How.PLAIN))
        b.add_stmt(If(touched, block(then), block([]), ()))
    label = f"add {view.name}_total"
    return Launch(
        label,
        launch.space,
        (Range(position, Const(0, LONG), Const(few.size, LONG)),),
        block(stmts),
        (),
        loc=launch.loc,
    )
