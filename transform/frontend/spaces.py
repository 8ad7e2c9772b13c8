"""Execution spaces that a template was given: spelled so that they hold for another Kokkos, too.

In an instance of a template, a policy over its parameter names the space of the Kokkos that the file was read
with. Where that is the default one, and the kernel's Views live where the default space works, the default
space is what was meant.
"""

from __future__ import annotations

from dataclasses import replace

from transform.frontend.clang import Cursor, CursorKind
from transform.frontend.cpptypes import plain_spelling
from transform.frontend.kokkos import DEFAULT_SPACE, SPACES
from transform.ir.nodes import Block, Launch, Stmt, Symbol
from transform.ir.types import View
from transform.ir.walk import atoms, map_blocks, walk

_ALIASES = (CursorKind.TYPEDEF_DECL, CursorKind.TYPE_ALIAS_DECL)


def portable_spaces(block: Block, function: Cursor) -> Block:
    """``block`` with launches in the default execution space where they were read as launches in the space
    that is the default one of this Kokkos."""
    concrete = {s.space for s in walk(block) if isinstance(s, Launch) and s.space in SPACES}
    default = _default(function) if concrete else ""
    if default not in concrete:
        return block

    def spelled(b: Block) -> Block:
        return Block(tuple(chosen(s) for s in b.stmts))

    def chosen(s: Stmt) -> Stmt:
        if isinstance(s, Launch):
            return replace(s, space=DEFAULT_SPACE) if s.space == default and _default_views(s) else s
        return map_blocks(s, spelled)

    return spelled(block)


def _default_views(launch: Launch) -> bool:
    views = {
        a for s in walk(launch.body) for a in atoms(s) if isinstance(a, Symbol) and isinstance(a.type, View)
    }
    spaces = {v.type.execution_space for v in views if isinstance(v.type, View)}
    return spaces == {DEFAULT_SPACE}


def _default(function: Cursor) -> str:
    """The space that is the default one of the Kokkos that the file was read with, or ""."""
    for outer in function.translation_unit.cursor.get_children():
        if outer.kind != CursorKind.NAMESPACE or outer.spelling != "Kokkos":
            continue
        for inner in outer.get_children():
            if inner.kind in _ALIASES and inner.spelling == "DefaultExecutionSpace":
                return plain_spelling(inner.underlying_typedef_type.get_canonical())
    return ""
