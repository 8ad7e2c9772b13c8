"""Objects as groups of scalars, local arrays and Views: storage, copies, elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import assert_never

from transform.frontend import places, read_write
from transform.frontend.bindings import Scatter
from transform.frontend.clang import Cursor, location
from transform.frontend.classes import Indirect, Record, Row, Shape, Unknown
from transform.frontend.scope import (
    Alias,
    Binding,
    Broken,
    Either,
    Element,
    Group,
    Lvalue,
    Memory,
    Object,
    Opaque,
    Part,
    Place,
    Run,
    Scope,
    Slot,
    Sum,
    Unset,
    Value,
    Variable,
    zero,
)
from transform.ir.nodes import Atom, Block, Const, Declare, For
from transform.ir.types import INT, Array, Scalar, View

_UNROLLED = 16  # a copy of more elements is a loop


def allocate(scope: Scope, name: str, shape: Shape, cursor: Cursor, zeroed: bool = False) -> Lvalue:
    """Storage for an object: a variable per scalar member, a local array per member in an array."""
    return _allocate(scope, name, shape, (), cursor, zeroed)


def _allocate(
    scope: Scope, name: str, shape: Shape, extents: tuple[int, ...], cursor: Cursor, zeroed: bool
) -> Lvalue:
    match shape:
        case Scalar() if extents:
            symbol = scope.fresh.symbol(name, Array(shape, extents))
            scope.stmts.append(Declare(symbol, zeroed, location(cursor)))
            return Part(symbol)
        case Scalar():
            variable = scope.variable(name, shape)
            if zeroed:
                scope.env[variable.key] = Value(name, shape, zero(shape))
            return variable
        case Row(extent=extent, element=element):
            return _allocate(scope, name, element, (*extents, extent), cursor, zeroed)
        case Record():
            members = tuple(
                Slot(
                    f.key,
                    f.name,
                    _allocate(scope, _joined(name, f.name), f.shape, extents, cursor, zeroed),
                )
                for f in shape.all_fields
            )
            return Group(shape.name, members)
        case View() | Indirect() if not extents:
            key = scope.key()
            scope.env[key] = Unset()
            return Variable(key)
        case View() | Indirect():
            return Opaque(shape.spelling)
        case Unknown(spelling=spelling):
            return Opaque(spelling)
        case _:
            assert_never(shape)


def _joined(name: str, member: str) -> str:
    return f"{name}_{member}" if name else member


def copy(scope: Scope, target: Lvalue, source: Lvalue, cursor: Cursor) -> None:
    """``target = source``, member by member."""
    match target, source:
        case Group(), Group():
            for member in target.members:
                other = source.member(member.key)
                if other is not None:  # the bases of a derived object
                    copy(scope, member.place, other, cursor)
        case ((Part() | Run()), (Part() | Run())):
            _copy_array(scope, target, source, cursor)
        case (Run(extent=extent), Group()) | (Group(), Run(extent=extent)):
            for i in range(extent):
                _copy_elements(scope, target, source, (Const(i, INT),), cursor)
        case Opaque(), Opaque():
            pass
        case ((Variable() | Element() | Sum() | Either()), (Variable() | Element() | Sum() | Either())):
            if isinstance(target, Variable) and not isinstance(scope.env[target.key], Value):
                assert isinstance(source, Variable)
                before, after = scope.env[target.key], scope.env[source.key]
                if isinstance(before, Scatter | Alias | Object) and before != after:
                    # branches and loops do not join what such members refer to
                    hint = "make an object for each of them, and choose between values"
                    scope.refuse(cursor, "an object with a pointer or ScatterView is given another one", hint)
                scope.env[target.key] = after
            elif not _uninitialised(scope, source):
                read_write.write(scope, target, read_write.read(scope, source, "", cursor), cursor)
            elif isinstance(target, Variable):  # members that were never set stay so
                assert isinstance(source, Variable)
                scope.env[target.key] = scope.env[source.key]
        case _:
            scope.refuse(cursor, "objects of different types are copied", "copy their members")


def _uninitialised(scope: Scope, source: Lvalue) -> bool:
    binding = scope.env.get(source.key) if isinstance(source, Variable) else None
    return isinstance(binding, Value) and binding.atom is None


def _copy_array(scope: Scope, target: Part | Run, source: Part | Run, cursor: Cursor) -> None:
    extents = remaining(target)
    if extents != remaining(source):
        scope.refuse(cursor, "arrays of different shapes are copied", "copy their elements in a loop")
        return
    if target == source:
        return
    total = 1
    for extent in extents:
        total *= extent
    if total <= _UNROLLED:
        for index in product(*map(range, extents)):
            _copy_elements(scope, target, source, tuple(Const(i, INT) for i in index), cursor)
        return
    _copy_loop(scope, target, source, extents, (), cursor)


def _copy_loop(
    scope: Scope,
    target: Part | Run,
    source: Part | Run,
    extents: tuple[int, ...],
    index: tuple[Atom, ...],
    cursor: Cursor,
) -> None:
    if len(index) == len(extents):
        _copy_elements(scope, target, source, index, cursor)
        return
    symbol = scope.fresh.symbol("k", INT)
    with scope.collect() as stmts:
        _copy_loop(scope, target, source, extents, (*index, symbol), cursor)
    extent = Const(extents[len(index)], INT)
    body = Block(tuple(stmts))
    scope.stmts.append(For(symbol, Const(0, INT), extent, 1, False, (), body, location(cursor)))


def _copy_elements(
    scope: Scope, target: Lvalue, source: Lvalue, index: tuple[Atom, ...], cursor: Cursor
) -> None:
    to: Lvalue | None = target
    from_: Lvalue | None = source
    for i in index:
        to = None if to is None else places.indexed(scope, to, i, cursor)
        from_ = None if from_ is None else places.indexed(scope, from_, i, cursor)
    if to is not None and from_ is not None:
        copy(scope, to, from_, cursor)


def remaining(part: Part | Run) -> tuple[int, ...]:
    """The extents of a (sub)array."""
    if isinstance(part, Run):
        extents, element = [part.extent], part.element
        while isinstance(element, Row):
            extents.append(element.extent)
            element = element.element
        return tuple(extents)
    assert isinstance(part.memory.type, Array)
    return part.memory.type.extents[len(part.index) :]


def duplicate(scope: Scope, place: Lvalue, cursor: Cursor) -> Lvalue:
    """A new object with the present value of another one."""
    match place:
        case Group(members=members):
            copies = (replace(m, place=duplicate(scope, m.place, cursor)) for m in members)
            return replace(place, members=tuple(copies))
        case Part(memory=memory) if isinstance(memory.type, Array):
            symbol = scope.fresh.symbol(memory.name, Array(memory.type.element, remaining(place)))
            scope.stmts.append(Declare(symbol, False, location(cursor)))
            copy(scope, Part(symbol), place, cursor)
            return Part(symbol)
        case Run():
            extents, element = remaining(place), place.element
            while isinstance(element, Row):
                element = element.element
            made_array = _allocate(scope, place.memory.name, element, extents, cursor, False)
            copy(scope, made_array, place, cursor)
            return made_array
        case Variable(key=key):
            made = Variable(scope.key())
            scope.env[made.key] = scope.env[key]
            return made
        case Element() | Sum() | Either():
            variable = scope.variable(_place_name(place), read_write.place_type(scope, place))
            copy(scope, variable, place, cursor)
            return variable
        case _:
            return place


def _place_name(place: Place) -> str:
    return place.memory.name if isinstance(place, Element) else "value"


def clear(scope: Scope, target: Lvalue, shape: Shape, cursor: Cursor) -> None:
    """``target = {}`` of scalars and arrays."""
    match shape, target:
        case Scalar(), (Variable() | Element() | Sum() | Either()):
            read_write.write(scope, target, zero(shape), cursor)
        case Row(extent=extent, element=element), _:
            for i in range(extent):
                item = places.indexed(scope, target, Const(i, INT), cursor)
                if item is not None:
                    clear(scope, item, element, cursor)
        case Record(), Group():
            for field in shape.all_fields:
                member = target.member(field.key)
                if member is not None:
                    clear(scope, member, field.shape, cursor)
        case _:
            pass  # a View that names nothing, a null pointer, something unknown


def binding_of(place: Lvalue) -> Memory | Object | None:
    """The binding of a variable that is this object or array, or refers to it."""
    match place:
        case Part(memory=memory, index=()):
            return Memory(memory)
        case Part() | Run() | Group():
            return Object(place)
        case Memory():
            return place
        case _:
            return None


def reference_to(place: Lvalue | None) -> Binding:
    """The binding of a reference to what is denoted; ``None`` stands for a finding."""
    match place:
        case Variable() | Element() | Sum() | Either():
            return Alias(place)
        case None:
            return Broken()
        case _:
            return binding_of(place) or Broken()


def referred(binding: Binding | None) -> Lvalue | None:
    """What a reference or an object stands for; ``None`` for anything else."""
    match binding:
        case Alias(place=target):
            return target
        case Object(place=found):
            return found
        case Memory(symbol=symbol):
            return Part(symbol) if isinstance(symbol.type, Array) else binding
        case _:
            return None


def leaves(place: Lvalue, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Lvalue]]:
    """The scalars, arrays and Views that an object consists of, with the names that lead to them."""
    if isinstance(place, Group):
        for member in place.members:
            yield from leaves(member.place, (*path, member.name))
    else:
        yield path, place


def keys(scope: Scope, place: Lvalue) -> Iterator[int]:
    """The keys of the variables that an object consists of."""
    for _, leaf in leaves(place):
        if isinstance(leaf, Variable):
            yield leaf.key
            binding = scope.env.get(leaf.key)
            if isinstance(binding, Object):
                yield from keys(scope, binding.place)
