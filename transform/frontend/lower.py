"""The front end's entry: a C++ file -> the IR of one function."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from transform.diagnostics import Diagnostic, Refused
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    ParseOptions,
    location,
)
from transform.frontend.construct import construct
from transform.frontend.cpptypes import scalar
from transform.frontend.functions import instance_name
from transform.frontend.instances import Instances, with_instances
from transform.frontend.lower_expr import expression
from transform.frontend.lower_object import object_expression
from transform.frontend.lower_stmt import body
from transform.frontend.lower_view import view_value
from transform.frontend.mirror_sync import dual_findings, mirror_findings
from transform.frontend.parameters import changed_scalars, check, formals, parameters, rebound
from transform.frontend.registry import Registry
from transform.frontend.rules import Rules
from transform.frontend.scope import Scope, Value, zero
from transform.frontend.spaces import portable_spaces
from transform.frontend.targets import select, supported_result
from transform.ir.liveness import remove_dead
from transform.ir.nodes import Apply, Atom, Block, Const, Let, Output, Program, Return, Symbol
from transform.ir.types import BOOL, Scalar
from transform.ir.verify import verify
from transform.ir.walk import atoms, uses, walk

_K = CursorKind
_NO_RULES: Rules = MappingProxyType({})
_RETURN_KEY = 0  # parameters and variables have the addresses of their declarations as keys


def lower(path: Path, options: ParseOptions, function: str | None) -> Program:
    """The function of ``path`` to differentiate, as IR.

    ``function`` is its name, as ``targets.select`` takes it; ``None`` if the file has one candidate only.

    Raises ``UsageError`` (missing file, unknown or ambiguous function), ``Refused`` (compile errors, or code
    outside the supported scope: all findings at once), ``clang.HeadersMissing``.
    """
    rules = dict(options.derivatives)
    return with_instances(
        path, options, lambda unit: lower_function(select(unit, path, function), path, rules)
    )


# ---- lowering ----


def lower_function(function: Cursor, path: Path, rules: Rules = _NO_RULES) -> Program:
    """One function with a body, or an instance of a template, as IR; ``rules``: derivatives that the user
    gives beside those in the source.

    Raises ``Refused``, and ``Incomplete`` if the translation unit lacks instances that it needs.
    """
    instances, custom = Instances(function), Registry(rules)
    scope = Scope(expression, body, object_expression, construct, view_value, instances, custom)
    returns = scalar(function.result_type)
    if not supported_result(function):
        message = f"'{function.spelling}' returns '{function.result_type.spelling}'"
        scope.refuse(function, message, "return a number or nothing")
    found = parameters(scope, function)
    if returns is not None:
        scope.env[_RETURN_KEY] = Value("result", returns, zero(returns))
    statements = [c for c in function.get_children() if c.kind == _K.COMPOUND_STMT]
    with scope.function() as jump:
        body(scope, statements)
        returned = scope.flag(jump.left)
    outputs = changed_scalars(scope, found, function)
    stmts = [
        *scope.prologue,
        *scope.stmts,
        *(Output(s, value, location(function)) for s, value in outputs.items()),
    ]
    if returns is not None:
        if returned != Const(True, BOOL) and not scope.findings:
            message = f"'{function.spelling}' may end without returning a value"
            scope.refuse(function, message, "return a value on every path")
        result = _return(scope, function)
        if _is_time(scope, Block(tuple(stmts)), result.value):
            scope.note(function, "the result is a measured time: f_grad returns nothing")
            returns = None
        else:
            stmts.append(result)
    scope.instances.check()
    lowered = remove_dead(Block(tuple(stmts)))
    used = {a for s in walk(lowered) for a in atoms(s)} | set(outputs)
    moved = rebound(scope, found, used)
    used |= {r.to for r in moved if r.to is not None}
    params = tuple(p for p in found.params if not p.member or p.symbol in used)
    check(scope, found, function, params)
    if scope.findings:
        raise Refused(sorted(scope.findings, key=_position))
    program = Program(
        name=str(function.spelling),
        qualified=instance_name(function),
        params=params,
        returns=returns,
        body=portable_spaces(_known(scope, lowered), function),
        includes=_includes(path),
        file=str(path),
        loc=location(function),
        formals=formals(found, outputs, moved),
        hidden=tuple(found.hidden),
        rebound=moved,
        notes=tuple(scope.notes),
    )
    verify(program)
    findings = [
        *mirror_findings(program.body, program.params, scope.mirrors),
        *dual_findings(program.body, scope.duals, scope.modified),
    ]
    if findings:
        raise Refused(findings)
    return program


def _return(scope: Scope, function: Cursor) -> Return:
    result = scope.env[_RETURN_KEY]
    assert isinstance(result, Value)
    return Return(result.atom or scope.dummy(function), location(function))


def _is_time(scope: Scope, block: Block, value: Atom) -> bool:
    """Whether a number is made of measured times, integers and constants only, so that nothing that can be
    differentiated has a part in it."""
    defined = {s.target: s.op for s in walk(block) if isinstance(s, Let)}
    open_, found = [value], False
    while open_:
        atom = open_.pop()
        op = defined.get(atom) if isinstance(atom, Symbol) else None
        if atom in scope.times:
            found = True
        elif isinstance(op, Apply):
            open_ += op.args
        elif not isinstance(atom, Const) and not (isinstance(atom.type, Scalar) and atom.type.is_integer):
            return False
    return found


def _known(scope: Scope, block: Block) -> Block:
    """``block``, unless something in it depends on a number that only Kokkos knows."""
    findings = [
        Diagnostic(scope.unknowns[a][0], stmt.loc, scope.unknowns[a][1])
        for stmt in walk(block)
        for a in uses(stmt)
        if a in scope.unknowns
    ]
    if findings:
        raise Refused(sorted(findings, key=_position))
    return block


def _position(finding: Diagnostic) -> tuple[str, int, int]:
    loc = finding.loc
    return (loc.file, loc.line, loc.column) if loc is not None else ("", 0, 0)


def _includes(path: Path) -> tuple[str, ...]:
    """What the file includes, as written; ``<Kokkos_Core.hpp>`` in any case."""
    text = path.read_text(errors="replace")
    found = re.findall(r'^[ \t]*#[ \t]*include[ \t]*(<[^>\n]+>|"[^"\n]+")', text, re.M)
    core = "<Kokkos_Core.hpp>"
    return tuple(dict.fromkeys(found if core in found else [core, *found]))
