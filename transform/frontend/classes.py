"""What an object consists of: C++ types with classes and arrays of anything taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    TypeKind,
    expressions,
    is_virtual_base,
    key,
    template_of,
)
from transform.frontend.cpptypes import (
    class_name,
    is_reference,
    plain_spelling,
    scalar,
    unreferenced,
)
from transform.frontend.cpptypes import view as view_type
from transform.ir.types import Scalar, View

SCATTER_VIEW = "Kokkos::Experimental::ScatterView"
ARRAY_CLASSES = ("std::array", "Kokkos::Array")
# Classes of libraries that are taken apart, and their functions inlined, like the user's.
LIBRARY_CLASSES = (
    "Kokkos::complex",
    "Kokkos::pair",
    "Kokkos::ValLocScalar",
    "Kokkos::MinMaxScalar",
    "Kokkos::MinMaxLocScalar",
    "std::pair",
)


@dataclass(frozen=True, slots=True)
class Row:
    """``extent`` elements: a C array, or with ``wrapped`` a ``std::array`` or ``Kokkos::Array``."""

    extent: int
    element: Shape
    wrapped: bool


@dataclass(frozen=True, slots=True)
class Field:
    key: int
    name: str
    shape: Shape
    declaration: Cursor = field(compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A class with its direct bases."""

    name: str
    bases: tuple[Record, ...]
    fields: tuple[Field, ...]
    type: ClangType = field(compare=False)

    @property
    def all_fields(self) -> tuple[Field, ...]:
        return (*(f for b in self.bases for f in b.all_fields), *self.fields)


@dataclass(frozen=True, slots=True)
class Indirect:
    """A reference or pointer as a member."""

    spelling: str


@dataclass(frozen=True, slots=True)
class Unknown:
    spelling: str


Shape = Scalar | View | Row | Record | Indirect | Unknown


def is_object(type_: ClangType) -> bool:
    """Whether a type, references aside, is a class that is taken apart, or an array of such."""
    found = unreferenced(type_)
    while found.kind == TypeKind.CONSTANTARRAY:
        found = found.element_type.get_canonical()
    return isinstance(shape(found), Record | Row)


def shape(type_: ClangType) -> Shape:
    """The shape of an object of the type (of what a reference refers to)."""
    type_ = unreferenced(type_)
    known = scalar(type_) or view_type(type_)
    if known is not None:
        return known
    if type_.kind == TypeKind.CONSTANTARRAY:
        return Row(int(type_.element_count), shape(type_.element_type), False)
    name = class_name(type_)
    if name == SCATTER_VIEW:  # copies share the sums
        return Indirect(str(type_.spelling))
    if name in ARRAY_CLASSES and type_.get_num_template_arguments() >= 2:
        return _array_class(type_)
    library = name.split("::")[0] in ("std", "Kokkos") and name not in LIBRARY_CLASSES
    if type_.kind == TypeKind.RECORD and not library and "(lambda at " not in str(type_.spelling):
        return _record(type_)
    return Unknown(str(type_.spelling))


def scalars_of(type_: ClangType) -> tuple[Scalar, int] | None:
    """The type and number of the scalars of an object that consists of nothing else, without gaps."""
    found = list(_scalars(shape(type_)))
    kinds = set(found)
    if len(kinds) != 1 or None in kinds:
        return None
    (kind,) = kinds
    size = {"double": 8, "float": 4, "int": 4, "long": 8}.get(kind.name if kind else "", 0)
    if kind is None or type_.get_size() != size * len(found):
        return None
    return kind, len(found)


def _scalars(type_: Shape) -> Iterator[Scalar | None]:
    match type_:
        case Scalar():
            yield type_
        case Row(extent=extent, element=element):
            for _ in range(extent):
                yield from _scalars(element)
        case Record():
            for field_ in type_.all_fields:
                yield from _scalars(field_.shape)
        case _:
            yield None


def count(type_: Shape) -> int:
    """How many scalars an object consists of."""
    return sum(1 for _ in _scalars(type_))


def _array_class(type_: ClangType) -> Shape:
    declaration = type_.get_declaration()
    extent = (
        int(declaration.get_template_argument_value(1)) if declaration.get_num_template_arguments() > 1 else 0
    )
    if extent <= 0:
        return Unknown(str(type_.spelling))
    return Row(extent, shape(type_.get_template_argument_type(0)), True)


def _record(type_: ClangType) -> Shape:
    name = plain_spelling(type_)
    declaration = type_.get_declaration()
    definition = declaration.get_definition() or declaration
    bases = () if name.startswith("std::pair<") else base_types(definition)  # its base is empty
    if definition.kind == CursorKind.UNION_DECL or bases is None:
        return Unknown(name)
    parts = [shape(b) for b in bases]
    fields = []
    for member in type_.get_fields():
        if member.is_bitfield() or member.is_anonymous() or member.type.is_volatile_qualified():
            return Unknown(name)
        fields.append(Field(key(member), str(member.spelling), _member(member.type), member))
    record = Record(name, tuple(p for p in parts if isinstance(p, Record)), tuple(fields), type_)
    keys = [f.key for f in record.all_fields]
    if len(record.bases) != len(parts) or len(set(keys)) != len(keys):
        return Unknown(name)
    return record


def _member(type_: ClangType) -> Shape:
    canonical = type_.get_canonical()
    if is_reference(type_) or canonical.kind == TypeKind.POINTER:
        return Indirect(str(canonical.spelling))
    return shape(type_)


def base_types(definition: Cursor) -> tuple[ClangType, ...] | None:
    """The types of the direct bases; ``None`` if one is virtual or depends on a template argument."""
    members = list(definition.get_children())
    if not members and (pattern := template_of(definition)) is not None:
        members = list(pattern.get_children())  # an instantiation shows no children
    found = []
    for member in members:
        if member.kind != CursorKind.CXX_BASE_SPECIFIER:
            continue
        if _is_empty_template(member):
            continue
        base = member.type.get_canonical()
        if is_virtual_base(member) or base.kind != TypeKind.RECORD:
            return None
        found.append(base)
    return tuple(found)


def _is_empty_template(base: Cursor) -> bool:
    """Whether a base is an instance of a template without data and bases: an interface."""
    named = [c.referenced for c in base.get_children() if c.kind == CursorKind.TEMPLATE_REF]
    kinds = [c.kind for n in named for c in (n.get_definition() or n).get_children()]
    data = (CursorKind.FIELD_DECL, CursorKind.CXX_BASE_SPECIFIER)
    return bool(kinds) and not any(k in data for k in kinds) and not is_virtual_base(base)


def default_initializer(declaration: Cursor) -> Cursor | None:
    """The initialiser written with a member (``double x = 1;``): what follows its name."""
    after = declaration.location.offset
    found = [c for c in expressions(declaration) if c.extent.start.offset > after]
    if declaration.type.get_canonical().kind == TypeKind.CONSTANTARRAY:  # the bounds are expressions too
        found = [c for c in found if c.kind == CursorKind.INIT_LIST_EXPR]
    return found[-1] if found else None
