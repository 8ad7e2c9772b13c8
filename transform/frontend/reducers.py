"""Result arguments of parallel_reduce: what is reduced, how, and where the result goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from transform.frontend import fence
from transform.frontend.arith import constant
from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    TypeKind,
    arguments,
    expressions,
    is_written,
    key,
    location,
    strip,
)
from transform.frontend.classes import is_object, shape
from transform.frontend.contributions import empty_loses, only_joins
from transform.frontend.cpptypes import bits, class_name, is_mutable_reference, is_signed, scalar, view
from transform.frontend.objects import allocate, binding_of
from transform.frontend.places import place
from transform.frontend.read_write import write
from transform.frontend.scope import (
    Alias,
    Binding,
    Broken,
    Element,
    Env,
    Group,
    Place,
    Reducer,
    Scope,
    Sum,
    Value,
    Variable,
)
from transform.frontend.shape import element_index, rank
from transform.frontend.sums import adds_members
from transform.frontend.views import view_of
from transform.ir.build import Builder
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    DeepCopy,
    How,
    If,
    Increment,
    Launch,
    Let,
    Range,
    Reduction,
    Return,
    Stmt,
    Symbol,
)
from transform.ir.numbering import Numbering, numbering
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import INT, LONG, Accumulator, Scalar, View
from transform.ir.walk import loaded, substitute, without_effects, written

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


# The members of the values of reducers that keep more than a number: how each is joined, or which one it
# rides along with.
_MEMBERS: dict[str, dict[str, Combiner | str]] = {
    "Kokkos::MinLoc": {"val": Combiner.MIN, "loc": "val"},
    "Kokkos::MaxLoc": {"val": Combiner.MAX, "loc": "val"},
    "Kokkos::MinMax": {"min_val": Combiner.MIN, "max_val": Combiner.MAX},
    "Kokkos::MinMaxLoc": {
        "min_val": Combiner.MIN,
        "max_val": Combiner.MAX,
        "min_loc": "min_val",
        "max_loc": "max_val",
    },
}
_SUMMED_CLASSES = ("Kokkos::complex",)


def is_reducer(type_: ClangType) -> bool:
    return class_name(type_) in _COMBINERS or class_name(type_) in _MEMBERS


@dataclass(frozen=True)
class Result:
    """A number that a launch reduces, while it is lowered: a result argument or a member of one.

    ``start`` stands for the accumulator before the iteration; ``None`` for a sum, to which the body adds in
    place. ``key``: the variable that holds the accumulator in the kernel. ``rides``: the value that this one
    is replaced together with, by its ``start``; it then belongs to the iteration that value comes from.
    """

    combiner: Combiner
    type: Scalar
    name: str
    accumulator: Symbol
    start: Symbol | None
    target: Place
    cursor: Cursor
    key: int = 0
    rides: Symbol | None = None

    @property
    def binding(self) -> Binding:
        """What the kernel's variable stands for."""
        return Alias(Sum(self.accumulator)) if self.start is None else Value(self.name, self.type, self.start)


def reducer_variable(scope: Scope, init: Cursor) -> Binding:
    """``Kokkos::Max<double> reducer(m);``"""
    found = _reducer(scope, init)
    if found is None:
        return Broken()
    kind, source = found
    target = _object_target(scope, source) if kind in _MEMBERS else result_target(scope, source, init)
    return Broken() if target is None else Reducer(kind, target)


def _reducer(scope: Scope, argument: Cursor) -> tuple[str, Cursor] | None:
    """The reducer class of a result argument (a sum if there is none) and what it is given."""
    kind, source = "Kokkos::Sum", strip(argument)
    while source.kind in (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CALL_EXPR):
        if source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
            source = strip(expressions(source)[-1])
            continue
        owner = source.referenced.semantic_parent if source.referenced is not None else None
        if view(source.type) is not None or is_object(source.type) or scalar(source.type) is not None:
            break  # not a reducer: a View, an object, an element of a View
        if owner is None or not is_reducer(source.type):
            scope.refuse(argument, *fence.reducer(class_name(source.type)))
            return None
        given = [a for a in arguments(source) if is_written(a)]
        if len(given) != 1:
            hint = "construct it from the result alone"
            scope.refuse(argument, f"this {class_name(source.type)} is not supported", hint)
            return None
        if not is_reducer(given[0].type):  # else a copy
            kind = class_name(source.type)
        source = strip(given[0])
    return kind, source


def _found(scope: Scope, argument: Cursor, wrapped: bool = False) -> Reducer | None:
    """What a result argument reduces to, and how; ``None`` after a finding. ``wrapped``: Kokkos makes a
    ``Sum`` of one that is no reducer."""
    found = _reducer(scope, argument)
    if found is None:
        return None
    kind, source = found
    known = scope.env.get(key(source.referenced)) if source.kind == _K.DECL_REF_EXPR else None
    if isinstance(known, Reducer):
        return known
    if isinstance(known, Broken):
        return None
    summed = kind == "Kokkos::Sum" and class_name(source.type) in _SUMMED_CLASSES
    if kind == "Kokkos::Sum" and not summed and is_object(source.type):
        adds = adds_members(scope, source.type, argument, wrapped or source != strip(argument))
        if adds is None:
            return None
        if not adds:
            hint = "let operator+= add every number, and let a new object and reduction_identity be zero"
            message = f"a reduction into a '{source.type.spelling}' is not known to be a sum"
            scope.refuse(argument, message, hint)
            return None
        summed = True
    target = (
        _object_target(scope, source)
        if kind in _MEMBERS or summed
        else result_target(scope, source, argument)
    )
    return None if target is None else Reducer(kind, target)


def open_result(scope: Scope, parameter: Cursor, argument: Cursor) -> Result | None:
    """The reduction behind a kernel's scalar parameter and the result argument; ``None`` after a finding."""
    type_ = scalar(parameter.type)
    if type_ is None or not is_mutable_reference(parameter.type):
        scope.refuse(parameter, "this reduction argument is not supported", "write double& sum")
        return None
    found = _found(scope, argument)
    if found is None:
        return None
    if isinstance(found.target, Group):
        scope.refuse(argument, *fence.reducer(found.kind))
        return None
    combiner = _COMBINERS[found.kind]
    name = str(parameter.spelling) or combiner.name.lower()
    start = None if combiner is Combiner.SUM else scope.fresh.symbol(name, type_)
    accumulator = scope.fresh.symbol(name, Accumulator(type_))
    return Result(combiner, type_, name, accumulator, start, found.target, argument, key(parameter))


def open_results(
    scope: Scope, parameter: Cursor, argument: Cursor, inside: Env, wrapped: bool = False
) -> list[Result]:
    """The numbers behind a kernel's parameter and a result argument; their variables are added to ``inside``.
    Empty after a finding. ``wrapped``: see ``_found``."""
    inside[key(parameter)] = Broken()
    if not is_object(parameter.type) or not is_mutable_reference(parameter.type):
        result = open_result(scope, parameter, argument)
        if result is None:
            return []
        inside[key(parameter)] = result.binding
        return [result]
    found = _found(scope, argument, wrapped)
    if found is None:
        return []
    if not isinstance(found.target, Group):
        scope.refuse(argument, *fence.reducer(found.kind))
        return []
    outer, scope.env = scope.env, inside
    group = allocate(scope, str(parameter.spelling) or "value", shape(parameter.type), parameter)
    scope.env = outer
    binding = binding_of(group)
    assert isinstance(group, Group) and binding is not None
    inside[key(parameter)] = binding
    return _members(scope, found, group, argument, inside)


def _members(scope: Scope, found: Reducer, group: Group, argument: Cursor, inside: Env) -> list[Result]:
    kinds = _MEMBERS.get(found.kind, {})
    results: dict[str, Result] = {}
    for slot in group.members:
        target = found.target.member(slot.key) if isinstance(found.target, Group) else None
        value = inside.get(slot.place.key) if isinstance(slot.place, Variable) else None
        if not isinstance(slot.place, Variable) or not isinstance(value, Value) or not _is_place(target):
            scope.refuse(argument, *fence.reducer(found.kind))
            return []
        assert isinstance(target, Variable | Element | Sum)
        kind = kinds.get(slot.name, Combiner.SUM)
        start = scope.fresh.symbol(value.name, value.type)
        combiner = kind if isinstance(kind, Combiner) else Combiner.MIN
        rides = results[kind].start if isinstance(kind, str) else None
        accumulator = scope.fresh.symbol(value.name, Accumulator(value.type))
        result = Result(
            combiner, value.type, value.name, accumulator, start, target, argument, slot.place.key, rides
        )
        inside[slot.place.key] = result.binding
        results[slot.name] = result
    return list(results.values())


def _is_place(target: object) -> bool:
    return isinstance(target, Variable | Element | Sum)


def _object_target(scope: Scope, source: Cursor) -> Group | None:
    target = scope.object(scope, source, "the result of a reduction", False)
    if target is not None and not isinstance(target, Group):
        scope.refuse(source, *fence.reducer(class_name(source.type)))
        return None
    return target


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
    scope: Scope, opened: list[Result], launch: Launch, after: Env
) -> tuple[Launch, list[Stmt], list[Symbol]]:
    """The launch with its contributions explicit and its reductions; what must follow it; the results.
    ``after``: the variables at the end of an iteration."""
    started = {r.start: r for r in opened if r.start is not None}
    ends = {start: _end(after[r.key], start) for start, r in started.items()}
    check_joins(scope, started, launch.body, ends)
    neutral: dict[Symbol, Atom] = {start: identity(r.combiner, r.type) for start, r in started.items()}
    neutral |= empty_loses(launch.body, {s: r.combiner for s, r in started.items() if r.rides is None})
    locations = {r.rides: scope.fresh.symbol(f"{r.name}_where", LONG) for r in opened if r.rides is not None}
    b = Builder(scope.fresh)
    b.loc = launch.loc
    with b.block() as before:
        numbers = numbering(launch.ranges, b) if locations else None
    with b.block() as at:
        number = (numbers.number(b),) if numbers is not None else ()
    contributions: list[Stmt] = []
    reductions: list[Reduction] = []
    for r in opened:
        if r.rides is not None:
            continue
        where = locations.get(r.start) if r.start is not None else None
        result = scope.fresh.symbol(_named(scope, r.target), r.type)
        reductions.append(Reduction(r.accumulator, result, r.combiner, where))
        if r.start is not None and ends[r.start] != r.start:
            index = number if where is not None else ()
            contributions.append(Increment(r.accumulator, index, ends[r.start], How.REDUCE, launch.loc))
    scope.stmts += before
    body = Block((*at, *substitute(Block((*launch.body.stmts, *contributions)), neutral).stmts))
    lowered = replace(launch, body=body, reductions=tuple(reductions))
    results = {r.accumulator: r.result for r in reductions}
    following: list[Stmt] = []
    for r in opened:
        if r.rides is not None and r.start is not None and numbers is not None:
            where = locations[r.rides]
            stmts, value = _passenger(scope, r, launch, ends[r.start], neutral, numbers, where)
            following += stmts
            results[r.accumulator] = value
    return lowered, following, [results[r.accumulator] for r in opened]


def _end(binding: Binding, start: Symbol) -> Atom:
    return binding.atom if isinstance(binding, Value) and binding.atom is not None else start


def _passenger(
    scope: Scope,
    r: Result,
    launch: Launch,
    end: Atom,
    neutral: Mapping[Symbol, Atom],
    numbers: Numbering,
    where: Symbol,
) -> tuple[list[Stmt], Symbol]:
    """What the iteration ``where`` leaves in ``r``: that iteration once more, without its effects."""
    summed = Increment(r.accumulator, (), end, How.REDUCE, launch.loc)
    body = substitute(Block((*launch.body.stmts, summed)), neutral)
    alone = replace(launch, body=without_effects(body, {r.accumulator}))
    marked = remove_dead(Block((alone,)), [r.accumulator])
    if loaded(marked) & written(launch.body):
        hint = "write them in a kernel of their own"
        scope.refuse(r.cursor, f"'{r.name}' depends on Views that the kernel writes", hint)
    again, _ = renamed(Block(tuple(s for x in marked.stmts for s in _body(x))), scope.fresh)
    accumulator = scope.fresh.like(r.accumulator)
    found, result = scope.fresh.symbol(f"{r.name}_found", r.type), scope.fresh.symbol(r.name, r.type)
    b = Builder(scope.fresh)
    b.loc = launch.loc
    with b.block() as once:
        some = b.compare("ge", where, Const(0, LONG))
        with b.block() as then:
            indices = numbers.indices(where, b)
            b.stmts += substitute(again, {**indices, r.accumulator: accumulator}).stmts
        b.add_stmt(If(some, Block(tuple(then)), Block(()), (), launch.loc))
    range_ = Range(scope.fresh.symbol("once", INT), Const(0, INT), Const(1, INT))
    reduction = Reduction(accumulator, found)
    label = f"{launch.label or 'kernel'}, chosen iteration"
    with b.block() as stmts:
        body = Block(tuple(once))
        b.add_stmt(Launch(label, launch.space, (range_,), body, (reduction,), loc=launch.loc))
        known = b.compare("ge", where, Const(0, LONG))
        none = identity(Combiner.MIN, r.type)
        b.add_stmt(Let(result, Apply("select", (known, found, none)), launch.loc))
    return list(stmts), result


def _body(stmt: Stmt) -> tuple[Stmt, ...]:
    return stmt.body.stmts if isinstance(stmt, Launch) else ()


def _named(scope: Scope, target: Place) -> str:
    if isinstance(target, Variable):
        binding = scope.env[target.key]
        assert isinstance(binding, Value)
        return binding.name
    return target.memory.name if isinstance(target, Element) else "result"


def check_joins(scope: Scope, started: dict[Symbol, Result], kernel: Block, ends: dict[Symbol, Atom]) -> None:
    """Refuse a body that does more with its accumulators than to join values with them. ``started``: what
    stands for them before an iteration; ``ends``: their values after it."""
    marked = Block((*kernel.stmts, *(Return(end) for end in ends.values())))
    numbered = simplify(marked, scope.fresh)
    body = Block(numbered.stmts[: len(numbered.stmts) - len(ends)])
    values = [s.value for s in numbered.stmts if isinstance(s, Return)]
    combiners = {start: r.combiner for start, r in started.items() if r.rides is None}
    passengers = [start for start, r in started.items() if r.rides is not None]
    if not only_joins(body, combiners, passengers, dict(zip(ends, values, strict=True))):
        kinds = " and ".join(dict.fromkeys(r.combiner.value for r in started.values() if r.rides is None))
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


def deliver(scope: Scope, opened: list[Result], values: list[Symbol]) -> None:
    """Write what a launch has reduced to the result arguments."""
    for result, value in zip(opened, values, strict=True):
        deliver_to(scope, result.target, value, result.cursor)


def deliver_to(scope: Scope, target: Place, value: Atom, cursor: Cursor) -> None:
    """Write a result of the target's type."""
    if isinstance(target, Element) and isinstance(target.memory.type, View) and not target.index:
        scope.stmts.append(DeepCopy(target.memory, value, location(cursor)))
    else:
        write(scope, target, value, cursor)
