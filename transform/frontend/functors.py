"""Function objects of class type as kernels: which call operator Kokkos calls."""

from __future__ import annotations

from collections.abc import Iterator

from transform.frontend import kokkos
from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    arguments,
    children,
    template_of,
)
from transform.frontend.classes import base_types, is_object
from transform.frontend.cpptypes import is_view, plain_spelling, scalar, unreferenced
from transform.frontend.scope import Scope

_K = CursorKind
# What Kokkos calls on the functor of a reduction beside operator(): it need not be a sum then.
_OWN_REDUCTION = ("init", "join", "final")


def call_operator(
    scope: Scope, functor: Cursor, policy: ClangType, rank: int, results: list[Cursor], scan: bool
) -> tuple[Cursor, list[Cursor]] | None:
    """The call operator with a body that a launch over ``policy`` calls (a ``scan``: with a partial sum and
    whether it is final), and its parameters without a work tag; ``None`` after a finding, or if an instance
    is missing yet."""
    class_ = unreferenced(functor.type)
    tag = kokkos.work_tag(policy)
    count = rank + (2 if scan else len(results)) + (tag is not None)
    declared = list(_members(class_))
    own = [m for m in declared if m.spelling in _OWN_REDUCTION]
    if (results or scan) and own:
        hint = "sum into the last argument of operator(), without init and join, or use a reducer"
        message = f"a functor with its own reduction ({class_.spelling}::{own[0].spelling}) is not supported"
        scope.refuse(functor, message, hint)
        return None
    fitting = [
        m
        for m in declared
        if m.kind == _K.CXX_METHOD
        and m.spelling == "operator()"
        and len(arguments(m)) == count
        and (tag is None or _same(arguments(m)[0].type, tag))
    ]
    method: Cursor | None
    if len(fitting) == 1:
        method = fitting[0]
    else:
        parameters = [f"const {_spelling(class_)}& f"]
        parameters += [f"const {_spelling(tag)}& t"] if tag is not None else []
        parameters += [f"const {kokkos.index_type(policy)} i{k}" for k in range(rank)]
        if scan:
            value = _value_type(results[0]) if results else f"typename {_spelling(class_)}::value_type"
            parameters += [f"{value}& r0", "const bool r1"]
        else:
            parameters += [f"{_value_type(r)}& r{k}" for k, r in enumerate(results)]
        given = [p.rpartition(" ")[2] for p in parameters[1:]]
        asked = scope.instances.called(", ".join(parameters), f"f({', '.join(given)})", functor)
        if asked is None:
            return None
        method = asked
    definition = method.get_definition()
    if definition is None or not any(c.kind == _K.COMPOUND_STMT for c in children(definition)):
        message = f"the call operator of '{class_.spelling}' has no body here"
        scope.refuse(functor, message, "define it in this file or an included header")
        return None
    return definition, arguments(definition)[1 if tag is not None else 0 :]


def _members(class_: ClangType) -> Iterator[Cursor]:
    """The members of a class and its bases; those of a template for an instance of one."""
    declaration = class_.get_declaration()
    definition = declaration.get_definition() or declaration
    members = children(definition)
    if not members and (pattern := template_of(definition)) is not None:
        # what is called must be an instance of these: only their names are of use
        yield from (m for m in children(pattern) if m.spelling in _OWN_REDUCTION)
    else:
        yield from members
    for base in base_types(definition) or ():
        yield from _members(base)


def _same(type_: ClangType, other: ClangType) -> bool:
    return plain_spelling(unreferenced(type_)) == plain_spelling(unreferenced(other))


def _spelling(type_: ClangType) -> str:
    """A type as code at the end of the file may write it."""
    return plain_spelling(type_).replace("(anonymous namespace)::", "")


def _value_type(result: Cursor) -> str:
    """The type of what a kernel adds to, for an argument that receives the result of a reduction."""
    if scalar(result.type) is not None:
        return _spelling(result.type)
    if is_object(result.type):
        return _spelling(unreferenced(result.type))
    name = "non_const_value_type" if is_view(result.type) else "value_type"
    return f"typename {_spelling(result.type)}::{name}"
