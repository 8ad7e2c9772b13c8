"""What lvalues denote and what declared names stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transform.frontend.clang import Cursor
from transform.ir.nodes import Atom, Symbol
from transform.ir.types import Scalar

if TYPE_CHECKING:
    from transform.frontend.classes import Shape

# ---- places: what an lvalue denotes ----


@dataclass(frozen=True, slots=True)
class Variable:
    """A scalar variable, by the key of its declaration."""

    key: int


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a View or local array."""

    memory: Symbol
    index: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """The accumulator of a parallel_reduce body."""

    accumulator: Symbol


@dataclass(frozen=True, slots=True)
class Either:
    """One of two scalars, chosen at run time: ``c ? x : y``, an ``operator[]`` that picks a member."""

    cond: Atom
    then: Place
    orelse: Place


Place = Variable | Element | Sum | Either


@dataclass(frozen=True, slots=True)
class Axis:
    """One index of the View behind a mapping: ``first + sum(step * index[position])``, where no ``first``
    is 0 and no ``step`` is 1."""

    first: Atom | None
    terms: tuple[tuple[int, Atom | None], ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a View shows a part of another one: one axis per dimension of that View, own extents."""

    axes: tuple[Axis, ...]
    extents: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A View or a whole local array; with ``mapping``, a part of a View."""

    symbol: Symbol
    mapping: Mapping | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A whole local array (``index`` is empty), or the subarray that some indices leave."""

    memory: Symbol
    index: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """An array inside an element of a View of objects: ``extent`` parts of shape ``element``, the scalars of
    the first of them from ``first`` on."""

    memory: Symbol
    index: tuple[Atom, ...]
    first: Atom
    element: Shape
    extent: int


@dataclass(frozen=True, slots=True)
class Group:
    """An object of class type, or an array of such (one local array per scalar member: each member is then
    a ``Part``). ``type`` is the canonical spelling of the class; members of bases come first."""

    type: str
    members: tuple[Slot, ...]

    def member(self, declaration: int) -> Lvalue | None:
        """The member with this key of its declaration."""
        return next((m.place for m in self.members if m.key == declaration), None)


@dataclass(frozen=True, slots=True)
class Opaque:
    """A member whose type the front end does not know: refused where it is used, not where it is declared."""

    type: str


@dataclass(frozen=True, slots=True)
class Slot:
    key: int  # of the member's declaration
    name: str
    place: Lvalue


Lvalue = Place | Part | Run | Memory | Group | Opaque
"""What an lvalue of any type denotes; ``Memory`` is a View. A ``Variable`` in a ``Group`` stands for its
key's binding, whatever that is: the member may be a View, a reference or a pointer."""


# ---- bindings: what a declared name stands for ----


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar variable. ``atom`` is its current value, ``None`` where it may be uninitialised;
    ``fixed`` is why it must not be assigned, or empty; ``sum``: the partial sum of a nested reduction, which
    is only added to."""

    name: str
    type: Scalar
    atom: Atom | None
    fixed: str = ""
    sum: bool = False


@dataclass(frozen=True, slots=True)
class NoView:
    """A View variable that stands for no View here; ``why`` says the reason."""

    why: str


NOTHING = NoView("it has no allocation")  # of a View that is default-constructed


@dataclass(frozen=True, slots=True)
class Choice:
    """A View variable that stands for one of two Views."""

    cond: Atom
    then: Handle
    orelse: Handle


# Not a string alias: ``isinstance`` takes it.
Handle = Memory | NoView | Choice


@dataclass(frozen=True, slots=True)
class ViewName:
    """A reference to a View variable."""

    key: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference, or with ``pointer`` a pointer, to a scalar."""

    place: Place
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class TeamShape:
    """The team of a TeamPolicy: its number of threads (``None``: Kokkos chooses it), and whether a thread
    may have more than one vector lane."""

    size: Atom | None
    lanes: bool


@dataclass(frozen=True, slots=True)
class Object:
    """A variable of class type, a ``std::array`` that is a part of something, a reference to one of these,
    or with ``pointer`` a pointer."""

    place: Group | Part | Run
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class Unset:
    """What names nothing yet: a View, reference or pointer member before its initialiser, the result of a
    function that returns a reference before its return statement."""


@dataclass(frozen=True, slots=True)
class Reducer:
    """A Kokkos reducer, by the name of its class, and what it reduces to."""

    kind: str
    target: Place | Group


@dataclass(frozen=True, slots=True)
class Scatter:
    """A ScatterView, or an access to one: the View of its sums."""

    sums: Symbol


@dataclass(frozen=True, slots=True)
class Policy:
    """An execution policy: bounds as written (of any integer type) and the execution space."""

    space: str
    bounds: tuple[tuple[Atom, Atom], ...]
    team: TeamShape | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """The team handle of a kernel over a TeamPolicy. ``thread`` and ``threads`` stand for ``team_rank()`` and
    ``team_size()``: no value of the lowered kernel may depend on ``thread``."""

    league_rank: Atom
    league_size: Atom
    thread: Symbol
    threads: Atom


@dataclass(frozen=True, slots=True)
class Closure:
    """A lambda, or a function that a pointer points to. ``copied``: what the variables that it captures by
    copy stand for in its body; those that it captures by reference are the variables themselves."""

    cursor: Cursor
    copied: tuple[tuple[int, Binding], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of an execution space: it says where something runs, not what."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A declaration that was refused: its uses are not reported again."""


Binding = (
    Value
    | Memory
    | NoView
    | Choice
    | ViewName
    | Alias
    | Object
    | Unset
    | Reducer
    | Scatter
    | Policy
    | Member
    | Closure
    | Instance
    | Broken
)

Env = dict[int, Binding]

THIS = 2
"""The key of ``*this``: declarations have their addresses as keys, 1 is no declaration."""
SYNTHETIC = -(1 << 20)  # below the keys of results, which are minus the depth of inlining
