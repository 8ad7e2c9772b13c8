"""Bodies of templates that libclang shows only if something in the file instantiates or calls them.

A lowering asks for what it needs; what the translation unit lacks is added to the text, and the file is read
again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from transform.diagnostics import Diagnostic, Refused
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    Extra,
    ParseOptions,
    extra_of,
    location,
    parse_file,
    probe,
    walk,
)
from transform.ir.nodes import Location

_K = CursorKind
_T = TypeVar("_T")
_ROUNDS = 16
_known: dict[tuple[Path, int, ParseOptions], Extra] = {}


class Incomplete(Exception):
    """The translation unit lacks instances; it must be read again with ``extra``."""

    def __init__(self, extra: Extra, loc: Location | None) -> None:
        super().__init__("the translation unit lacks instances of templates")
        self.extra, self.loc = extra, loc


class Instances:
    """What one lowering needs; ``unit`` is any cursor of its translation unit."""

    def __init__(self, unit: Cursor) -> None:
        self._unit = unit
        self._wanted = Extra()
        self._first: Location | None = None

    def called(self, parameters: str, call: str, cursor: Cursor) -> Cursor | None:
        """The function that ``call`` calls, an expression over the ``parameters``; ``None`` if that is known
        only after another round."""
        made = self.declared(f"inline void {{name}}({parameters}) {{ {call}; }}", cursor)
        if made is None:
            return None
        for found in walk(made):
            if found.kind == _K.CALL_EXPR and found.spelling == "operator()":
                return found.referenced
        return None

    def declared(self, text: str, cursor: Cursor) -> Cursor | None:
        """What ``text`` declares as ``{name}`` at the end of the file; ``None``: after another round."""
        made = probe(self._unit, text)
        if made is None:
            self._want(Extra(probes=(text,)), cursor)
        return made

    def concrete(self, parameter: Cursor, type_: str) -> None:
        """Give a parameter declared ``auto`` the type ``type_`` in the next round."""
        for written in parameter.get_children():
            if written.kind == _K.TYPE_REF and written.spelling == "auto":
                place = written.location
                self._want(Extra(autos=((str(place.file.name), int(place.offset), type_),)), parameter)

    def _want(self, extra: Extra, cursor: Cursor) -> None:
        self._wanted |= extra
        self._first = self._first or location(cursor)

    def check(self) -> None:
        """Raises ``Incomplete`` if something was asked for that the translation unit lacks."""
        if self._wanted:
            raise Incomplete(extra_of(self._unit) | self._wanted, self._first)


def with_instances(path: Path, options: ParseOptions, use: Callable[[Cursor], _T]) -> _T:
    """``use`` of the translation unit, which is read again with what ``use`` finds to be missing.

    Raises as ``parse_file`` and ``use`` do, ``Incomplete`` never.
    """
    base = parse_file(path, options)
    file = (path, path.stat().st_mtime_ns, options)
    unit = base if file not in _known else parse_file(path, options, _known[file])
    for _ in range(_ROUNDS):
        try:
            return use(unit)
        except Incomplete as incomplete:
            if incomplete.extra == extra_of(unit):
                break
            unit = reread(path, options, incomplete)
            _known[file] = incomplete.extra
    raise Refused([Diagnostic("templates are nested too deeply", None, "call concrete functions")])


def expect(path: Path, options: ParseOptions, extra: Extra) -> None:
    """Let later lowerings of the file start with instances that they are known to need."""
    if extra:
        try:
            parse_file(path, options, extra)
        except Refused:
            return  # some cannot be made: each lowering asks for its own
        _known[(path, path.stat().st_mtime_ns, options)] = extra


def reread(path: Path, options: ParseOptions, incomplete: Incomplete) -> Cursor:
    """The translation unit with what was missing. Raises ``Refused`` if it cannot be instantiated."""
    try:
        return parse_file(path, options, incomplete.extra)
    except Refused as refused:
        hint = "this function object cannot be called as Kokkos would call it"
        messages = [d.message for d in refused.diagnostics]
        raise Refused([Diagnostic(m, incomplete.loc, hint) for m in messages]) from refused
