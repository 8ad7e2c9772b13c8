"""One program that runs the emitted gradients of many kernels and prints what they computed.

Every gradient is called twice with one workspace, on the same data: buffers, tapes and colorings are reused.
The user's function itself runs too: what the front end made of it must compute the same.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autotune.cache import compile_cached
from search_spaces.model import Plan
from tests.cases import KERNELS, Case
from tests.gradient_support import Direction, Oracle
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.ir.types import View
from transform.signature import Argument, Signature

# What runs it: threads or "serial" (Kokkos' Serial), perhaps with repetitions: "serial,2x20,4x20"
RUNS = os.environ.get("KAD_RUNS", "3").split(",")
SERIAL = ("-DKOKKOS_ENABLE_DEFAULT_DEVICE_TYPE_SERIAL",)
FLAGS = ("-O0", "-Wall", "-Wextra", "-Werror")

PRELUDE = """
#include <cstdio>
#include <initializer_list>

// Every element, in row-major order.
template <class V, class F, class... I> void each(const V& v, F f, I... i) {
  if constexpr (sizeof...(I) == unsigned(V::rank)) {
    f(v(i...));
  } else {
    for (std::size_t next = 0; next < v.extent(sizeof...(I)); ++next) each(v, f, i..., next);
  }
}
template <class V, class T> void fill(const V& v, std::initializer_list<T> data) {
  auto from = data.begin();
  each(v, [&](auto& x) { x = *from++; });
}
template <class V> void print(const V& v) {
  each(v, [](const auto& x) { std::printf(" %.17g", double(x)); });
}
"""


@dataclass(frozen=True)
class Call:
    """A gradient to compile and run: ``plan`` of ``case``."""

    key: str
    case: Case
    oracle: Oracle
    plan: Plan


def program(calls: Iterable[Call]) -> str:
    """The translation unit for calls of kernels of one file."""
    calls = list(calls)
    (file,) = {call.case.path for call in calls}
    code = [f'#include "{file}"']
    code += [pipeline.realise(call.oracle.adjoint, call.plan).code(f"kad_{call.key}") for call in calls]
    code += [PRELUDE, *(_primal(call) for call in calls), *(_function(call) for call in calls)]
    code += ["int main() {", "  Kokkos::initialize();"]
    code += [f"  {what}_{call.key}();" for call in calls for what in ("primal", "call")]
    return "\n".join([*code, "  Kokkos::finalize();", "}"])


def _function(call: Call) -> str:
    signature = call.oracle.adjoint.signature
    seeds = call.oracle.directions[0]
    body = [f"void call_{call.key}() {{", f'  std::printf("{call.key}");']
    bars = []
    for a in signature.arguments:
        value = call.oracle.arguments[a.name]
        body += _declare(a, a.name, value)
        if a.has_adjoint:
            body += _declare(a, f"{a.name}_b", value)
            bars.append(f"{a.name}_b")
    name = f"kad_{call.key}::{signature.name}"
    body += [f"  {name}_workspace ws;", "  for (int call = 0; call < 2; ++call) {"]
    for a in signature.arguments:
        body.append(_assign(a, a.name, call.oracle.arguments[a.name]))
        if a.has_adjoint:
            body.append(_assign(a, f"{a.name}_b", seeds.seeds[a.name]))
    body += [f"    {line}" for line in signature.prepare(lambda a: a.name)]
    given = [
        "ws",
        *signature.passed(lambda a: a.name),
        *bars,
        *([repr(seeds.seed)] if signature.seeded else []),
    ]
    grad = f"{name}_grad({', '.join(given)})"
    if signature.returns is None:
        body.append(f"    {grad};")
    else:
        body.append(f'    const double value = {grad}; if (call) std::printf(" %.17g", value);')
    body += [f"    {line}" for line in signature.finish(lambda a: a.name)]
    body += ["  }", *(_print(a, n) for a, n in _printed(signature)), '  std::printf("\\n");', "}"]
    return "\n".join(body)


def _primal(call: Call) -> str:
    """The user's function, called once."""
    signature = call.oracle.adjoint.signature
    body = [f"void primal_{call.key}() {{", f'  std::printf("primal_{call.key}");']
    for a in signature.arguments:
        body += _declare(a, a.name, call.oracle.arguments[a.name])
        body.append(_assign(a, a.name, call.oracle.arguments[a.name]))
    body += [f"  {line}" for line in signature.prepare(lambda a: a.name)]
    value = signature.call(lambda a: a.name)
    if signature.returns is None:
        body.append(f"  {value};")
    else:
        body.append(f'  std::printf(" %.17g", double({value}));')
    body += [f"  {line}" for line in signature.finish(lambda a: a.name)]
    body += [_print(a, a.name) for a in signature.arguments if a.written]
    return "\n".join([*body, '  std::printf("\\n");', "}"])


def _printed(signature: Signature) -> list[tuple[Argument, str]]:
    written = [(a, a.name) for a in signature.arguments if a.written]
    return written + [(a, f"{a.name}_b") for a in signature.arguments if a.has_adjoint]


def _declare(a: Argument, name: str, value: Any) -> list[str]:
    if not isinstance(a.type, View):
        return [f"  {a.type.name} {name} = 0;"]
    shape = zip(np.shape(value), a.type.static_extents, strict=True)
    extents = "".join(f", {n}" for n, fixed in shape if fixed is None)
    return [f'  {a.type.writable.declared} {name}("{name}"{extents});']


def _assign(a: Argument, name: str, value: Any) -> str:
    if not isinstance(a.type, View):
        text = str(value).lower() if isinstance(value, bool) else repr(value)
        return f"    {name} = static_cast<{a.type.name}>({text});"
    data = ", ".join(repr(x.item()) for x in np.ravel(value))
    if not data:
        return ""
    return f"    fill({_scalars(a, name)}, {{{data}}});"


def _print(a: Argument, name: str) -> str:
    if isinstance(a.type, View):
        return f"  print({_scalars(a, name)});"
    return f'  std::printf(" %.17g", double({name}));'


def _scalars(a: Argument, name: str) -> str:
    """A View of numbers: of a View of objects, that of its scalars."""
    assert isinstance(a.type, View)
    return f"kad::scalars_of<{a.type.writable.on_objects}>({name})" if a.type.objects else name


def compiled(text: str, name: str, flags: tuple[str, ...] = FLAGS) -> Path:
    """The binary of a program's text."""
    tools = toolchain()
    special = replace(tools, flags=(*tools.flags, *flags))
    binary = compile_cached(special, text, include_dirs=(KERNELS,), name=name, timeout=600)
    assert isinstance(binary, Path), binary.log
    return binary


def runs(calls: list[Call], name: str) -> Iterator[Mapping[str, np.ndarray]]:
    """Compile and run: what each call printed, for every run that ``KAD_RUNS`` asks for."""
    text, keys = program(calls), {c.key for c in calls}
    for part in RUNS:
        threads, _, times = part.partition("x")
        flags = (*FLAGS, *SERIAL) if threads == "serial" else FLAGS
        binary = compiled(text, name, flags)
        for _ in range(int(times or 1)):
            yield _run(binary, "1" if threads == "serial" else threads, keys)


def _run(binary: Path, threads: str, keys: set[str]) -> Mapping[str, np.ndarray]:
    printed = subprocess.run(
        [str(binary)],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env={"OMP_NUM_THREADS": threads, "OMP_PROC_BIND": "false"},
    )
    lines = [line.split() for line in printed.stdout.splitlines()]
    return {
        words[0]: np.array(words[1:], float)
        for words in lines
        if words and words[0].removeprefix("primal_") in keys
    }


def expected_primal(call: Call) -> np.ndarray:
    """What the interpreter makes of the user's function: its value and what it writes."""
    value, after = call.oracle.expected
    found = [] if value is None else [np.ravel(value)]
    found += [np.ravel(after[a.name]) for a in call.oracle.adjoint.signature.arguments if a.written]
    return np.concatenate([np.asarray(x, float) for x in found])


def expected(call: Call) -> np.ndarray:
    """What the interpreter computes for a call."""
    oracle, signature = call.oracle, call.oracle.adjoint.signature
    direction: Direction = oracle.directions[0]
    bars = oracle.gradient(call.plan, direction)
    found = [expected_primal(call)]
    found += [np.ravel(bars[a.name]) for a in signature.arguments if a.has_adjoint]
    return np.concatenate([np.asarray(x, float) for x in found])
