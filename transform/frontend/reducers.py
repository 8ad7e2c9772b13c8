"""Result arguments of parallel_reduce: what is reduced, how, and where the result goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transform.frontend import fence
from transform.frontend.arith import constant
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    TypeKind,
    arguments,
    expressions,
    is_written,
    location,
    qualified,
    strip,
)
from transform.frontend.contributions import empty_loses, only_joins
from transform.frontend.cpptypes import bits, class_name, is_mutable_reference, is_signed, scalar, view
from transform.frontend.places import place, write
from transform.frontend.scope import Alias, Binding, Element, Env, Place, Scope, Sum, Value, Variable
from transform.frontend.shape import element_index, rank
from transform.frontend.views import view_of
from transform.ir.nodes import (
    Atom,
    Block,
    Combiner,
    Const,
    DeepCopy,
    How,
    Increment,
    Reduction,
    Return,
    Symbol,
)
from transform.ir.simplify import simplify
from transform.ir.types import Accumulator, Scalar, View
from transform.ir.walk import substitute

_K = CursorKind
_COMBINERS = {
    "Kokkos::Sum": Combiner.SUM,
    "Kokkos::Prod": Combiner.PROD,
    "Kokkos::Min": Combiner.MIN,
    "Kokkos::Max": Combiner.MAX,
    "Kokkos::LAnd": Combiner.LAND,
    "Kokkos::LOr": Combiner.LOR,
    "Kokkos::BAnd": Combiner.BAND,
    "Kokkos::BOr": Combiner.BOR,
}
_LARGEST = {"double": 1.7976931348623157e308, "float": 3.4028234663852886e38}


@dataclass(frozen=True)
class Result:
    """One result argument while its launch is lowered. ``start`` stands for the accumulator before the
    iteration; ``None`` for a sum, to which the body adds in place."""

    combiner: Combiner
    type: Scalar
    name: str
    accumulator: Symbol
    start: Symbol | None
    target: Place
    cursor: Cursor

    @property
    def binding(self) -> Binding:
        """What the kernel's parameter stands for."""
        return Alias(Sum(self.accumulator)) if self.start is None else Value(self.name, self.type, self.start)


def open_result(scope: Scope, parameter: Cursor, argument: Cursor) -> Result | None:
    """The reduction behind a kernel's parameter and the result argument; ``None`` after a finding."""
    type_ = scalar(parameter.type)
    if type_ is None or not is_mutable_reference(parameter.type):
        scope.refuse(parameter, "this reduction argument is not supported", "write double& sum")
        return None
    combiner, source = Combiner.SUM, strip(argument)
    while source.kind in (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CALL_EXPR):
        if source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
            source = strip(expressions(source)[-1])
            continue
        owner = source.referenced.semantic_parent if source.referenced is not None else None
        if owner is not None and view(source.type) is not None:
            break
        if owner is None or qualified(owner) not in _COMBINERS:
            scope.refuse(argument, *fence.reducer(class_name(source.type)))
            return None
        combiner = _COMBINERS[qualified(owner)]
        source = strip(next(a for a in arguments(source) if is_written(a)))
    target = result_target(scope, source, argument)
    if target is None:
        return None
    name = str(parameter.spelling) or combiner.name.lower()
    accumulator = scope.fresh.symbol(name, Accumulator(type_))
    start = None if combiner is Combiner.SUM else scope.fresh.symbol(name, type_)
    return Result(combiner, type_, name, accumulator, start, target, argument)


def result_target(scope: Scope, source: Cursor, argument: Cursor) -> Place | None:
    """Where the result is written after the launch."""
    if view(source.type) is not None:
        found = view_of(scope, source)
        if found is None:
            return None
        if rank(found) > 0:
            hint = "reduce into a View of rank 0 or a scalar"
            scope.refuse(argument, "a reduction into a whole View is not supported", hint)
            return None
        return Element(found.symbol, element_index(scope, found, (), source))
    if source.type.get_canonical().kind == TypeKind.RECORD:
        scope.refuse(argument, *fence.reducer(class_name(source.type)))
        return None
    return place(scope, source)


def close_results(
    scope: Scope, opened: Mapping[int, Result], kernel: Block, after: Env
) -> tuple[Block, tuple[Reduction, ...]]:
    """The kernel with its contributions explicit, and its reductions. ``opened``: results by the key of the
    kernel's parameter; ``after``: the variables at the end of an iteration."""
    ends: dict[Symbol, Atom] = {}
    for key, result in opened.items():
        end = after[key]
        if result.start is not None and isinstance(end, Value) and end.atom is not None:
            ends[result.start] = end.atom
    started = {r.start: r for r in opened.values() if r.start is not None}
    check_joins(scope, started, kernel, ends)
    contributions = tuple(
        Increment(started[start].accumulator, (), end, How.REDUCE, location(started[start].cursor))
        for start, end in ends.items()
        if end != start
    )
    neutral: dict[Symbol, Atom] = {start: identity(r.combiner, r.type) for start, r in started.items()}
    neutral |= empty_loses(kernel, {start: r.combiner for start, r in started.items()})
    kernel = substitute(Block((*kernel.stmts, *contributions)), neutral)
    reductions = tuple(
        Reduction(r.accumulator, scope.fresh.symbol(_named(scope, r.target), r.type), r.combiner)
        for r in opened.values()
    )
    return kernel, reductions


def _named(scope: Scope, target: Place) -> str:
    if isinstance(target, Variable):
        binding = scope.env[target.key]
        assert isinstance(binding, Value)
        return binding.name
    return target.memory.name if isinstance(target, Element) else target.accumulator.name


def check_joins(scope: Scope, started: dict[Symbol, Result], kernel: Block, ends: dict[Symbol, Atom]) -> None:
    """Refuse a body that does more with its accumulators than to join values with them. ``started``: what
    stands for them before an iteration; ``ends``: their values after it."""
    marked = Block((*kernel.stmts, *(Return(end) for end in ends.values())))
    numbered = simplify(marked, scope.fresh)
    body = Block(numbered.stmts[: len(numbered.stmts) - len(ends)])
    values = [s.value for s in numbered.stmts if isinstance(s, Return)]
    combiners = {start: r.combiner for start, r in started.items()}
    if not only_joins(body, combiners, (), dict(zip(ends, values, strict=True))):
        kinds = " and ".join(dict.fromkeys(r.combiner.value for r in started.values()))
        cursor = next(iter(started.values())).cursor
        hint = "only join values with it: m = Kokkos::max(m, v), if (v > m) m = v, p *= v, ..."
        scope.refuse(cursor, f"this kernel does more with its accumulator than a {kinds} may", hint)


def identity(combiner: Combiner, type_: Scalar) -> Const:
    """What Kokkos starts a reduction with."""
    match combiner:
        case Combiner.MIN | Combiner.MAX if type_.is_float:
            return constant(_LARGEST[type_.name] * (1 if combiner is Combiner.MIN else -1), type_)
        case Combiner.MIN:
            return constant(2 ** (bits(type_) - is_signed(type_)) - 1, type_)
        case Combiner.MAX:
            return constant(-(2 ** (bits(type_) - 1)) if is_signed(type_) else 0, type_)
        case Combiner.PROD | Combiner.LAND:
            return constant(1, type_)
        case Combiner.BAND:
            return constant(-1, type_)
        case _:
            return constant(0, type_)


def deliver(scope: Scope, results: Iterable[Result], reductions: tuple[Reduction, ...]) -> None:
    """Write what a launch has reduced to the result arguments."""
    for result, reduction in zip(results, reductions, strict=True):
        deliver_to(scope, result.target, reduction.result, result.cursor)


def deliver_to(scope: Scope, target: Place, value: Atom, cursor: Cursor) -> None:
    """Write a result of the target's type."""
    if isinstance(target, Element) and isinstance(target.memory.type, View) and not target.index:
        scope.stmts.append(DeepCopy(target.memory, value, location(cursor)))
    else:
        write(scope, target, value, cursor)
