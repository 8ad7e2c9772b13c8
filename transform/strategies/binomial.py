"""Host loops: a given number of checkpoints, placed so that the fewest steps run again.

IR before -> after::

    for t: Save(V); step            for t: if t is due: Save(state), next due; step
    for t reversed:                 for t reversed:
      V' = Restore; adjoint           state' = Restore; Save it again unless t is its step
                                      for s up to t: if s is due: Save(state'), next due; step on state'
                                      Save(V); step on state'; V' = Restore; adjoint

With ``c`` checkpoints and at most ``r`` runs of each step, ``C(c + r, c)`` steps can be reversed (Griewank,
Walther, *Algorithm 799: revolve*, ACM TOMS 26, 2000). A checkpoint is saved with the number of its step and
of those that may follow; ``stride`` is the distance to the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh, scalar
from transform.ir.nodes import (
    Allocate,
    Apply,
    Atom,
    Block,
    Carried,
    Const,
    DeepCopy,
    Extent,
    For,
    If,
    Merge,
    Restore,
    Save,
    Stmt,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.types import SIZE, Scalar, View
from transform.ir.walk import substitute
from transform.strategies.checkpoint import again, loops, state_of, steps_of, without_saves


@dataclass(frozen=True)
class _Tapes:
    """Names of the tapes that make up a checkpoint."""

    state: dict[Symbol, str]
    step: str
    left: str


def recompute(body: Block, *, name: str, fresh: Fresh, checkpoints: int) -> Block:
    """Reverse the loop called ``name`` with at most so many checkpoints."""
    loop = next((x for x in loops(body) if x.name == name), None)
    if loop is None:  # another answer made its copies unnecessary
        return body
    forward, reverse = body.stmts[loop.forward], body.stmts[loop.reverse]
    assert isinstance(forward, For)
    assert isinstance(reverse, For)
    return _Rewrite(body, forward, reverse, name, fresh).run(checkpoints)


def _state_tapes(loop: str, state: list[Symbol]) -> dict[Symbol, str]:
    """A tape for each part of a loop's state: different parts may have one name."""
    tapes: dict[Symbol, str] = {}
    for s in state:
        same = sum(other.name == s.name for other in tapes)
        tapes[s] = f"{loop}_{s.name}_checkpoint{same + 1 if same else ''}"
    return tapes


class _Rewrite:
    def __init__(self, body: Block, forward: For, reverse: For, name: str, fresh: Fresh) -> None:
        self.body, self.forward, self.reverse = body, forward, reverse
        self.b = Builder(fresh)
        self.type = scalar(forward.index)
        self.tapes = _Tapes(
            _state_tapes(name, state_of(forward)), f"{name}_checkpoint_step", f"{name}_checkpoints_left"
        )

    def run(self, checkpoints: int) -> Block:
        b = self.b
        with b.block() as head:
            steps = steps_of(self.forward, b)
        with b.block() as first:
            state = {s: s for s in self.tapes.state}
            start = (b.const(0, steps), b.const(checkpoints, steps))
            b.add_stmt(self._saving(self.forward, steps, start, state))
        back = self._backward(steps)
        stmts: list[Stmt] = []
        for s in self.body.stmts:
            if s is self.forward:
                stmts += [*head, *first]
            else:
                stmts += back if s is self.reverse else [s]
        return Block(tuple(stmts))

    def _saving(self, loop: For, end: Atom, start: tuple[Atom, Atom], state: dict[Symbol, Symbol]) -> For:
        """``loop`` without its own saves; where a checkpoint is due it saves ``state``. ``end``: one more
        than the last step to be reversed, ``start``: the first step that is due and how many may be saved."""
        b, fresh = self.b, self.b.fresh
        due_at, left = (fresh.symbol(name, self.type) for name in ("due", "left"))
        with b.block() as body:
            step = self._step_number(loop.index)
            due = b.compare("eq", step, due_at)
            with b.block() as then:
                fewer = b.sub(left, b.const(1, left))
                distance = b.let(Apply("stride", (b.sub(end, step), fewer)), self.type)
                then_due = b.add(step, distance)
                self._save(state, step, fewer)
            merges = tuple(
                Merge(fresh.like(old), new, old) for old, new in ((due_at, then_due), (left, fewer))
            )
            b.add_stmt(If(due, Block(tuple(then)), Block(()), merges, loop.loc))
        extra = tuple(
            Carried(inner, init, merge.result, fresh.like(inner))
            for inner, init, merge in zip((due_at, left), start, merges, strict=True)
        )
        steps = without_saves(loop.body).stmts
        return replace(loop, carried=(*loop.carried, *extra), body=Block((*body, *steps)))

    def _step_number(self, index: Atom) -> Atom:
        offset = self.b.sub(index, self.forward.lo)
        return self.b.div(offset, self.b.const(self.forward.step, offset))

    def _save(self, state: dict[Symbol, Symbol], step: Atom, left: Atom) -> None:
        for source, tape in self.tapes.state.items():
            self.b.add_stmt(Save(tape, state[source], self.forward.loc))
        self.b.add_stmt(Save(self.tapes.step, step, self.forward.loc))
        self.b.add_stmt(Save(self.tapes.left, left, self.forward.loc))

    def _backward(self, steps: Atom) -> list[Stmt]:
        b, fresh, forward, reverse = self.b, self.b.fresh, self.forward, self.reverse
        with b.block() as out:
            working = {s: self._working(s) for s in self.tapes.state if isinstance(s.type, View)}
            turn = fresh.symbol("turn", self.type)
            outer = {c.inner: fresh.like(c.inner) for c in reverse.carried}
            results = {c.inner: fresh.like(c.result) for c in reverse.carried}
            with b.block() as body:
                step, left, scalars = self._recall(turn, working)
                lo = b.add(forward.lo, b.mul(step, b.const(forward.step, step)))
                here = b.add(forward.lo, b.mul(turn, b.const(forward.step, turn)))
                end = b.add(turn, b.const(1, turn))
                distance = b.let(Apply("stride", (b.sub(end, step), left)), self.type)
                values = self._advance(lo, here, end, (b.add(step, distance), left), working, scalars)
                one = b.add(here, b.const(1, here))
                b.add_stmt(again(forward, here, one, {**working, **values}, fresh))
                inner = tuple(
                    Carried(c.inner, outer[c.inner], c.next, results[c.inner]) for c in reverse.carried
                )
                b.add_stmt(replace(reverse, lo=here, hi=one, carried=inner))
            carried = tuple(
                Carried(outer[c.inner], c.init, results[c.inner], c.result) for c in reverse.carried
            )
            zero = Const(0, self.type)
            b.add_stmt(For(turn, zero, steps, 1, True, carried, Block(tuple(body)), reverse.loc))
        return list(out)

    def _working(self, view: Symbol) -> Symbol:
        """A View in which steps run again."""
        assert isinstance(view.type, View)
        target = self.b.fresh.symbol(f"{view.name}_again", view.type.writable)
        extents = tuple(self.b.let(Extent(view, d), SIZE) for d in range(view.type.rank))
        self.b.add_stmt(Allocate(target, extents, self.forward.loc))
        return target

    def _recall(
        self, turn: Symbol, working: dict[Symbol, Symbol]
    ) -> tuple[Symbol, Symbol, dict[Symbol, Symbol]]:
        """The newest checkpoint's step, how many may follow it, and its scalars; the Views are copied."""
        b, loc = self.b, self.forward.loc
        top: dict[Symbol, Symbol] = {}
        for source, tape in self.tapes.state.items():
            type_ = source.type.writable if isinstance(source.type, View) else source.type
            top[source] = b.fresh.symbol(f"{source.name}_newest", type_)
            b.add_stmt(Restore(top[source], tape, loc))
        step, left = (b.fresh.symbol(name, self.type) for name in ("newest", "left"))
        b.add_stmt(Restore(step, self.tapes.step, loc))
        b.add_stmt(Restore(left, self.tapes.left, loc))
        for source, target in working.items():
            b.add_stmt(DeepCopy(target, top[source], loc))
        needed = b.compare("lt", step, turn)
        with b.block() as keep:
            self._save(top, step, left)
        b.add_stmt(If(needed, Block(tuple(keep)), Block(()), (), loc))
        return step, left, {s: t for s, t in top.items() if isinstance(s.type, Scalar)}

    def _advance(
        self,
        lo: Atom,
        hi: Atom,
        end: Atom,
        start: tuple[Atom, Atom],
        working: dict[Symbol, Symbol],
        scalars: dict[Symbol, Symbol],
    ) -> dict[Symbol, Symbol]:
        """Run the steps [lo, hi) on ``working``; the carried scalars before step ``hi``."""
        copy, _ = renamed(Block((self.forward,)), self.b.fresh)
        loop = copy.stmts[0]
        assert isinstance(loop, For)
        originals = self.forward.carried
        carried = tuple(
            replace(c, init=scalars[o.inner]) for c, o in zip(loop.carried, originals, strict=True)
        )
        inner = {o.inner: c.inner for c, o in zip(carried, originals, strict=True)}
        loop = self._saving(replace(loop, lo=lo, hi=hi, carried=carried), end, start, {**working, **inner})
        views: dict[Symbol, Atom] = dict(working)
        self.b.add_stmt(substitute(Block((loop,)), views).stmts[0])
        return {o.inner: c.result for c, o in zip(carried, originals, strict=True)}
