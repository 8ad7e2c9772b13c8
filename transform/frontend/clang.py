"""libclang: parse a translation unit and ask about its cursors. The only importer of ``clang.cindex``."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from clang import cindex
from clang.cindex import Cursor, CursorKind, StorageClass, TypeKind
from clang.cindex import Type as ClangType

from transform.diagnostics import Diagnostic, Refused, UsageError
from transform.frontend.flags import (
    HeadersMissing,
    KokkosHeadersMissing,
    ParseOptions,
    compiler_flags,
    compiler_include_dirs,
    kokkos_headers,
)
from transform.frontend.host_headers import host_headers
from transform.ir.nodes import Location

__all__ = [
    "ClangType",
    "Cursor",
    "CursorKind",
    "HeadersMissing",
    "KokkosHeadersMissing",
    "ParseOptions",
    "StorageClass",
    "TypeKind",
]


class Binary(IntEnum):
    """``CXBinaryOperatorKind`` of libclang."""

    MUL = 3
    DIV = 4
    REM = 5
    ADD = 6
    SUB = 7
    SHL = 8
    SHR = 9
    LT = 11
    GT = 12
    LE = 13
    GE = 14
    EQ = 15
    NE = 16
    AND = 17
    XOR = 18
    OR = 19
    LAND = 20
    LOR = 21
    ASSIGN = 22
    MUL_ASSIGN = 23
    DIV_ASSIGN = 24
    REM_ASSIGN = 25
    ADD_ASSIGN = 26
    SUB_ASSIGN = 27
    SHL_ASSIGN = 28
    SHR_ASSIGN = 29
    AND_ASSIGN = 30
    XOR_ASSIGN = 31
    OR_ASSIGN = 32
    COMMA = 33


class Unary(IntEnum):
    """``CXUnaryOperatorKind`` of libclang."""

    POST_INC = 1
    POST_DEC = 2
    PRE_INC = 3
    PRE_DEC = 4
    ADDRESS = 5
    DEREF = 6
    PLUS = 7
    MINUS = 8
    NOT = 9
    LNOT = 10


_BINARY = {int(kind): kind for kind in Binary}
_UNARY = {int(kind): kind for kind in Unary}


@lru_cache(maxsize=1)
def _library() -> Any:
    """The C library with the functions that the Python binding does not declare."""
    library = cindex.conf.lib
    for name in ("clang_getCursorBinaryOperatorKind", "clang_getCursorUnaryOperatorKind"):
        function = getattr(library, name)
        function.argtypes, function.restype = [Cursor], ctypes.c_int
    library.clang_Cursor_getVarDeclInitializer.argtypes = [Cursor]
    library.clang_Cursor_getVarDeclInitializer.restype = Cursor
    library.clang_Cursor_hasVarDeclGlobalStorage.argtypes = [Cursor]
    library.clang_Cursor_hasVarDeclGlobalStorage.restype = ctypes.c_int
    library.clang_getSpecializedCursorTemplate.argtypes = [Cursor]
    library.clang_getSpecializedCursorTemplate.restype = Cursor
    library.clang_isVirtualBase.argtypes, library.clang_isVirtualBase.restype = [Cursor], ctypes.c_uint
    library.clang_Location_isInSystemHeader.argtypes = [cindex.SourceLocation]
    library.clang_Location_isInSystemHeader.restype = ctypes.c_int
    library.clang_Cursor_Evaluate.argtypes = [Cursor]
    library.clang_Cursor_Evaluate.restype = ctypes.c_void_p
    for name, result in (
        ("getKind", ctypes.c_int),
        ("getAsLongLong", ctypes.c_longlong),
        ("getAsUnsigned", ctypes.c_ulonglong),
        ("isUnsignedInt", ctypes.c_uint),
        ("getAsDouble", ctypes.c_double),
        ("dispose", None),
    ):
        function = getattr(library, f"clang_EvalResult_{name}")
        function.argtypes, function.restype = [ctypes.c_void_p], result
    return library


def binary_kind(cursor: Cursor) -> Binary | None:
    """The operator of a binary or compound-assignment expression; ``None`` for one unknown here."""
    return _BINARY.get(int(_library().clang_getCursorBinaryOperatorKind(cursor)))


def unary_kind(cursor: Cursor) -> Unary | None:
    """The operator of a unary expression; ``None`` for one unknown here (``__real``, ``__extension__``)."""
    return _UNARY.get(int(_library().clang_getCursorUnaryOperatorKind(cursor)))


def initializer(declaration: Cursor) -> Cursor | None:
    """The initialiser of a variable, or the default argument of a parameter."""
    cursor = _library().clang_Cursor_getVarDeclInitializer(declaration)
    cursor._tu = declaration._tu
    return None if cursor.kind.is_invalid() else cursor


def has_global_storage(declaration: Cursor) -> bool:
    """Whether the variable is global or static."""
    return int(_library().clang_Cursor_hasVarDeclGlobalStorage(declaration)) == 1


def is_public(member: Cursor) -> bool:
    """Whether code outside of the class may name a member."""
    return bool(member.access_specifier == cindex.AccessSpecifier.PUBLIC)


def is_virtual_base(specifier: Cursor) -> bool:
    return bool(_library().clang_isVirtualBase(specifier))


def in_system_header(cursor: Cursor) -> bool:
    return int(_library().clang_Location_isInSystemHeader(cursor.location)) != 0


def evaluate(cursor: Cursor) -> int | float | None:
    """The value of a constant expression or of a variable with a constant initialiser, else ``None``."""
    library = _library()
    result = library.clang_Cursor_Evaluate(cursor)
    if not result:
        return None
    try:
        kind = int(library.clang_EvalResult_getKind(result))
        if kind == 1:
            unsigned = int(library.clang_EvalResult_isUnsignedInt(result))
            reader = "getAsUnsigned" if unsigned else "getAsLongLong"
            return int(getattr(library, f"clang_EvalResult_{reader}")(result))
        return float(library.clang_EvalResult_getAsDouble(result)) if kind == 2 else None
    finally:
        library.clang_EvalResult_dispose(result)


def key(declaration: Cursor | None) -> int:
    """The identity of a declaration within its translation unit: its address; 1 for no declaration."""
    return 1 if declaration is None else int(declaration.data[0])


def template_of(declaration: Cursor) -> Cursor | None:
    """The template, or member of a template, of which ``declaration`` is an instance."""
    return _library().clang_getSpecializedCursorTemplate(declaration)


def template_arguments(instance: Cursor) -> tuple[str, ...]:
    """The arguments of an instance of a function template as C++ spells them; none for other functions."""
    given = []
    for position in range(max(0, int(instance.get_num_template_arguments()))):
        kind = instance.get_template_argument_kind(position)
        if kind == cindex.TemplateArgumentKind.TYPE:
            given.append(str(instance.get_template_argument_type(position).spelling))
        elif kind == cindex.TemplateArgumentKind.INTEGRAL:
            given.append(str(instance.get_template_argument_value(position)))
    return tuple(given)


def location(cursor: Cursor) -> Location | None:
    place = cursor.location
    return Location(str(place.file.name), int(place.line), int(place.column)) if place.file else None


def children(cursor: Cursor) -> list[Cursor]:
    return list(cursor.get_children())


def expressions(cursor: Cursor) -> list[Cursor]:
    """The operands of an expression, without the type and template names written in it."""
    return [c for c in cursor.get_children() if c.kind.is_expression()]


def arguments(call: Cursor) -> list[Cursor]:
    """The arguments written in a call (libclang shows default arguments without a location)."""
    return [a for a in call.get_arguments() if a is not None]


def is_written(cursor: Cursor) -> bool:
    """False for what the compiler adds, e.g. a default argument."""
    return cursor.location.file is not None


def is_implicit(outer: Cursor, inner: Cursor) -> bool:
    """Whether ``outer`` is a node that the compiler put around ``inner``: it has no text of its own."""
    a, b = outer.extent, inner.extent
    return bool(a.start.offset == b.start.offset and a.end.offset == b.end.offset)


def member_of(cursor: Cursor) -> list[Cursor]:
    """The object or pointer of a member expression, none for a member of ``*this`` without one: explicit
    template arguments, which follow the name, are expressions in it too. A conversion has no name in the
    source."""
    name = cursor.location.offset
    conversion = cursor.referenced is not None and cursor.referenced.kind == CursorKind.CONVERSION_FUNCTION
    return [c for c in expressions(cursor) if conversion or c.extent.start.offset <= name][:1]


def strip(cursor: Cursor) -> Cursor:
    """``cursor`` without parentheses and implicit conversions."""
    while cursor.kind in (CursorKind.PAREN_EXPR, CursorKind.UNEXPOSED_EXPR):
        inner = expressions(cursor)
        if len(inner) != 1 or (
            cursor.kind == CursorKind.UNEXPOSED_EXPR and not is_implicit(cursor, inner[0])
        ):
            break
        cursor = inner[0]
    return cursor


def source_text(cursor: Cursor) -> str:
    """The text of ``cursor`` in its file; inside a macro, that of the whole macro call."""
    start, end = cursor.extent.start, cursor.extent.end
    if start.file is None or end.file is None or start.file.name != end.file.name:
        return ""
    return _contents(str(start.file.name))[start.offset : end.offset].decode(errors="replace")


@lru_cache(maxsize=16)
def _contents(file: str) -> bytes:
    return Path(file).read_bytes()


def namespace(declaration: Cursor) -> str:
    """The namespaces around a declaration, ``a::b``; versioning namespaces such as ``__cxx11`` left out."""
    names: list[str] = []
    parent = declaration.semantic_parent
    while parent is not None and parent.kind != CursorKind.TRANSLATION_UNIT:
        name = str(parent.spelling)
        if name and not name.startswith("__") and parent.kind != CursorKind.LINKAGE_SPEC:
            names.append(name)
        parent = parent.semantic_parent
    return "::".join(reversed(names))


def qualified(declaration: Cursor) -> str:
    scope = namespace(declaration)
    return f"{scope}::{declaration.spelling}" if scope else str(declaration.spelling)


def walk(cursor: Cursor) -> Iterator[Cursor]:
    """``cursor`` and everything below it, in source order."""
    yield cursor
    for child in cursor.get_children():
        yield from walk(child)


@dataclass(frozen=True)
class Extra:
    """What a file is read with beyond its text, so that instances of templates exist whose bodies are needed.

    ``probes``: declarations at its end, one line each, ``{name}`` where their name goes; ``autos``: concrete
    types in place of an ``auto``: the file, its offset there, and the type. No text moves: the type is
    written as a macro as long as ``auto``.
    """

    probes: tuple[str, ...] = ()
    autos: tuple[tuple[str, int, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.probes or self.autos)

    def __or__(self, other: Extra) -> Extra:
        return Extra(
            tuple(dict.fromkeys(self.probes + other.probes)), tuple(dict.fromkeys(self.autos + other.autos))
        )


_extras: WeakKeyDictionary[Any, tuple[Extra, int]] = WeakKeyDictionary()  # and the line before the probes


def parse_file(path: Path, options: ParseOptions, extra: Extra = Extra()) -> Cursor:
    """The translation unit of ``path``.

    Raises ``UsageError`` (no such file), ``KokkosHeadersMissing``, ``HeadersMissing``, ``Refused`` (compile
    errors, as clang words them).
    """
    if not path.is_file():
        raise UsageError(f"{path}: " + ("is a directory" if path.is_dir() else "no such file"))
    return _parse(path, path.stat().st_mtime_ns, options, extra)


def extra_of(cursor: Cursor) -> Extra:
    """What the translation unit of ``cursor`` was read with."""
    return _extras.get(cursor.translation_unit, (Extra(), 0))[0]


def probe(cursor: Cursor, text: str) -> Cursor | None:
    """The declaration made from a probe in the translation unit of ``cursor``; ``None`` if it has no such."""
    unit = cursor.translation_unit
    extra, line = _extras.get(unit, (Extra(), 0))
    if text not in extra.probes:
        return None
    number = extra.probes.index(text)
    file = unit.get_file(unit.spelling)
    place = cindex.SourceLocation.from_position(unit, file, line + number + 1, text.index("{name}") + 1)
    return Cursor.from_location(unit, place)


def _edited(path: Path, extra: Extra) -> tuple[list[tuple[str, str]], list[str], int]:
    """The texts to read in place of files, the flags that they need, and the lines of the main file."""
    texts = {str(path): path.read_bytes()}
    flags = ["-fno-access-control"] if extra.probes else []
    for number, (file, offset, type_) in enumerate(extra.autos):
        text = texts.get(file) or Path(file).read_bytes()
        macro = f"kd{number:02d}"  # as long as auto
        assert text[offset : offset + 4] == b"auto"
        texts[file] = text[:offset] + macro.encode() + text[offset + 4 :]
        flags.append(f"-D{macro}={type_}")
    main = texts[str(path)]
    if not main.endswith(b"\n"):
        main += b"\n"
    lines = main.count(b"\n")
    named = [p.replace("{name}", f"kad_probe_{k}") for k, p in enumerate(extra.probes)]
    texts[str(path)] = main + "".join(f"{p}\n" for p in named).encode()
    return [(file, text.decode(errors="surrogateescape")) for file, text in texts.items()], flags, lines


@lru_cache(maxsize=8)
def _parse(path: Path, _modified: int, options: ParseOptions, extra: Extra) -> Cursor:
    _contents.cache_clear()
    flags = compiler_flags(path, options)
    texts, more, lines = _edited(path, extra)
    replaced = [*host_headers(kokkos_headers(path, options)), *(texts if extra else [])]
    unit = cindex.Index.create().parse(str(path), args=[*flags, *more], unsaved_files=replaced or None)
    _extras[unit] = extra, lines
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error and not _harmless(d)]
    for error in errors:
        missing = re.match(r"'(.*)' file not found", error.spelling)
        if missing and missing[1] in ("stddef.h", "cstddef", "limits.h", "cmath"):
            raise HeadersMissing(
                f"the C++ standard headers were not found ({missing[1]}): install a C++ compiler "
                "(Debian: apt-get install g++) or set CXX"
            )
    if errors:
        raise Refused([_clang_error(e) for e in errors])
    return unit.cursor


def _harmless(error: Any) -> bool:
    """GCC's own headers (omp.h) use attribute forms that libclang does not know; nothing is lost."""
    place = error.location.file
    if place is None or not re.search(r"attribute takes (no|at least \d+) arguments?", error.spelling):
        return False
    return any(place.name.startswith(directory) for directory in compiler_include_dirs())


def _clang_error(error: Any) -> Diagnostic:
    place = error.location
    loc = Location(place.file.name, place.line, place.column) if place.file else None
    hint = "this is the C++ compiler's own error: make the file compile first"
    return Diagnostic(str(error.spelling), loc, hint)
