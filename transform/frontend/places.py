"""Lvalues: variables, elements of Views and arrays, accumulators; reading and writing them."""

from __future__ import annotations

from dataclasses import replace

from transform.frontend import fence
from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    TypeKind,
    Unary,
    arguments,
    evaluate,
    expressions,
    has_global_storage,
    is_written,
    key,
    member_of,
    strip,
    unary_kind,
)
from transform.frontend.classes import Record, Row, Shape, count, is_object, shape
from transform.frontend.cpptypes import array, is_view, scalar
from transform.frontend.local_arrays import constant_array
from transform.frontend.scope import (
    THIS,
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
    Value,
    Variable,
    ViewName,
)
from transform.frontend.shape import element_index, rank
from transform.frontend.views import view_of
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const, Symbol
from transform.ir.types import INT, Array, Scalar, View

_SUM_READ = (
    "the accumulator of a parallel_reduce is read",
    "only add to it (sum += ...): its value inside the kernel depends on the schedule",
)
_SUM_WRITTEN = ("the accumulator of a parallel_reduce is overwritten", "only add to it (sum += ...)")
# ---- memory ----


def memory(scope: Scope, cursor: Cursor) -> Symbol | None:
    """The View or whole array that an expression names; ``None`` after a finding."""
    source = strip(cursor)
    if is_view(source.type):
        found = view_of(scope, source)
        if found is not None and found.mapping is not None:
            hint = "use the whole View here, or copy the part into a View of its own"
            scope.refuse(source, "a part of a View is not supported here", hint)
            return None
        return None if found is None else found.symbol
    match lvalue(scope, source):
        case Part(memory=symbol, index=()):
            return symbol
        case None:
            return None
        case _:
            hint = "pass the array as a parameter or declare it in the function"
            scope.refuse(source, f"'{source.spelling}' is not an array known here", hint)
            return None


# ---- places ----


def place(scope: Scope, cursor: Cursor) -> Place | None:
    """What a scalar lvalue denotes; ``None`` after a finding. Index expressions are evaluated here."""
    match lvalue(scope, cursor):
        case Variable(key=variable) if not isinstance(scope.env[variable], Value):
            pass
        case (Variable() | Element() | Sum() | Either()) as found:
            return found
        case None:
            return None
        case _:
            pass
    message = f"'{strip(cursor).spelling}' is not a scalar variable of the function"
    scope.refuse(cursor, message, "pass it as a parameter; global variables must be constants")
    return None


def lvalue(scope: Scope, cursor: Cursor) -> Lvalue | None:
    """What an lvalue of any type denotes, or the object that a class expression makes; ``None`` after a
    finding."""
    cursor = strip(cursor)
    kind = cursor.kind
    if kind in (CursorKind.DECL_REF_EXPR, CursorKind.MEMBER_REF_EXPR):
        return _named(scope, cursor)
    if kind == CursorKind.CALL_EXPR and is_view_access(cursor):
        return _view_element(scope, cursor)
    if kind == CursorKind.ARRAY_SUBSCRIPT_EXPR:
        return _array_element(scope, cursor)
    if kind == CursorKind.UNARY_OPERATOR and unary_kind(cursor) is Unary.DEREF:
        return pointee(scope, expressions(cursor)[0])
    if kind == CursorKind.CALL_EXPR or is_object(cursor.type):
        return scope.object(scope, cursor, "", False)
    if kind == CursorKind.UNARY_OPERATOR or kind == CursorKind.BINARY_OPERATOR:
        scope.refuse(
            cursor, "an assignment inside an expression is not supported", "give it its own statement"
        )
    else:
        scope.refuse(cursor, *fence.construct(cursor))
    return None


def binding(scope: Scope, cursor: Cursor) -> Binding | None:
    """What a name or a member stands for; ``None`` if it is not known. A finding makes it ``Broken``."""
    cursor = strip(cursor)
    if cursor.kind == CursorKind.DECL_REF_EXPR:
        return scope.env.get(key(cursor.referenced))
    if cursor.kind != CursorKind.MEMBER_REF_EXPR:
        return None
    match _member(scope, cursor):
        case Variable(key=variable):
            return scope.env[variable]
        case (Element() | Sum() | Either()) as element:
            return Alias(element)
        case Part(memory=symbol, index=()):
            return Memory(symbol)
        case Memory() as view:
            return view
        case (Part() | Run() | Group()) as found:
            return Object(found)
        case _:
            return Broken()


def variable_key(scope: Scope, cursor: Cursor) -> int | None:
    """The key of the variable that a name or a member is."""
    cursor = strip(cursor)
    if cursor.kind == CursorKind.DECL_REF_EXPR:
        return key(cursor.referenced)
    member = _member(scope, cursor) if cursor.kind == CursorKind.MEMBER_REF_EXPR else None
    return member.key if isinstance(member, Variable) else None


def _member(scope: Scope, cursor: Cursor) -> Lvalue | None:
    """The member that ``object.x``, ``pointer->x`` or, in a member function, ``x`` denotes."""
    inner = member_of(cursor)
    base: Lvalue | None
    if not inner:
        this = scope.env.get(THIS)
        base = this.place if isinstance(this, Object) else None
    elif inner[0].type.get_canonical().kind == TypeKind.POINTER:
        base = pointee(scope, inner[0])
    else:
        base = lvalue(scope, inner[0])
    found = base.member(key(cursor.referenced)) if isinstance(base, Group) else None
    if isinstance(found, Opaque):
        hint = "supported are scalars, arrays, Views and classes of these"
        scope.refuse(cursor, f"a member of type '{found.type}' is not supported", hint)
        return None
    if found is None and (base is not None or not inner):
        scope.refuse(cursor, *fence.construct(cursor))
    return found


def _named(scope: Scope, cursor: Cursor) -> Lvalue | None:
    name = key(cursor.referenced)
    if cursor.kind == CursorKind.MEMBER_REF_EXPR:
        member = _member(scope, cursor)
        if not isinstance(member, Variable):
            return member
        name = member.key
    known = scope.env.get(name)
    match scope.env.get(known.key) if isinstance(known, ViewName) else known:
        case Value():
            return Variable(name)
        case Alias(place=target, pointer=False):
            return target
        case Object(place=found, pointer=False):
            return found
        case Memory(symbol=symbol) as view:
            return Part(symbol) if isinstance(symbol.type, Array) else view
        case Broken():
            return None
        case _:
            pass
    declaration = cursor.referenced
    if declaration is not None and array(declaration.type) is not None and has_global_storage(declaration):
        constants = constant_array(scope, declaration, cursor)
        return None if constants is None else Part(constants)
    what = "View" if is_view(cursor.type) else "array" if array(cursor.type) is not None else ""
    if what:
        hint = f"pass the {what} as a parameter or declare it in the function"
        scope.refuse(cursor, f"'{cursor.spelling}' is not a {what} known here", hint)
    else:
        hint = "pass it as a parameter; global variables must be constants"
        scope.refuse(cursor, f"'{cursor.spelling}' is not a scalar variable of the function", hint)
    return None


def is_broken(scope: Scope, cursor: Cursor | None) -> bool:
    """Whether an expression is an object, or a member of one, that was refused where it is declared: it needs
    no finding of its own."""
    while cursor is not None:
        cursor = strip(cursor)
        if cursor.kind == CursorKind.DECL_REF_EXPR:
            return isinstance(scope.env.get(key(cursor.referenced)), Broken)
        base = expressions(cursor) if cursor.kind == CursorKind.MEMBER_REF_EXPR else []
        cursor = base[0] if base else None
    return False


def is_view_access(cursor: Cursor) -> bool:
    """Whether a call is ``v(i, ...)``, ``v[i]`` or ``v.access(i, ...)`` of a Kokkos View."""
    if cursor.spelling in ("operator()", "operator[]"):
        given = arguments(cursor)
        return bool(given) and is_view(strip(given[0]).type)  # Kokkos >= 4.6 converts to a base
    return cursor.spelling == "access" and (base := member_base(cursor)) is not None and is_view(base.type)


def member_base(call: Cursor) -> Cursor | None:
    """The object of a member-function call."""
    inner = expressions(call)
    if not inner or inner[0].kind != CursorKind.MEMBER_REF_EXPR or inner[0].spelling != call.spelling:
        return None  # an operator; its operand may be a member
    base = member_of(inner[0])
    return strip(base[0]) if base else None


def _view_element(scope: Scope, cursor: Cursor) -> Lvalue | None:
    given = [a for a in arguments(cursor) if is_written(a)]
    base = given.pop(0) if cursor.spelling != "access" else member_base(cursor)
    assert base is not None
    view = view_of(scope, base)
    index = indices(scope, given)
    if view is None or index is None:
        return None
    if len(index) != rank(view):
        message = f"a View of rank {rank(view)} is accessed with {len(index)} index(es)"
        scope.refuse(cursor, message, "give exactly one index per dimension")
        return None
    index = element_index(scope, view, index, cursor)
    if not isinstance(view.symbol.type, View) or not view.symbol.type.objects:
        return Element(view.symbol, index)
    return scalars_at(scope, view.symbol, index, Const(0, INT), shape(cursor.type), cursor)


def scalars_at(
    scope: Scope, memory: Symbol, index: tuple[Atom, ...], first: Atom, type_: Shape, cursor: Cursor
) -> Lvalue:
    """The object whose scalars start at ``first`` in an element of a View of objects."""
    match type_:
        case Scalar():
            return Element(memory, (*index, first))
        case Row(extent=extent, element=element):
            return Run(memory, index, first, element, extent)
        case Record():
            slots = []
            for f in type_.all_fields:
                slots.append(Slot(f.key, f.name, scalars_at(scope, memory, index, first, f.shape, cursor)))
                first = apply(scope, "add", (first, Const(count(f.shape), INT)), "", cursor)
            return Group(type_.name, tuple(slots))
        case _:
            return Opaque(str(cursor.type.spelling))


def _array_element(scope: Scope, cursor: Cursor) -> Lvalue | None:
    operands = expressions(cursor)
    if len(operands) != 2 or scalar(operands[1].type) is None:
        scope.refuse(cursor, "this subscript is not supported", "write array[index]")
        return None
    target = array_operand(scope, operands[0])
    index = indices(scope, [operands[1]])
    if target is None or index is None:
        return None
    return indexed(scope, target, index[0], cursor)


def array_operand(scope: Scope, cursor: Cursor) -> Lvalue | None:
    """The array that a subscript or a pointer parameter goes into: an array, or a pointer to its start."""
    source = strip(cursor)
    if source.type.get_canonical().kind != TypeKind.POINTER:
        return lvalue(scope, source)
    if source.kind == CursorKind.CALL_EXPR:
        return lvalue(scope, source)
    match binding(scope, source):
        case Memory(symbol=symbol) if isinstance(symbol.type, Array):
            return Part(symbol)
        case Object(place=Group() as objects):
            return objects
        case Object(place=(Part() | Run()) as part, pointer=False):
            return part
        case Broken():
            return None
        case _:
            message = "this is not an element of a local array"
            scope.refuse(cursor, message, "index a View, or a local array")
            return None


def pointee(scope: Scope, cursor: Cursor) -> Lvalue | None:
    """What a pointer points to; ``None`` after a finding."""
    inner = strip(cursor)
    if inner.kind == CursorKind.UNARY_OPERATOR and unary_kind(inner) is Unary.ADDRESS:
        return lvalue(scope, expressions(inner)[0])
    found = scope.env.get(THIS) if inner.kind == CursorKind.CXX_THIS_EXPR else binding(scope, inner)
    match found:
        case Alias(place=target, pointer=True):
            return target
        case Object(place=target, pointer=pointer) if pointer or inner.kind == CursorKind.CXX_THIS_EXPR:
            return target
        case Memory(symbol=symbol) if isinstance(symbol.type, Array):
            return indexed(scope, Part(symbol), Const(0, INT), cursor)
        case Broken():
            return None
        case _:
            pass
    scope.refuse(cursor, "dereferencing this pointer is not supported", "use a reference or array[index]")
    return None


def indexed(scope: Scope, place: Lvalue, index: Atom, cursor: Cursor) -> Lvalue | None:
    """``place[index]``; ``None`` after a finding."""
    match place:
        case Part(memory=memory, index=known) if isinstance(memory.type, Array):
            if isinstance(index, Const):
                index = Const(index.value, INT)
            if len(known) + 1 < len(memory.type.extents):
                return Part(memory, (*known, index))
            if len(known) + 1 == len(memory.type.extents):
                return Element(memory, (*known, index))
        case Run(memory=memory, index=known, first=first, element=element):
            step = Const(count(element), INT)
            number = convert(scope, index, INT, "", cursor)
            offset = apply(scope, "mul", (number, step), "", cursor) if step.value != 1 else number
            first = apply(scope, "add", (first, offset), "", cursor)
            return scalars_at(scope, memory, known, first, element, cursor)
        case Group(members=members):
            places_ = [(m, indexed(scope, m.place, index, cursor)) for m in members]
            if any(p is None for _, p in places_):
                return None
            return replace(place, members=tuple(replace(m, place=p) for m, p in places_ if p is not None))
        case Opaque():
            return place
        case Memory(symbol=symbol, mapping=None) if isinstance(symbol.type, View) and symbol.type.rank == 1:
            return Element(symbol, (index,))
        case _:
            pass
    scope.refuse(cursor, "this is not an element of a local array", "index every dimension of the array")
    return None


def indices(scope: Scope, cursors: list[Cursor]) -> tuple[Atom, ...] | None:
    index: list[Atom] = []
    for cursor in cursors:
        atom = scope.expression(scope, cursor, "", False)
        if not atom_type(atom).is_integer:
            scope.refuse(cursor, "an index must be an integer", "convert it explicitly")
            return None
        index.append(atom)
    return tuple(index)


def constant_value(declaration: Cursor) -> Const | None:
    """The value of a ``constexpr`` or ``const`` variable or an enumerator known at compile time."""
    type_ = scalar(declaration.type)
    if type_ is None:
        return None
    if declaration.kind == CursorKind.ENUM_CONSTANT_DECL:
        return constant(int(declaration.enum_value), type_)
    if declaration.kind != CursorKind.VAR_DECL or not declaration.type.get_canonical().is_const_qualified():
        return None
    value = evaluate(declaration)
    return None if value is None else constant(value, type_)
