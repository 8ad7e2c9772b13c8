"""C++ expressions that make objects, for the programs that try a gradient out."""

from __future__ import annotations

from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    arguments,
    children,
    is_public,
    key,
    strip,
    template_of,
    walk,
)
from transform.frontend.classes import Indirect, Record, Row, Shape, shape
from transform.frontend.cpptypes import plain_spelling, unreferenced
from transform.ir.types import Scalar, View

_K = CursorKind


def maker(type_: ClangType) -> str | None:
    """An expression that makes an object of a class, as ``nodes.Formal`` has it; ``None`` if none is known.

    Views are not left to be default-constructed if that can be avoided: some releases of g++ miscompile that
    with some releases of Kokkos.
    """
    found = shape(type_)
    if not isinstance(found, Record):
        return f"{plain_spelling(type_)}{{}}"
    constructors = _constructors(type_)
    if constructors:
        return _constructed(type_, min(constructors, key=lambda c: len(arguments(c))))
    return _aggregate(found, "")


def _constructors(type_: ClangType) -> list[Cursor]:
    """The constructors that the user wrote and others may call, copies aside."""
    declaration = unreferenced(type_).get_declaration()
    declaration = declaration.get_definition() or declaration
    members = children(declaration) or children(template_of(declaration) or declaration)
    return [
        c
        for c in members
        if c.kind == _K.CONSTRUCTOR
        and is_public(c)
        and not (c.is_copy_constructor() or c.is_move_constructor())
    ]


def _aggregate(record: Record, path: str) -> str:
    """All members in braces, or none where some are not for everybody."""
    if record.bases or not all(is_public(f.declaration) for f in record.fields):
        return f"{record.name}{{}}"
    members = []
    for field in record.fields:
        match field.shape:
            case Record() as inner if not _constructors(inner.type):
                members.append(_aggregate(inner, f"{path}{field.name}."))
            case Record() as inner:
                members.append(maker(inner.type) or f"{inner.name}{{}}")
            case Scalar() | View() as leaf:
                members.append(f"@{path}{field.name}|{_nothing(leaf)}@")
            case Row():
                members.append("{}")
            case Indirect():
                members.append("nullptr")
            case unknown:
                members.append(f"{unknown.spelling}{{}}")
    return f"{record.name}{{{', '.join(members)}}}"


def _constructed(type_: ClangType, constructor: Cursor) -> str | None:
    """A call with the members that the parameters initialise, or with nothing."""
    parameters = arguments(constructor)
    definition = constructor.get_definition() or constructor
    names = {key(p): position for position, p in enumerate(arguments(definition))}
    members = [""] * len(parameters)
    named = ""
    for child in children(definition):
        if child.kind == _K.MEMBER_REF:
            named = str(child.spelling)
        elif child.kind.is_expression() and named:
            used = [c for c in walk(child) if c.kind == _K.DECL_REF_EXPR]
            if len(used) == 1 and key(used[0].referenced) in names and _copies(child):
                members[names[key(used[0].referenced)]] = named
            named = ""
    given = []
    for parameter, member in zip(parameters, members, strict=True):
        found = shape(parameter.type)
        if not isinstance(found, Scalar | View | Record):
            return None
        nothing = maker(parameter.type) if isinstance(found, Record) else _nothing(found)
        if nothing is None:
            return None
        given.append(f"@{member}|{nothing}@" if member and not isinstance(found, Record) else nothing)
    return f"{plain_spelling(type_)}({', '.join(given)})"


def _copies(init: Cursor) -> bool:
    """Whether an initialiser is a variable, or a copy of one."""
    init = strip(init)
    while init.kind == _K.CALL_EXPR and init.referenced is not None:
        given = arguments(init)
        if init.referenced.kind != _K.CONSTRUCTOR or len(given) != 1:
            return False
        init = strip(given[0])
    return bool(init.kind == _K.DECL_REF_EXPR)


def _nothing(leaf: Shape) -> str:
    """A value that is not used."""
    if isinstance(leaf, View):
        dynamic = sum(extent is None for extent in leaf.static_extents)
        return f'{leaf.writable.spelling}("unused"{", 0" * dynamic})'
    assert isinstance(leaf, Scalar)
    return f"static_cast<{leaf.name}>(0)"
