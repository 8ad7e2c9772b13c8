"""Print whole derivatives: a readable C++17 header per gradient or tangent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from transform.adjoint.gradient import Gradient
from transform.emit import interface
from transform.emit.host import HostPrinter
from transform.emit.inspectors import Workspace
from transform.emit.interface import formal, parameter, passed, returns
from transform.emit.kernel import Text
from transform.emit.names import Names
from transform.emit.reductions import needs_runtime, needs_sums
from transform.ir.build import scalar
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Chunked,
    Color,
    Const,
    Dealt,
    Invert,
    Launch,
    Let,
    Output,
    PrefixSum,
    Program,
    Return,
    Schedule,
    Stmt,
    Symbol,
    Teamed,
)
from transform.ir.types import Scalar, View
from transform.ir.walk import binds, defines, walk
from transform.private_members import opened, openers
from transform.signature import Argument, Signature
from transform.strategies.launch import RUN_TIME, Launching, unchanged

_RUNTIME = Path(__file__).parent / "runtime"


def runtime(*parts: str) -> str:
    """The text of the named runtime parts, ``core`` first."""
    return "\n".join((_RUNTIME / f"{part}.hpp").read_text().rstrip() + "\n" for part in ("core", *parts))


def includes(written: Iterable[str]) -> list[str]:
    """The user's own includes. A file next to the user's source is not found from elsewhere: where the source
    comes before the derivative it is there already."""
    lines: list[str] = []
    for name in written:
        here = f"#include {name}"
        lines += [f"#if __has_include({name})", here, "#endif"] if name.startswith('"') else [here]
    return lines


def gradient(
    program: Program, signature: Signature, closed: Gradient, namespace: str, launching: Launching
) -> str:
    """The functions and the workspace of one variant, in ``namespace``; needs the runtime before it."""
    names = Names(_user_names(program))
    text = Text()
    workspace = Workspace()
    printer = HostPrinter(text, names, workspace, program.file, launching)
    workspace.knobs = _initial(launching)
    arguments = signature.arguments
    scalars = _declare_parameters(program, names)
    for p in program.params:
        bar = closed.adjoints.get(p.symbol)
        argument = next(a for a in arguments if a.name == p.symbol.name)
        if argument.has_adjoint:
            name = names.fresh(f"{argument.name}_b")
            scalars += [] if bar is None else _declare(bar, name, names)
    if closed.seed is not None:
        names.alias(closed.seed, names.fresh("seed"))
    text.depth = 1
    _members(text, signature)
    _checks(text, signature)
    for line in scalars:
        text.add(line)
    if launching.read_only:
        printer.read_only(unchanged(closed.body, program.params))
    printer.host_block(closed.body)
    changed: list[tuple[str, str, str]] = []
    returned = None if closed.returned is None else printer.expr(closed.returned)
    if returned is not None and closed.outputs:
        name = names.fresh("returned")
        text.add(f"const {returns(signature)} {name} = {returned};")
        returned = name
    for p in program.params:
        argument = next(a for a in arguments if a.name == p.symbol.name)
        bar_value = closed.scalar_bars.get(p.symbol)
        if p.symbol in closed.outputs:
            type_ = argument.spelling
            value = argument.declared(printer.expr(closed.outputs[p.symbol]))
            changed.append((argument.enumeration or type_, signature.expression(argument), value))
            if argument.has_adjoint and bar_value is not None:
                changed.append((type_, f"{argument.name}_b", printer.expr(bar_value)))
            continue
        if argument.has_adjoint and bar_value is not None and isinstance(p.symbol.type, Scalar):
            if isinstance(bar_value, Const) and bar_value.value == 0:
                continue
            text.add(f"{argument.name}_b += {printer.expr(bar_value)};")
    _deliver(text, names, changed)
    _rebind(text, program, signature)
    if returned is not None:
        text.add(f"return {returned};")
    _drop_unused_members(text, signature)
    before = openers(_paths(program, signature), signature.hidden)
    return _gradient_text(signature, workspace, before, text, namespace)


def _initial(launching: Launching) -> str:
    """The initial values of ``kad::Knobs``, empty if the code has no run-time choices."""
    if not launching.knobs:
        return ""
    values = {**RUN_TIME, **dict(launching.knobs)}
    edges = "0" if values["tile"] == "default" else ", ".join(str(values["tile"]).split("x"))
    numbers = ", ".join(str(values[k]) for k in ("replicas", "team_size"))
    return f"{{{values['chunk']}, {values['occupancy']}, {{{edges}}}, {numbers}}}"


def _user_names(program: Program) -> frozenset[str]:
    defined = {n.name for s in walk(program.body) for n in (*defines(s), *binds(s))}
    return frozenset(defined | {p.symbol.name for p in program.params})


def _declare_parameters(program: Program, names: Names) -> list[str]:
    """Name the parameters; returns the lines that make Views of scalars of Views of objects."""
    for f in program.formals:
        names.fresh(f.name)
    lines: list[str] = []
    for p in program.params:
        lines += _declare(p.symbol, names.fresh(p.symbol.name), names)
        if p.by == "*":
            names.fresh(f"{p.symbol.name}_pointer")
        elif p.enumeration:
            names.fresh(f"{p.symbol.name}_enumerator")
    return lines


def _declare(symbol: Symbol, parameter: str, names: Names) -> list[str]:
    """``symbol`` is the View or scalar ``parameter``, or the scalars of that View of objects."""
    if not isinstance(symbol.type, View) or not symbol.type.objects:
        names.alias(symbol, parameter)
        return []
    name = names.fresh(f"{parameter}_scalars")
    names.alias(symbol, name)
    return [f"const auto {name} = kad::scalars_of<{symbol.type.on_objects}>({parameter});"]


def _members(text: Text, signature: Signature) -> None:
    """Members of objects as local variables, for kernels to capture, scalars behind pointers, numbers of
    enumerators."""
    for a in signature.members:
        text.add(_member(a, signature))
    for a in signature.arguments:
        if a.by == "*":
            text.add(f"{a.spelling}& {a.name} = *{formal(a)};")
        elif a.enumeration and not a.member:
            text.add(f"[[maybe_unused]] const {a.spelling} {a.name} = {a.number(formal(a))};")


def _member(a: Argument, signature: Signature) -> str:
    return f"const {a.spelling} {a.name} = {a.number(signature.expression(a))};"


def _drop_unused_members(text: Text, signature: Signature) -> None:
    for a in signature.members:
        named = [line for line in text.lines if re.search(rf"\b{re.escape(a.name)}\b", line)]
        if len(named) == 1 and named[0].strip() == _member(a, signature):
            text.lines.remove(named[0])


def _deliver(text: Text, names: Names, values: list[tuple[str, str, str]]) -> None:
    """Assign to targets (type, target, value) at once: a value may read what another assignment changes."""
    kept = [(target, names.fresh("result")) for _, target, _ in values]
    for (type_, _, value), (_, name) in zip(values, kept, strict=True):
        text.add(f"const {type_} {name} = {value};")
    for target, name in kept:
        text.add(f"{target} = {name};")


def _paths(program: Program, signature: Signature) -> list[str]:
    """The members that the text of a derivative names."""
    return [*(a.member for a in signature.members), *(r.path for r in program.rebound)]


def _rebind(text: Text, program: Program, signature: Signature) -> None:
    """Leave the View variables of the caller as the function does."""
    for r in program.rebound:
        target = opened(r.path, signature.hidden)
        text.add(f"{target} = {f'std::decay_t<decltype({target})>()' if r.to is None else r.to.name};")


def _checks(text: Text, signature: Signature) -> None:
    """Shapes and aliases that would silently give a wrong gradient."""
    f = signature.name
    views = [a for a in signature.arguments if isinstance(a.type, View)]
    for a in views:
        if a.has_adjoint:
            text.add(f'kad::require_same_shape("{f}_grad", "{a.name}", {a.name}, "{a.name}_b", {a.name}_b);')
    named = [(a.name, a.written) for a in views] + [(f"{a.name}_b", True) for a in views if a.has_adjoint]
    for k, (first, first_written) in enumerate(named):
        for second, second_written in named[k + 1 :]:
            if first_written or second_written:
                text.add(f'kad::require_distinct("{f}_grad", "{first}", {first}, "{second}", {second});')


def _used(text: Text, name: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", line) for line in text.lines)


def _gradient_text(
    signature: Signature, workspace: Workspace, before: list[str], body: Text, namespace: str
) -> str:
    out = Text()
    out.lines += before
    out.add(f"namespace {namespace} {{")
    out.add("")
    held = " + ".join(f"{m}.memory()" for m in workspace.members) or "0"
    members = [f"{type_} {name};" for name, type_ in workspace.members.items()]
    if workspace.knobs:
        members.append(f"kad::Knobs knobs{workspace.knobs};  // how kernels are launched")
    members.append("bool indices_are_static_ = false;")
    interface.workspace(out, signature, ["indices_are_static_ = promise;"], held, members)
    given = ["ws", *passed(signature), *(["seed"] if signature.seeded else [])]
    lines = [f"  (void){name};" for name in given if not _used(body, name)]
    lines += [f"  ws.{tape}.clear();" for tape in workspace.tapes]
    interface.functions(out, signature, [*lines, *body.lines])
    out.add(f"}}  // namespace {namespace}")
    return "\n".join(out.lines) + "\n"


_PARTS: tuple[tuple[tuple[str, ...], type[Stmt | Schedule]], ...] = (
    (("launch",), Launch),
    (("replicas",), Chunked),
    (("remember", "coloring"), Color),
    (("scan",), PrefixSum),
    (("remember", "inverse"), Invert),
)


def parts_of(body: Block) -> tuple[str, ...]:
    """Which runtime parts the statements need."""
    schedules = [s.schedule for s in walk(body) if isinstance(s, Launch)]
    kinds: set[type[Stmt | Schedule]] = {type(s) for s in walk(body)} | {type(h) for h in schedules}
    given = any(isinstance(s, Launch) and s.given for s in walk(body))
    parts = ["require"] * given + list(
        dict.fromkeys(part for needed, kind in _PARTS if kind in kinds for part in needed)
    )
    if any(needs_runtime(s) for s in walk(body)):
        parts.append("reducers")
    if any(needs_sums(s) for s in walk(body)):
        parts.append("sums")
    if any(isinstance(h, Dealt | Teamed) or (isinstance(h, Chunked) and h.shared) for h in schedules):
        parts.append("tasks")
    if any(isinstance(h, Teamed) for h in schedules):
        parts.append("teams")
    if any(isinstance(s, Let) and isinstance(s.op, Apply) and s.op.fn == "digamma" for s in walk(body)):
        parts.append("gamma")
    return tuple(parts)


def tangent(
    program: Program,
    signature: Signature,
    body: Block,
    tangents: dict[Symbol, Symbol],
    result: Atom | None,
    namespace: str,
) -> str:
    """``f_tangent``: the primal and its forward derivative; needs the runtime before it."""
    names = Names(_user_names(program))
    text = Text(depth=1)
    _members(text, signature)
    workspace = Workspace()
    printer = HostPrinter(text, names, workspace, program.file, Launching())
    scalars = _declare_parameters(program, names)
    for p in program.params:
        dot = tangents.get(p.symbol)
        if dot is not None:
            scalars += _declare(dot, names.fresh(f"{p.symbol.name}_d"), names)
    for line in scalars:
        text.add(line)
    names.fresh("r_d")
    printer.host_block(body)
    returned = next((s for s in body.stmts if isinstance(s, Return)), None)
    changed = [] if result is None else [(returns(signature), "r_d", printer.expr(result))]
    own = {a.name: signature.expression(a) for a in signature.arguments}
    for s in body.stmts:
        if isinstance(s, Output):
            target = own.get(s.param.name, names[s.param])
            changed.append((scalar(s.param).name, target, printer.expr(s.value)))
    value = None if returned is None else printer.expr(returned.value)
    if value is not None and len(changed) > 1:
        name = names.fresh("returned")
        text.add(f"const {returns(signature)} {name} = {value};")
        value = name
    _deliver(text, names, changed)
    _rebind(text, program, signature)
    if value is not None:
        text.add(f"return {value};")
    _drop_unused_members(text, signature)
    f = signature.name
    parameters = [parameter(a) for a in signature.parameters]
    for a in signature.arguments:
        if a.has_adjoint:
            type_ = f"const {a.adjoint_spelling}&" if isinstance(a.type, View) else a.adjoint_spelling
            type_ += "&" if a.written and not isinstance(a.type, View) else ""
            parameters.append(f"{type_} {a.name}_d")
    if signature.seeded:
        parameters.append(f"{returns(signature)}& r_d")
    out = Text()
    out.lines += openers(_paths(program, signature), signature.hidden)
    out.add(f"namespace {namespace} {{")
    out.add(f"struct {f}_tangent_workspace {{")
    for member, member_type in workspace.members.items():
        out.add(f"  {member_type} {member};")
    out.add("};")
    out.add(f"inline {returns(signature)} {f}_tangent({', '.join(parameters)}) {{")
    given = [formal(a) for a in signature.parameters]
    given += [f"{a.name}_d" for a in signature.arguments if a.has_adjoint]
    for name in given:
        if not _used(text, name):
            out.add(f"  (void){name};")
    out.add(f"  {f}_tangent_workspace ws;")
    out.add("  (void)ws;")
    if signature.seeded and result is None:
        out.add("  r_d = 0;")
    out.lines += text.lines
    out.add("}")
    out.add(f"}}  // namespace {namespace}")
    return "\n".join(out.lines) + "\n"
