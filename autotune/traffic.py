"""What a function's kernels move and compute for given sizes, and how long a device would take for it.

A model, for rankings where no device is at hand. Of caches it knows one rule: an index that moves with the
parallel index streams through memory, one that does not stays in a cache, one that was read from an array
takes half a sector. A kernel is bound by latency, bandwidth or colliding atomics, whichever takes longest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from search_spaces.model import Device
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Atom,
    Block,
    Chunked,
    Colored,
    Combine,
    Const,
    DeepCopy,
    Extent,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    PrefixSum,
    Rows,
    Save,
    Stmt,
    Store,
    Symbol,
    Teamed,
)
from transform.ir.types import Scalar, View

SECTOR = 32  # bytes that a device moves at least
LATENCY = 600e-9  # seconds until a load from memory arrives
SAME_ADDRESS = 1e9  # atomic adds per second to one address
COLORS = 12  # of iterations one by one
TASKS = 64  # private copies on a device
TRIPS = 8  # of a loop whose bounds depend on data
TEAMS = 128  # run at a time, each with copies of its own
REPLICAS = 8  # private copies that threads share


@dataclass(frozen=True)
class Work:
    """One kernel: ``threads`` at once, ``moved`` bytes of all of them together, ``colliding`` atomic adds to
    the busiest address, in so many ``launches``; all of it ``times``."""

    threads: float
    moved: float
    colliding: float
    launches: float
    times: float


def seconds(device: Device, work: Sequence[Work], occupancy: float, spilled: int) -> float:
    """The time of launches one after the other, each with ``occupancy`` and ``spilled`` bytes per thread."""
    total = 0.0
    room = device.cores * device.groups * device.group * max(occupancy, 1e-3)
    for w in work:
        in_flight = SECTOR * min(w.threads / w.launches, room)
        bandwidth = min(1e9 * device.bandwidth, in_flight / LATENCY)
        moved = w.moved + spilled * w.threads
        busy = max(moved / bandwidth, w.colliding / SAME_ADDRESS) if bandwidth else 0.0
        total += w.times * (w.launches * 1e-6 * device.launch + busy)
    return total


@dataclass(frozen=True)
class _Index:
    """How an integer varies: with the parallel index, with a loop's, or as an array has it."""

    parallel: bool = False
    loop: bool = False
    loaded: bool = False

    def __or__(self, other: _Index) -> _Index:
        return _Index(self.parallel or other.parallel, self.loop or other.loop, self.loaded or other.loaded)


@dataclass
class _Walker:
    shapes: dict[Symbol, tuple[float, ...]]
    numbers: dict[Symbol, float]
    kinds: dict[Symbol, _Index] = field(default_factory=dict)
    bases: dict[Symbol, Atom] = field(default_factory=dict)  # x of x + constant
    work: list[Work] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)
    times: float = 1.0

    def value(self, atom: Atom, unknown: float) -> float:
        return float(atom.value) if isinstance(atom, Const) else self.numbers.get(atom, unknown)

    def block(self, block: Block) -> None:
        for s in block.stmts:
            self.stmt(s)

    def stmt(self, s: Stmt) -> None:
        """A statement of the host."""
        match s:
            case Let(target=target, op=op):
                self._let(target, op)
            case Launch():
                self._launch(s)
            case For():
                trips = self._trips(s)
                self.times *= trips
                self.block(s.body)
                self.times /= trips
            case If():
                self.block(s.then)
                self.block(s.orelse)
            case Allocate(target=target, extents=extents, zeroed=zeroed):
                self.shapes[target] = tuple(self.value(e, TRIPS) for e in extents)
                if zeroed:
                    self._sweep(target, 1)
            case DeepCopy(target=target, source=source):
                self._sweep(target, 1 if not isinstance(source, Symbol) or source in self.numbers else 2)
            case Save(source=source) if isinstance(source, Symbol) and isinstance(source.type, View):
                self._sweep(source, 2)
            case PrefixSum(view=view):
                self._sweep(view, 3)
            case Combine(target=target):
                self._sweep(target, 2 * TASKS)  # zeroed before, read after
            case _:
                pass

    def _sweep(self, view: Symbol, passes: float) -> None:
        """Every element of ``view``, ``passes`` times."""
        n = 1.0
        for extent in self.shapes.get(view, (float(TRIPS),)):
            n *= extent
        self.work.append(Work(n, passes * n * _bytes(view), 0.0, 1.0, self.times))

    def _let(self, target: Symbol, op: object) -> None:
        match op:
            case Extent(view=view, dim=dim):
                shape = self.shapes.get(view, ())
                if dim < len(shape):
                    self.numbers[target] = shape[dim]
            case Apply(fn=fn, args=args):
                kind = _Index()
                for a in args:
                    kind |= self.kinds.get(a, _Index()) if isinstance(a, Symbol) else _Index()
                self.kinds[target] = kind
                moved = fn in ("add", "sub") and isinstance(args[1], Const)
                if isinstance(args[0], Symbol) and (moved or fn in ("cast", "copy")):
                    self.bases[target] = self.bases.get(args[0], args[0])
                known = [self.value(a, float("nan")) for a in args]
                found = _computed(fn, known)
                if found is not None:
                    self.numbers[target] = found
            case Load(index=index):
                loaded = _Index(loaded=True)
                self.kinds[target] = loaded | self._kind(index) if index else loaded
            case _:
                pass

    def _kind(self, index: tuple[Atom, ...]) -> _Index:
        kind = _Index()
        for a in index:
            kind |= self.kinds.get(a, _Index()) if isinstance(a, Symbol) else _Index()
        return kind

    def _trips(self, s: For) -> float:
        lo, hi = self.value(s.lo, float("nan")), self.value(s.hi, float("nan"))
        trips = (hi - lo) / s.step
        return max(trips, 1.0) if 0 <= trips < 1e12 else TRIPS

    def _launch(self, s: Launch) -> None:
        extents = [max(self.value(r.hi, TRIPS) - self.value(r.lo, 0.0), 0.0) for r in s.ranges]
        n = 1.0
        for extent in extents:
            n *= extent
        threads, launches, stride, copies = n, 1.0, 1.0, 1.0
        match s.schedule:
            case Rows():
                threads = extents[0]
            case Chunked(shared=True):
                copies = REPLICAS
            case Chunked():
                threads = TASKS
            case Teamed():
                copies = TEAMS
            case Colored():
                launches, stride = COLORS, 3.0  # neighbours have other colors: sectors are read again
            case _:
                pass
        for r in s.ranges:
            self.kinds[r.index] = _Index(parallel=True)
        self.seen.clear()
        moved, colliding = self._body(s.body)
        self.work.append(Work(threads, stride * moved * n, colliding * n / copies, launches, self.times))

    def _body(self, block: Block) -> tuple[float, float]:
        """Bytes and colliding atomic adds of one iteration."""
        moved = colliding = 0.0
        for s in block.stmts:
            match s:
                case Let(target=target, op=op):
                    self._let(target, op)
                    if isinstance(op, Load):
                        moved += self._access(op.memory, op.index, "load", 1)
                case Store(memory=memory, index=index):
                    moved += self._access(memory, index, "store", 1)
                case Increment(memory=memory, index=index, how=how) if how is not How.REDUCE:
                    atomic = how is How.ATOMIC
                    moved += self._access(memory, index, "increment", 2)
                    kind = self._kind(index)
                    if atomic and not kind.parallel and not kind.loaded:
                        colliding += 1
                case Accumulate():
                    raise AssertionError("how increments combine is undecided")
                case For():
                    self.kinds[s.index] = _Index(loop=True)
                    inner = self._body(s.body)
                    moved += self._trips(s) * inner[0]
                    colliding += inner[1]  # turns of the loop meet at different elements
                case If():
                    sides = [self._body(side) for side in (s.then, s.orelse)]
                    moved += max(side[0] for side in sides)
                    colliding += max(side[1] for side in sides)
                case _:
                    pass
        return moved, colliding

    def _access(self, memory: Symbol, index: tuple[Atom, ...], kind: str, passes: int) -> float:
        if not isinstance(memory.type, View):
            return 0.0
        varies = self._kind(index)
        place = tuple(self.bases.get(a, a) if isinstance(a, Symbol) else 0 for a in index)
        if (memory, place, kind) in self.seen:
            return 0.0  # a neighbour of what the iteration moves already
        self.seen.add((memory, place, kind))
        if varies.loaded:
            return passes * SECTOR / 2  # neighbours in the mesh share half of a sector
        return passes * _bytes(memory) if varies.parallel else 0.0


def _bytes(memory: Symbol) -> float:
    assert isinstance(memory.type, View)
    return 4.0 if memory.type.element.name in ("float", "int", "unsigned", "unsigned int") else 8.0


def _computed(fn: str, args: list[float]) -> float | None:
    if any(a != a for a in args):
        return None
    match fn, args:
        case (("cast" | "copy"), [a]):
            return a
        case "neg", [a]:
            return -a
        case "add", [a, b]:
            return a + b
        case "sub", [a, b]:
            return a - b
        case "mul", [a, b]:
            return a * b
        case "div", [a, b] if b:
            return a / b
        case "min", [a, b]:
            return min(a, b)
        case "max", [a, b]:
            return max(a, b)
        case _:
            return None


def work_of(
    body: Block, shapes: Mapping[Symbol, tuple[int, ...]], scalars: Mapping[Symbol, float]
) -> tuple[Work, ...]:
    """The launches of ``body``, in order. ``shapes`` of Views and values of ``scalars`` that it is given."""
    walker = _Walker(
        {v: tuple(map(float, shape)) for v, shape in shapes.items()},
        {s: v for s, v in scalars.items() if isinstance(s.type, Scalar)},
    )
    walker.block(body)
    return tuple(replace(w, threads=max(w.threads, 1.0)) for w in walker.work)
