"""C++ names for IR symbols: what the user wrote, made unique where scopes overlap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from transform.ir.build import TEMPORARY
from transform.ir.nodes import Symbol

_RESERVED = frozenset(
    [
        "alignas",
        "and",
        "asm",
        "auto",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "constexpr",
        "continue",
        "default",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "explicit",
        "export",
        "extern",
        "false",
        "final",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "mutable",
        "namespace",
        "new",
        "not",
        "operator",
        "or",
        "private",
        "protected",
        "public",
        "register",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typedef",
        "typename",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
        "kad",
        "std",
        "Kokkos",
        "ws",
    ]
)


class Names:
    """Hands out names; a name is free again when the scope that took it ends.

    ``users`` are names that the user gave: values without a name never take one of them.
    """

    def __init__(self, users: frozenset[str] = frozenset()) -> None:
        self._users = users
        self._scopes: list[set[str]] = [set()]
        self._names: dict[Symbol, str] = {}

    @contextmanager
    def scope(self) -> Iterator[None]:
        self._scopes.append(set())
        try:
            yield
        finally:
            self._scopes.pop()

    def __getitem__(self, symbol: Symbol) -> str:
        return self._names[symbol]

    def fresh(self, wish: str) -> str:
        """A name like ``wish``, from which what is no letter, digit or underscore is left out."""
        wish = re.sub(r"\W+", "", wish) or "value"
        name, n = wish, 1
        while name in _RESERVED or any(name in s for s in self._scopes):
            n += 1
            name = f"{wish}{n}" if not wish[-1].isdigit() else f"{wish}_{n}"
        self._scopes[-1].add(name)
        return name

    def declare(self, symbol: Symbol) -> str:
        self._names[symbol] = self._temporary() if symbol.name == TEMPORARY else self.fresh(symbol.name)
        return self._names[symbol]

    def _temporary(self) -> str:
        n = 1
        while f"t{n}" in self._users or any(f"t{n}" in s for s in self._scopes):
            n += 1
        self._scopes[-1].add(f"t{n}")
        return f"t{n}"

    def alias(self, symbol: Symbol, name: str) -> None:
        """Let ``symbol`` be spelled like a variable that exists already."""
        self._names[symbol] = name
