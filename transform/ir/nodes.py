"""The IR: structured SSA over scalars, with Views and local arrays as memory.

Grammar (``*`` repetition, ``|`` choice)::

    Program   = name Param* returns Block                      a differentiable function
    Block     = Stmt*
    Atom      = Symbol | Const
    Op        = Apply fn Atom* | Load memory Atom* | Extent view dim

    Stmt      = Let symbol Op                                  a scalar, defined once
              | Declare symbol init? extents                   a local array
              | Store memory Atom* value                       memory[index] = value
              | Increment memory Atom* value how               memory[index] += value
              | Accumulate memory Atom* value                  the same, combination still open
              | For index lo hi step descending Carried* Block Exit?   a counted loop, perhaps left early
              | If cond Block Block Merge*
              | Launch ...                                     host: parallel_for / parallel_reduce
              | Allocate view extents | DeepCopy dst src       host
              | PrefixSum view start total?                    host: parallel_scan
              | Output param value                             host, last but for Return: a scalar reference
              | Return value                                   host, last statement of the function

    the transformer's own (never in a primal):
              | Save tape source | Restore symbol tape         host: push / pop a copy of a View or scalar
              | Replicate replicas view | Combine view replicas   host: zeroed private copies; their sum
              | Color coloring Block | Touch view Atom*        host: conflict coloring from visited targets
              | Invert starts entries keys targets Block   host: where each target's contributions are stored

Scalars are in SSA form: every ``Symbol`` is defined exactly once. A scalar that a loop changes is a
``Carried`` of that ``For``; one that branches change is a ``Merge`` of that ``If``. Memory (Views, local
arrays) is mutable and addressed by name; statement order is execution order.

Everything is frozen; ``loc`` never takes part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from transform.ir.assumptions import Assumption as Assumption
from transform.ir.assumptions import Comparison as Comparison
from transform.ir.atoms import Atom as Atom
from transform.ir.atoms import Const as Const
from transform.ir.atoms import Location as Location
from transform.ir.atoms import Symbol as Symbol
from transform.ir.objects import Formal, Private, Rebound
from transform.ir.schedules import Chunked as Chunked
from transform.ir.schedules import Colored as Colored
from transform.ir.schedules import Dealt as Dealt
from transform.ir.schedules import Flat as Flat
from transform.ir.schedules import Rows as Rows
from transform.ir.schedules import Schedule as Schedule
from transform.ir.schedules import Teamed as Teamed
from transform.ir.types import Scalar

# ---- operations: the right-hand sides of Let ----


@dataclass(frozen=True, slots=True)
class Apply:
    """A pure scalar function of atoms.

    ``fn`` is one of ``neg add sub mul div mod``, ``lt le gt ge eq ne and or not``,
    ``bitand bitor bitxor shl shr``, ``select`` (cond, a, b; both sides are atoms, so evaluated),
    ``cast`` (to the type of the Let's symbol), ``copy``, or a math function by its C name without
    namespace (``sin``, ``pow``, ``fmax``, ``fabs`` ...). ``attach`` (value, carrier) is ``value`` with the
    derivative of ``carrier``. ``call:ns::f`` is a function of the user's without side effects.
    Integer ``div`` truncates as in C++. Operands of one arithmetic op have the same type: the front end
    makes C++'s implicit conversions explicit casts.
    """

    fn: str
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """``memory(index...)``: an element of a View or local array."""

    memory: Symbol
    index: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """``view.extent(dim)``."""

    view: Symbol
    dim: int


Op = Apply | Load | Extent


# ---- statements ----


@dataclass(frozen=True, slots=True)
class Let:
    target: Symbol
    op: Op
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Declare:
    """A local array. ``zeroed``: initialised to zero (``double a[3] = {}``); else indeterminate.

    ``extents``: of an array with extents known at run time only, all of them, as values of the host."""

    target: Symbol
    zeroed: bool
    loc: Location | None = field(default=None, compare=False)
    extents: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    memory: Symbol
    index: tuple[Atom, ...]
    value: Atom
    loc: Location | None = field(default=None, compare=False)


class How(Enum):
    """How an increment is carried out."""

    PLAIN = "plain"  # one iteration at a time touches the element (or the memory is local)
    ATOMIC = "atomic"
    REDUCE = "reduce"  # a contribution to a reduction of the surrounding launch


@dataclass(frozen=True, slots=True)
class Increment:
    """``memory[index] += value``; ``how`` is decided."""

    memory: Symbol
    index: tuple[Atom, ...]
    value: Atom
    how: How
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Accumulate:
    """``memory[index] += value`` by iterations that may race: an open question, closed by a strategy."""

    memory: Symbol
    index: tuple[Atom, ...]
    value: Atom
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Carried:
    """A scalar that a loop changes: ``inner`` is its value at the start of an iteration (``init`` in the
    first), ``next`` at the end of one, ``result`` after the loop."""

    inner: Symbol
    init: Atom
    next: Atom
    result: Symbol


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave a loop early: after an iteration in which ``until`` (a value of that iteration) is true, the loop
    stops. ``trips``, of the index's type, is the number of iterations begun; it is defined after the loop."""

    until: Atom
    trips: Symbol


UNBOUNDED = 2**63 - 1
"""The ``hi`` of a loop of type ``long`` that only its ``Exit`` ends."""


@dataclass(frozen=True, slots=True)
class For:
    """``for (index = lo; index < hi; index += step)``, or the same values backwards if ``descending``.

    ``lo`` and ``hi`` are loop-invariant atoms, ``step`` a positive constant. ``parallel``: the user declared
    the iterations independent (a range of a team's threads or vector lanes); carried scalars are then partial
    results of nested reductions. A loop with an ``exit`` ascends.
    """

    index: Symbol
    lo: Atom
    hi: Atom
    step: int
    descending: bool
    carried: tuple[Carried, ...]
    body: Block
    loc: Location | None = field(default=None, compare=False)
    exit: Exit | None = None
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """``result`` is ``then`` or ``orelse`` according to the branch taken."""

    result: Symbol
    then: Atom
    orelse: Atom


@dataclass(frozen=True, slots=True)
class If:
    cond: Atom
    then: Block
    orelse: Block
    merges: tuple[Merge, ...]
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """One parallel index: ``lo <= index < hi``."""

    index: Symbol
    lo: Atom
    hi: Atom


class Combiner(Enum):
    """How a reduction joins what the iterations contribute."""

    SUM = "sum"
    PROD = "product"
    MIN = "min"
    MAX = "max"
    LAND = "logical and"
    LOR = "logical or"
    BAND = "bitwise and"
    BOR = "bitwise or"


@dataclass(frozen=True, slots=True)
class Reduction:
    """One value of all iterations, a sum unless ``combiner`` says otherwise. The body contributes with
    ``Increment(accumulator, (), value, How.REDUCE)``; ``result`` is the host scalar holding what was joined,
    the combiner's identity if there were no iterations.

    ``location`` (``MIN`` and ``MAX`` only): a host scalar of type ``long`` that says where the result comes
    from. Contributions then have one index, the number of the iteration (``ir/numbering.py``); of equal
    values the least number wins, and it is -1 where nothing was contributed.

    Contributions to an array of sums (``Accumulator.size``) have one index of type ``long``: the sum that
    they go to. ``result`` is then an ``Array`` that later launches read.
    """

    accumulator: Symbol
    result: Symbol
    combiner: Combiner = Combiner.SUM
    location: Symbol | None = None

    @property
    def results(self) -> tuple[Symbol, ...]:
        """The host scalars that it defines."""
        return (self.result,) if self.location is None else (self.result, self.location)


@dataclass(frozen=True, slots=True)
class Launch:
    """``parallel_for`` (no reductions) or ``parallel_reduce`` over one range (RangePolicy) or several
    (MDRangePolicy, as many as ``ranges``).

    ``label`` is the user's kernel label or ``""``. ``space`` is the execution space as emitted code may
    spell it (``Kokkos::DefaultExecutionSpace`` unless the user's policy names another). ``given``: what makes
    its iterations independent, checked before it runs.
    """

    label: str
    space: str
    ranges: tuple[Range, ...]
    body: Block
    reductions: tuple[Reduction, ...]
    schedule: Schedule = field(default_factory=Flat)
    loc: Location | None = field(default=None, compare=False)
    given: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocate:
    """A local View. ``extents`` has one atom per dimension (static ones included).

    ``zeroed``: as Kokkos does; else its elements are indeterminate (only the transformer allocates such)."""

    target: Symbol
    extents: tuple[Atom, ...]
    loc: Location | None = field(default=None, compare=False)
    zeroed: bool = True


@dataclass(frozen=True, slots=True)
class DeepCopy:
    """``Kokkos::deep_copy(target, source)``; a scalar source fills."""

    target: Symbol
    source: Atom
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PrefixSum:
    """Every element of ``view`` (of rank 1) becomes ``start`` plus the sum of the elements before it, or with
    ``backward`` of those after it; ``total``, if any, is ``start`` plus the sum of all."""

    view: Symbol
    start: Atom
    total: Symbol | None
    backward: bool
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Output:
    """At the end of the function: the caller's scalar behind ``param`` becomes ``value``."""

    param: Symbol
    value: Atom
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Return:
    value: Atom
    loc: Location | None = field(default=None, compare=False)


# ---- statements that only the transformer introduces ----


@dataclass(frozen=True, slots=True)
class Save:
    """Push a copy of ``source`` (a View or a scalar) onto ``tape``."""

    tape: str
    source: Atom
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Restore:
    """Define ``target`` as what ``tape`` holds on top, and pop it. A View target is the saved copy itself:
    it may be overwritten until the next Save to the same tape."""

    target: Symbol
    tape: str
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Replicate:
    """``target``: private copies of ``source``, zeroed, one per concurrent task of ``space``; first index =
    replica. (Emitted code lets ``source`` itself serve as the first of them.) ``shared``: fewer, how many is
    chosen at run time."""

    target: Symbol
    source: Symbol
    space: str
    shared: bool = False
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Combine:
    """``target += sum over replicas``, in replica order."""

    target: Symbol
    replicas: Symbol
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Touch:
    """In a ``Color`` body: this iteration updates ``view(index)``."""

    view: Symbol
    index: tuple[Atom, ...]
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Color:
    """``target``: a coloring of blocks of ``block`` iterations of ``unit`` (None: a fraction of a thread's
    share, at run time). Blocks of one color touch disjoint elements. ``body`` touches the ``views``'
    elements; ``keys`` are what it depends on (index Views and scalars): the coloring is rebuilt when one of
    them changes."""

    target: Symbol
    unit: Range
    block: int | None
    views: tuple[Symbol, ...]
    keys: tuple[Symbol, ...]
    body: Block
    loc: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Invert:
    """Sort slots by key: those of target ``t``, in ascending order, are ``entries(starts(t))`` to
    ``entries(starts(t + 1) - 1)``. A slot whose key is no target below ``targets`` has none.

    ``body`` fills ``keys``, in statements of the host whose temporary Views end with it; it runs again only
    when one of ``watched`` (index Views and scalars) changed. With ``watched`` None the body is empty, the
    keys are filled already, and they are sorted every time.
    """

    starts: Symbol
    entries: Symbol
    keys: Symbol
    targets: Atom
    watched: tuple[Symbol, ...] | None
    body: Block
    space: str
    loc: Location | None = field(default=None, compare=False)


Stmt = (
    Let
    | Declare
    | Store
    | Increment
    | Accumulate
    | For
    | If
    | Launch
    | Allocate
    | DeepCopy
    | PrefixSum
    | Output
    | Return
    | Save
    | Restore
    | Replicate
    | Combine
    | Touch
    | Color
    | Invert
)


@dataclass(frozen=True, slots=True)
class Block:
    stmts: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter, or a member of one. ``symbol.type`` is a Scalar or a View; ``spelling`` its C++ type as
    declared; ``member`` the C++ expression for a member (``mesh.x``, ``offset.view()``), else empty; ``by``
    is ``&`` or ``*`` for a scalar behind a reference or pointer that may be changed. ``enumeration``: the C++
    type of which the scalar is the number."""

    symbol: Symbol
    spelling: str
    member: str = ""
    by: str = ""
    enumeration: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """For the user: what a gradient does not do as the function does, and where that is written."""

    text: str
    loc: Location | None


@dataclass(frozen=True, slots=True)
class Program:
    """A differentiable function.

    ``qualified`` is the name to call it by (``ns::f``); ``returns`` is ``None`` for void.
    ``formals`` are the parameters of class type; ``params`` has those of their members that the body uses.
    ``includes`` are the ``#include`` lines of the user's file that declare what the signature needs, as
    written (``<Kokkos_Core.hpp>``).
    """

    name: str
    qualified: str
    params: tuple[Param, ...]
    returns: Scalar | None
    body: Block
    includes: tuple[str, ...]
    file: str
    loc: Location | None = field(default=None, compare=False)
    formals: tuple[Formal, ...] = ()
    hidden: tuple[Private, ...] = ()
    rebound: tuple[Rebound, ...] = ()
    notes: tuple[Remark, ...] = ()
