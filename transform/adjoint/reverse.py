"""Reverse mode of a whole function: forward sweep, then reverse sweep, over host statements.

Views are memory with versions: a kernel's adjoint reads the Views as they were when the kernel ran. Where a
later statement overwrites such a View, the version is saved on a tape before (``Save``) and recalled
(``Restore``) in the reverse sweep; the live Views are never rolled back, so the function leaves its outputs
as the primal does. Scalars of host loops are recomputed from what is known or taped likewise. Tapes are
stacks: each has one ``Save`` and one ``Restore``, executed equally often in opposite order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from transform.adjoint.combine import combined
from transform.adjoint.copies import CopySweep
from transform.adjoint.kernel import KernelSweep
from transform.adjoint.order import natural_order
from transform.adjoint.recall import Frame, Recalls, writable
from transform.adjoint.record import Records, Unrecorded
from transform.adjoint.replay import UNRECORDED
from transform.adjoint.scope import free, loop_free
from transform.adjoint.sweep import Adjoints, zero
from transform.analysis.activity import Activity, is_floating
from transform.analysis.races import Verdict, close_exclusive, injective_tuples, verdicts
from transform.diagnostics import Diagnostic
from transform.ir.build import Fresh
from transform.ir.liveness import remove_dead
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
    Launch,
    Let,
    Location,
    Merge,
    Output,
    PrefixSum,
    Program,
    Return,
    Symbol,
)
from transform.ir.simplify import simplify
from transform.ir.types import INT, SIZE, Scalar, View
from transform.ir.walk import atoms, defines, loaded, walk, written


@dataclass(frozen=True)
class Sweeps:
    """An open gradient: ``forward`` (the primal with ``Save``s), then ``reverse``.

    ``seed`` is the adjoint of the return value; ``adjoints`` maps each View to its adjoint, and each scalar
    that the function changes to its adjoint on entry; ``scalar_bars`` maps scalar parameters to their final
    adjoints, ``outputs`` those that change to their final values. ``verdicts``: what was proved about races,
    by kernel label.
    ``origin`` maps symbols of adjoint kernels to the primal symbols whose value they recompute.
    """

    forward: Block
    reverse: Block
    seed: Symbol | None
    adjoints: dict[Symbol, Symbol]
    scalar_bars: dict[Symbol, Atom]
    returned: Atom | None
    outputs: dict[Symbol, Atom]
    verdicts: tuple[tuple[str, Verdict], ...]
    origin: dict[Symbol, Symbol]
    last_id: int


def reverse(
    program: Program,
    active: Activity,
    with_adjoint: frozenset[Symbol],
    first_id: int,
    records: Records,
    *,
    fuse: bool,
) -> Sweeps | None:
    """Differentiate ``program``. ``with_adjoint``: parameters that have a ``_b`` argument whose
    value on entry counts; ``records``: what its kernels record.

    ``fuse``: run the last kernel and its adjoint as one launch; ``None`` is returned where that is not
    possible. Raises ``Unrecorded`` where kernels must record more.
    """
    return _HostSweep(program, active, with_adjoint, Fresh(first_id), records).run(fuse)


class _HostSweep(CopySweep):
    def __init__(
        self,
        program: Program,
        active: Activity,
        with_adjoint: frozenset[Symbol],
        fresh: Fresh,
        records: Records,
    ) -> None:
        super().__init__(fresh, active)
        self.program = program
        self.with_adjoint = with_adjoint
        self.records = records
        self.recalls = Recalls(program, fresh, {view for view, _ in records.values()})
        self.labels: set[str] = set()
        self.missing: dict[Symbol, Diagnostic] = {}  # values that kernels must record, and why
        self.late: set[Symbol] = set()
        self.verdicts: list[tuple[str, Verdict]] = []
        self.origin: dict[Symbol, Symbol] = {}

    # ---- the whole function ----

    def run(self, fuse: bool) -> Sweeps | None:
        body = self.program.body
        last = body.stmts[-1] if body.stmts else None
        returned = last.value if isinstance(last, Return) else None
        adj = self.adjoints()
        seed: Symbol | None = None
        if (
            self.program.returns is not None
            and self.program.returns.is_float
            and isinstance(returned, Symbol)
        ):
            seed = self.fresh.symbol("seed", self.program.returns)
            adj.add(returned, seed)
        outputs = {s.param: s.value for s in body.stmts if isinstance(s, Output)}
        seeds: dict[Symbol, Symbol] = {}
        for param, value in outputs.items():
            if param in self.with_adjoint:
                seeds[param] = self.fresh.symbol(f"{param.name}_b", param.type)
                if isinstance(value, Symbol):
                    adj.add(value, seeds[param])
        turn = self._turning_point() if fuse else None
        if fuse and turn is None:
            return None
        frame = Frame(body, [], [], None)
        self.recalls.frames.append(frame)
        fused: Launch | None = None
        with self.b.block() as stmts:
            frame.stmts = stmts
            self._allocate_adjoints(body, frame)
            fused = self._reverse_stmts(frame, adj, turn)
        if self.missing:
            raise Unrecorded(self.missing)
        if fuse and fused is None:
            return None
        self.recalls.frames.pop()
        forward = self.recalls.with_saves(frame)
        scalar_bars = {
            p.symbol: adj.get(p.symbol)
            for p in self.program.params
            if isinstance(p.symbol.type, Scalar) and is_floating(p.symbol.type)
        }
        kept = [s for s in forward.stmts if not isinstance(s, Output | Return)]
        if fused is not None and turn is not None:
            at = next(i for i, s in enumerate(stmts) if s is fused)
            tail = [s for s in body.stmts[turn + 1 :] if not isinstance(s, Output | Return)]
            kept = kept[: len(kept) - len(tail) - 1]
            early = [s for s in stmts[:at] if not any(t in self.late for t in defines(s))]
            late = [s for s in stmts[:at] if s not in early]
            reversed_ = [*early, fused, *tail, *late, *stmts[at + 1 :]]
        else:
            reversed_ = stmts
        return Sweeps(
            Block(tuple(kept)),
            Block(tuple(reversed_)),
            seed,
            {**self.adjoints_of, **seeds},
            scalar_bars,
            returned,
            outputs,
            tuple(self.verdicts),
            self.origin,
            self.fresh.symbol("", INT).id,
        )

    def _turning_point(self) -> int | None:
        """The position of the last kernel, if only scalar statements follow it."""
        stmts = self.program.body.stmts
        for i in reversed(range(len(stmts))):
            match stmts[i]:
                case Let() | Output() | Return():
                    continue
                case Launch():
                    return i
                case _:
                    return None
        return None

    def _allocate_adjoints(self, body: Block, frame: Frame) -> None:
        """Adjoints of the Views that live in this block, zeroed at its start."""
        if frame.owner is None:
            for p in self.program.params:
                view = p.symbol
                if not isinstance(view.type, View):
                    continue
                if view in self.with_adjoint:
                    self.adjoints_of[view] = self.fresh.symbol(f"{view.name}_b", writable(view))
                elif view in self.active:
                    extents = tuple(self.b.let(Extent(view, d), SIZE) for d in range(view.type.rank))
                    self._allocate(view, extents, None)
        for s in body.stmts:
            if isinstance(s, Allocate) and s.target in self.active:
                self._allocate(s.target, tuple(self.value(e) for e in s.extents), s.loc)

    def _allocate(self, view: Symbol, extents: tuple[Atom, ...], loc: Location | None) -> None:
        bar = self.fresh.symbol(f"{view.name}_b", writable(view))
        self.adjoints_of[view] = bar
        self.b.add_stmt(Allocate(bar, extents, loc))

    # ---- statements ----

    def _reverse_stmts(self, frame: Frame, adj: Adjoints, turn: int | None = None) -> Launch | None:
        fused: Launch | None = None
        for i in reversed(range(len(frame.block.stmts))):
            frame.position = i
            s = frame.block.stmts[i]
            self.b.loc = s.loc
            match s:
                case Let(op=Apply() as op):
                    self.reverse_apply(s, op, adj)
                case Launch():
                    if i == turn:
                        fused = self._fuse(s, adj)
                        if fused is None:
                            return None
                    else:
                        self._reverse_launch(s, adj)
                case DeepCopy():
                    self.reverse_copy(s, adj)
                case PrefixSum():
                    self.reverse_scan(s, adj)
                case For():
                    self._reverse_for(s, adj)
                case If():
                    self._reverse_if(s, adj)
                case _:
                    pass
        self.b.loc = None
        return fused

    def _sweep_kernel(
        self, s: Launch, adj: Adjoints, effects: bool, take: bool
    ) -> tuple[Launch, dict[Symbol, Symbol]] | None:
        """The cleaned-up adjoint launch of ``s``, still reading primal symbols; None if it has no effect."""
        bars: dict[Symbol, Atom] = {}
        for r in s.reductions:
            bar = adj.take(r.result) if take else adj.values.get(r.result)
            if bar is not None:
                bars[r.accumulator] = self.b.named(f"{r.result.name}_b", bar)
        # in host loops and branches, a launch of the reverse sweep may find other Views than the primal's did
        changed = written(self.program.body) if len(self.recalls.frames) == 1 else None
        sweep = KernelSweep(
            self.b, self.active, self.adjoints_of.get, bars, effects, self.records, self._on_host, changed
        )
        kernel = sweep.run(s, f"{s.label or 'kernel'} adjoint")
        read = [name for r in kernel.launch.reductions for name in r.results]
        cleaned = remove_dead(simplify(remove_dead(Block((kernel.launch,)), read), self.fresh), read)
        cleaned = remove_dead(cleaned, read)
        if not cleaned.stmts:
            return None
        launch = cleaned.stmts[0]
        assert isinstance(launch, Launch)
        for inner in walk(launch.body):
            match inner:
                case Let(op=Apply(fn=fn, args=(Const(value=number),))) if fn == UNRECORDED:
                    self.missing[kernel.missing[int(number)]] = _lost(inner.loc)
                case _:
                    pass
        launch = _without_empty_sums(launch, kernel.scalars.values())
        body = combined(launch.body, self.adjoints_of.values(), self.fresh)
        launch = replace(launch, body=natural_order(simplify(body, self.fresh)))
        self.origin.update(kernel.origin)
        proved = verdicts(launch, injective_tuples(s), self.program.body)
        self.verdicts += [(s.label or f"line {s.loc.line if s.loc else 0}", v) for v in proved.values()]
        return close_exclusive(launch, proved), kernel.scalars

    def _on_host(self, atom: Symbol) -> Atom | None:
        """A scalar as it was at the launch being reversed, or a View that is a parameter."""
        if isinstance(atom.type, View):
            return atom if any(p.symbol == atom for p in self.program.params) else None
        return self.value(atom)

    def _add_scalars(self, scalars: dict[Symbol, Symbol], launch: Launch, adj: Adjoints) -> None:
        results = {r.result for r in launch.reductions}
        for primal, part in scalars.items():
            if part in results:
                adj.add(primal, part)

    def _reverse_launch(self, s: Launch, adj: Adjoints) -> None:
        swept = self._sweep_kernel(s, adj, effects=False, take=True)
        if swept is None:
            return
        launch, scalars = swept
        launch = self.recalls.recall_views(launch, self.adjoints_of.values())
        launch = self.recalls.recall_scalars(launch)
        self.b.add_stmt(launch)
        self._add_scalars(scalars, launch, adj)

    def _fuse(self, s: Launch, adj: Adjoints) -> Launch | None:
        """The adjoint of ``s`` with its primal effects; None where the adjoint must wait for them."""
        split = self._sweep_kernel(s, adj, effects=False, take=False)
        if split is None or loaded(split[0].body) & written(s.body):
            return None
        swept = self._sweep_kernel(s, adj, effects=True, take=True)
        assert swept is not None
        launch, scalars = swept
        self.late = self._late(s)
        if any(a in self.late for a in free(Block((launch,)))):
            return None
        self.b.add_stmt(launch)
        self._add_scalars(scalars, launch, adj)
        return launch

    def _late(self, s: Launch) -> set[Symbol]:
        """What exists only after launch ``s``: its results, later statements, what depends on them."""
        frame = self.recalls.frames[0]
        late = {name for r in s.reductions for name in r.results}
        late.update(t for stmt in frame.block.stmts[frame.position + 1 :] for t in defines(stmt))
        for stmt in self.b.stmts:
            if any(a in late for a in atoms(stmt)):
                late.update(defines(stmt))
        return late

    def value(self, atom: Atom) -> Atom:
        return self.recalls.value(atom)

    def _reverse_for(self, loop: For, adj: Adjoints) -> None:
        carried = [c for c in loop.carried if c.inner in self.active]
        outer = [s for s in _host_free(loop) if s in self.active]
        bars = {c.inner: adj.take(c.result) for c in carried}
        inner_bar = {c.inner: self.fresh.symbol(f"{c.inner.name}_b", c.inner.type) for c in carried}
        outer_bar = {s: self.fresh.symbol(f"{s.name}_b", s.type) for s in outer}
        lo, hi = self.value(loop.lo), self.last_reached(loop)
        index = self.fresh.like(loop.index)
        frame = Frame(loop.body, [], [], loop)
        frame.scalars[loop.index] = index
        self.recalls.frames.append(frame)
        with self.b.block() as stmts:
            frame.stmts = stmts
            self._allocate_adjoints(loop.body, frame)
            inside = self.adjoints()
            inside.values.update(outer_bar)
            for c in carried:
                inside.add(c.next, inner_bar[c.inner])
            self._reverse_stmts(frame, inside)
            carried_next = [inside.get(c.inner) for c in carried]
            outer_next = [inside.get(s) for s in outer]
        self.recalls.frames.pop()
        accumulators = [
            Carried(
                inner_bar[c.inner],
                bars[c.inner] or zero(c.inner),
                n,
                self.fresh.like(inner_bar[c.inner]),
            )
            for c, n in zip(carried, carried_next, strict=True)
        ]
        sums = {
            s: Carried(outer_bar[s], adj.get(s), n, self.fresh.like(outer_bar[s]))
            for s, n in zip(outer, outer_next, strict=True)
            if n != outer_bar[s]
        }
        self.recalls.replace_forward(replace(loop, body=self.recalls.with_saves(frame)))
        body = Block((*frame.prologue, *stmts))
        self.b.add_stmt(
            For(
                index, lo, hi, loop.step, not loop.descending, (*accumulators, *sums.values()), body, loop.loc
            )
        )
        for s, total in sums.items():
            adj.values[s] = total.result
        for c, k in zip(carried, accumulators, strict=True):
            adj.add(c.init, k.result)

    def _reverse_if(self, branch: If, adj: Adjoints) -> None:
        bars = [adj.take(m.result) for m in branch.merges]
        cond = self.value(branch.cond)
        sides: list[tuple[Block, dict[Symbol, Atom]]] = []
        forwards: list[Block] = []
        for body, pick in ((branch.then, "then"), (branch.orelse, "orelse")):
            frame = Frame(body, [], [], branch)
            self.recalls.frames.append(frame)
            with self.b.block() as stmts:
                frame.stmts = stmts
                self._allocate_adjoints(body, frame)
                inside = self.adjoints()
                for m, bar in zip(branch.merges, bars, strict=True):
                    inside.add(getattr(m, pick), bar)
                self._reverse_stmts(frame, inside)
            self.recalls.frames.pop()
            local = frame.defines()
            sides.append(
                (
                    Block((*frame.prologue, *stmts)),
                    {s: v for s, v in inside.values.items() if s not in local},
                )
            )
            forwards.append(self.recalls.with_saves(frame))
        self.recalls.replace_forward(replace(branch, then=forwards[0], orelse=forwards[1]))
        (then, then_adj), (orelse, else_adj) = sides
        merges: list[Merge] = []
        joined: dict[Symbol, Atom] = {}
        for s in dict.fromkeys((*then_adj, *else_adj)):
            merges.append(
                Merge(
                    self.fresh.symbol(f"{s.name}_b", s.type),
                    then_adj.get(s, zero(s)),
                    else_adj.get(s, zero(s)),
                )
            )
            joined[s] = merges[-1].result
        self.b.add_stmt(If(cond, then, orelse, tuple(merges), branch.loc))
        for s, total in joined.items():
            adj.add(s, total)


def _lost(loc: Location | None) -> Diagnostic:
    return Diagnostic(
        "the derivative needs the value read here, which the same iteration overwrites, and how often it is "
        "read is known only after the kernel has run",
        loc,
        "bound the loops around it by numbers that the kernel does not compute, keep the value in a local "
        "scalar, or write to a different View",
    )


def _without_empty_sums(launch: Launch, sums: Collection[Symbol]) -> Launch:
    """Leave out those ``sums`` to which nothing is added any more."""
    added = written(launch.body)
    kept = tuple(r for r in launch.reductions if r.accumulator in added or r.result not in sums)
    return replace(launch, reductions=kept)


def _host_free(loop: For) -> list[Symbol]:
    """Scalars from outside that a host loop's body reads, in launches too."""
    return [s for s in loop_free(loop) if isinstance(s.type, Scalar)]
