"""Runs IR on numpy arrays, one iteration after the other: the semantics that emitted code must have.

A race detector watches every launch: iterations (or chunks, or the blocks of one color) that may run at once
must not meet at an element unless all of them only read it or all update it atomically.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

import numpy as np

from tests.race_detector import Kind, RaceDetector
from transform.frontend.cpptypes import wrap
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Atom,
    Block,
    Chunked,
    Color,
    Colored,
    Combine,
    Combiner,
    Comparison,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    How,
    If,
    Increment,
    Invert,
    Launch,
    Let,
    Load,
    Op,
    Output,
    Param,
    PrefixSum,
    Program,
    Range,
    Reduction,
    Replicate,
    Restore,
    Return,
    Save,
    Stmt,
    Store,
    Symbol,
    Teamed,
    Touch,
)
from transform.ir.types import BOOL, Accumulator, Array, Scalar, View

REPLICAS = 3
TEAM = 4  # iterations of a team
MOST_TRIPS = 100_000

_DTYPES = {
    "double": np.float64,
    "float": np.float32,
    "bool": np.bool_,
    "int": np.int32,
    "unsigned int": np.uint32,
    "long": np.int64,
    "unsigned long": np.uint64,
    "long long": np.int64,
    "unsigned long long": np.uint64,
    "short": np.int16,
    "unsigned short": np.uint16,
    "char": np.int8,
    "signed char": np.int8,
    "unsigned char": np.uint8,
}
_ufunc = {
    "fabs": np.abs, "fmax": np.fmax, "fmin": np.fmin, "pow": np.power, "atan2": np.arctan2,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip


# Functions of the kernels that the front end does not read.
OPAQUE: dict[str, Callable[..., Any]] = {
    "softplus": lambda x: math.log1p(math.exp(x)),
    "material::stiffness": lambda x, k: x**3 + k,
    "bucket": lambda x: int(10 * x),
}


def run(program: Program, arguments: dict[str, Any]) -> Any:
    """Run ``program`` on arguments by parameter name, which are changed. Returns its value."""
    machine = execute(program.params, program.body, arguments)
    arguments.update(machine.outputs)
    return machine.result


def execute(params: tuple[Param, ...], body: Block, arguments: Mapping[str, Any]) -> Machine:
    """Run ``body`` and return the machine, whose ``atom`` tells what became of each scalar."""
    machine = Machine()
    for param in params:
        value = arguments[param.symbol.name]
        if isinstance(param.symbol.type, View):
            assert value.ndim == param.symbol.type.rank, param.symbol.name
            assert value.dtype == _DTYPES[param.symbol.type.element.name], param.symbol.name
            machine.values[param.symbol] = value
        else:
            assert isinstance(param.symbol.type, Scalar)
            machine.values[param.symbol] = convert(value, param.symbol.type)
    with np.errstate(all="ignore"):
        machine.block(body)
    assert not any(machine.tapes.values()), "a tape holds values that were never recalled"
    return machine


def convert(value: Any, type_: Scalar) -> Any:
    if type_ == BOOL:
        return bool(value)
    if type_.is_float:
        return _DTYPES[type_.name](value)
    return wrap(int(value), type_)


class Violated(Exception):
    """What a launch takes for granted does not hold."""


class Machine:
    def __init__(self) -> None:
        self.values: dict[Symbol, Any] = {}
        self.tapes: dict[str, list[Any]] = defaultdict(list)
        self.reductions: dict[Symbol, Reduction] = {}
        self.result: Any = None
        self.outputs: dict[str, Any] = {}
        self.detector: RaceDetector | None = None  # of the launch that is running
        self.touched: set[tuple[Symbol, tuple[int, ...]]] = set()  # by the block being colored

    def atom(self, atom: Atom) -> Any:
        return convert(atom.value, atom.type) if isinstance(atom, Const) else self.values[atom]

    def element(self, memory: Symbol, index: tuple[Atom, ...]) -> tuple[Any, tuple[int, ...]]:
        array = self.values[memory]
        at = tuple(int(self.atom(i)) for i in index)
        assert all(0 <= i < n for i, n in zip(at, array.shape, strict=True)), (memory.name, at, array.shape)
        return array, at

    def access(self, memory: Symbol, index: tuple[Atom, ...], kind: Kind) -> tuple[Any, tuple[int, ...]]:
        array, at = self.element(memory, index)
        if self.detector is not None and isinstance(memory.type, View):
            self.detector.access(memory.name, array, at, kind)
        return array, at

    def block(self, block: Block) -> None:
        for stmt in block.stmts:
            self.stmt(stmt)

    def stmt(self, stmt: Stmt) -> None:
        match stmt:
            case Let(target=target, op=op):
                assert isinstance(target.type, Scalar)
                self.values[target] = self.op(op, target.type)
            case Declare(target=target, zeroed=zeroed, extents=extents):
                assert isinstance(target.type, Array)
                dtype = _DTYPES[target.type.element.name]
                fill = 0 if zeroed or not target.type.element.is_float else math.nan
                shape = [int(self.atom(e)) for e in extents] or target.type.extents
                self.values[target] = np.full(shape, fill, dtype)
            case Store(memory=memory, index=index, value=value):
                array, at = self.access(memory, index, "write")
                array[at] = self.atom(value)
            case Increment(memory=memory, index=index, value=value, how=how):
                if memory in self.reductions:
                    self._contribute(self.reductions[memory], value, index)
                    return
                array, at = self.access(memory, index, "atomic" if how is How.ATOMIC else "write")
                array[at] += self.atom(value)
            case Accumulate(memory=memory, index=index, value=value):
                array, at = self.access(memory, index, "atomic")
                array[at] += self.atom(value)
            case For():
                self._for(stmt)
            case If(cond=cond, then=then, orelse=orelse, merges=merges):
                taken = bool(self.atom(cond))
                self.block(then if taken else orelse)
                for m in merges:
                    self.values[m.result] = self.atom(m.then if taken else m.orelse)
            case Launch():
                self._launch(stmt)
            case Allocate(target=target, extents=extents, zeroed=zeroed):
                assert isinstance(target.type, View)
                shape = tuple(int(self.atom(e)) for e in extents)
                fill = 0 if zeroed or not target.type.element.is_float else math.nan
                self.values[target] = np.full(shape, fill, _DTYPES[target.type.element.name])
            case DeepCopy(target=target, source=source):
                self.values[target][...] = self.atom(source)
            case PrefixSum(view=view, start=start, total=total, backward=backward):
                elements = self.values[view][::-1] if backward else self.values[view]
                running = self.atom(start)
                for k in range(len(elements)):
                    elements[k], running = running, running + elements[k]
                if total is not None:
                    assert isinstance(total.type, Scalar)
                    self.values[total] = convert(running, total.type)
            case Output(param=param, value=value):
                self.outputs[param.name] = self.atom(value)
            case Return(value=value):
                self.result = self.atom(value)
            case Save(tape=tape, source=source):
                value = self.atom(source)
                self.tapes[tape].append(value.copy() if isinstance(value, np.ndarray) else value)
            case Restore(target=target, tape=tape):
                self.values[target] = self.tapes[tape].pop()
            case Replicate(target=target, source=source):
                original = self.values[source]
                self.values[target] = np.zeros((REPLICAS, *original.shape), original.dtype)
            case Combine(target=target, replicas=replicas):
                self.values[target][...] += self.values[replicas].sum(axis=0)
            case Color():
                self.values[stmt.target] = self._color(stmt)
            case Invert(starts=starts, entries=entries, keys=keys, targets=targets, body=body):
                self.block(body)
                key, count = self.values[keys], int(self.atom(targets))
                self.values[entries] = np.argsort(key, kind="stable").astype(np.uint32)
                here = np.searchsorted(np.sort(key), np.arange(count + 1))
                self.values[starts] = here.astype(np.uint32)
            case Touch(view=view, index=index):
                self.touched.add((view, self.element(view, index)[1]))
            case _:
                assert_never(stmt)

    def _for(self, stmt: For) -> None:
        indices = range(int(self.atom(stmt.lo)), int(self.atom(stmt.hi)), stmt.step)
        values = [self.atom(c.init) for c in stmt.carried]
        trips = 0
        for index in reversed(indices) if stmt.descending else indices:
            self.values[stmt.index] = index
            for c, value in zip(stmt.carried, values, strict=True):
                self.values[c.inner] = value
            self.block(stmt.body)
            values = [self.atom(c.next) for c in stmt.carried]
            trips += 1
            assert trips < MOST_TRIPS, "the loop does not end"
            if stmt.exit is not None and self.atom(stmt.exit.until):
                break
        if stmt.exit is not None:
            self.values[stmt.exit.trips] = trips
        for c, value in zip(stmt.carried, values, strict=True):
            self.values[c.result] = value

    def _holds(self, c: Comparison) -> bool:
        value = sum(k * math.prod(int(self.atom(a)) for a in atoms) for k, atoms in c.terms)
        return value != 0 if c.nonzero else value >= 0

    def _launch(self, stmt: Launch) -> None:
        if all(len(self._bounds(r)) for r in stmt.ranges):
            for given in stmt.given:
                if not any(map(self._holds, given.either)):
                    raise Violated(given.text)
        for reduction in stmt.reductions:
            type_ = reduction.accumulator.type
            assert isinstance(type_, Accumulator)
            self.reductions[reduction.accumulator] = reduction
            start = identity(reduction.combiner, type_.element)
            sums = np.zeros(type_.size, _DTYPES[type_.element.name]) if type_.size else start
            self.values[reduction.accumulator] = sums, -1
        label = stmt.label or "kernel"
        outside = self.detector
        self.detector = RaceDetector(label)
        color = None
        teams: list[list[np.ndarray]] = []  # the copies of each team, the last one's not yet delivered
        for ran, (position, task, indices) in enumerate(self._iterations(stmt)):
            if position != color:
                color, self.detector = position, RaceDetector(label)
            self.detector.task = task
            match stmt.schedule:
                case Chunked(replica=replica, shared=shared):
                    self.values[replica] = task[0] % REPLICAS if shared else task[0]
                case Teamed(copies=copies) if ran % TEAM == 0:
                    self._deliver(copies, teams)
                    teams.append([np.zeros_like(self.values[view]) for _, view in copies])
                    self.values.update(zip((copy for copy, _ in copies), teams[-1], strict=True))
                case _:
                    pass
            for r, index in zip(stmt.ranges, indices, strict=True):
                self.values[r.index] = index
            self.block(stmt.body)
        if isinstance(stmt.schedule, Teamed):
            self._deliver(stmt.schedule.copies, teams)
        self.detector = outside
        for reduction in stmt.reductions:
            value, where = self.values[reduction.accumulator]
            if isinstance(reduction.result.type, Array):
                self.values[reduction.result] = value
                continue
            assert isinstance(reduction.result.type, Scalar)
            self.values[reduction.result] = convert(value, reduction.result.type)
            if reduction.location is not None:
                self.values[reduction.location] = where

    def _deliver(self, copies: tuple[tuple[Symbol, Symbol], ...], teams: list[list[np.ndarray]]) -> None:
        """The team that ran last adds its copies atomically."""
        for (_, view), copy in zip(copies, teams[-1] if teams else (), strict=bool(teams)):
            target = self.values[view]
            for at in map(tuple, np.argwhere(copy)):
                assert self.detector is not None
                self.detector.access(view.name, target, at, "atomic")
                target[at] += copy[at]

    def _contribute(self, reduction: Reduction, value: Atom, index: tuple[Atom, ...]) -> None:
        kept, where = self.values[reduction.accumulator]
        new, here = self.atom(value), int(self.atom(index[0])) if index else -1
        if isinstance(kept, np.ndarray):
            assert 0 <= here < len(kept)
            kept[here] += new
            return
        match reduction.combiner:
            case Combiner.SUM:
                kept = kept + new
            case Combiner.PROD:
                kept = kept * new
            case Combiner.MIN | Combiner.MAX:
                better = new < kept if reduction.combiner is Combiner.MIN else new > kept
                first = new == kept and (where < 0 or here < where)
                if better or first:
                    kept, where = new, here
            case Combiner.LAND:
                kept = bool(kept) and bool(new)
            case Combiner.LOR:
                kept = bool(kept) or bool(new)
            case Combiner.BAND:
                kept = kept & new
            case Combiner.BOR:
                kept = kept | new
            case _:
                assert_never(reduction.combiner)
        assert isinstance(reduction.result.type, Scalar)
        self.values[reduction.accumulator] = convert(kept, reduction.result.type), where

    def _bounds(self, r: Range) -> range:
        return range(int(self.atom(r.lo)), int(self.atom(r.hi)))

    def _iterations(self, stmt: Launch) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...]]]:
        """(color, concurrent task, indices) of every iteration."""
        outer, *inner = (self._bounds(r) for r in stmt.ranges)
        order: list[tuple[int, tuple[int, ...], int]]
        match stmt.schedule:
            case Chunked(shared=False):
                chunk = max(1, -(-len(outer) // REPLICAS))
                order = [(0, (k // chunk,), first) for k, first in enumerate(outer)]
            case Colored(coloring=coloring):
                size, colors = self.values[coloring]
                assert len(colors) == -(-len(outer) // size), "colored for another range"
                order = sorted((colors[k // size], (k // size,), first) for k, first in enumerate(outer))
            case _:
                order = [(0, (), first) for first in outer]
        for color, task, first in order:
            for rest in itertools.product(*inner):
                yield color, task or (first, *rest), (first, *rest)

    def _color(self, stmt: Color) -> tuple[int, list[int]]:
        """The block size and each block's color: the first that no block with a common target has."""
        taken: dict[tuple[Symbol, tuple[int, ...]], set[int]] = defaultdict(set)
        indices = self._bounds(stmt.unit)
        colors: list[int] = []
        size = stmt.block or max(1, len(indices) // 16)
        for first in range(0, len(indices), size):
            self.touched = set()
            for index in indices[first : first + size]:
                self.values[stmt.unit.index] = index
                self.block(stmt.body)
            used = {c for element in self.touched for c in taken[element]}
            color = next(c for c in itertools.count() if c not in used)
            colors.append(color)
            for element in self.touched:
                taken[element].add(color)
        return size, colors

    def op(self, op: Op, type_: Scalar) -> Any:
        match op:
            case Load(memory=memory, index=index):
                array, at = self.access(memory, index, "read")
                return convert(array[at], type_)
            case Extent(view=view, dim=dim):
                return self.values[view].shape[dim]
            case Apply(fn=fn, args=args):
                return convert(apply(fn, [self.atom(a) for a in args]), type_)
            case _:
                assert_never(op)


def identity(combiner: Combiner, type_: Scalar) -> Any:
    """What joins with any value of ``type_`` without changing it, as Kokkos has it."""
    limits = np.finfo if type_.is_float else np.iinfo
    match combiner:
        case Combiner.MIN:
            return limits(_DTYPES[type_.name]).max
        case Combiner.MAX:
            return limits(_DTYPES[type_.name]).min
        case Combiner.BAND:
            return convert(-1, type_)
        case Combiner.PROD | Combiner.LAND:
            return convert(1, type_)
        case _:
            return convert(0, type_)


def apply(fn: str, args: list[Any]) -> Any:
    a, b = args[0], args[-1]
    match fn:
        case "cast" | "copy" | "attach":
            return a
        case "neg":
            return -a
        case "add":
            return a + b
        case "sub":
            return a - b
        case "mul":
            return a * b
        case "div":
            if not isinstance(a, int):
                return a / b
            return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        case "mod":
            return a - b * (abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))
        case "lt":
            return a < b
        case "le":
            return a <= b
        case "gt":
            return a > b
        case "ge":
            return a >= b
        case "eq":
            return a == b
        case "ne":
            return a != b
        case "and":
            return a and b
        case "or":
            return a or b
        case "not":
            return not a
        case "select":
            return args[1] if a else b
        case "bitand":
            return a & b
        case "bitor":
            return a | b
        case "bitxor":
            return a ^ b
        case "shl":
            return a << b
        case "shr":
            return a >> b
        case "fma":
            return args[0] * args[1] + args[2]
        case "fdim":
            return a - b if a > b else a * 0
        case "stride":
            length, free = int(a), int(b)
            repeats = next(t for t in itertools.count(1) if free < 1 or math.comb(free + 1 + t, t) >= length)
            return max(1, length - math.comb(free + repeats, repeats)) if free > 0 else length
        case "spacing":
            return max(1, math.isqrt(max(int(a) - 1, 0)) + 1)
        case "digamma":
            return _digamma(float(a))
        case "remainder":
            return math.remainder(float(a), float(b))
        case "logb":
            return float(math.frexp(abs(float(a)))[1] - 1)
        case "erf" | "erfc" | "tgamma" | "lgamma":
            return getattr(math, fn.replace("tgamma", "gamma"))(float(a))
        case _ if fn.startswith("call:"):
            return OPAQUE[fn.removeprefix("call:")](*args)
        case _:
            return _ufunc[fn](*args) if fn in _ufunc else getattr(np, fn)(*args)


def _digamma(x: float) -> float:
    """The derivative of log(gamma(x)): shifted far to the right, where few terms are enough."""
    if x < 0:
        return _digamma(1 - x) - math.pi / math.tan(math.pi * x)
    shift = sum(1 / (x + k) for k in range(100))
    y = x + 100
    return math.log(y) - 1 / (2 * y) - 1 / (12 * y**2) + 1 / (120 * y**4) - 1 / (252 * y**6) - shift
