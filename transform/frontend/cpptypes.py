"""C++ types -> IR types."""

from __future__ import annotations

from transform.frontend.clang import ClangType, CursorKind, TypeKind
from transform.ir.types import INT, Array, Scalar, View, view_of_scalars

_SCALARS = {
    TypeKind.BOOL: "bool",
    TypeKind.CHAR_S: "char",
    TypeKind.CHAR_U: "char",
    TypeKind.SCHAR: "signed char",
    TypeKind.UCHAR: "unsigned char",
    TypeKind.SHORT: "short",
    TypeKind.USHORT: "unsigned short",
    TypeKind.INT: "int",
    TypeKind.UINT: "unsigned int",
    TypeKind.LONG: "long",
    TypeKind.ULONG: "unsigned long",
    TypeKind.LONGLONG: "long long",
    TypeKind.ULONGLONG: "unsigned long long",
    TypeKind.FLOAT: "float",
    TypeKind.DOUBLE: "double",
}
_BITS = {"char": 8, "short": 16, "int": 32, "long": 64, "long long": 64}
_REFERENCES = (TypeKind.LVALUEREFERENCE, TypeKind.RVALUEREFERENCE)
_ALIASES = (CursorKind.TYPEDEF_DECL, CursorKind.TYPE_ALIAS_DECL)
MAX_RANK = 8


def is_signed(type_: Scalar) -> bool:
    return type_.is_integer and not type_.name.startswith("unsigned")


def bits(type_: Scalar) -> int:
    """The width of an integer type on the LP64 platforms that Kokkos supports."""
    return _BITS[type_.name.removeprefix("unsigned ").removeprefix("signed ")]


def wrap(value: int, type_: Scalar) -> int:
    """``value`` converted to an integer type as C++ does it (modulo 2^n)."""
    width = bits(type_)
    value &= (1 << width) - 1
    return value - (1 << width) if is_signed(type_) and value >> (width - 1) else value


def unreferenced(type_: ClangType) -> ClangType:
    """The canonical type without a reference."""
    type_ = type_.get_canonical()
    return type_.get_pointee().get_canonical() if type_.kind in _REFERENCES else type_


def is_reference(type_: ClangType) -> bool:
    return type_.get_canonical().kind in _REFERENCES


def is_mutable_reference(type_: ClangType) -> bool:
    return is_reference(type_) and not unreferenced(type_).is_const_qualified()


def scalar(type_: ClangType) -> Scalar | None:
    """The arithmetic type behind references, const and typedefs; ``None`` for any other type.

    An unscoped enumeration counts as its integer type. ``long double`` and 128-bit types are not scalars
    here: nothing downstream handles them.
    """
    type_ = unreferenced(type_)
    if type_.kind == TypeKind.ENUM:
        declaration = type_.get_declaration()
        return INT if declaration.is_scoped_enum() else scalar(declaration.enum_type)
    name = _SCALARS.get(type_.kind)
    return Scalar(name) if name else None


def array(type_: ClangType) -> Array | None:
    """A C array of scalars with constant extents, also behind a reference."""
    type_ = unreferenced(type_)
    extents: list[int] = []
    while type_.kind == TypeKind.CONSTANTARRAY:
        extents.append(int(type_.element_count))
        type_ = type_.element_type.get_canonical()
    element = scalar(type_)
    return Array(element, tuple(extents)) if extents and element else None


def class_name(type_: ClangType) -> str:
    """The qualified name of a class type without template arguments, e.g. ``Kokkos::View``; else ``""``."""
    declaration = unreferenced(type_).get_declaration()
    if declaration.kind == CursorKind.NO_DECL_FOUND or not declaration.spelling:
        return ""
    names = [str(declaration.spelling)]
    parent = declaration.semantic_parent
    while parent is not None and parent.kind == CursorKind.NAMESPACE:
        if not str(parent.spelling).startswith("__"):
            names.append(str(parent.spelling))
        parent = parent.semantic_parent
    return "::".join(reversed(names))


def is_view(type_: ClangType) -> bool:
    return class_name(type_) == "Kokkos::View"


def view(type_: ClangType) -> View | None:
    """A Kokkos View of at most rank 8 of floats, integers or bools; ``None`` for any other type."""
    if not is_view(type_):
        return None
    data = unreferenced(type_).get_template_argument_type(0).get_canonical()
    static: list[int | None] = []
    constant = bool(data.is_const_qualified())  # libclang puts the const of an array's elements on the array
    while data.kind == TypeKind.CONSTANTARRAY:
        static.append(int(data.element_count))
        data = data.element_type.get_canonical()
    dynamic: list[int | None] = []
    while data.kind == TypeKind.POINTER:
        dynamic.append(None)
        data = data.get_pointee().get_canonical()
    from transform.frontend.classes import scalars_of  # classes know Views, Views of objects know classes

    rank, element = len(dynamic) + len(static), scalar(data)
    read_only = constant or bool(data.is_const_qualified())
    if element is not None and rank <= MAX_RANK:
        return View(element, (*dynamic, *static), read_only, view_spelling(type_))
    packed = scalars_of(data) if element is None and rank < MAX_RANK else None
    if packed is None:
        return None
    return view_of_scalars(packed[0], (*dynamic, *static, packed[1]), read_only, view_spelling(type_))


def view_spelling(type_: ClangType) -> str:
    """A View type as any translation unit may write it.

    Typedefs are resolved, except that ``Kokkos::DefaultExecutionSpace`` and what is derived from it stays,
    and so does the ``HostMirror`` of a View: they name other spaces on another backend.
    """
    mirrored = _mirrored(type_)
    if mirrored is not None:
        return f"{view_spelling(mirrored)}::HostMirror"
    written = _desugar_reference(type_)
    canonical = unreferenced(type_)
    count = written.get_num_template_arguments()
    if count < 1:
        return plain_spelling(canonical)
    arguments = [str(canonical.get_template_argument_type(0).get_canonical().spelling)]
    arguments += [portable_spelling(written.get_template_argument_type(i)) for i in range(1, count)]
    return f"Kokkos::View<{', '.join(arguments)}>"


def _mirrored(type_: ClangType) -> ClangType | None:
    """``V`` of ``V::HostMirror``."""
    for _ in range(16):
        if type_.kind in _REFERENCES:
            type_ = type_.get_pointee()
            continue
        declaration = type_.get_declaration()
        if declaration.kind not in _ALIASES:
            return None
        if declaration.spelling in ("HostMirror", "host_mirror_type"):
            owner: ClangType = declaration.semantic_parent.type
            return owner if is_view(owner) else None
        type_ = declaration.underlying_typedef_type
    return None


def portable_spelling(type_: ClangType) -> str:
    """The canonical spelling, or the typedef ``Kokkos::Default...`` through which the type was named."""
    step = type_
    for _ in range(16):
        name = str(step.spelling).removeprefix("typename ").removeprefix("const ")
        if name.startswith(("DefaultExecutionSpace", "DefaultHostExecutionSpace")):
            return f"Kokkos::{name}"
        if name.startswith(("Kokkos::DefaultExecutionSpace", "Kokkos::DefaultHostExecutionSpace")):
            return name
        declaration = step.get_declaration()
        if declaration.kind not in _ALIASES:
            break
        step = declaration.underlying_typedef_type
    return plain_spelling(type_.get_canonical())


def plain_spelling(type_: ClangType) -> str:
    """The canonical spelling without a reference and outer const."""
    return str(unreferenced(type_).spelling).removeprefix("const ").removeprefix("volatile ")


def _desugar_reference(type_: ClangType) -> ClangType:
    """``type_`` without a reference, its typedefs kept."""
    for _ in range(16):
        if type_.kind in _REFERENCES:
            type_ = type_.get_pointee()
            continue
        declaration = type_.get_declaration()
        if declaration.kind not in _ALIASES:
            break
        type_ = declaration.underlying_typedef_type
    return type_
