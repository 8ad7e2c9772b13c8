"""A workload from how the code indexes its Views, and checks of a workload against that.

Sizes that bound a loop are free: they get a target size. Every other extent grows until all accesses are in
range. Sizes then shrink together until data and work are moderate.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from autotune.conditions import Conditions
from autotune.fills import Option
from autotune.integers import Interval
from autotune.intervals import Access, Footprint, Sizes, footprint
from autotune.origins import definitions, loaded_from
from autotune.workload import Array, Value, Workload, arrays, load_workloads
from transform.diagnostics import UsageError
from transform.emit.require import message
from transform.ir.nodes import Apply, Atom, Block, DeepCopy, Extent, For, If, Launch, Load, Program, Symbol
from transform.ir.types import Scalar, View
from transform.ir.walk import walk
from transform.signature import Argument, Signature

FULL = 1_000_000  # elements of the largest array, about
SMALL = 400
TIME_STEPS = 10  # trips of a loop on the host
INNER_TRIPS = 8  # trips of a loop inside a kernel
_ROUNDS = 40  # of growing; each follows one more indirection

Quantity = tuple[str, str, int]  # ("extent", view, dim), ("scalar", name, 0) or ("values", view, 0)


@dataclass(frozen=True)
class _Roots:
    """The quantities that bound loops or are held by index arrays, with their sizes for a target of ``n``."""

    sizes: dict[Quantity, int]
    fixed: frozenset[Quantity]  # those that do not shrink: few trips anyway
    pointers: frozenset[str]  # integer Views whose neighbouring elements bound a loop: nondecreasing


def infer_workload(
    program: Program, signature: Signature, size: int = FULL, name: str = "inferred"
) -> Workload:
    """Sizes and random values for every parameter such that each access is in range.

    ``size`` is the number of elements of the largest array, about. Raises ``UsageError`` with the access that
    decides nothing: the user then writes a workload.
    """
    roots = _roots(program, size)
    scale = 1.0
    while True:
        sizes, found = _grow(program, signature, roots, scale)
        elements = sum(math.prod(e) for e in sizes.extents.values())
        if (elements <= 4 * size and found.work <= 200 * size) or scale < 1e-4:
            break
        scale *= 0.7
    values = tuple((a.name, _value(a, sizes, roots)) for a in signature.arguments)
    return Workload(name, values)


def shrink(workload: Workload, program: Program, signature: Signature) -> Workload:
    """A small workload of the same kind, for finite differences and elementwise comparison.

    The table ``small`` of the workload's file if there is one. Otherwise inferred small sizes with the
    workload's own rules for values; where data come from files or a rule decides sizes, that is not known
    to be consistent, and the workload itself is returned.
    """
    if workload.source is not None:
        for other in load_workloads(workload.source, signature):
            if other.name == "small":
                return other
    try:
        inferred = infer_workload(program, signature, SMALL, "small")
    except UsageError:
        return workload
    values: list[tuple[str, Value]] = []
    for argument in signature.arguments:
        given, small = workload[argument.name], inferred[argument.name]
        if isinstance(given, Array) and isinstance(small, Array):
            if given.file is not None or given.fill in ("grid2d", "triangles"):
                return workload
            floating = isinstance(argument.type, View) and argument.type.element.is_float
            small = Array(small.shape, given.fill, given.options, seed=given.seed) if floating else small
        elif isinstance(argument.type, Scalar) and not argument.type.is_integer:
            small = given
        values.append((argument.name, small))
    return Workload("small", tuple(values))


def check_accesses(workload: Workload, program: Program, signature: Signature) -> None:
    """Raise ``UsageError`` if the workload certainly leads to an access outside of a View.

    Certain are indices read from integer arrays, and unconditional ones that are affine in one loop index.
    """
    data = arrays(workload, signature)
    integers = [a for a in signature.arguments if not _element(a).is_float]
    sizes = Sizes(
        extents={a.name: data[a.name].shape for a in signature.arguments if isinstance(a.type, View)},
        scalars={a.name: int(data[a.name]) for a in integers if not isinstance(a.type, View)},
        values={
            a.name: (int(np.min(data[a.name])), int(np.max(data[a.name])))
            for a in integers
            if isinstance(a.type, View) and data[a.name].size
        },
    )
    broken = Conditions(program).broken(sizes)
    if broken is not None:
        where = f"{workload.source}: " if workload.source else ""
        raise UsageError(f"{where}[{workload.name}] {message(broken)}")
    written = {a.name for a in signature.arguments if a.written}
    for access in footprint(program, sizes).accesses:
        low, high = access.interval
        extent = sizes.extents[access.view.name][access.dim]
        certain = access.exact or (access.source is not None and access.source.name not in written)
        if not certain or math.inf in (-low, high) or low > high or (low >= 0 and high < extent):
            continue
        where = f"{workload.source}: " if workload.source else ""
        line = f" (line {access.loc.line})" if access.loc else ""
        reached = f"index {dim_name(access)}{line} takes values from {int(low)} to {int(high)}"
        key = access.view.name
        if access.source is not None:
            key = access.source.name
            reached += f", read from {access.source.name}"
        raise UsageError(
            f"{where}[{workload.name}] {key}: {reached}, but {access.view.name} has extent {extent} there"
        )


def dim_name(access: Access) -> str:
    """How messages name an index: ``A(_, j)``-like, by position."""
    return f"{access.dim} of {access.view.name}"


def _element(argument: Argument) -> Scalar:
    return argument.type.element if isinstance(argument.type, View) else argument.type


# ---- what is free ----


def _roots(program: Program, n: int) -> _Roots:
    defined = definitions(program)
    params = {p.symbol for p in program.params}
    sizes: dict[Quantity, int] = {}
    fixed: set[Quantity] = set()
    pointers: set[str] = set()

    def leaves(atom: Atom) -> Iterator[Quantity]:
        if not isinstance(atom, Symbol):
            return
        if atom in params:
            yield ("scalar", atom.name, 0)
        match defined.get(atom):
            case Apply(args=args):
                for a in args:
                    yield from leaves(a)
            case Extent(view=view, dim=dim) if view in params:
                yield ("extent", view.name, dim)
            case Load(memory=memory) if memory in params:
                yield ("values", memory.name, 0)
            case _:
                pass

    def factors(atom: Atom) -> int:
        """How many scalars a bound is the product of: ``nx * ny``."""
        match defined.get(atom) if isinstance(atom, Symbol) else None:
            case Apply(fn=fn, args=args):
                found = [factors(a) for a in args]
                return sum(found) if fn == "mul" else max(found, default=0)
            case _:
                return int(atom in params)

    def note(bound: Atom, scalar_size: int, few: bool) -> None:
        for quantity in leaves(bound):
            kind, name, _ = quantity
            if kind == "extent":
                view = next(p.type for p in params if p.name == name)
                assert isinstance(view, View)
                sizes.setdefault(quantity, _share(n, view.static_extents.count(None)))
            elif quantity not in sizes or (quantity in fixed and not few):
                sizes[quantity] = scalar_size
                if few:
                    fixed.add(quantity)
                else:
                    fixed.discard(quantity)

    def visit(block: Block, inside: bool) -> None:
        for stmt in block.stmts:
            match stmt:
                case Launch(ranges=ranges, body=body):
                    for r in ranges:
                        note(r.hi, _share(n, len(ranges) * max(factors(r.hi), 1)), few=False)
                    visit(body, True)
                case For(lo=lo, hi=hi, body=body):
                    view = loaded_from(hi, defined)
                    if view is not None and view == loaded_from(lo, defined):
                        pointers.add(view.name)
                        note(hi, n, few=False)
                    else:
                        note(hi, INNER_TRIPS if inside else TIME_STEPS, few=True)
                    visit(body, inside)
                case If(then=then, orelse=orelse):
                    visit(then, inside)
                    visit(orelse, inside)
                case _:
                    pass

    visit(program.body, False)
    for stmt in walk(program.body):
        for atom in _indices(stmt):
            for quantity in leaves(atom):
                if quantity[0] == "values":
                    sizes.setdefault(quantity, max(n // 2, 2))
    return _Roots(sizes, frozenset(fixed), frozenset(pointers))


def _indices(stmt: object) -> tuple[Atom, ...]:
    op = getattr(stmt, "op", stmt)
    index = getattr(op, "index", ())
    return index if isinstance(index, tuple) else ()


def _share(n: int, dimensions: int) -> int:
    """The extent of ``dimensions`` equal ones whose product is about ``n``."""
    return max(2, round(math.pow(n, 1 / max(dimensions, 1))))


# ---- what follows ----


def _grow(program: Program, signature: Signature, roots: _Roots, scale: float) -> tuple[Sizes, Footprint]:
    """The free sizes, scaled, and the least extents for which every access is in range."""

    def free(quantity: Quantity, otherwise: int) -> int:
        size = roots.sizes.get(quantity)
        if size is None:
            return otherwise
        return size if quantity in roots.fixed else max(2, round(size * scale))

    extents: dict[str, tuple[int, ...]] = {}
    scalars: dict[str, int] = {}
    values: dict[str, Interval] = {}
    for a in signature.arguments:
        if isinstance(a.type, View):
            extents[a.name] = tuple(
                free(("extent", a.name, d), 1) if static is None else static
                for d, static in enumerate(a.type.static_extents)
            )
            if not a.type.element.is_float:
                values[a.name] = (0, free(("values", a.name, 0), 2) - (a.name not in roots.pointers))
        elif not a.type.is_float:
            scalars[a.name] = free(("scalar", a.name, 0), 1)
    conditions = Conditions(program)
    bounds = {name for kind, name, _ in roots.sizes if kind == "scalar"}
    for _ in range(_ROUNDS):
        sizes = conditions.met(Sizes(extents, scalars, values), bounds)
        found = footprint(program, sizes)
        lifted = _lifted(program, sizes, found, bounds)
        if lifted is not None:
            scalars = lifted
            continue
        grown = dict(extents)
        for access in found.accesses:
            grown[access.view.name] = _with_room(access, grown[access.view.name], signature)
        _as_copied(program, grown)
        if grown == extents:
            return sizes, found
        extents = grown
    raise _undecided(found.accesses[0], "the sizes depend on each other in a circle", signature)


def _as_copied(program: Program, extents: dict[str, tuple[int, ...]]) -> None:
    """Views of which one is copied into the other have one shape."""
    for stmt in walk(program.body):
        match stmt:
            case DeepCopy(target=Symbol(name=to), source=Symbol(name=source)) if {
                to,
                source,
            } <= extents.keys():
                larger = tuple(max(pair) for pair in zip(extents[to], extents[source], strict=True))
                extents[to] = extents[source] = larger


def _lifted(
    program: Program, sizes: Sizes, found: Footprint, bounds: Collection[str]
) -> dict[str, int] | None:
    """Scalars one of which is larger so that an index with too low values is none any more."""
    for k, access in enumerate(found.accesses):
        low, high = access.interval
        if not -math.inf < low < 0 or low > high:
            continue
        for name in sorted(sizes.scalars.keys() - bounds):
            larger = {**sizes.scalars, name: sizes.scalars[name] - math.floor(low)}
            again = footprint(program, replace(sizes, scalars=larger)).accesses
            if len(again) == len(found.accesses) and again[k].interval[0] >= 0:
                return larger
    return None


def _with_room(access: Access, extents: tuple[int, ...], signature: Signature) -> tuple[int, ...]:
    low, high = access.interval
    if low > high or high < extents[access.dim]:
        needed = extents[access.dim]
    elif math.isinf(high) or high > 10**10:
        raise _undecided(access, "nothing bounds its values from above", signature)
    else:
        needed = int(high) + 1
    if low <= high and low < 0:
        raise _undecided(access, f"its values may be as low as {low:.0f}", signature)
    argument = next(a for a in signature.arguments if a.name == access.view.name)
    assert isinstance(argument.type, View)
    if argument.type.static_extents[access.dim] is not None and needed > extents[access.dim]:
        raise _undecided(access, f"its values reach {needed - 1}, beyond the static extent", signature)
    return (*extents[: access.dim], needed, *extents[access.dim + 1 :])


def _undecided(access: Access, reason: str, signature: Signature) -> UsageError:
    where = f"{access.loc.file}:{access.loc.line}:{access.loc.column}: " if access.loc else ""
    return UsageError(
        f"{where}no workload could be inferred for {signature.name}: index {dim_name(access)}: {reason}; "
        "write the sizes and inputs into a file and pass it with --workload FILE.toml"
    )


def _value(argument: Argument, sizes: Sizes, roots: _Roots) -> Value:
    """The rule for one parameter: values around one, so that logarithms, roots and quotients are safe."""
    if not isinstance(argument.type, View):
        if argument.type.name == "bool":
            return True
        return 0.75 if argument.type.is_float else sizes.scalars[argument.name]
    shape = sizes.extents[argument.name]
    if argument.written and not argument.independent and argument.type.element.is_float:
        return Array(shape, "constant", (("value", 0.0),))
    if argument.type.element.is_float:
        return Array(shape, "uniform", (("low", 0.5), ("high", 1.5)))
    low, high = (int(e) for e in sizes.values[argument.name])
    if argument.name in roots.pointers:
        return Array(shape, "linspace", (("low", low), ("high", high)))
    rule: tuple[tuple[str, Option], ...] = (("low", low), ("high", high + 1))
    if len(shape) > 1 and shape[-1] <= high + 1 - low:
        rule += (
            ("distinct", True),
        )  # rows are elements, most likely: two equal nodes would make one degenerate
    return Array(shape, "randint", rule)
