"""Which variables a piece of code may read or change."""

from __future__ import annotations

from collections.abc import Iterator

from transform.frontend.clang import Cursor, CursorKind, key, walk
from transform.frontend.objects import keys
from transform.frontend.scope import THIS, Alias, Closure, Object, Scope, Variable, ViewName


def mentioned(scope: Scope, code: list[Cursor]) -> Iterator[int]:
    """The keys of the variables that ``code`` names, directly, through references, or in lambdas that
    it names; possibly more than once."""
    seen: set[int] = set()
    for cursor in (c for part in code for c in walk(part)):
        if cursor.kind == CursorKind.DECL_REF_EXPR and cursor.referenced is not None:
            yield from _stands_for(scope, key(cursor.referenced), seen)
        elif cursor.kind in (CursorKind.MEMBER_REF_EXPR, CursorKind.CXX_THIS_EXPR):
            yield from _stands_for(scope, THIS, seen)


def _stands_for(scope: Scope, name: int, seen: set[int]) -> Iterator[int]:
    match scope.env.get(name):
        case Alias(place=Variable(key=target)):
            yield target
        case Object(place=found):
            yield from keys(scope, found)
        case ViewName(key=target):
            yield target
        case Closure(cursor=cursor, copied=copied) if name not in seen:
            seen.add(name)
            kept = {k for k, _ in copied}
            for used in walk(cursor):
                if used.kind == CursorKind.DECL_REF_EXPR and used.referenced is not None:
                    inner = key(used.referenced)
                    if inner not in kept:
                        yield from _stands_for(scope, inner, seen)
        case _:
            yield name
