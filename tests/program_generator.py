"""Random programs of the supported language as IR, with arguments: race-free by construction.

In one kernel a View is either only read (anywhere), or read and written at the iteration's own elements (one
or two), or written at even and read at odd elements, or only incremented atomically (anywhere).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from transform.ir.build import TEMPORARY, Builder, Fresh
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Carried,
    Const,
    Declare,
    DeepCopy,
    For,
    How,
    If,
    Increment,
    Launch,
    Load,
    Merge,
    Param,
    Program,
    Range,
    Reduction,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import DOUBLE, INT, Accumulator, Array, Scalar, View
from transform.ir.walk import written

LENGTH = 4  # of most ranges
SIZE_1, SIZE_2 = 12, 3  # Views are longer than ranges, so that strides fit
VECTOR = View(DOUBLE, (None,), False, "Kokkos::View<double*>")
MATRIX = View(DOUBLE, (None, None), False, "Kokkos::View<double**>")
INDICES = View(INT, (None,), True, "Kokkos::View<const int*>")


@dataclass
class _Scope:
    """What statements at one place may use."""

    floats: list[Atom]
    ints: list[Atom]
    arrays: list[Symbol] = field(default_factory=list)

    def copy(self) -> _Scope:
        return _Scope([*self.floats], [*self.ints], [*self.arrays])


def _spelling(parameter: Symbol) -> str:
    assert isinstance(parameter.type, View | Scalar)
    return parameter.type.spelling if isinstance(parameter.type, View) else parameter.type.name


class Generator:
    """One random program per seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fresh = Fresh(0)
        self.b = Builder(self.fresh)
        self.x, self.y, self.z = (self.fresh.symbol(name, VECTOR) for name in "xyz")
        self.A, self.B = (self.fresh.symbol(name, MATRIX) for name in "AB")
        self.idx, self.perm = (self.fresh.symbol(name, INDICES) for name in ("idx", "perm"))
        self.a, self.c = (self.fresh.symbol(name, DOUBLE) for name in ("a", "c"))
        self.n, self.m = (self.fresh.symbol(name, INT) for name in "nm")
        self.params = (
            self.x, self.y, self.z, self.A, self.B, self.idx, self.perm, self.a, self.c, self.n, self.m
        )  # fmt: skip
        self.modes: dict[Symbol, str] = {}
        self.own: dict[Symbol, list[tuple[Atom, ...]]] = {}  # the iteration's own elements, by View
        self.accumulators: list[Symbol] = []
        self.affine = True  # no own element goes through an index array

    # ---- programs ----

    def program(self) -> Program:
        scope = _Scope([self.a, self.c], [self.m, self.n])
        views = [self.x, self.y, self.z, self.A, self.B]
        returns = self.chance(0.6)
        with self.b.block() as stmts:
            self.host(scope, views, self.random.randint(2, 6), 0)
            if returns:
                value = self.b.add(self.pick(scope.floats), self.value(scope))
                self.b.add_stmt(Return(value))
        params = tuple(Param(p, _spelling(p)) for p in self.params)
        kind = DOUBLE if returns else None
        return Program("f", "f", params, kind, Block(tuple(stmts)), ("<Kokkos_Core.hpp>",), "f.cpp")

    def arguments(self) -> dict[str, Any]:
        rng = np.random.default_rng(self.random.randrange(2**32))
        arrays = {
            v.name: rng.uniform(-1, 1, (SIZE_1,) if v.type == VECTOR else (SIZE_1, SIZE_2))
            for v in self.params[:5]
        }
        return {
            **arrays,
            "idx": rng.integers(0, SIZE_1, SIZE_1).astype(np.int32),
            "perm": rng.permutation(SIZE_1).astype(np.int32),
            "a": 0.7,
            "c": -0.4,
            "n": LENGTH,
            "m": int(rng.choice([-1, 0, 1, 2, 3, 5])),
        }

    def names(self, program: Program) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """Random ``wrt`` and ``of``, often all."""
        floating = [v.name for v in (*self.params[:5], self.a, self.c)]
        changed = sorted(v.name for v in written(program.body) if v in self.params)
        wrt = of = None
        if self.chance(0.4):
            wrt = tuple(self.random.sample(floating, self.random.randint(1, 4)))
        if self.chance(0.4) and changed:
            of = tuple(self.random.sample(changed, self.random.randint(1, len(changed))))
        return wrt, of

    # ---- choices ----

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def pick(self, many: list[Any]) -> Any:
        return self.random.choice(many)

    def name(self) -> str:
        return self.random.choice([TEMPORARY, TEMPORARY, "v", "w"])

    def whole(self, value: int) -> Const:
        return Const(value, INT)

    # ---- host ----

    def host(self, scope: _Scope, views: list[Symbol], count: int, depth: int) -> None:
        views = [*views]
        for _ in range(count):
            kind = self.random.choices(
                ["launch", "reduce", "copy", "fill", "local", "let", "for", "if"],
                [5, 4, 1, 1, 1, 2, 2 if depth < 2 else 0, 1.5 if depth < 2 else 0],
            )[0]
            match kind:
                case "launch" | "reduce":
                    self.launch(scope, views, kind == "reduce")
                case "copy":
                    target = self.pick(views)
                    others = [v for v in views if v.type == target.type and v != target]
                    if others:
                        self.b.add_stmt(DeepCopy(target, self.pick(others)))
                case "fill":
                    self.b.add_stmt(DeepCopy(self.pick(views), self.pick(scope.floats)))
                case "local":
                    kind_ = self.pick([VECTOR, VECTOR, MATRIX])
                    view = self.fresh.symbol(self.pick(["t", "u"]), kind_)
                    rows = self.whole(SIZE_1)
                    extents = (rows,) if kind_ == VECTOR else (rows, self.whole(SIZE_2))
                    self.b.add_stmt(Allocate(view, extents))
                    views.append(view)
                case "let":
                    scope.floats.append(self.value(scope))
                case "for":
                    self.loop(scope, lambda s: self.host(s, views, self.random.randint(1, 3), depth + 1))
                case "if":
                    self.branch(scope, lambda s: self.host(s, views, self.random.randint(1, 2), depth + 1))

    def launch(self, scope: _Scope, views: list[Symbol], reduce: bool) -> None:
        square = self.chance(0.25)
        inner = scope.copy()
        i = self.fresh.symbol("i", INT)
        ranges = [
            Range(i, self.whole(self.pick([0, 0, 0, 1])), self.pick([self.n, self.n, self.whole(3), self.m]))
        ]
        if ranges[0].hi == self.m and square:  # Kokkos wants ordered bounds there
            ranges[0] = Range(i, self.whole(1), self.whole(1))
        elif ranges[0].hi == self.m:
            ranges[0] = Range(i, self.whole(self.pick([0, 2])), self.m)
        if square:
            j = self.fresh.symbol("j", INT)
            ranges.append(Range(j, self.whole(0), self.whole(SIZE_2)))
        inner.ints = [r.index for r in ranges]
        self.modes = {v: self.pick(["read", "read", "own", "own", "pair", "even", "atomic"]) for v in views}
        self.own = {}
        reductions: list[Reduction] = []
        self.accumulators = []
        for _ in range(self.pick([1, 1, 2]) if reduce else 0):
            accumulator = self.fresh.symbol("sum", Accumulator(DOUBLE))
            reductions.append(Reduction(accumulator, self.fresh.symbol("r", DOUBLE)))
            self.accumulators.append(accumulator)
        with self.b.block() as stmts:
            self.affine = self.chance(0.8)
            row = i if self.affine else self.b.let(Load(self.perm, (i,)), INT)
            for v in views:
                self.elements(v, row, i, ranges[1].index if square else None)
            self.kernel(inner, self.random.randint(2, 6), 0)
            for accumulator in self.accumulators:
                self.b.add_stmt(Increment(accumulator, (), self.value(inner), How.REDUCE))
            if not reduce:
                self.write(inner)
        self.b.add_stmt(
            Launch(
                self.pick(["k", "k", "l", ""]),
                "Kokkos::DefaultExecutionSpace",
                tuple(ranges),
                Block(tuple(stmts)),
                tuple(reductions),
            )
        )
        self.accumulators = []
        scope.floats += [r.result for r in reductions]

    def elements(self, view: Symbol, row: Atom, i: Symbol, j: Symbol | None) -> None:
        """Decide which elements of ``view`` an iteration owns."""
        twice = self.b.apply("mul", i, self.whole(2))
        next_ = self.b.apply("add", twice, self.whole(1))
        match self.modes[view]:
            case "pair":
                rows: list[Atom] = [twice, next_]
            case "even":
                rows = [twice]
            case _:
                rows = [
                    row if self.chance(0.7) else self.b.apply("add", row if row is i else i, self.whole(2))
                ]
        columns: list[tuple[Atom, ...]] = [()] if j is None or view.type == VECTOR else [(j,)]
        self.own[view] = [(r, *c) for r in rows for c in columns]
        if j is not None and view.type == VECTOR and self.modes[view] != "atomic":
            self.modes[view] = "read"

    def owned(self, view: Symbol, scope: _Scope) -> tuple[Atom, ...]:
        where: tuple[Atom, ...] = self.pick(self.own[view])
        return (*where, self.index(scope, SIZE_2)) if view.type == MATRIX and len(where) == 1 else where

    # ---- both ----

    @contextmanager
    def inside(self) -> Iterator[list[Stmt]]:
        with self.b.block() as stmts:
            yield stmts

    def loop(self, scope: _Scope, body: Any) -> None:
        inner = scope.copy()
        index = self.fresh.symbol("k", INT)
        bounds: list[Atom] = [self.m, self.whole(2), self.whole(3), *scope.ints[:2]]
        lo, hi = self.whole(self.pick([0, 0, 0, 1])), self.pick(bounds)
        carried = [
            (self.fresh.symbol("p", DOUBLE), self.pick(scope.floats)) for _ in range(self.pick([0, 1, 1, 2]))
        ]
        inner.floats += [c for c, _ in carried] * 2
        inner.ints.append(index)
        with self.inside() as stmts:
            body(inner)
            nexts = [self.pick(inner.floats) if self.chance(0.2) else self.value(inner) for _ in carried]
        loops = tuple(
            Carried(c, init, n, self.fresh.like(c)) for (c, init), n in zip(carried, nexts, strict=True)
        )
        self.b.add_stmt(
            For(index, lo, hi, self.pick([1, 1, 1, 2]), self.chance(0.25), loops, Block(tuple(stmts)))
        )
        scope.floats += [c.result for c in loops]

    def branch(self, scope: _Scope, body: Any) -> None:
        cond = self.condition(scope)
        sides: list[tuple[Block, list[Atom]]] = []
        count = self.pick([0, 1, 1, 2])
        for k in range(2):
            inner = scope.copy()
            with self.inside() as stmts:
                if k == 0 or self.chance(0.6):
                    body(inner)
                values = [self.pick(inner.floats) for _ in range(count)]
            sides.append((Block(tuple(stmts)), values))
        merges = tuple(
            Merge(self.fresh.symbol("q", DOUBLE), t, e) for t, e in zip(sides[0][1], sides[1][1], strict=True)
        )
        self.b.add_stmt(If(cond, sides[0][0], sides[1][0], merges))
        scope.floats += [m.result for m in merges]

    def condition(self, scope: _Scope) -> Atom:
        if self.chance(0.5):
            two = self.b.apply("mod", self.pick(scope.ints), self.whole(2))
            return self.b.compare("eq", two, self.whole(self.pick([0, 1])))
        return self.b.compare(self.pick(["lt", "gt"]), self.pick(scope.floats), Const(0.123, DOUBLE))

    def value(self, scope: _Scope) -> Atom:
        """A new value from those in scope, of moderate size."""
        x, y = self.pick(scope.floats), self.pick(scope.floats)
        match self.random.randrange(9):
            case 0:
                return self.named(self.b.add(x, y))
            case 1:
                return self.named(self.b.sub(x, y))
            case 2 | 3:
                return self.named(self.b.mul(x, self.b.call("cos", y)))
            case 4:
                return self.named(self.b.call("sin", self.b.mul(x, y)))
            case 5:
                return self.named(self.b.div(x, self.b.add(Const(2.5, DOUBLE), self.b.call("sin", y))))
            case 6:
                return self.named(self.b.mul(Const(0.5, DOUBLE), self.b.call("sin", x)))
            case 7:
                return self.named(self.b.select(self.condition(scope), x, y))
            case _:
                return self.named(self.b.call(self.pick(["fmax", "fmin"]), x, y))

    def named(self, a: Atom) -> Atom:
        return self.b.named(self.name(), a) if self.chance(0.5) else a

    # ---- kernels ----

    def kernel(self, scope: _Scope, count: int, depth: int) -> None:
        for _ in range(count):
            kind = self.random.choices(
                ["load", "let", "array", "element", "set", "write", "sum", "for", "if"],
                [4, 4, 1, 2, 2, 2, 1, 2 if depth < 3 else 0, 2 if depth < 3 else 0],
            )[0]
            match kind:
                case "load":
                    self.load(scope)
                case "let":
                    scope.floats.append(self.value(scope))
                case "array":
                    self.array(scope)
                case "element" if scope.arrays:
                    array = self.pick(scope.arrays)
                    scope.floats.append(
                        self.b.let(Load(array, self.place(array, scope)), DOUBLE, self.name())
                    )
                case "set" if scope.arrays:
                    array = self.pick(scope.arrays)
                    where = self.place(array, scope)
                    if self.chance(0.3):
                        self.b.add_stmt(Increment(array, where, self.pick(scope.floats), How.PLAIN))
                    else:
                        self.b.add_stmt(Store(array, where, self.pick(scope.floats)))
                case "write" if self.chance(0.5):
                    self.write(scope)
                case "sum" if self.accumulators:
                    self.b.add_stmt(
                        Increment(self.pick(self.accumulators), (), self.pick(scope.floats), How.REDUCE)
                    )
                case "for":
                    self.loop(scope, lambda s: self.kernel(s, self.random.randint(1, 4), depth + 1))
                case "if":
                    self.branch(scope, lambda s: self.kernel(s, self.random.randint(1, 3), depth + 1))

    def array(self, scope: _Scope) -> None:
        size = self.pick([2, 3])
        array = self.fresh.symbol("s", Array(DOUBLE, (size,)))
        zeroed = self.chance(0.5)
        self.b.add_stmt(Declare(array, zeroed))
        for k in range(0 if zeroed else size):
            self.b.add_stmt(Store(array, (self.whole(k),), self.pick(scope.floats)))
        scope.arrays.append(array)

    def place(self, array: Symbol, scope: _Scope) -> tuple[Atom, ...]:
        assert isinstance(array.type, Array)
        return (self.index(scope, array.type.extents[0]),)

    def index(self, scope: _Scope, size: int) -> Atom:
        """Any index in ``0 .. size``."""
        if self.chance(0.4):
            return self.whole(self.random.randrange(size))
        at: Atom = self.pick(scope.ints)
        if size == SIZE_1 and self.chance(0.3):
            inside = self.b.apply("mod", at, self.whole(SIZE_1))
            at = self.b.let(Load(self.pick([self.idx, self.perm]), (inside,)), INT)
        elif self.chance(0.5):
            at = self.b.apply("add", at, self.whole(self.pick([1, 2])))
        return self.b.apply("mod", at, self.whole(size))

    def load(self, scope: _Scope) -> None:
        views = [v for v, mode in self.modes.items() if mode != "atomic"]
        if not views:
            return
        view = self.pick(views)
        match self.modes[view]:
            case "own" | "pair":
                where = self.owned(view, scope)
            case "even":
                where = self.owned(view, scope)
                if self.chance(0.7):
                    odd = self.b.apply("add", where[0], self.whole(self.pick([1, 3])))
                    where = (odd, *where[1:])
            case _:
                where = self.anywhere(view, scope)
        scope.floats.append(self.b.let(Load(view, where), DOUBLE, self.name()))

    def anywhere(self, view: Symbol, scope: _Scope) -> tuple[Atom, ...]:
        if self.chance(0.3):
            return self.owned(view, scope)
        if self.chance(0.4):
            row = self.b.apply("add", self.own[view][0][0], self.whole(self.pick([1, 2])))
            row = row if self.affine and self.chance(0.5) else self.b.apply("mod", row, self.whole(SIZE_1))
            return (row,) if view.type == VECTOR else (row, self.index(scope, SIZE_2))
        first = self.index(scope, SIZE_1)
        return (first,) if view.type == VECTOR else (first, self.index(scope, SIZE_2))

    def write(self, scope: _Scope) -> None:
        views = [v for v, mode in self.modes.items() if mode != "read"]
        if not views:
            return
        view = self.pick(views)
        value = self.pick(scope.floats)
        if self.modes[view] == "atomic":
            self.b.add_stmt(Increment(view, self.anywhere(view, scope), value, How.ATOMIC))
            return
        where = self.owned(view, scope)
        if self.chance(0.3):
            self.b.add_stmt(Increment(view, where, value, How.PLAIN))
        else:
            self.b.add_stmt(Store(view, where, value))
