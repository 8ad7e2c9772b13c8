"""Reverse what host statements do to whole Views: copies and sums of prefixes."""

from __future__ import annotations

from dataclasses import dataclass

from transform.adjoint.sweep import Adjoints, Sweep, zero
from transform.analysis.activity import Activity
from transform.analysis.races import close_exclusive, verdicts
from transform.ir.build import Builder, Fresh, block, scalar
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Atom,
    Block,
    Const,
    DeepCopy,
    Extent,
    How,
    Increment,
    Launch,
    Load,
    PrefixSum,
    Range,
    Reduction,
    Store,
    Symbol,
)
from transform.ir.types import INT, SIZE, Accumulator, Scalar, View


@dataclass(frozen=True)
class _Elementwise:
    """A loop over all elements of a View."""

    ranges: tuple[Range, ...]
    index: tuple[Atom, ...]


def _element(view: Symbol) -> Scalar:
    assert isinstance(view.type, View)
    return view.type.element


class CopySweep(Sweep):
    """A sweep over host statements; ``adjoints_of``: the adjoint of each View that has one."""

    def __init__(self, fresh: Fresh, active: Activity) -> None:
        super().__init__(Builder(fresh), active)
        self.fresh = fresh
        self.adjoints_of: dict[Symbol, Symbol] = {}

    def reverse_scan(self, s: PrefixSum, adj: Adjoints) -> None:
        """Every later element and the total contain an element: their adjoints are summed the other way."""
        total = None if s.total is None else adj.take(s.total)
        bar = self.adjoints_of.get(s.view)
        if bar is None:
            return
        assert not (isinstance(s.start, Symbol) and s.start in self.active), "a primal scan starts at 0"
        start = zero(Const(0.0, _element(bar))) if total is None else total
        self.b.add_stmt(PrefixSum(bar, start, None, not s.backward, s.loc))

    def reverse_copy(self, s: DeepCopy, adj: Adjoints) -> None:
        bar = self.adjoints_of.get(s.target)
        if bar is None:
            return
        assert isinstance(bar.type, View)
        source = self.adjoints_of.get(s.source) if isinstance(s.source, Symbol) else None
        if source is not None:
            assert isinstance(source.type, View)
            if source.type.execution_space != bar.type.execution_space:
                self._reverse_transfer(bar, source, s)
                return
        elementwise = self._elementwise(bar)
        reductions: tuple[Reduction, ...] = ()
        element = bar.type.element
        with self.b.block() as stmts:
            value = self.b.let(Load(bar, elementwise.index), element)
            self.b.add_stmt(Store(bar, elementwise.index, zero(value), s.loc))
            if source is not None:
                cast = self.b.cast(value, _element(source))
                self.b.add_stmt(Accumulate(source, elementwise.index, cast, s.loc))
            elif (
                isinstance(s.source, Symbol) and isinstance(s.source.type, Scalar) and s.source in self.active
            ):
                assert isinstance(s.source, Symbol)
                sum_ = self.fresh.symbol(f"{s.source.name}_b_sum", Accumulator(element))
                part = self.fresh.symbol(f"{s.source.name}_b_part", element)
                self.b.add_stmt(Increment(sum_, (), value, How.REDUCE, s.loc))
                reductions = (Reduction(sum_, part),)
        self._add_copy_launch(bar.type, elementwise, block(stmts), reductions, s)
        if reductions:
            assert isinstance(s.source, Symbol)
            adj.add(s.source, self.b.cast(reductions[0].result, scalar(s.source)))

    def _reverse_transfer(self, bar: Symbol, source: Symbol, s: DeepCopy) -> None:
        """Between memories no kernel sees both adjoints: copy the target's over, then add it."""
        assert isinstance(source.type, View)
        arrived = self.fresh.symbol(f"{bar.name}_arrived", source.type)
        extents = tuple(self.b.let(Extent(source, d), SIZE) for d in range(source.type.rank))
        self.b.add_stmt(Allocate(arrived, extents, s.loc, zeroed=False))
        self.b.add_stmt(DeepCopy(arrived, bar, s.loc))
        elementwise = self._elementwise(source)
        with self.b.block() as stmts:
            value = self.b.let(Load(arrived, elementwise.index), source.type.element)
            self.b.add_stmt(Accumulate(source, elementwise.index, value, s.loc))
        self._add_copy_launch(source.type, elementwise, block(stmts), (), s)
        self.b.add_stmt(DeepCopy(bar, Const(0.0, _element(bar)), s.loc))

    def _elementwise(self, view: Symbol) -> _Elementwise:
        assert isinstance(view.type, View)
        if view.type.rank == 0:
            return _Elementwise((Range(self.fresh.symbol("i", INT), Const(0, INT), Const(1, INT)),), ())
        ranges = tuple(
            Range(self.fresh.symbol("ijklmnop"[d], SIZE), Const(0, SIZE), self.b.let(Extent(view, d), SIZE))
            for d in range(view.type.rank)
        )
        return _Elementwise(ranges, tuple(r.index for r in ranges))

    def _add_copy_launch(
        self, view: View, over: _Elementwise, body: Block, reductions: tuple[Reduction, ...], s: DeepCopy
    ) -> None:
        label = "deep_copy adjoint"
        launch = Launch(label, view.execution_space, over.ranges, body, reductions, loc=s.loc)
        self.b.add_stmt(close_exclusive(launch, verdicts(launch, ())))
