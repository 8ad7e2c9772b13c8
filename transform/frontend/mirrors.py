"""Mirrors: copies of Views in the memory of the host (or of a given space).

A mirror has memory of its own here. Where the host can access a View, ``create_mirror_view`` shares its
memory; ``mirror_sync.py`` refuses code that can tell.
"""

from __future__ import annotations

from dataclasses import replace

from transform.frontend.clang import Cursor, location, qualified
from transform.frontend.copies import copy
from transform.frontend.cpptypes import class_name, is_view, portable_spelling, view
from transform.frontend.kokkos import SPACES
from transform.frontend.scope import Memory, Scope
from transform.frontend.shape import extent, rank
from transform.ir.nodes import Allocate
from transform.ir.types import View

_COPIED = "Kokkos::create_mirror_view_and_copy"
MIRRORS = ("Kokkos::create_mirror", "Kokkos::create_mirror_view", _COPIED)
_MEMORY_SPACES = (
    "Kokkos::HostSpace",
    "Kokkos::CudaSpace",
    "Kokkos::CudaUVMSpace",
    "Kokkos::CudaHostPinnedSpace",
)


def mirror(scope: Scope, base: Memory, given: list[Cursor], cursor: Cursor) -> Memory | None:
    """``Kokkos::create_mirror...(given...)`` of the View ``base``."""
    type_ = view(cursor.type)
    if scope.in_kernel or type_ is None:
        scope.refuse(cursor, "a mirror cannot be made here", "make it on the host, before the kernels")
        return None
    space = next((portable_spelling(a.type) for a in given if _is_space(a)), None)
    symbol = scope.fresh.symbol(f"{base.symbol.name}_mirror", _type(type_, base, space))
    extents = tuple(extent(scope, base, d, cursor) for d in range(rank(base)))
    scope.stmts.append(Allocate(symbol, extents, location(cursor)))
    if qualified(cursor.referenced) != "Kokkos::create_mirror":
        scope.mirrors.append((symbol, base.symbol))
    if qualified(cursor.referenced) == _COPIED:
        copy(scope, Memory(symbol), base, cursor)
    return Memory(symbol)


def _is_space(cursor: Cursor) -> bool:
    name = class_name(cursor.type)
    return not is_view(cursor.type) and (name in SPACES or name.endswith("Space"))


def _type(found: View, base: Memory, space: str | None) -> View:
    """The mirror's type, spelled for any backend."""
    behind = base.symbol.type
    assert isinstance(behind, View)
    data = f"{behind.spelling}::non_const_data_type"
    if base.mapping is not None:
        data = found.element.name + "*" * found.rank
    spelling = f"Kokkos::View<{data}, {behind.spelling}::array_layout, {space or 'Kokkos::HostSpace'}>"
    return replace(found, read_only=False, spelling=spelling)
