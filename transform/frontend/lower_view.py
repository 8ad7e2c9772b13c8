"""View variables: declared, allocated, wrapped around memory, assigned, resized."""

from __future__ import annotations

import re

from transform.frontend import fence
from transform.frontend.arith import apply, convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    location,
    qualified,
    strip,
    walk,
)
from transform.frontend.copies import copy
from transform.frontend.cpptypes import class_name, is_view, scalar, unreferenced
from transform.frontend.cpptypes import view as view_type
from transform.frontend.dual_view import (
    declare_dual,
    dual_of,
    dual_view,
    is_dual,
    view_of_dual,
)
from transform.frontend.identity import rebind, referenced, view_key
from transform.frontend.inline import inlined_view
from transform.frontend.kokkos import SPACES
from transform.frontend.objects import binding_of
from transform.frontend.places import lvalue, member_base
from transform.frontend.references import is_inlinable
from transform.frontend.scope import NOTHING, Axis, Binding, Broken, Handle, Mapping, Memory, NoView, Scope
from transform.frontend.scratch import is_scratch, scratch_view
from transform.frontend.shape import extent, rank
from transform.frontend.subviews import subview
from transform.frontend.view_classes import offset_view
from transform.frontend.views import VIEW_FUNCTIONS, base_data, view_of, view_source
from transform.ir.nodes import Allocate, Atom, Const
from transform.ir.types import SIZE, View

_K = CursorKind
_LAYOUTS = ("Kokkos::LayoutRight", "Kokkos::LayoutLeft")
_PROPERTIES = ("WithoutInitializing", "AllowPadding", "SequentialHostInit")
_SAME = ("std::move", "std::forward", "std::as_const")
RESIZES = ("Kokkos::resize", "Kokkos::realloc")


def view_variable(scope: Scope, cursor: Cursor, init: Cursor | None) -> Binding:
    """What a declared View stands for."""
    if init is None:
        return NOTHING
    return referenced(scope, cursor, init) or view_value(scope, init, str(cursor.spelling)) or Broken()


def dual_variable(scope: Scope, cursor: Cursor, init: Cursor) -> Binding:
    """What a declared DualView stands for."""
    source = strip(init)
    while source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
        source = strip(expressions(source)[-1])
    given = [a for a in arguments(source) if is_written(a)] if source.kind == _K.CALL_EXPR else [source]
    if len(given) == 1 and is_dual(given[0].type):
        found = lvalue(scope, given[0])
        return (None if found is None else binding_of(found)) or Broken()
    type_ = view_of_dual(cursor.type)
    if scope.in_kernel or type_ is None or not given or not _is_allocation(given[0]):
        hint = 'write Kokkos::DualView<double*> v("v", n) on the host'
        scope.refuse(cursor, "this DualView constructor is not supported", hint)
        return Broken()
    extents = _extents(scope, cursor, type_, given[1:])
    made = None if extents is None else declare_dual(scope, cursor.type, extents, cursor)
    return made or Broken()


def view_value(scope: Scope, cursor: Cursor, name: str) -> Handle | None:
    """The View that an expression makes or denotes; ``None`` after a finding."""
    source = view_source(cursor)
    callee = source.referenced if source.kind == _K.CALL_EXPR else None
    if callee is not None and callee.kind == _K.CONSTRUCTOR:
        return _constructed(scope, source, name)
    if source.kind == _K.INIT_LIST_EXPR and not expressions(source):
        return NOTHING
    if callee is not None and callee.spelling == "operator=" and is_view(source.type):
        target, given = arguments(source)
        assign_view(scope, target, given, source)
        return view_value(scope, target, name)
    if callee is not None and qualified(callee) in _SAME:
        return view_value(scope, arguments(source)[0], name)
    if callee is not None and (dual := dual_of(scope, member_base(source))) is not None:
        return dual_view(scope, source, dual)
    if callee is not None and (behind := offset_view(scope, member_base(source))) is not None:
        return behind
    if callee is not None and callee.kind in (_K.FUNCTION_DECL, _K.CXX_METHOD):
        if qualified(callee) in VIEW_FUNCTIONS:
            return view_of(scope, source)
        if is_inlinable(callee):
            return inlined_view(scope, source, callee, True)
        scope.refuse(source, *fence.function(callee))
        return None
    name_key = view_key(scope, source)
    known = scope.env.get(name_key) if name_key is not None else None
    return known if isinstance(known, NoView) else view_of(scope, source)


def assign_view(scope: Scope, to: Cursor, source: Cursor, cursor: Cursor) -> None:
    """``to = source;``"""
    view = view_value(scope, source, str(strip(to).spelling))
    if view is not None:
        rebind(scope, to, view, cursor)


# ---- constructors ----


def _constructed(scope: Scope, cursor: Cursor, name: str) -> Memory | NoView | None:
    type_ = view_type(cursor.type)
    given = [a for a in arguments(cursor) if is_written(a)]
    if not given:
        return NOTHING
    if type_ is None:
        scope.refuse(cursor, *fence.variable_type(cursor))
        return None
    if is_view(given[0].type):  # View row(a, i, ALL)
        base = view_of(scope, given[0])
        return None if base is None else subview(scope, base, given[1:], cursor)
    if is_scratch(scope, given[0]):
        sizes = _extents(scope, cursor, type_, given[1:])
        return None if sizes is None else scratch_view(scope, name, type_.element, sizes, given[0])
    source = base_data(scope, given[0])
    if source is not None:
        return _wrapped(scope, type_, source, given[1:], cursor)
    if scope.in_kernel:
        scope.refuse(cursor, "a View is allocated inside a kernel", "use a fixed-size array")
        return None
    if not _is_allocation(given[0]):
        hint = 'write View v("v", n), or wrap the data() of another View'
        scope.refuse(given[0], "this View constructor is not supported", hint)
        return None
    extents = _extents(scope, cursor, type_, given[1:])
    return None if extents is None else _allocated(scope, name or _label(given[0]), type_, extents, cursor)


def _label(cursor: Cursor) -> str:
    """The text that names an allocation."""
    for part in walk(cursor):
        if part.kind == _K.STRING_LITERAL:
            name = re.sub(r"\W+", "_", str(part.spelling).strip('"')).strip("_")
            return f"view_{name}" if name[:1].isdigit() else name
    return ""


def _allocated(scope: Scope, name: str, type_: View, extents: tuple[Atom, ...], cursor: Cursor) -> Memory:
    symbol = scope.fresh.symbol(name or "view", type_.writable if type_.objects else type_)
    scope.stmts.append(Allocate(symbol, extents, location(cursor)))
    return Memory(symbol)


def _extents(scope: Scope, cursor: Cursor, type_: View, given: list[Cursor]) -> tuple[Atom, ...] | None:
    if len(given) == 1 and class_name(given[0].type) in _LAYOUTS:
        given = _layout_arguments(given[0])
    dynamic = sum(e is None for e in type_.static_extents)
    if len(given) not in (dynamic, type_.rank) or any(scalar(g.type) is None for g in given):
        message = f"a View of rank {type_.rank} is allocated with {len(given)} extent(s)"
        scope.refuse(cursor, message, "give one integer per run-time dimension")
        return None
    atoms = [convert(scope, scope.expression(scope, g, "", False), SIZE, "", g) for g in given]
    return tuple(
        atoms[position] if static is None else Const(static, SIZE)
        for position, static in enumerate(type_.static_extents)
    )


def _layout_arguments(cursor: Cursor) -> list[Cursor]:
    source = strip(cursor)
    while True:
        given = [a for a in arguments(source) if is_written(a)] if source.kind == _K.CALL_EXPR else []
        given = given or [c for c in expressions(source)]
        if len(given) == 1 and class_name(given[0].type) in _LAYOUTS:
            source = strip(given[0])
            continue
        return given


def _is_label(cursor: Cursor) -> bool:
    return strip(cursor).kind == _K.STRING_LITERAL or class_name(cursor.type) == "std::basic_string"


def _is_allocation(cursor: Cursor) -> bool:
    """A label or ``view_alloc(...)``; zeroing what the user leaves indeterminate is harmless."""
    if _is_label(cursor):
        return True
    source = strip(cursor)
    while source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
        source = strip(expressions(source)[-1])
    if source.kind != _K.CALL_EXPR or source.referenced is None:
        return False
    name = qualified(source.referenced)
    if name.rpartition("::")[2] not in ("view_alloc", "ViewAllocateWithoutInitializing"):
        return False
    given = [strip(a) for a in arguments(source) if is_written(a)]
    return all(
        _is_label(a)
        or a.spelling in _PROPERTIES
        or class_name(a.type) in SPACES
        or class_name(a.type).endswith("Space")
        for a in given
    )


# ---- memory of others ----


def _wrapped(scope: Scope, type_: View, source: Memory, given: list[Cursor], cursor: Cursor) -> Memory | None:
    """An unmanaged View of the elements of ``source``, whose rank is 1."""
    extents = _extents(scope, cursor, type_, given)
    if extents is None:
        return None
    right = _is_right(cursor, type_)
    if right is None:
        hint = "name its layout: Kokkos::View<double**, Kokkos::LayoutRight>"
        scope.refuse(cursor, "the order of the elements of this View depends on the backend", hint)
        return None
    terms: list[tuple[int, Atom | None]] = []
    step: Atom | None = None
    for position in reversed(range(type_.rank)) if right else range(type_.rank):
        terms.append((position, step))
        size = extents[position]
        step = size if step is None else apply(scope, "mul", (step, size), "", cursor)
    own = Axis(None, tuple(sorted(terms)))
    if source.mapping is None:
        return Memory(source.symbol, Mapping((own,), extents))
    (shift,) = source.mapping.axes if len(source.mapping.axes) == 1 else (None,)
    if shift is None or len(shift.terms) != 1 or shift.terms[0][1] is not None:
        hint = "wrap the data() of a whole View of rank 1"
        scope.refuse(cursor, "the memory of this View cannot be told", hint)
        return None
    return Memory(source.symbol, Mapping((Axis(shift.first, own.terms),), extents))


def _is_right(cursor: Cursor, type_: View) -> bool | None:
    """Whether the last index runs fastest; ``None`` where that depends on the backend or on strides."""
    if type_.rank < 2:
        return True
    canonical = str(unreferenced(cursor.type).spelling)
    if re.search(r"LayoutLeft\b", canonical):
        return False
    named = re.search(r"LayoutRight\b", canonical) or re.search(r"HostMirror|HostSpace", type_.spelling)
    return True if named else None


# ---- other sizes ----


def resize(scope: Scope, cursor: Cursor) -> None:
    """``Kokkos::resize(v, n...)`` and ``Kokkos::realloc(v, n...)``: other memory for a View variable."""
    given = [a for a in arguments(cursor) if is_written(a)]
    while given and not is_view(given[0].type):  # WithoutInitializing, view_alloc(...)
        given.pop(0)
    keep = qualified(cursor.referenced) == "Kokkos::resize"
    type_ = view_type(given[0].type) if given else None
    if scope.in_kernel or type_ is None:
        scope.refuse(cursor, "this form of resize is not supported", "write Kokkos::resize(v, n)")
        return
    extents = _extents(scope, cursor, type_, given[1:])
    name = view_key(scope, given[0])
    old = scope.env.get(name) if name is not None else None
    if extents is None or old is None:
        return
    new = _allocated(scope, str(given[0].spelling), type_.writable, extents, cursor)
    if keep and isinstance(old, Memory):
        into, from_ = (_common(scope, m, old, extents, cursor) for m in (new, old))
        copy(scope, into, from_, cursor)
    rebind(scope, given[0], new, cursor)


def _common(scope: Scope, view: Memory, old: Memory, extents: tuple[Atom, ...], cursor: Cursor) -> Memory:
    """The part of ``view`` that both sizes have."""
    shared = []
    for d in range(rank(old)):
        before = extent(scope, old, d, cursor)
        less = apply(scope, "lt", (before, extents[d]), "", cursor)
        shared.append(apply(scope, "select", (less, before, extents[d]), "", cursor))
    axes = tuple(Axis(None, ((d, None),)) for d in range(rank(old)))
    mapping = view.mapping or Mapping(axes, ())
    return Memory(view.symbol, Mapping(mapping.axes, tuple(shared)))
