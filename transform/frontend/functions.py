"""The functions of a translation unit that contain parallel regions, instances of templates included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from transform.frontend import kokkos
from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    Extra,
    TypeKind,
    children,
    expressions,
    key,
    namespace,
    qualified,
    template_arguments,
    template_of,
    walk,
)

_K = CursorKind
_POINTERS = (TypeKind.POINTER, TypeKind.LVALUEREFERENCE)
_FUNCTIONS = (_K.FUNCTION_DECL, _K.CXX_METHOD, _K.CONSTRUCTOR, _K.FUNCTION_TEMPLATE)
_CONTAINERS = (
    _K.NAMESPACE,
    _K.LINKAGE_SPEC,
    _K.UNEXPOSED_DECL,
    _K.STRUCT_DECL,
    _K.CLASS_DECL,
    _K.CLASS_TEMPLATE,
    _K.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION,
)
_TEMPLATES = (_K.CLASS_TEMPLATE, _K.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION, _K.FUNCTION_TEMPLATE)
# Types of values that may carry a derivative; in a template a type may depend on the arguments.
_FLOATING = (TypeKind.FLOAT, TypeKind.DOUBLE, TypeKind.LONGDOUBLE, TypeKind.DEPENDENT, TypeKind.UNEXPOSED)
_DISCRETE = (
    TypeKind.VOID,
    TypeKind.BOOL,
    TypeKind.CHAR_S,
    TypeKind.INT,
    TypeKind.UINT,
    TypeKind.LONG,
    TypeKind.ULONG,
    TypeKind.LONGLONG,
    TypeKind.ULONGLONG,
    TypeKind.ENUM,
)
_ARITHMETIC = (_K.BINARY_OPERATOR, _K.COMPOUND_ASSIGNMENT_OPERATOR, _K.UNARY_OPERATOR, _K.CALL_EXPR)


@dataclass(frozen=True, slots=True)
class Region:
    """A parallel construct: its name without ``Kokkos::``, the line of the call, whether floating-point
    work was seen in it (in a template: any work)."""

    pattern: str
    line: int
    floating: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A function with parallel regions. ``instance`` is what can be lowered: the function itself, an
    instance of a template, or ``None`` for a template that this translation unit nowhere instantiates."""

    name: str
    definition: Cursor
    instance: Cursor | None
    regions: tuple[Region, ...]


def with_regions(unit: Cursor, inside: Callable[[str], bool]) -> list[Found]:
    """The functions with parallel regions that are defined in files that ``inside`` accepts.

    A template is listed once for each instance that is called somewhere in those files.
    """
    defined = list(_defined(unit, inside))
    instances: dict[int, list[Cursor]] = {}
    found: list[Found] = []
    for function in defined:
        regions = tuple(_regions(function)) if function.kind in _FUNCTIONS else ()
        if not regions or qualified(function).startswith("Kokkos::"):
            continue
        if not is_dependent(function):
            found.append(Found(qualified(function), function, function, regions))
            continue
        instances = instances or _instances(defined)
        known = instances.get(key(function.canonical), [])
        for instance in known:
            seen = tuple(_regions(instance)) or regions
            found.append(Found(instance_name(instance), function, instance, seen))
        if not known:
            found.append(Found(qualified(function), function, None, regions))
    return found


def missing_members(unit: Cursor, inside: Callable[[str], bool], found: list[Found]) -> Extra:
    """Probes that instantiate members of class templates which nothing calls here, for the instances of the
    class that the scanned files name: members called through a base class, or only by other files."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for f in found:
        parent = f.definition.semantic_parent
        if f.instance is None and f.definition.kind == _K.CXX_METHOD and parent.kind == _K.CLASS_TEMPLATE:
            names = [str(c.spelling) for c in children(parent)]
            if names.count(str(f.definition.spelling)) == 1:  # an overloaded name has no one address
                wanted[key(parent.canonical)].append(str(f.definition.spelling))
    if not wanted:
        return Extra()
    probes: dict[str, None] = {}
    for cursor in unit.get_children():
        if cursor.location.file is None or not inside(str(cursor.location.file.name)):
            continue
        for type_ in {c.type.get_canonical().spelling: c.type for c in walk(cursor)}.values():
            named = type_.get_pointee() if type_.kind in _POINTERS else type_
            class_ = named.get_canonical().get_declaration()
            template = template_of(class_)
            spelling = str(class_.type.get_canonical().spelling)
            if template is not None and "(" not in spelling:
                members = wanted.get(key(template.canonical), ())
                probes |= dict.fromkeys(f"inline const auto {{name}} = &{spelling}::{m};" for m in members)
    return Extra(probes=tuple(probes))


def is_dependent(function: Cursor) -> bool:
    """Whether ``function`` is a template or a member of one, so that its body has no concrete types."""
    cursor = function
    while cursor is not None and cursor.kind != _K.TRANSLATION_UNIT:
        if cursor.kind in _TEMPLATES:
            return True
        cursor = cursor.semantic_parent
    return False


def instance_name(instance: Cursor) -> str:
    """The qualified name of an instance with the template arguments of its class and its own."""
    given = template_arguments(instance)
    own = str(instance.spelling) + (f"<{', '.join(given)}>" if given else "")
    parent = instance.semantic_parent
    if parent.kind in (_K.STRUCT_DECL, _K.CLASS_DECL):
        space = namespace(parent)
        return "::".join(part for part in (space, str(parent.displayname), own) if part)
    space = namespace(instance)
    return f"{space}::{own}" if space else own


def _defined(parent: Cursor, inside: Callable[[str], bool]) -> Iterator[Cursor]:
    for cursor in parent.get_children():
        file = cursor.location.file
        if file is None or not inside(str(file.name)):
            continue
        if cursor.kind in _CONTAINERS:
            yield from _defined(cursor, inside)
        elif cursor.kind in (*_FUNCTIONS, _K.VAR_DECL) and cursor.is_definition():
            yield cursor


def _instances(defined: list[Cursor]) -> dict[int, list[Cursor]]:
    """For each template, by its canonical declaration, the instances that are called or whose address is
    taken, also by instances."""
    found: dict[int, list[Cursor]] = defaultdict(list)
    seen: set[int] = set()
    work = [f for f in defined if not is_dependent(f)]
    while work:
        for call in walk(work.pop()):
            callee = call.referenced if call.kind in (_K.CALL_EXPR, _K.DECL_REF_EXPR) else None
            if callee is None or callee.kind not in _FUNCTIONS or key(callee) in seen:
                continue
            seen.add(key(callee))
            template = template_of(callee)
            body = callee.get_definition()
            if template is None or body is None or namespace(callee).split("::")[0] in ("Kokkos", "std"):
                continue
            found[key(template.canonical)].append(body)
            work.append(body)
    return found


def _regions(function: Cursor) -> Iterator[Region]:
    """The outermost parallel constructs of a function; nested ones belong to their kernel, which may be in
    another function, if this one gets the handle of a team."""
    for cursor in children(function):
        yield from _regions_below(cursor)


def _regions_below(cursor: Cursor) -> Iterator[Region]:
    pattern = _pattern(cursor)
    if pattern and _is_nested(cursor):
        return
    if pattern:
        yield Region(pattern, int(cursor.location.line), _floating(cursor))
        return
    for child in cursor.get_children():
        yield from _regions_below(child)


def _pattern(cursor: Cursor) -> str:
    """``parallel_for`` and so on if ``cursor`` is the call of one, else empty.

    In a template, a call with dependent arguments refers to a set of overloads only.
    """
    if cursor.kind != _K.CALL_EXPR:
        return ""
    callee = cursor.referenced
    if callee is not None:
        name = qualified(callee) if str(callee.spelling).startswith("parallel_") else ""
        return name.removeprefix("Kokkos::") if name in kokkos.PARALLEL else ""
    first = next(iter(cursor.get_children()), None)
    names = [] if first is None else [c for c in walk(first) if c.kind == _K.OVERLOADED_DECL_REF]
    name = str(names[0].spelling) if names else ""
    return name if f"Kokkos::{name}" in kokkos.PARALLEL else ""


def _is_nested(call: Cursor) -> bool:
    """Whether a call runs over a range of a team's threads, as calls in kernels do."""
    given = [e for e in expressions(call)[1:3] if not any(c.kind == _K.LAMBDA_EXPR for c in walk(e))]
    return any(str(c.spelling) in kokkos.NESTED for e in given for c in walk(e))


def has_derivatives(function: Cursor) -> bool:
    """Whether a function gets or returns what may be a floating-point number; a ``main`` does not."""
    if function.kind == _K.CXX_METHOD and not function.is_static_method():
        return True
    types = [function.result_type, *(a.type for a in function.get_arguments())]
    return any(_innermost(t).kind not in _DISCRETE for t in types)


def _innermost(type_: ClangType) -> ClangType:
    canonical = type_.get_canonical()
    while True:
        if canonical.kind in _POINTERS:
            canonical = canonical.get_pointee().get_canonical()
        elif canonical.kind in (TypeKind.INCOMPLETEARRAY, TypeKind.CONSTANTARRAY):
            canonical = canonical.element_type.get_canonical()
        else:
            return canonical


def _floating(call: Cursor) -> bool:
    """Whether a kernel computes with floating-point numbers: its lambda, or its functor's call operators."""
    for argument in call.get_arguments():
        if argument is None:
            continue
        lambdas = [c for c in walk(argument) if c.kind == _K.LAMBDA_EXPR]
        functor = argument.type.get_canonical().get_declaration()
        written = [functor, template_of(functor)]  # an instance may not show what is a template in it
        bodies = lambdas or [c for f in written if f for c in children(f) if c.spelling == "operator()"]
        if any(_computes(b.get_definition() or b) for b in bodies):
            return True
    # A call in a template: the arguments are not resolved.
    return call.referenced is None or not list(call.get_arguments())


def _computes(body: Cursor) -> bool:
    return any(
        c.kind in _ARITHMETIC and c.type.get_canonical().kind in _FLOATING
        for c in walk(body)
        if c.kind.is_expression()
    )
