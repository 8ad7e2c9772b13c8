"""The compiler's public functions, in the order in which they are called.

parse  ->  differentiate  ->  search_space  ->  realise  ->  header text
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from search_spaces.model import Architecture, Parameter, Plan, Refusal, SearchSpace, Value
from transform.adjoint.attach import attach, detach
from transform.adjoint.captured import own_arrays
from transform.adjoint.gradient import Adjoint, Gradient
from transform.adjoint.own_elements import keep_own_elements
from transform.adjoint.record import Records, Unrecorded, record
from transform.adjoint.reverse import Sweeps, reverse
from transform.adjoint.tangent import tangent
from transform.analysis.activity import activity, is_floating, through_integers
from transform.analysis.host_arrays import host_array_findings
from transform.analysis.races import without_races
from transform.diagnostics import Diagnostic, NothingActive, Refused, UsageError
from transform.emit import cpp
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower
from transform.header import NAMESPACE, Variant, Winner, gradient_header
from transform.ir.build import Fresh
from transform.ir.fuse import fused_loops
from transform.ir.hoist import hoisted
from transform.ir.induction import closed_counters
from transform.ir.liveness import remove_dead, remove_dead_tapes
from transform.ir.nodes import (
    Atom,
    Block,
    Flat,
    How,
    Increment,
    Launch,
    Output,
    Program,
    Return,
    Rows,
    Stmt,
    Symbol,
)
from transform.ir.rename import distinct_views
from transform.ir.simplify import simplify
from transform.ir.types import Scalar, View
from transform.ir.unroll import written_out
from transform.ir.walk import last_id, last_id_of, map_blocks, walk, written
from transform.signature import Argument, Signature
from transform.strategies import accumulate, jam, launch, stencil, tape
from transform.strategies.accumulate import STRATEGIES, constraints
from transform.strategies.base import open_views
from transform.strategies.intermediates import advised, choices

__all__ = [
    "Adjoint",
    "ParseOptions",
    "Variant",
    "Winner",
    "differentiate",
    "gradient_header",
    "parse",
    "prepared",
    "realise",
    "search_space",
    "signature",
    "tangent_header",
]


def parse(path: Path, options: ParseOptions, function: str | None = None) -> Program:
    """Read one function of a C++ file. Raises ``Refused`` and ``UsageError``."""
    return prepared(lower(path, options, function))


def prepared(program: Program) -> Program:
    """A lowered function, simplified and without dead code."""
    fresh = Fresh(last_id(program))
    program = distinct_views(program)
    body = closed_counters(remove_dead(program.body), fresh)
    return replace(program, body=remove_dead(simplify(body, fresh)))


def differentiate(
    program: Program, wrt: tuple[str, ...] | None = None, of: tuple[str, ...] | None = None
) -> Adjoint:
    """Differentiate ``program``.

    ``wrt``: names of the independents (default: every floating-point parameter); ``of``: names of dependent
    Views (default: for a void function every floating-point View that it writes; a returned value is always
    a dependent). Raises ``UsageError`` for unknown names, ``Refused`` for what cannot be differentiated.
    """
    sig = _signature(program, wrt, of)
    by_name = {p.symbol.name: p.symbol for p in program.params}
    independents = [by_name[a.name] for a in sig.arguments if a.independent]
    dependents = [by_name[a.name] for a in sig.arguments if a.has_adjoint and (a.dependent or a.written)]
    # the adjoint of a scalar that is changed belongs to the new value first, then to the old one
    varied = [*independents, *(d for d in dependents if isinstance(d.type, Scalar))]
    program, races = without_races(program, last_id(program))
    program = written_out(program, last_id(program))
    program = keep_own_elements(program, last_id(program))
    program = own_arrays(program, activity(program, varied, dependents), last_id(program))
    program = attach(program, activity(program, varied, dependents), last_id(program))
    active = activity(program, varied, dependents)
    findings = [
        *_name_clashes(program, sig),
        *races,
        *through_integers(program, active),
        *host_array_findings(program, active),
    ]
    if not any(s in active for s in independents):
        names = ", ".join(s.name for s in independents) or "none"
        nothing = Diagnostic(
            f"no result of '{program.name}' depends on an independent ({names})",
            program.loc,
            "choose others with --wrt and --of",
        )
        raise Refused([*findings, nothing]) if findings else NothingActive([nothing])
    if findings:
        raise Refused(findings)
    with_adjoint = frozenset(by_name[a.name] for a in sig.arguments if a.has_adjoint)
    seeded = frozenset(s for s in with_adjoint if isinstance(s.type, View) or s in dependents)
    records: Records = {}
    while True:
        try:
            fused = reverse(program, active, seeded, last_id(program), records, fuse=True)
            split = reverse(program, active, seeded, last_id(program), records, fuse=False)
            break
        except Unrecorded as problem:
            program, more = record(program, set(problem.values), last_id(program))
            if not more:
                raise Refused(list(problem.values.values())) from None
            records = {**records, **more}
    found = {name: s for name, s in (("fused", fused), ("split", split)) if s is not None}
    gradients = {name: _clean(sweeps) for name, sweeps in found.items()}
    verdicts = [*found.values()][-1].verdicts
    return Adjoint(program, sig, active, gradients, verdicts, with_adjoint)


def signature(adjoint: Adjoint) -> Signature:
    """What callers of the generated functions see."""
    return adjoint.signature


def search_space(adjoint: Adjoint, arch: Architecture, more: tuple[str, ...] = ()) -> SearchSpace:
    """Every legal variant of the gradient on ``arch``; what is illegal is listed with the reason.

    ``more``: further answers for host loops whose state is checkpointed, ``every:K`` or ``binomial:C``. A
    comment ``// kad: checkpoint ...`` at a loop leaves only the answer that it gives."""
    parameters: list[Parameter] = []
    refusals: list[Refusal] = []
    sweeps = tuple(adjoint.gradients)
    if len(sweeps) > 1:
        parameters.append(Parameter("sweep", sweeps, "the last kernel and its adjoint as one launch, or two"))
    split = adjoint.gradients["split"]
    launches = [s for s in walk(split.body) if isinstance(s, Launch)]
    views = list(dict.fromkeys(v for launch in launches for v in open_views(launch)))
    preferred = [str(v) for v in arch.knobs.get("accumulate", tuple(STRATEGIES))]
    order = [*preferred, *(s for s in STRATEGIES if s not in preferred)]
    names = {v: _knob(v) for v in views}
    for view in views:
        legal: list[Value] = []
        for strategy in order:
            reasons = (
                STRATEGIES[strategy]().why_not(launch, view)
                for launch in launches
                if view in open_views(launch)
            )
            reason = next((r for r in reasons if r is not None), None)
            if reason is None:
                legal.append(strategy)
            else:
                refusals.append(Refusal(names[view], strategy, reason))
        parameters.append(
            Parameter(names[view], tuple(legal), f"how racing increments into {view.name} combine")
        )
    ways = {p.name: p.values for p in parameters if p.name in names.values()}
    parameters += accumulate.parameters(ways, launches, names, arch.knobs)
    nested = [s for s in launches if _nested(s)]
    free: list[tuple[str, tuple[Value, ...]]] = [
        (names[v], ("gather", "atomic")) for s in nested for v in open_views(s)
    ]
    free += [(names[v], ("gather",)) for s in launches for v in open_views(s) if _has_edges(s, v)]
    always = any(not open_views(s) for s in nested)
    if "nest" in arch.knobs and (free or always):
        meaning = "adjoint kernels over several ranges, and transposed loops: as rows, or as Kokkos' tiles"
        needed = () if always else tuple(dict.fromkeys(free))
        parameters.append(Parameter("nest", tuple(arch.knobs["nest"]), meaning, needed))
    for choice in choices(split.body, split.origin, more, _advice(adjoint.program)):
        needs = (("sweep", ("split",)),) if choice.split_only and len(sweeps) > 1 else ()
        parameters.append(Parameter(f"intermediates.{choice.name}", choice.values, choice.meaning, needs))
        refusals += [Refusal(f"intermediates.{choice.name}", v, why) for v, why in choice.refused]
    return SearchSpace(
        (
            *parameters,
            *tape.parameters(split.body, arch),
            *jam.parameters(split.body, names, arch),
            *launch.parameters(split.body, adjoint.program.params, arch),
        ),
        (
            *constraints(launches, names),
            *tape.constraints(launches, names, arch),
            *launch.constraints(split.body),
        ),
        tuple(refusals),
    )


def _advice(program: Program) -> dict[int, str]:
    path = Path(program.file)
    return advised(path.read_text(errors="replace")) if path.is_file() else {}


def close(adjoint: Adjoint, plan: Plan) -> Gradient:
    """Answer every question of ``adjoint`` as ``plan`` says: a gradient without open statements.

    ``plan`` must come from ``search_space``.
    """
    gradient = adjoint.gradients[str(plan.get("sweep", "split"))]
    fresh = Fresh(last_id_of(gradient.body) + len(adjoint.program.params))
    for choice in choices(gradient.body, gradient.origin):
        answer = str(plan.get(f"intermediates.{choice.name}", choice.given))
        if answer != choice.given:
            changed = replace(gradient, body=choice.apply(gradient.body, fresh=fresh, answer=answer))
            gradient = _tidied(changed, lambda b: remove_dead_tapes(remove_dead(simplify(b, fresh))))

    rows = plan.get("nest") == "rows"

    def scheduled(s: Stmt) -> Stmt:
        s = replace(s, schedule=Rows()) if isinstance(s, Launch) and rows and _nested(s) else s
        return tape.dealt(s, plan, fresh)

    def closed(b: Block) -> Block:
        out: list[Stmt] = []
        for s in b.stmts:
            if not isinstance(s, Launch):
                out.append(map_blocks(s, closed))
                continue
            answers = {v: str(plan[_knob(v)]) for v in open_views(s)}
            for x in jam.jammed(s, answers, gradient.adjoints.values(), plan, fresh):
                if isinstance(x, Launch) and answers:
                    out += (scheduled(y) for y in accumulate.realise_launch(x, answers, plan, fresh))
                else:
                    out.append(scheduled(x))
        return Block(tuple(out))

    return replace(gradient, body=closed(gradient.body))


def realise(adjoint: Adjoint, plan: Plan) -> Variant:
    """The C++ of the variant that ``plan`` names. ``plan`` must come from ``search_space``."""
    closed = close(adjoint, plan)
    text = cpp.gradient(adjoint.program, adjoint.signature, closed, NAMESPACE, launch.launching(plan))
    reproducible = not any(
        isinstance(s, Increment) and s.how is How.ATOMIC and _rounds(s) for s in walk(closed.body)
    )
    return Variant(dict(plan), reproducible, text, cpp.parts_of(closed.body), adjoint.program.includes)


def _rounds(s: Increment) -> bool:
    """Whether the order of such increments shows in the last bits."""
    return is_floating(s.memory.type)


def _nested(s: Launch) -> bool:
    """An adjoint kernel over several ranges whose order of iterations is free."""
    return (
        len(s.ranges) > 1
        and isinstance(s.schedule, Flat)
        and (s.label.endswith("adjoint") or "adjoint, gathered" in s.label)
    )


def _has_edges(s: Launch, view: Symbol) -> bool:
    """Whether a gather of ``view`` transposes a kernel over one range."""
    return len(s.ranges) == 1 and isinstance(s.schedule, Flat) and stencil.why_not(s, view) is None


def _knob(view: Symbol) -> str:
    return f"accumulate.{view.name.removesuffix('_b')}"


def tangent_header(adjoint: Adjoint, namespace: str = "kad") -> str:
    """``f_tangent``: forward mode, used to verify gradients."""
    t = tangent(adjoint.program, adjoint.active, adjoint.with_adjoint, last_id(adjoint.program))
    body = cpp.tangent(adjoint.program, adjoint.signature, t.body, t.tangents, t.result, namespace)
    return "\n".join([*cpp.includes(adjoint.program.includes), "", cpp.runtime(*cpp.parts_of(t.body)), body])


# ---- details ----


def _clean(sweeps: Sweeps) -> Gradient:
    fresh = Fresh(sweeps.last_id)

    def passes(body: Block) -> Block:
        body = remove_dead_tapes(simplify(detach(body), fresh))
        body = remove_dead(simplify(hoisted(body), fresh))
        joined = fused_loops(body)
        return body if joined == body else remove_dead(simplify(joined, fresh))

    body = Block((*sweeps.forward.stmts, *sweeps.reverse.stmts))
    raw = Gradient(
        body, sweeps.seed, sweeps.adjoints, sweeps.scalar_bars, sweeps.returned, sweeps.outputs, sweeps.origin
    )
    return _tidied(raw, passes)


def _tidied(gradient: Gradient, passes: Callable[[Block], Block]) -> Gradient:
    """Run clean-up passes; the gradient's scalar results stay alive as trailing Returns meanwhile."""
    results: list[Atom] = [*gradient.scalar_bars.values(), *gradient.outputs.values()]
    if gradient.returned is not None:
        results.append(gradient.returned)
    body = passes(Block((*gradient.body.stmts, *(Return(a) for a in results))))
    split = len(body.stmts) - len(results)
    values = [s.value for s in body.stmts[split:] if isinstance(s, Return)]
    return replace(
        gradient,
        body=Block(body.stmts[:split]),
        scalar_bars=dict(zip(gradient.scalar_bars, values, strict=False)),
        outputs=dict(zip(gradient.outputs, values[len(gradient.scalar_bars) :], strict=False)),
        returned=values[-1] if gradient.returned is not None else None,
    )


def _signature(program: Program, wrt: tuple[str, ...] | None, of: tuple[str, ...] | None) -> Signature:
    wrt, of = (None if chosen is None else _members(program, chosen) for chosen in (wrt, of))
    names = [p.symbol.name for p in program.params]
    floating = {p.symbol.name for p in program.params if is_floating(p.symbol.type)}
    for option, chosen in (("--wrt", wrt), ("--of", of)):
        for name in chosen or ():
            if name not in floating:
                raise UsageError(_unknown(program, option, name, names, floating))
    changed = {s.name for s in written(program.body)}
    changed |= {s.param.name for s in program.body.stmts if isinstance(s, Output)}
    changed &= set(names)
    for name in of or ():
        if name not in changed:
            raise UsageError(f"--of {name}: '{program.name}' does not write '{name}'")
    default_of = set() if program.returns is not None and program.returns.is_float else changed & floating
    dependents = set(of) if of is not None else default_of
    independents = set(wrt) if wrt is not None else floating
    arguments = []
    for p in program.params:
        name, type_ = p.symbol.name, p.symbol.type
        assert isinstance(type_, Scalar | View)
        spelling = type_.declared if isinstance(type_, View) else type_.name
        arguments.append(
            Argument(
                name,
                type_,
                spelling,
                type_.writable.declared if isinstance(type_, View) else spelling,
                name in independents,
                name in dependents,
                name in changed,
                p.member,
                p.by,
                p.enumeration,
            )
        )
    return Signature(
        program.name, program.qualified, program.returns, tuple(arguments), program.formals, program.hidden
    )


def _members(program: Program, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Names of parameters with ``p.x`` as the name of a member and ``p`` as that of its floating members."""
    named: dict[str, list[str]] = {f.name: [] for f in program.formals}
    for p in program.params:
        if p.member:
            path = p.member.replace("->", ".")
            named[path] = [p.symbol.name]
            if is_floating(p.symbol.type):
                named[re.split(r"[.[]", path)[0]].append(p.symbol.name)
    return tuple(name for given in chosen for name in named.get(given, [given]))


def _name_clashes(program: Program, sig: Signature) -> list[Diagnostic]:
    """Parameters with a name that the generated function needs for one of its own."""
    ours = {f"{a.name}{suffix}": a.name for a in sig.arguments if a.has_adjoint for suffix in ("_b", "_d")}
    ours |= {"ws": "the workspace", "r_d": "the tangent of the result"}
    if program.returns is not None:
        ours["seed"] = "the adjoint of the result"
    return [
        Diagnostic(
            f"parameter '{a.name}' has the name that generated code gives to {_owner(ours[a.name])}",
            program.loc,
            "rename the parameter",
        )
        for a in sig.arguments
        if a.name in ours
    ]


def _owner(name: str) -> str:
    return name if " " in name else f"a derivative of '{name}'"


def _unknown(program: Program, option: str, name: str, names: list[str], floating: set[str]) -> str:
    if name in names:
        return f"{option} {name}: parameter '{name}' of '{program.name}' is not floating-point"
    close = difflib.get_close_matches(name, sorted(floating), n=1)
    hint = f"; did you mean '{close[0]}'?" if close else f"; parameters: {', '.join(sorted(floating))}"
    return f"{option} {name}: '{program.name}' has no parameter '{name}'{hint}"
