"""How racing increments combine: one strategy per answer to ``Accumulate``.

A strategy says why it cannot serve (``why_not``) and what it does to a launch (``apply``). The table
``STRATEGIES`` is the whole registration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from transform.analysis.access import Footprints
from transform.ir.build import Fresh
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Accumulate,
    Block,
    Chunked,
    Color,
    Colored,
    Combine,
    Flat,
    For,
    How,
    Increment,
    Launch,
    Let,
    Load,
    Range,
    Replicate,
    Stmt,
    Store,
    Symbol,
    Touch,
)
from transform.ir.rename import renamed
from transform.ir.types import Array, Coloring, Scalar, View
from transform.ir.walk import atoms, binds, defines, map_blocks, substitute, walk


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


@dataclass(frozen=True)
class Atomic(Strategy):
    """Hardware atomics: no memory, no set-up, contention where targets repeat; not reproducible."""

    name: str = "atomic"
    deterministic: bool = False

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        for view in views:
            launch = close(launch, view, view, (), How.ATOMIC)
        return (launch,)


@dataclass(frozen=True)
class Privatization(Strategy):
    """A private copy per thread (the first thread's is the adjoint itself), zeroed before and added after.

    Each thread takes a contiguous part of the range, so the result is the same on every run with as many
    threads."""

    name: str = "privatization"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        for s in walk(launch.body):
            if isinstance(s, Let) and isinstance(s.op, Load) and s.op.memory == view:
                where = f" (line {s.loc.line})" if s.loc is not None else ""
                return f"the kernel also reads sums that would still be in private copies{where}"
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        replica = fresh.symbol("replica", Scalar("int"))
        before: list[Stmt] = []
        after: list[Stmt] = []
        for view in views:
            assert isinstance(view.type, View)
            copies = fresh.symbol(
                f"{view.name}_copies",
                View(
                    view.type.element,
                    (None,) * (view.type.rank + 1),
                    False,
                    f"kad::Slabs<{view.type.spelling}>",
                ),
            )
            before.append(Replicate(copies, view, launch.space, launch.loc))
            after.append(Combine(view, copies, launch.loc))
            launch = close(launch, view, copies, (replica,), How.PLAIN)
        return (*before, replace(launch, schedule=Chunked(replica)), *after)


@dataclass(frozen=True)
class ConflictColoring(Strategy):
    """Color blocks of iterations so that no two of one color share a target; run color after color.

    ``block``: consecutive iterations that stay together, run in order by one thread; None: an eighth of a
    thread's share, so that a mesh numbered in order needs few colors and keeps its locality. Greedy first
    fit on the actual index arrays (Gebremedhin, Manne & Pothen, *What color is your Jacobian?*, SIAM
    Review 2005).
    """

    block: int | None = 1
    name: str = "coloring"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        footprints = Footprints(launch)
        for a in footprints.accesses:
            if a.view == view and a.kind == "increment" and not any(0 in x.parallel for x in a.index):
                return "every iteration updates the same elements: each would need a color of its own"
        inspector = self._inspector(launch, [view])
        for s in walk(inspector):
            if isinstance(s, Let) and _floating(s):
                where = f" (line {s.loc.line})" if s.loc is not None else ""
                return f"which elements an iteration updates depends on floating-point data{where}"
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        body, unit = _standalone(self._inspector(launch, views), launch, fresh)
        outside = {name for s in walk(body) for name in (*defines(s), *binds(s))} | {unit.index}
        used = dict.fromkeys(a for s in walk(body) for a in atoms(s) if isinstance(a, Symbol))
        keys = tuple(k for k in used if k not in outside and k not in views)
        target = fresh.symbol("coloring", Coloring())
        color = Color(target, unit, self.block, tuple(views), keys, body, launch.loc)
        for view in views:
            launch = close(launch, view, view, (), How.PLAIN)
        return (color, replace(launch, schedule=Colored(target)))

    @staticmethod
    def _inspector(launch: Launch, views: list[Symbol]) -> Block:
        """The part of the body that computes which elements of ``views`` an iteration updates."""

        def rewrite(b: Block) -> Block:
            kept: list[Stmt] = []
            for s in b.stmts:
                match s:
                    case Accumulate(memory=m, index=index, loc=loc):
                        if m in views:
                            kept.append(Touch(m, index, loc))
                    case Store(memory=m) | Increment(memory=m) if not isinstance(m.type, Array):
                        pass
                    case _:
                        kept.append(map_blocks(s, rewrite))
            return Block(tuple(kept))

        return remove_dead(rewrite(launch.body))


def _floating(s: Let) -> bool:
    if isinstance(s.op, Load):
        memory = s.op.memory.type
        return isinstance(memory, View | Array) and memory.element.is_float
    return any(isinstance(a.type, Scalar) and a.type.is_float for a in (s.target, *atoms(s)))


def _standalone(inspector: Block, launch: Launch, fresh: Fresh) -> tuple[Block, Range]:
    """The inspector with symbols of its own, its inner parallel ranges made loops."""
    names = {r.index: fresh.like(r.index) for r in launch.ranges}
    body, _ = renamed(substitute(inspector, names), fresh)
    outer, *inner = launch.ranges
    for r in reversed(inner):
        body = Block((For(names[r.index], r.lo, r.hi, 1, False, (), body),))
    return body, Range(names[outer.index], outer.lo, outer.hi)


STRATEGIES: dict[str, type[Strategy]] = {
    "atomic": Atomic,
    "coloring": ConflictColoring,
    "privatization": Privatization,
}


def realise_launch(
    launch: Launch, answers: dict[Symbol, str], block: int | None, fresh: Fresh
) -> tuple[Stmt, ...]:
    """Close every open increment of ``launch`` by the strategy named for its View.

    Raises ``ValueError`` for coloring and privatization in one launch: it can run by colors or by chunks.
    """
    views = open_views(launch)
    groups: dict[str, list[Symbol]] = {}
    for view in views:
        groups.setdefault(answers[view], []).append(view)
    if "coloring" in groups and "privatization" in groups:
        raise ValueError("one kernel cannot be both colored and chunked")
    stmts: tuple[Stmt, ...] = (launch,)
    for name in ("atomic", "coloring", "privatization"):
        if name not in groups:
            continue
        strategy = ConflictColoring(block) if name == "coloring" else STRATEGIES[name]()
        stmts = tuple(
            new
            for s in stmts
            for new in (strategy.apply(s, groups[name], fresh) if isinstance(s, Launch) else (s,))
        )
    assert all(isinstance(s.schedule, Flat | Chunked | Colored) for s in stmts if isinstance(s, Launch))
    return stmts
