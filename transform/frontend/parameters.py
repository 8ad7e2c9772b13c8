"""The parameters of the function that is differentiated; objects are taken apart into their members."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace

from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    TypeKind,
    Unary,
    children,
    is_public,
    key,
    location,
    strip,
    unary_kind,
    walk,
)
from transform.frontend.classes import Field, Indirect, Record, Row, Unknown, shape
from transform.frontend.cpptypes import (
    is_mutable_reference,
    is_reference,
    is_view,
    plain_spelling,
    scalar,
    view,
)
from transform.frontend.makers import maker
from transform.frontend.pointed_arrays import subscripts_end
from transform.frontend.scope import (
    NOTHING,
    THIS,
    Alias,
    Binding,
    Broken,
    Group,
    Lvalue,
    Memory,
    Object,
    Opaque,
    Part,
    Scope,
    Slot,
    Unset,
    Value,
    Variable,
)
from transform.frontend.view_classes import view_class
from transform.ir.nodes import Atom, Block, Const, Declare, Increment, Load, Param, Store, Symbol
from transform.ir.objects import Formal, Private, Rebound
from transform.ir.types import INT, Array, Scalar, View
from transform.ir.walk import walk as walk_ir
from transform.private_members import private

_MOST_ELEMENTS = 32  # of an array member: each is an argument of its own
_DEEPEST = 4  # objects in objects


@dataclass
class Parameters:
    """What the parameters became. ``visible``: the scalar variables that the caller sees after the call, with
    their values before; ``arrays``: such arrays, and what their elements are before; ``hidden``: members that
    are not public; ``unnamable``: members behind references that are not public."""

    params: list[Param] = field(default_factory=list)
    formals: list[Formal] = field(default_factory=list)
    visible: list[tuple[int, Symbol]] = field(default_factory=list)
    arrays: list[tuple[Symbol, tuple[Symbol, ...]]] = field(default_factory=list)
    hidden: list[Private] = field(default_factory=list)
    unnamable: list[tuple[Symbol, str]] = field(default_factory=list)


def parameters(scope: Scope, function: Cursor) -> Parameters:
    """Bind the parameters of ``function``, and ``*this`` of a member function."""
    found = Parameters()
    written = list(function.get_arguments())
    names = {str(p.spelling) for p in written}
    if function.kind == CursorKind.CXX_METHOD and not function.is_static_method():
        owner = function.semantic_parent.type
        if not isinstance(shape(owner), Record):
            message = f"an object of type '{owner.spelling}' is not supported"
            scope.refuse(function, message, "move the function into a class without unions and virtual bases")
            return found
        name = "self" if "self" not in names else "self_"
        leaves = _Leaves(scope, found, names, function, by_value=False)
        place = leaves.object(name, "", owner)
        made, pointees = maker(owner), tuple(leaves.pointees)
        found.formals.append(Formal(name, plain_spelling(owner), 0, this=True, maker=made, pointees=pointees))
        scope.env[THIS] = Object(place)
    offset = len(found.formals)
    for position, parameter in enumerate(written):
        scope.env[key(parameter)] = _parameter(scope, found, function, parameter, position + offset, names)
    return found


def changed_scalars(scope: Scope, found: Parameters, function: Cursor) -> dict[Symbol, Atom]:
    """The scalars of the caller that the function changes, with their final values."""
    changed: dict[Symbol, Atom] = {}
    for variable, symbol in found.visible:
        now = scope.env[variable]
        if isinstance(now, Value) and now.atom is not None and now.atom != symbol:
            changed[symbol] = now.atom
    writes = [s.memory for s in walk_ir(Block(tuple(scope.stmts))) if isinstance(s, Store | Increment)]
    for array, elements in found.arrays:
        if writes.count(array) == len(elements):  # those that fill it
            continue
        for i, symbol in enumerate(elements):
            assert isinstance(symbol.type, Scalar)
            name = f"{symbol.name}_now"
            changed[symbol] = scope.let(Load(array, (Const(i, INT),)), symbol.type, name, function)
    return changed


def rebound(scope: Scope, found: Parameters, used: Container[object]) -> tuple[Rebound, ...]:
    """The View variables of the caller that are given other memory.

    Only those are taken whose own View the function does not use: else its adjoint would be that of one View
    before the call and of another one after it.
    """
    members = {p.symbol: p.member for p in found.params if p.member}
    views = {p.symbol for p in found.params}
    given = []
    for variable, cursor in scope.moved.items():
        before, now = scope.pinned[variable], scope.env[variable]
        if now == Memory(before):
            continue
        whole = isinstance(now, Memory) and now.mapping is None and now.symbol in views
        if before in used or before not in members or not (whole or now == NOTHING):
            hint = "take the View by value, or copy its elements with deep_copy"
            scope.refuse(cursor, "a View parameter passed by reference is given other memory", hint)
            continue
        given.append(Rebound(members[before], now.symbol if isinstance(now, Memory) else None))
    return tuple(given)


def formals(found: Parameters, changed: Iterable[Symbol], moved: Iterable[Rebound]) -> tuple[Formal, ...]:
    """The parameters of class type; those with ``changed`` members are marked."""
    paths = [p.member for p in found.params if p.symbol in set(changed)] + [r.path for r in moved]
    owners = {re.split(r"\.|->|\[", path, maxsplit=1)[0] for path in paths}
    return tuple(replace(f, changed=f.changed or f.name in owners) for f in found.formals)


def check(scope: Scope, found: Parameters, function: Cursor, params: tuple[Param, ...]) -> None:
    """Refuse members that no caller can name."""
    used = {p.symbol for p in params}
    for symbol, path in found.unnamable:
        if symbol in used:
            hint = "make it public, or a pointer: there are no pointers to members that are references"
            scope.refuse(
                function, f"the private reference behind '{path}' has no name outside its class", hint
            )


def _parameter(
    scope: Scope, found: Parameters, function: Cursor, cursor: Cursor, position: int, names: set[str]
) -> Binding:
    name, type_ = str(cursor.spelling) or f"unused_{position}", cursor.type
    element, view_type, canonical = scalar(type_), view(type_), type_.get_canonical()
    if view_type is not None:
        symbol = scope.fresh.symbol(name, view_type)
        found.params.append(Param(symbol, view_type.declared))
        if is_mutable_reference(type_):
            scope.pinned[key(cursor)] = symbol
        return Memory(symbol)
    if element is not None and not is_mutable_reference(type_):
        symbol = scope.fresh.symbol(name, element)
        found.params.append(Param(symbol, plain_spelling(type_), enumeration=_enumeration(type_)))
        return Value(name, element, symbol)
    if element is not None:
        symbol = scope.fresh.symbol(name, element)
        found.params.append(Param(symbol, plain_spelling(type_), by="&"))
        found.visible.append((key(cursor), symbol))
        return Value(name, element, symbol)
    target = _single_scalar(type_, cursor, function)
    if target is not None:
        symbol = scope.fresh.symbol(name, target)
        found.params.append(Param(symbol, target.name, by="*"))
        variable = scope.variable(name, target)
        scope.env[variable.key] = Value(name, target, symbol)
        found.visible.append((variable.key, symbol))
        return Alias(variable, pointer=True)
    extent = int(canonical.element_count) if canonical.kind == TypeKind.CONSTANTARRAY else 0
    target = scalar(canonical.element_type) if extent else None
    if canonical.kind == TypeKind.POINTER:
        target, extent = scalar(canonical.get_pointee()), subscripts_end(function, cursor)
    if target is not None and 0 < extent <= _MOST_ELEMENTS:
        found.formals.append(Formal(name, target.name, position, extent=extent))
        leaves = _Leaves(scope, found, names, cursor, by_value=False)
        return Memory(leaves.array(name, name, extent, target, unnamable=False))
    if is_view(type_):
        hint = "supported are Views of rank 0 to 8 of float, double, integers and bool"
        scope.refuse(cursor, f"a View of type '{type_.spelling}' is not supported", hint)
        return Broken()
    around_views = view_class(scope, function, cursor, name, position)
    if around_views is not None:
        binding, formal, params = around_views
        found.formals.append(formal)
        found.params += params
        return binding
    pointer = canonical.kind == TypeKind.POINTER
    class_ = canonical.get_pointee() if pointer else type_
    if not isinstance(shape(class_), Record):
        changed = is_mutable_reference(type_)
        spelling = str(class_.spelling) if pointer else plain_spelling(class_)
        found.formals.append(Formal(name, spelling, position, pointer, changed=changed, maker=maker(class_)))
        return Unset()  # handed on; any use that matters is refused
    by_value = not pointer and canonical.kind not in (TypeKind.LVALUEREFERENCE, TypeKind.RVALUEREFERENCE)
    leaves = _Leaves(scope, found, names, cursor, by_value)
    place = leaves.object(name, f"{name}_", class_, "->" if pointer else ".")
    made, pointees = maker(class_), tuple(leaves.pointees)
    found.formals.append(
        Formal(name, plain_spelling(class_), position, pointer, maker=made, pointees=pointees)
    )
    return Object(place, pointer)


def _single_scalar(type_: ClangType, cursor: Cursor, function: Cursor) -> Scalar | None:
    """The type behind a pointer to one scalar: the function only ever dereferences it."""
    canonical = type_.get_canonical()
    pointee = canonical.get_pointee() if canonical.kind == TypeKind.POINTER else None
    target = None if pointee is None or pointee.is_const_qualified() else scalar(pointee)
    if target is None:
        return None
    every = list(walk(function))
    named = sum(c.kind == CursorKind.DECL_REF_EXPR and c.referenced == cursor for c in every)
    followed = 0
    for c in every:
        if c.kind == CursorKind.UNARY_OPERATOR and unary_kind(c) is Unary.DEREF:
            inner = strip(children(c)[0])
            followed += inner.kind == CursorKind.DECL_REF_EXPR and inner.referenced == cursor
    return target if 0 < named == followed else None


def _enumeration(type_: ClangType) -> str:
    """The name of an enumeration; empty for other types, and for one without a name."""
    if type_.get_canonical().kind != TypeKind.ENUM:
        return ""
    spelling = plain_spelling(type_)
    return "" if "(" in spelling else spelling


def _pointee(type_: ClangType) -> ClangType:
    return type_.get_canonical().get_pointee()


@dataclass
class _Leaves:
    """Makes arguments of the members of one parameter."""

    scope: Scope
    found: Parameters
    names: set[str]
    cursor: Cursor
    by_value: bool
    pointees: list[tuple[str, str]] = field(default_factory=list)

    def object(self, expression: str, prefix: str, type_: ClangType, access: str = ".") -> Group:
        record = shape(type_)
        assert isinstance(record, Record)
        return self._group(record, expression + access, prefix, False, (record.name,))

    def _group(
        self, record: Record, expression: str, prefix: str, unnamable: bool, around: tuple[str, ...]
    ) -> Group:
        slots = []
        for member in record.all_fields:
            name, path = prefix + member.name, expression + member.name
            beyond = unnamable
            if not is_public(member.declaration):
                owner = plain_spelling(member.declaration.semantic_parent.type)
                self.found.hidden.append(private(path, owner, member.name))
                beyond = beyond or is_reference(member.declaration.type)
            slots.append(Slot(member.key, member.name, self._member(member, path, name, beyond, around)))
        return Group(record.name, tuple(slots))

    def _member(
        self, member: Field, path: str, name: str, unnamable: bool, around: tuple[str, ...]
    ) -> Lvalue:
        match member.shape:
            case Scalar() as type_:
                symbol = self._symbol(path, name, type_, unnamable, _enumeration(member.declaration.type))
                variable = self.scope.variable(symbol.name, type_)
                self.scope.env[variable.key] = Value(symbol.name, type_, symbol)
                if not self.by_value:
                    self.found.visible.append((variable.key, symbol))
                return variable
            case View() as type_:
                return self._view(path, name, type_, unnamable)
            case Record() as record if len(around) < _DEEPEST:
                return self._group(
                    record, f"{path}.", f"{name.rstrip('_')}_", unnamable, (*around, record.name)
                )
            case Row(extent=extent, element=Scalar() as element) if extent <= _MOST_ELEMENTS:
                return Part(self.array(path, name, extent, element, unnamable))
            case Indirect(spelling=spelling):
                target = _pointee(member.declaration.type)
                there = shape(target)
                if isinstance(there, View):
                    return self._indirect_view(member, path, name, there, unnamable)
                if not isinstance(there, Record) or there.name in around or len(around) >= _DEEPEST:
                    return Opaque(spelling)
                pointer = not is_reference(member.declaration.type)
                access = "->" if pointer else "."
                if pointer:
                    self.pointees.append((re.split(r"\.|->", path, maxsplit=1)[1], maker(target) or ""))
                group = self._group(
                    there, path + access, f"{name.rstrip('_')}_", unnamable, (*around, there.name)
                )
                variable = Variable(self.scope.key())
                self.scope.env[variable.key] = Object(group, pointer)
                return variable
            case Row() | Record():
                return Opaque(str(member.declaration.type.spelling))
            case Unknown(spelling=spelling):
                return Opaque(spelling)

    def _view(self, path: str, name: str, type_: View, unnamable: bool) -> Variable:
        variable = Variable(self.scope.key())
        symbol = self._symbol(path, name, type_, unnamable)
        self.scope.env[variable.key] = Memory(symbol)
        if not self.by_value:
            self.scope.pinned[variable.key] = symbol
        return variable

    def _indirect_view(self, member: Field, path: str, name: str, type_: View, unnamable: bool) -> Variable:
        """A reference or pointer to a View."""
        if is_reference(member.declaration.type):
            return self._view(path, name, type_, unnamable)
        made = maker(_pointee(member.declaration.type)) or ""
        self.pointees.append((re.split(r"\.|->", path, maxsplit=1)[1], made))
        pointer = Variable(self.scope.key())
        self.scope.env[pointer.key] = Alias(self._view(f"{path}[0]", name, type_, unnamable), pointer=True)
        return pointer

    def array(self, path: str, name: str, extent: int, element: Scalar, unnamable: bool) -> Symbol:
        """A local array with the elements of one of the caller's."""
        array = self.scope.fresh.symbol(name, Array(element, (extent,)))
        self.scope.stmts.append(Declare(array, False, location(self.cursor)))
        elements = []
        for i in range(extent):
            symbol = self._symbol(f"{path}[{i}]", f"{name.rstrip('_')}_{i}", element, unnamable)
            elements.append(symbol)
            self.scope.stmts.append(Store(array, (Const(i, INT),), symbol, location(self.cursor)))
        if not self.by_value:
            self.found.arrays.append((array, tuple(elements)))
        return array

    def _symbol(
        self, path: str, name: str, type_: Scalar | View, unnamable: bool, enumeration: str = ""
    ) -> Symbol:
        name = name.rstrip("_")  # x_b, not x__b
        while name in self.names:
            name = f"{path.partition('.')[0]}_{name}"
        self.names.add(name)
        symbol = self.scope.fresh.symbol(name, type_)
        spelling = type_.spelling if isinstance(type_, View) else type_.name
        self.found.params.append(Param(symbol, spelling, path, enumeration=enumeration))
        if unnamable:
            self.found.unnamable.append((symbol, path))
        return symbol
