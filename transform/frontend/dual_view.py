"""``Kokkos::DualView``: a View, its mirror, and the number that says which of them is newer."""

from __future__ import annotations

from dataclasses import replace

from transform.frontend import places
from transform.frontend.arith import apply
from transform.frontend.clang import ClangType, Cursor, arguments, key, location, source_text
from transform.frontend.copies import copy
from transform.frontend.cpptypes import class_name, portable_spelling, unreferenced
from transform.frontend.cpptypes import view as view_type
from transform.frontend.scope import Group, Memory, Object, Scope, Slot, Value, Variable
from transform.frontend.shape import extent
from transform.ir.nodes import Allocate, Atom, Block, Const
from transform.ir.types import INT, View

DUAL = "Kokkos::DualView"
_SAME, _HOST, _DEVICE = (Const(k, INT) for k in range(3))  # neither is newer, the mirror is, the View is
_NEWER = "newer"


def is_dual(type_: ClangType) -> bool:
    return class_name(type_) == DUAL


def declare_dual(scope: Scope, type_: ClangType, extents: tuple[Atom, ...], cursor: Cursor) -> Object | None:
    """A new DualView; ``None`` if its elements are of an unsupported type."""
    found = dual_views(type_)
    if found is None:
        scope.refuse(cursor, f"a variable of type '{cursor.type.spelling}' is not supported", "use a View")
        return None
    slots = []
    views = []
    for field, view in found.items():
        symbol = scope.fresh.symbol(f"{cursor.spelling}_{field.spelling}", view)
        scope.stmts.append(Allocate(symbol, extents, location(cursor)))
        name = scope.key()
        scope.env[name] = Memory(symbol)
        slots.append(Slot(key(field), str(field.spelling), Variable(name)))
        views.append(symbol)
    scope.duals.append((views[0], views[1]))
    newer = scope.variable(f"{cursor.spelling}_{_NEWER}", INT)
    slots.append(Slot(newer.key, _NEWER, newer))
    return Object(Group(DUAL, tuple(slots)))


def view_of_dual(type_: ClangType) -> View | None:
    """The type of ``d_view``."""
    found = dual_views(type_)
    return None if found is None else next(iter(found.values()))


def dual_views(type_: ClangType) -> dict[Cursor, View] | None:
    """The members ``d_view`` and ``h_view`` and their types, spelled for any backend."""
    type_ = unreferenced(type_)
    given = [type_.get_template_argument_type(k) for k in range(type_.get_num_template_arguments())]
    names = [portable_spelling(t) for t in given]
    spelling = f"Kokkos::View<{', '.join(n for n in names if n != 'void')}>"
    members = {str(f.spelling): f for f in type_.get_fields()}
    if not {"d_view", "h_view"} <= members.keys():
        return None
    device, host = (view_type(members[name].type) for name in ("d_view", "h_view"))
    if device is None or host is None:
        return None
    return {
        members["d_view"]: replace(device, spelling=spelling),
        members["h_view"]: replace(host, spelling=f"{spelling}::HostMirror"),
    }


def dual_of(scope: Scope, base: Cursor | None) -> Group | None:
    """The DualView that the object of a member function is."""
    if base is None or not is_dual(base.type):
        return None
    found = places.lvalue(scope, base)
    return found if isinstance(found, Group) and found.type == DUAL else None


def dual_view(scope: Scope, cursor: Cursor, dual: Group) -> Memory | None:
    """``dual.view_device()``, ``view_host()``, ``view<Space>()``."""
    side = _side(scope, cursor)
    return None if side is None else _view(scope, dual, side)


def dual_method(scope: Scope, cursor: Cursor, dual: Group) -> Atom | None:
    """Any other member function; ``None`` for one without a value, or after a finding."""
    method = str(cursor.spelling)
    if method in ("extent", "extent_int"):
        dim = scope.expression(scope, arguments(cursor)[0], "", False)
        if isinstance(dim, Const):
            return extent(scope, _view(scope, dual, _DEVICE), int(dim.value), cursor)
    elif _is_caller_s(dual):
        hint = "mark and synchronise it where the function is called"
        scope.refuse(cursor, f"DualView::{method} is called for a parameter", hint)
        return None
    elif method == "clear_sync_state":
        _set(scope, dual, _SAME)
        return None
    elif method.startswith(("modify", "sync", "need_sync")):
        side = _side(scope, cursor)
        if side is None:
            return None
        other = _HOST if side == _DEVICE else _DEVICE
        stale = apply(scope, "eq", (_newer(scope, dual), other), "", cursor)
        if method.startswith("need_sync"):
            return stale
        if method.startswith("modify"):
            _set(scope, dual, side)
            scope.modified.add(_view(scope, dual, side).symbol)
        else:
            _sync(scope, dual, stale, side, other, cursor)
        return None
    scope.refuse(cursor, f"the member function DualView::{method} is not supported", "work on its Views")
    return None


def _sync(scope: Scope, dual: Group, stale: Atom, side: Const, other: Const, cursor: Cursor) -> None:
    def transfer() -> None:
        copy(scope, _view(scope, dual, side), _view(scope, dual, other), cursor)
        _set(scope, dual, _SAME)

    if isinstance(stale, Const):
        if stale.value:
            transfer()
        return
    scope.join(stale, scope.branch(transfer), (Block(()), dict(scope.env)), cursor)


def _side(scope: Scope, cursor: Cursor) -> Const | None:
    """Which of the two Views a member function is about."""
    method = str(cursor.spelling)
    text = source_text(cursor)
    template = method in ("view", "sync", "modify", "need_sync")
    argument = text.partition("<")[2].rpartition(">")[0] if template else method
    if "host" in argument.lower():
        return _HOST
    if "device" in argument.lower() or "execution_space" in argument or "memory_space" in argument:
        return _DEVICE
    hint = "write view_device() or view_host(), sync_device() or sync_host()"
    scope.refuse(cursor, "which memory this names depends on the backend", hint)
    return None


def _slot(dual: Group, name: str) -> int:
    place = next(m.place for m in dual.members if m.name == name)
    assert isinstance(place, Variable)
    return place.key


def _view(scope: Scope, dual: Group, side: Const) -> Memory:
    found = scope.env[_slot(dual, "d_view" if side == _DEVICE else "h_view")]
    assert isinstance(found, Memory)
    return found


def _is_caller_s(dual: Group) -> bool:
    """Whether which of its Views is newer is not known: it is a parameter."""
    return all(m.name != _NEWER for m in dual.members)


def _newer(scope: Scope, dual: Group) -> Atom:
    found = scope.env[_slot(dual, _NEWER)]
    assert isinstance(found, Value) and found.atom is not None
    return found.atom


def _set(scope: Scope, dual: Group, side: Const) -> None:
    name = _slot(dual, _NEWER)
    found = scope.env[name]
    assert isinstance(found, Value)
    scope.env[name] = replace(found, atom=side)
