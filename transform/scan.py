"""Inventory of a translation unit: which functions with parallel regions can be differentiated, and what
blocks the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from search_spaces.model import Architecture
from transform import pipeline
from transform.analysis.activity import is_floating
from transform.diagnostics import Diagnostic, NothingActive, Refused, UsageError
from transform.frontend.clang import Cursor, ParseOptions, location, parse_file
from transform.frontend.functions import Found, Region, has_derivatives, missing_members, with_regions
from transform.frontend.instances import Incomplete, expect, with_instances
from transform.frontend.lower import lower_function
from transform.ir.nodes import Increment, Launch, Let, Location, Program, Stmt, Store
from transform.ir.walk import walk


@dataclass(frozen=True, slots=True)
class Differentiable:
    """The gradient was made. ``statements``: size of the kernels in operations; ``floating`` of them compute
    floating-point values, ``active`` of those carry a derivative. ``racing``: adjoint Views whose
    increments may race. ``wrt``: the independents."""

    statements: int
    floating: int
    active: int
    racing: tuple[str, ...]
    wrt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """The function is outside the language; every finding."""

    findings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to differentiate: no floating-point work, or no active path."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The transformer failed: a bug in kad-tune."""

    error: str


Verdict = Differentiable | Blocked | Nothing | Broken


@dataclass(frozen=True, slots=True)
class Entry:
    """One function with parallel regions. ``lines``: length of its source text. ``concrete``: a function
    or an instance of a template, not a template that nothing instantiates."""

    function: str
    concrete: bool
    loc: Location
    lines: int
    regions: tuple[Region, ...]
    verdict: Verdict

    @property
    def floating(self) -> bool:
        """Whether its parallel regions do floating-point work."""
        return any(r.floating for r in self.regions)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one translation unit holds; ``errors`` instead if it does not compile."""

    path: Path
    entries: tuple[Entry, ...] = ()
    errors: tuple[Diagnostic, ...] = ()


def scan(path: Path, options: ParseOptions, inside: Callable[[str], bool], arch: Architecture) -> Unit:
    """The functions of one translation unit that are defined in files which ``inside`` accepts.

    The file is parsed once, and again if kernels need instances of templates that only Kokkos makes.
    Raises ``HeadersMissing`` and ``UsageError`` (no such file), nothing about a single function.
    """
    try:
        unit = parse_file(path, options)
    except Refused as refused:
        return Unit(path, errors=refused.diagnostics)
    found = with_regions(unit, inside)
    missing = missing_members(unit, inside, found)
    if missing:
        expect(path, options, missing)
        found = with_instances(path, options, lambda unit: with_regions(unit, inside))
    verdicts: list[Verdict | None] = []
    for function in found:
        try:
            verdicts.append(_verdict(function, arch))
        except Incomplete as incomplete:
            verdicts.append(None)
            missing |= incomplete.extra
    expect(path, options, missing)

    def again(function: Found) -> Verdict:
        def judge(unit: Cursor) -> Verdict:
            return next(_verdict(f, arch) for f in with_regions(unit, inside) if _same(f, function))

        try:
            return with_instances(path, options, judge)
        except Refused as refused:
            return Blocked(refused.diagnostics)

    pairs = zip(found, verdicts, strict=True)
    return Unit(path, tuple(_entry(f, again(f) if verdict is None else verdict) for f, verdict in pairs))


def _same(a: Found, b: Found) -> bool:
    return a.name == b.name and _location(a) == _location(b)


def _location(found: Found) -> Location:
    loc = location(found.definition)
    assert loc is not None
    return loc


def _entry(found: Found, verdict: Verdict) -> Entry:
    extent = found.definition.extent
    lines = int(extent.end.line - extent.start.line + 1)
    loc = _location(found)
    return Entry(found.name, found.instance is not None, loc, lines, found.regions, verdict)


def _verdict(found: Found, arch: Architecture) -> Verdict:
    loc = _location(found)
    if not any(r.floating for r in found.regions):
        return Nothing("no floating-point work in its parallel regions")
    if found.instance is None:
        hint = "call it, or instantiate it explicitly, in a file that is scanned"
        return Blocked((Diagnostic("a template without an instance has no concrete types", loc, hint),))
    if not has_derivatives(found.instance):
        return Nothing("no floating-point parameter or result")
    try:
        program = pipeline.prepared(lower_function(found.instance, Path(loc.file)))
        adjoint = pipeline.differentiate(program)
        pipeline.realise(adjoint, pipeline.search_space(adjoint, arch).default)
    except NothingActive as nothing:
        return Nothing(nothing.diagnostics[0].message)
    except Refused as refused:
        return Blocked(refused.diagnostics)
    except Incomplete:
        raise
    except UsageError as error:
        return Blocked((Diagnostic(str(error), loc),))
    except (Exception, RecursionError) as error:
        return Broken(f"{type(error).__name__}: {error}")
    return _measured(program, adjoint)


def _measured(program: Program, adjoint: pipeline.Adjoint) -> Differentiable:
    statements = list(_in_kernels(program))
    floating = [s for s in statements if _floating(s)]
    return Differentiable(
        statements=len(statements),
        floating=len(floating),
        active=sum(_active(s, adjoint) for s in floating),
        racing=tuple(dict.fromkeys(v.view.name for _, v in adjoint.verdicts if not v.exclusive)),
        wrt=tuple(a.name for a in adjoint.signature.arguments if a.independent),
    )


def _in_kernels(program: Program) -> Iterator[Stmt]:
    for launch in walk(program.body):
        if isinstance(launch, Launch):
            yield from walk(launch.body)


def _floating(s: Stmt) -> bool:
    match s:
        case Let(target=target):
            return is_floating(target.type)
        case Store(memory=memory) | Increment(memory=memory):
            return is_floating(memory.type)
        case _:
            return False


def _active(s: Stmt, adjoint: pipeline.Adjoint) -> bool:
    match s:
        case Let(target=target):
            return target in adjoint.active
        case Store(memory=memory) | Increment(memory=memory):
            return memory in adjoint.active
        case _:
            return False
