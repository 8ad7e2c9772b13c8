"""Local arrays on the host, captured by copy: what the reverse sweep cannot follow is refused."""

from __future__ import annotations

from collections.abc import Iterator

from transform.analysis.activity import Activity
from transform.diagnostics import Diagnostic
from transform.ir.nodes import Block, Declare, Launch, Program, Stmt, Symbol
from transform.ir.walk import binds, blocks, defines, uses, walk, written


def host_array_findings(program: Program, active: Activity) -> list[Diagnostic]:
    """Host arrays that carry derivatives, or that change after a kernel captured them.

    An array that is filled once, at the top of the function, is a constant for every kernel and its adjoint.
    """
    return list(_findings(program.body, active, top=True))


def _findings(block: Block, active: Activity, top: bool) -> Iterator[Diagnostic]:
    for i, s in enumerate(block.stmts):
        if isinstance(s, Declare):
            message = _problem(s.target, block.stmts[i + 1 :], active, top)
            if message:
                hint = "pass the values as scalars, or put them into a View"
                yield Diagnostic(f"local array '{s.target.name}' {message}", s.loc, hint)
        if not isinstance(s, Launch):
            for inner in blocks(s):
                yield from _findings(inner, active, top=False)


def _problem(array: Symbol, rest: tuple[Stmt, ...], active: Activity, top: bool) -> str:
    stmts = Block(rest)
    captured = any(isinstance(s, Launch) and array in _reads(s) for s in walk(stmts))
    if array in active:
        return "carries derivatives on the host"
    if captured and not top:
        return "is declared inside a host loop or branch and read by a kernel"
    seen = False
    for s in stmts.stmts:
        if seen and array in written(Block((s,))):
            return "changes after a kernel has captured it"
        seen = seen or any(isinstance(x, Launch) and array in _reads(x) for x in walk(Block((s,))))
    return ""


def _reads(launch: Launch) -> set[Symbol]:
    own = {n for s in walk(launch.body) for n in (*defines(s), *binds(s))}
    return {a for s in walk(launch.body) for a in uses(s)} - own
