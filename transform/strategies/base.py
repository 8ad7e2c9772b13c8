"""What every answer to ``Accumulate`` provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from transform.ir.build import Fresh
from transform.ir.nodes import (
    Accumulate,
    Block,
    How,
    Increment,
    Launch,
    Let,
    Load,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import Array, Scalar, View
from transform.ir.walk import atoms, map_blocks, walk


def open_views(launch: Launch) -> list[Symbol]:
    """Adjoint Views whose increments in ``launch`` are still open."""
    return list(dict.fromkeys(s.memory for s in walk(launch.body) if isinstance(s, Accumulate)))


def close(launch: Launch, view: Symbol, target: Symbol, prefix: tuple[Symbol, ...], how: How) -> Launch:
    """Turn the open increments of ``view`` into increments of ``target(prefix..., index...)``."""

    def rewrite(s: Stmt) -> Stmt:
        if isinstance(s, Accumulate) and s.memory == view:
            return Increment(target, (*prefix, *s.index), s.value, how, s.loc)
        return map_blocks(s, lambda b: Block(tuple(rewrite(x) for x in b.stmts)))

    return replace(launch, body=Block(tuple(rewrite(s) for s in launch.body.stmts)))


def floating(s: Let) -> bool:
    """Whether ``s`` computes a floating-point number or computes from one."""
    if isinstance(s.op, Load):
        memory = s.op.memory.type
        return isinstance(memory, View | Array) and memory.element.is_float
    return any(isinstance(a.type, Scalar) and a.type.is_float for a in (s.target, *atoms(s)))


def reads(launch: Launch, view: Symbol) -> bool:
    """Whether the kernel reads or overwrites elements of ``view``."""
    return any(
        (isinstance(s, Let) and isinstance(s.op, Load) and s.op.memory == view)
        or (isinstance(s, Store) and s.memory == view)
        for s in walk(launch.body)
    )


class Strategy(ABC):
    """One way to combine increments that may race."""

    name: str
    deterministic: bool

    @abstractmethod
    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        """The reason why this strategy is illegal for ``view`` in ``launch``; None if it is legal."""

    @abstractmethod
    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        """IR before -> after: ``launch`` with open increments of ``views`` -> statements that replace it."""
