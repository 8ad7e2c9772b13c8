"""Objects from expressions: constructors, braced lists, copies, calls that return objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transform.frontend import fence
from transform.frontend.arith import convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    children,
    expressions,
    is_written,
    key,
    source_text,
    strip,
)
from transform.frontend.classes import Indirect, Record, Row, Shape, Unknown, default_initializer, shape
from transform.frontend.cpptypes import is_reference, is_view, scalar
from transform.frontend.identity import view_key
from transform.frontend.inline import Frame, pointer_argument, run
from transform.frontend.lower_view import view_value
from transform.frontend.objects import allocate, binding_of, clear, copy
from transform.frontend.places import indexed, lvalue, place
from transform.frontend.read_write import write
from transform.frontend.scatter import is_scatter, scatter_argument
from transform.frontend.scope import (
    THIS,
    Alias,
    Broken,
    Either,
    Element,
    Group,
    Handle,
    Lvalue,
    Scope,
    Sum,
    Variable,
    ViewName,
)
from transform.ir.nodes import Const
from transform.ir.types import BOOL, INT, Scalar, View

_K = CursorKind
_CASTS = (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR, _K.CSTYLE_CAST_EXPR)


def construct(scope: Scope, cursor: Cursor, name: str, type_: Shape | None = None) -> Lvalue | None:
    """A new object with the value of an expression; ``None`` after a finding."""
    source = strip(cursor)
    wanted = type_ or shape(source.type)
    if isinstance(wanted, Unknown):
        scope.refuse(source, *fence.value_type(source))
        return None
    if source.kind in _CASTS and not is_reference(source.type) and expressions(source):
        return construct(scope, expressions(source)[-1], name, wanted)
    if source.kind == _K.CALL_EXPR and is_new(source) and not _constructs(source):
        return scope.object(scope, source, name, True)
    made = allocate(scope, name, wanted, source)
    findings = len(scope.findings)
    initialise(scope, made, wanted, source)
    return made if len(scope.findings) == findings else None


def _constructs(cursor: Cursor) -> bool:
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    return callee is not None and callee.kind == _K.CONSTRUCTOR


def is_new(cursor: Cursor) -> bool:
    """Whether an expression makes an object of its own."""
    cursor = strip(cursor)
    if cursor.kind == _K.CALL_EXPR:
        return cursor.referenced is not None and not is_reference(cursor.referenced.result_type)
    if cursor.kind == _K.CONDITIONAL_OPERATOR:
        return any(is_new(side) for side in expressions(cursor)[1:])
    return cursor.kind == _K.INIT_LIST_EXPR or (cursor.kind in _CASTS and not is_reference(cursor.type))


# ---- initialisation of storage ----


def initialise(scope: Scope, target: Lvalue, type_: Shape, init: Cursor) -> None:
    """Give new storage the value of an initialiser."""
    init = strip(init)
    while init.kind in _CASTS and not isinstance(type_, Scalar) and expressions(init):
        init = strip(expressions(init)[-1])
    if init.kind == _K.INIT_LIST_EXPR:
        _from_list(scope, target, type_, init)
        return
    if init.kind == _K.CONDITIONAL_OPERATOR and isinstance(type_, Record | Row):
        _choose(scope, target, type_, init)
        return
    match type_:
        case Scalar():
            _scalar(scope, target, type_, init)
        case View():
            assert isinstance(target, Variable)
            scope.env[target.key] = view_value(scope, init, "") or Broken()
        case Indirect():
            assert isinstance(target, Variable)
            _refer(scope, target, init)
        case Record() if _constructs(init):
            constructed(scope, target, type_, init)
        case Row() if _constructs(init):
            if len(arguments(init)) == 1:  # a copy
                initialise(scope, target, type_, arguments(init)[0])
                return
            if _is_value_initialised(init):
                clear(scope, target, type_, init)
            default(scope, target, type_, init)
        case Record() | Row():
            source = scope.object(scope, init, "", True)
            if source is not None:
                copy(scope, target, source, init)
        case Unknown():
            scope.refuse(init, *fence.value_type(init))


def _choose(scope: Scope, target: Lvalue, type_: Shape, init: Cursor) -> None:
    """``c ? a : b``: one of them is copied, or constructed in place."""
    condition, *sides = expressions(init)
    cond = convert(scope, scope.expression(scope, condition, "", False), BOOL, "", condition)
    if isinstance(cond, Const):
        initialise(scope, target, type_, sides[0 if cond.value else 1])
        return
    then = scope.branch(lambda: initialise(scope, target, type_, sides[0]))
    orelse = scope.branch(lambda: initialise(scope, target, type_, sides[1]))
    scope.join(cond, then, orelse, init)


def _scalar(scope: Scope, target: Lvalue, type_: Scalar, init: Cursor) -> None:
    assert isinstance(target, Variable | Element | Sum | Either)
    name = ""
    if isinstance(target, Variable):
        name = getattr(scope.env[target.key], "name", "")
    value = convert(scope, scope.expression(scope, init, name, True), type_, name, init)
    write(scope, target, value, init)


def _refer(scope: Scope, target: Variable, init: Cursor) -> None:
    """A reference, pointer or ScatterView as a member."""
    if is_scatter(init):
        scope.env[target.key] = scatter_argument(scope, init) or Broken()
        return
    if init.type.get_canonical().kind.name == "POINTER":
        scope.env[target.key] = pointer_argument(scope, init) or Broken()
        return
    if scalar(init.type) is not None:
        found = place(scope, init)
        scope.env[target.key] = Broken() if found is None else Alias(found)
        return
    if is_view(init.type):
        named = view_key(scope, init)
        known = named is not None and isinstance(scope.env.get(named), Handle)
        view = ViewName(named) if known and named is not None else view_value(scope, init, "")
        scope.env[target.key] = view or Broken()
        return
    referred = lvalue(scope, init)
    scope.env[target.key] = (None if referred is None else binding_of(referred)) or Broken()


# ---- braced lists ----


def _from_list(scope: Scope, target: Lvalue, type_: Shape, init: Cursor) -> None:
    items = expressions(init)
    if not items:
        if isinstance(type_, Record) and (constructor := _default_constructor(type_)) is not None:
            _run(scope, target, type_, constructor, [], init)
            return
        clear(scope, target, type_, init)
        default(scope, target, type_, init)
        return
    match type_:
        case Scalar() | View() | Indirect():
            initialise(scope, target, type_, items[0])
        case Record() if len(items) == 1 and _is_same(items[0], type_):
            initialise(scope, target, type_, items[0])
        case Record() if constructors := _constructors(type_):
            fitting = [c for c in constructors if len(arguments(c)) == len(items)]
            if len(fitting) == 1:
                _run(scope, target, type_, fitting[0], items, init)
            else:
                hint = f"write the constructor call: {type_.name}(...)"
                scope.refuse(init, "which constructor this list calls is not understood here", hint)
        case Record() | Row():
            used = _fill(scope, target, type_, items, 0, init)
            if used < len(items):
                scope.refuse(items[used], "this initialiser is not supported", "give one value per member")
        case Unknown():
            scope.refuse(init, *fence.value_type(init))


def _fill(
    scope: Scope, target: Lvalue, type_: Shape, items: list[Cursor], position: int, init: Cursor
) -> int:
    """Initialise the parts of an aggregate from ``items[position:]``, where inner braces may have been left
    out; return the next position."""
    match type_:
        case Row(extent=extent, element=element, wrapped=wrapped):
            first = strip(items[position]) if position < len(items) else None
            if wrapped and first is not None and first.kind == _K.INIT_LIST_EXPR:  # {{1, 2}}
                _from_list(scope, target, Row(extent, element, False), first)
                return position + 1
            for i in range(extent):
                item = indexed(scope, target, Const(i, INT), init)
                if item is not None:
                    position = _next(scope, item, element, items, position, init)
        case Record():
            for base in type_.bases:
                position = _next(scope, part(target, base), base, items, position, init)
            for field in type_.fields:
                member = target.member(field.key) if isinstance(target, Group) else None
                if member is not None and position < len(items):
                    position = _next(scope, member, field.shape, items, position, init)
                elif member is not None:
                    with _this(scope, target):  # members named in a default initialiser are the new object's
                        _without_item(
                            scope, member, field.shape, default_initializer(field.declaration), init
                        )
        case _:
            pass
    return position


def _next(
    scope: Scope,
    target: Lvalue,
    type_: Shape,
    items: list[Cursor],
    position: int,
    init: Cursor,
) -> int:
    """Initialise one part of an aggregate from the next item, or without one; return the next position."""
    if position >= len(items):
        _without_item(scope, target, type_, None, init)
        return position
    item = strip(items[position])
    whole = item.kind == _K.INIT_LIST_EXPR or not isinstance(type_, Row | Record) or _is_same(item, type_)
    if whole:
        initialise(scope, target, type_, item)
        return position + 1
    if isinstance(type_, Record) and _constructors(type_):
        hint = f"write the constructor call: {type_.name}(...)"
        scope.refuse(item, "this conversion in a list is not supported", hint)
        return position + 1
    return _fill(scope, target, type_, items, position, init)


def _without_item(scope: Scope, target: Lvalue, type_: Shape, written: Cursor | None, init: Cursor) -> None:
    if written is not None:
        initialise(scope, target, type_, written)
    else:
        clear(scope, target, type_, init)
        default(scope, target, type_, init)


def _is_same(item: Cursor, type_: Shape) -> bool:
    """Whether an expression is an object of the very class."""
    found = shape(item.type)
    return isinstance(type_, Record | Row) and found == type_


# ---- constructors ----


def part(target: Lvalue, base: Record) -> Group:
    """The part of an object that is its base."""
    wanted = {f.key for f in base.all_fields}
    members = target.members if isinstance(target, Group) else ()
    return Group(base.name, tuple(m for m in members if m.key in wanted))


def default(scope: Scope, target: Lvalue, type_: Shape, cursor: Cursor) -> None:
    """Default initialisation: scalars and arrays of them stay as they are."""
    match type_:
        case Row(extent=extent, element=Record() | Row() as element):
            for i in range(extent):
                item = indexed(scope, target, Const(i, INT), cursor)
                if item is not None:
                    default(scope, item, element, cursor)
        case Record():
            constructor = _default_constructor(type_)
            if constructor is not None:
                _run(scope, target, type_, constructor, [], cursor)
            elif isinstance(target, Group):
                with _this(scope, target):
                    _members(scope, target, type_, {}, cursor)
        case _:
            pass


def constructed(scope: Scope, target: Lvalue, type_: Record, call: Cursor) -> None:
    """Run the constructor that a call names on new storage."""
    constructor = call.referenced
    given = arguments(call)
    written = [a for a in given if is_written(a)]
    copies = constructor.is_copy_constructor() or constructor.is_move_constructor()
    if copies and written and (constructor.is_default_method() or not _has_body(constructor)):
        initialise(scope, target, type_, written[0])
    elif constructor.is_default_method() or not _has_body(constructor):
        if written:
            scope.refuse(call, "this constructor is not supported", "define it in the class")
            return
        if _is_value_initialised(call):
            clear(scope, target, type_, call)
        default(scope, target, type_, call)
    else:
        _run(scope, target, type_, constructor, given, call)


def _is_value_initialised(call: Cursor) -> bool:
    """Whether a default constructor is called as ``T()`` or ``T{}``, which sets everything to zero first."""
    return source_text(call).endswith((")", "}"))


def _has_body(constructor: Cursor) -> bool:
    definition = constructor.get_definition()
    return definition is not None and any(c.kind == _K.COMPOUND_STMT for c in definition.get_children())


def _run(
    scope: Scope, target: Lvalue, type_: Record, constructor: Cursor, given: list[Cursor], call: Cursor
) -> None:
    definition = constructor.get_definition()
    if definition is None or not _has_body(constructor) or not isinstance(target, Group):
        scope.refuse(call, f"the constructor of '{type_.name}' has no body here", "define it in the class")
        return
    parts = children(definition)
    body = [c for c in parts if c.kind == _K.COMPOUND_STMT]
    inits: dict[int, Cursor] = {}  # by the key of the member, or of the base's declaration
    named: Cursor | None = None
    for child in parts:
        if child.kind in (_K.MEMBER_REF, _K.TYPE_REF, _K.TEMPLATE_REF):
            named = child
        elif child.kind.is_expression() and named is not None:
            member = named.kind == _K.MEMBER_REF
            inits[key(named.referenced) if member else key(child.type.get_canonical().get_declaration())] = (
                child
            )
            named = None

    def lower() -> None:
        assert isinstance(target, Group)
        delegated = inits.get(key(type_.type.get_declaration()))
        if delegated is not None:
            initialise(scope, target, type_, delegated)
        else:
            _members(scope, target, type_, inits, call)
        scope.body(scope, body)

    run(scope, call, constructor, given, Frame(target, None, target, False), lower)


def _members(scope: Scope, target: Group, type_: Record, inits: dict[int, Cursor], cursor: Cursor) -> None:
    """Initialise bases and members in their order: as the constructor says, or as they are declared."""
    for base in type_.bases:
        init = inits.get(key(base.type.get_declaration()))
        if init is not None:
            initialise(scope, part(target, base), base, init)
        else:
            default(scope, part(target, base), base, cursor)
    for field in type_.fields:
        member = target.member(field.key)
        if member is None:
            continue
        init = inits.get(field.key) or default_initializer(field.declaration)
        if init is not None:
            initialise(scope, member, field.shape, init)
        else:
            default(scope, member, field.shape, cursor)


def _constructors(type_: Record) -> list[Cursor]:
    """The constructors that the user wrote, copies aside."""
    found = type_.type.get_declaration().get_children()
    return [
        c
        for c in found
        if c.kind == _K.CONSTRUCTOR
        and not (c.is_copy_constructor() or c.is_move_constructor() or c.is_default_method())
    ]


def _default_constructor(type_: Record) -> Cursor | None:
    return next((c for c in _constructors(type_) if not arguments(c)), None)


@contextmanager
def _this(scope: Scope, target: Lvalue) -> Iterator[None]:
    """Default member initialisers may name other members."""
    outer = scope.env.get(THIS)
    scope.env[THIS] = binding_of(target) or Broken()
    try:
        yield
    finally:
        if outer is None:
            del scope.env[THIS]
        else:
            scope.env[THIS] = outer
