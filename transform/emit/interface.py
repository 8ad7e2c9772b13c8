"""The C++ interface of a gradient: its parameters, its workspace, its overloads, and the choice by size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transform.emit.kernel import Text
from transform.ir.objects import Formal
from transform.ir.types import View
from transform.signature import Argument, Signature

WIDTH = 120
"""Columns of a line."""


@dataclass(frozen=True)
class Sized:
    """Functions in the nested ``namespace`` serve calls whose Views have up to ``most`` elements together."""

    namespace: str
    most: int | None  # None: any number


def returns(signature: Signature) -> str:
    return "void" if signature.returns is None else signature.returns.name


def parameter(a: Argument | Formal) -> str:
    if isinstance(a, Formal):
        if a.extent:
            return f"{'' if a.changed else 'const '}{a.spelling}* {a.name}"
        if a.pointer:
            return f"{a.spelling}* {a.name}"
        return f"{'' if a.changed else 'const '}{a.spelling}& {a.name}"
    if a.by:
        return f"{a.spelling}{a.by} {formal(a)}"
    if a.enumeration:
        return f"{a.enumeration} {formal(a)}"
    return f"const {a.spelling}& {a.name}" if isinstance(a.type, View) else f"{a.spelling} {a.name}"


def formal(a: Argument | Formal) -> str:
    """The name of a C++ parameter: of a pointer or an enumeration, the argument's own name is the
    scalar's."""
    if isinstance(a, Formal):
        return a.name
    return f"{a.name}_pointer" if a.by == "*" else f"{a.name}_enumerator" if a.enumeration else a.name


def passed(signature: Signature) -> list[str]:
    """The names of a gradient's parameters between workspace and seed."""
    adjoints = [f"{a.name}_b" for a in signature.arguments if a.has_adjoint]
    return [*(formal(a) for a in signature.parameters), *adjoints]


def workspace(
    out: Text, signature: Signature, promise: Sequence[str], held: str, members: Sequence[str]
) -> None:
    """``f_workspace``. ``promise``: what ``indices_are_static`` does; ``held``: an expression in bytes."""
    f = signature.name
    out.add(f"// Buffers that {f}_grad keeps between calls. Must not outlive Kokkos::finalize.")
    out.add(f"struct {f}_workspace {{")
    out.depth += 1
    out.add(
        "// Promise that index arrays keep their contents between calls: changes are no longer looked for."
    )
    if len(promise) == 1:
        out.add(f"void indices_are_static(bool promise) {{ {promise[0]} }}")
    else:
        out.add("void indices_are_static(bool promise) {")
        for line in promise:
            out.add(f"  {line}")
        out.add("}")
    out.add("// Bytes held.")
    out.add(f"std::size_t memory() const {{ return {held}; }}")
    out.add("")
    for line in members:
        out.add(line)
    out.depth -= 1
    out.add("};")
    out.add("")


def functions(out: Text, signature: Signature, body: Sequence[str]) -> None:
    """``f_grad`` in all its overloads; ``body`` is that of the one with workspace and seed."""
    f, result = signature.name, returns(signature)
    adjoints = [_adjoint(a) for a in signature.arguments if a.has_adjoint]
    everything = [*(parameter(a) for a in signature.parameters), *adjoints]
    names = passed(signature)
    seed = [f"{result} seed"] if signature.seeded else []
    give = "return " if result != "void" else ""
    out.add(
        f"// {f} and its adjoint; `seed` is the adjoint of the returned value."
        if seed
        else f"// {f} and its adjoint."
    )
    head = f"inline {result} {f}_grad("
    _signature(out, head, [f"{f}_workspace& ws", *everything, *seed])
    out.lines += body
    out.add("}")
    out.add("")
    if seed:
        _signature(out, head, [f"{f}_workspace& ws", *everything])
        out.add(f"  {give}{f}_grad({', '.join(['ws', *names, '1'])});")
        out.add("}")
        out.add("")
        _signature(out, head, [*everything, *seed])
        out.add(f"  {f}_workspace ws;")
        out.add(f"  {give}{f}_grad({', '.join(['ws', *names, 'seed'])});")
        out.add("}")
        out.add("")
    _signature(out, head, everything)
    out.add(f"  {f}_workspace ws;")
    out.add(f"  {give}{f}_grad({', '.join(['ws', *names])});")
    out.add("}")
    out.add("")


def _signature(out: Text, head: str, parameters: Sequence[str]) -> None:
    """The first lines of a function, of at most ``WIDTH`` columns where its parameters allow it."""
    line = head
    for k, parameter_ in enumerate(parameters):
        end = ", " if k + 1 < len(parameters) else ") {"
        if len(line + parameter_ + end) > WIDTH and line.strip() and k > 0:
            out.add(line.rstrip())
            line = "    "
        line += parameter_ + end
    out.add(line)


def by_size(signature: Signature, choices: Sequence[Sized], namespace: str) -> str:
    """The functions in ``namespace`` that call those of the first choice that serves the call's size.

    The last choice serves every size.
    """
    f = signature.name
    out = Text()
    out.add(f"namespace {namespace} {{")
    out.add("")
    spaces = [c.namespace for c in choices]
    held = " + ".join(f"{s}.memory()" for s in spaces)
    members = [f"{s}::{f}_workspace {s};" for s in spaces]
    workspace(out, signature, [f"{s}.indices_are_static(promise);" for s in spaces], held, members)
    sizes = [f"{signature.expression(a)}.size()" for a in signature.arguments if isinstance(a.type, View)]
    seed = ["seed"] if signature.seeded else []
    give = "return " if signature.returns is not None else ""
    body = [f"  const double elements = {' + '.join(f'double({size})' for size in sizes)};"]
    for c in choices:
        call = f"{c.namespace}::{f}_grad({', '.join([f'ws.{c.namespace}', *passed(signature), *seed])});"
        if c.most is None:
            body.append(f"  {give}{call}")
        else:
            body += [f"  if (elements <= {c.most}) {{", f"    {give}{call}"]
            body += [*([] if give else ["    return;"]), "  }"]
    functions(out, signature, body)
    out.add(f"}}  // namespace {namespace}")
    return "\n".join(out.lines) + "\n"


def _adjoint(a: Argument) -> str:
    if isinstance(a.type, View):
        return f"const {a.adjoint_spelling}& {a.name}_b"
    return f"{a.adjoint_spelling}& {a.name}_b"
