"""Which function of a file is differentiated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from transform.diagnostics import UsageError
from transform.frontend import kokkos
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    Extra,
    TypeKind,
    extra_of,
    in_system_header,
    probe,
    qualified,
    walk,
)
from transform.frontend.cpptypes import is_reference, scalar
from transform.frontend.functions import is_dependent
from transform.frontend.instances import Incomplete

_K = CursorKind
_SCOPES = (_K.NAMESPACE, _K.LINKAGE_SPEC, _K.UNEXPOSED_DECL)
_CLASSES = (_K.STRUCT_DECL, _K.CLASS_DECL, _K.CLASS_TEMPLATE)
_FUNCTIONS = (_K.FUNCTION_DECL, _K.CXX_METHOD)


def select(unit: Cursor, path: Path, function: str | None) -> Cursor:
    """The function with this name; without one, the only candidate: a function of the main file, no template,
    that returns ``double``, ``float`` or nothing and contains a parallel construct.

    ``function`` may be qualified, a member function (``Model::energy``), or an instance of a template
    (``f<double>``, ``Model<float>::energy``). Raises ``UsageError``, and ``Incomplete`` for an instance that
    the translation unit lacks.
    """
    if function is not None:
        return _named(unit, path, function.removeprefix("::"))
    defined = [f for f in _defined(unit, path) if f.kind in _FUNCTIONS and not is_dependent(f)]
    candidates = [f for f in defined if _differentiable_result(f) and kokkos.has_launch(f)]
    free = [f for f in candidates if f.kind == _K.FUNCTION_DECL]
    candidates = free or candidates
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        others = ", ".join(qualified(f) for f in defined) or "none"
        raise UsageError(
            f"{path}: no free function returns double, float or void and contains a Kokkos::parallel_for or "
            f"parallel_reduce (functions defined here: {others})"
        )
    names = "\n".join(f"  {qualified(f)}  (line {f.location.line})" for f in candidates)
    raise UsageError(f"{path} has several candidates; choose one with --function NAME:\n{names}")


def supported_result(function: Cursor) -> bool:
    """Whether ``function`` returns nothing or a number; an integer is only passed on."""
    kind = function.result_type.get_canonical().kind
    return bool(kind == TypeKind.VOID) or (
        not is_reference(function.result_type) and scalar(function.result_type) is not None
    )


def _differentiable_result(function: Cursor) -> bool:
    return function.result_type.get_canonical().kind in (TypeKind.VOID, TypeKind.DOUBLE, TypeKind.FLOAT)


def _named(unit: Cursor, path: Path, wanted: str) -> Cursor:
    every = list(_defined(unit, None))
    plain = [f for f in every if f.kind in _FUNCTIONS and not is_dependent(f)]
    here = [f for f in plain if str(f.location.file.name) == str(path)]
    for functions in (here, plain):
        found = [f for f in functions if qualified(f) == wanted] or [
            f for f in functions if f.spelling == wanted
        ]
        if len(found) == 1:
            return found[0]
        if found:
            lines = ", ".join(f"{qualified(f)} (line {f.location.line})" for f in found)
            raise UsageError(f"{path}: '{wanted}' is ambiguous: {lines}")
    if "<" in wanted:
        return _instance(unit, path, every, wanted)
    if any(wanted in (f.spelling, qualified(f)) for f in every):
        raise UsageError(
            f"{path}: '{wanted}' is a template: name an instance, such as --function '{wanted}<double>'"
        )
    names = sorted({qualified(f) for f in here} | {str(f.spelling) for f in here})
    close = difflib.get_close_matches(wanted, names, n=3)
    known = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names) or 'none'}"
    raise UsageError(f"{path}: no function '{wanted}' is defined here; {known}")


def _instance(unit: Cursor, path: Path, every: list[Cursor], wanted: str) -> Cursor:
    """An instance of a template: its address, taken at the end of the file, makes it."""
    pattern = without_arguments(wanted)
    spaces = {
        qualified(f).removesuffix(pattern).removesuffix("::")
        for f in every
        if f"::{qualified(f)}".endswith(f"::{pattern}")
    }
    if len(spaces) != 1:
        reason = "is ambiguous" if spaces else "names no template that is defined here"
        raise UsageError(f"{path}: '{wanted}' {reason}")
    space = spaces.pop()
    opened, closed = (f"namespace {space} {{ ", " }") if space else ("", "")
    text = f"{opened}inline const auto {{name}} = &{wanted};{closed}"
    made = probe(unit, text)
    if made is None:
        raise Incomplete(extra_of(unit) | Extra(probes=(text,)), None)
    for cursor in walk(made):
        referenced = cursor.referenced if cursor.kind == _K.DECL_REF_EXPR else None
        definition = referenced.get_definition() if referenced is not None else None
        if definition is not None and definition.kind in _FUNCTIONS:
            return definition
    raise UsageError(f"{path}: '{wanted}' has no body here")


def without_arguments(name: str) -> str:
    """``ns::f<a<b>>::g`` without what is in angle brackets."""
    while (shorter := re.sub(r"<[^<>]*>", "", name)) != name:
        name = shorter
    return name


def _defined(parent: Cursor, path: Path | None) -> Iterator[Cursor]:
    """The functions and templates with a body that the main file, or any file of the user's, defines at
    namespace or class scope."""
    for cursor in parent.get_children():
        file = cursor.location.file
        if file is None or (path is not None and str(file.name) != str(path)):
            continue
        if path is None and in_system_header(cursor):
            continue
        if cursor.kind in _SCOPES or cursor.kind in _CLASSES:
            yield from _defined(cursor, path)
        elif cursor.kind in (*_FUNCTIONS, _K.FUNCTION_TEMPLATE) and cursor.is_definition():
            yield cursor
