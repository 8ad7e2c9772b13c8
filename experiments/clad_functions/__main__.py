"""Gradients of the functions in ``kernels.cpp``, compiled, against derivatives by hand and differences.

python -m experiments.clad_functions [--kokkos-root DIR] [--write]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.cache import compile_cached
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from search_spaces.model import architectures
from transform import pipeline
from transform.diagnostics import Refused
from transform.frontend.clang import ParseOptions

KERNELS = Path(__file__).parent / "kernels.cpp"
README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.clad_functions --write -->\n"
POINTS = ((3.0, 4.0), (-1.3, 0.7), (5.0, 3.5))
TOLERANCE = 1e-12
STEP = 1e-6  # of the central differences


@dataclass(frozen=True)
class Function:
    """``derivative``: by hand, for each argument; ``None`` where there is none. ``clad``: where the idea is
    from and what its test does with it."""

    name: str
    arguments: int
    derivative: Callable[[float, float], tuple[float, ...]] | None
    clad: str


def _one(value: Callable[[float], float]) -> Callable[[float, float], tuple[float, ...]]:
    return lambda x, y: (value(x),)


def _math(x: float, y: float) -> tuple[float, ...]:
    from math import cos, exp, sin, sqrt

    root = sqrt(x * x + 1)
    return 0.1 * exp(0.1 * x) + x / root * cos(y) + y * cos(x * y), -root * sin(y) + x * cos(x * y)


_BASICS, _ACCESS, _FOR, _REDUCE = "ViewBasics", "ViewAccess", "ParallelFor", "ParallelReduce"
_POLYNOMIAL = _one(lambda x: 1 + x + x**2 + x**3 + x**4)

FUNCTIONS = (
    Function("math", 2, _math, "MathFunctions: both modes"),
    Function("elements", 2, lambda x, y: (1 + 2 * x * y + y, x * x + x), f"{_BASICS}: TODO"),
    Function(
        "increment_of_element",
        2,
        lambda x, y: (2 * x * (y + x * y) + x * x * y + y, (x * x + 1) * (1 + x)),
        f"{_ACCESS}: both modes",
    ),
    Function("two_vectors", 2, lambda x, y: (y, x), "ViewCtorForward: forward"),
    Function("two_matrices", 2, lambda x, y: (y, x), "ViewCtorForward: forward"),
    Function("copies_that_do_not_matter", 2, lambda x, y: (3, 1), f"{_ACCESS}: both modes; {_BASICS}: TODO"),
    Function(
        "copies_that_matter",
        2,
        lambda x, y: (6 + 6 * (3 * x + y), 2 + 2 * (3 * x + y)),
        f"{_ACCESS}: both modes",
    ),
    Function("copies_of_vectors", 2, lambda x, y: (1 + 3 * x * x, 3), f"{_BASICS}: TODO"),
    Function("resized_without_initialising", 2, lambda x, y: (y, x), f"{_BASICS}: forward"),
    Function("resized", 2, lambda x, y: (y, x), f"{_BASICS}: forward"),
    Function("resized_without_initialising_then_written", 2, lambda x, y: (y, x), f"{_BASICS}: forward"),
    Function("resized_then_written", 2, lambda x, y: (y, x), f"{_BASICS}: forward"),
    Function("resized_then_copied", 2, lambda x, y: (2 * y, 2 * x), f"{_BASICS}: both modes"),
    Function("called_on_the_host", 1, _one(lambda x: 4), f"{_BASICS}: forward"),
    Function("squares_in_an_array", 1, _one(lambda x: 2 * x), f"{_FOR}: TODO"),
    Function("polynomial_that_races", 1, None, f"{_FOR}: TODO"),
    Function("polynomial_with_atomics", 1, _POLYNOMIAL, f"{_FOR}: TODO, without the race"),
    Function("object_and_fence", 1, _one(lambda x: 3), f"{_FOR}: forward"),
    Function("object_twice", 1, _one(lambda x: 3), f"{_FOR}: forward"),
    Function("object_over_a_range", 1, _one(lambda x: 3), f"{_FOR}: forward"),
    Function("object_over_tiles", 1, _one(lambda x: 12), f"{_FOR}: forward"),
    Function("object_over_tiles_twice", 1, _one(lambda x: 12), f"{_FOR}: forward"),
    Function("sum_of_equal_terms", 1, _one(lambda x: 5), f"{_REDUCE}: TODO"),
    Function("polynomial_into_a_view", 1, _POLYNOMIAL, f"{_REDUCE}: TODO"),
    Function("reduction_that_depends_on_the_order", 1, None, f"{_REDUCE}: forward, wrong on several threads"),
    Function("the_same_in_one_iteration", 1, _one(lambda x: 1 + 2 * x), f"{_REDUCE}: forward, in order"),
    Function("object_reduced_over_tiles", 1, _one(lambda x: 100), f"{_REDUCE}: forward"),
    Function(
        "several_levels", 1, _one(lambda x: 9 * 2.6 * 9 * 2 * x), "parallel_for (an early version): FIXME"
    ),
    Function(
        "added_to_all", 2, lambda x, y: (18 * x * x + 6 * y, 6 * x), "ParallelAdd (an early version): helper"
    ),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.clad_functions", description=__doc__)
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    try:
        tools = find_toolchain(
            architectures()["host"], options.kokkos_root, (), build_missing=True, progress=_note
        )
    except ToolchainMissing as problem:
        print(problem, file=sys.stderr)
        return 4
    table, good = rows(tools)
    report = (
        f"Kokkos {tools.kokkos.version} ({', '.join(tools.kokkos.backends)}), {tools.compiler_version}.\n\n"
    )
    report += "| function here | in Clad's tests | gradient here | error by hand | error by differences |\n"
    report += "|---|---|---|---|---|\n" + "".join(f"| {' | '.join(row)} |\n" for row in table)
    print(report)
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0 if good else 1


def _note(message: str) -> None:
    print(message, file=sys.stderr)


def rows(tools: Toolchain) -> tuple[list[tuple[str, ...]], bool]:
    """The table, and whether every function is as it should be."""
    parse = ParseOptions(kokkos_include=tools.kokkos.include)
    codes: dict[str, str] = {}
    refusals: dict[str, str] = {}
    for f in FUNCTIONS:
        try:
            adjoint = pipeline.differentiate(pipeline.parse(KERNELS, parse, f.name))
            plan = pipeline.search_space(adjoint, architectures()["host"]).default
            codes[f.name] = pipeline.realise(adjoint, plan).code(f"kad_{f.name}")
        except Refused as refused:
            refusals[f.name] = refused.diagnostics[0].message
    numbers = _run(tools, codes)
    table: list[tuple[str, ...]] = []
    good = True
    for f in FUNCTIONS:
        if f.name in refusals:
            table.append((f"`{f.name}`", f.clad, f"refused: {refusals[f.name]}", "-", "-"))
            good &= f.derivative is None
            continue
        by_hand, by_differences = _errors(f, numbers[f.name])
        right = by_hand < TOLERANCE and by_differences < 1e-6
        good &= right
        table.append(
            (
                f"`{f.name}`",
                f.clad,
                "right" if right else "WRONG",
                f"{by_hand:.0e}",
                f"{by_differences:.0e}",
            )
        )
    return table, good


def _errors(f: Function, numbers: list[float]) -> tuple[float, float]:
    """The largest relative errors of the gradient: against the derivative by hand, and differences."""
    assert f.derivative is not None, f"{f.name} should have been refused"
    hand, differences = [0.0], [0.0]
    values = iter(numbers)
    for x, y in POINTS:
        for exact in f.derivative(x, y):
            got, difference = next(values), next(values)
            scale = max(1.0, abs(exact))
            hand.append(abs(got - exact) / scale)
            differences.append(abs(got - difference) / scale)
    return max(hand), max(differences)


def _run(tools: Toolchain, codes: dict[str, str]) -> dict[str, list[float]]:
    """For each function, point and argument: the partial derivative, and a central difference."""
    lines = [f'#include "{KERNELS}"', *codes.values(), "#include <cstdio>", "int main() {"]
    lines.append("  Kokkos::initialize();")
    for f in FUNCTIONS:
        if f.name not in codes:
            continue
        lines.append(f'  std::printf("{f.name}");')
        for point in POINTS:
            at = point[: f.arguments]
            names = [f"{n}_b" for n in "xy"[: f.arguments]]
            given = ", ".join([*map(repr, at), *names])
            lines.append(f"  {{ double {', '.join(f'{n} = 0' for n in names)};")
            lines.append(f"    kad_{f.name}::{f.name}_grad({given});")
            for k, name in enumerate(names):
                up, down = ([v + s * STEP * (i == k) for i, v in enumerate(at)] for s in (1, -1))
                slope = f"({f.name}({_list(up)}) - {f.name}({_list(down)})) / {2 * STEP!r}"
                lines.append(f'    std::printf(" %.17g %.17g", {name}, {slope});')
            lines.append("  }")
        lines.append('  std::printf("\\n");')
    source = "\n".join([*lines, "  Kokkos::finalize();", "}"])
    built = compile_cached(tools, source, include_dirs=(), name="clad_functions", timeout=600)
    if not isinstance(built, Path):
        raise SystemExit(built.log)
    printed = subprocess.run([str(built)], check=True, capture_output=True, text=True, timeout=60).stdout
    found = (re.fullmatch(r"(\w+)((?: \S+)+)", line) for line in printed.splitlines())
    return {m[1]: [float(w) for w in m[2].split()] for m in found if m}


def _list(values: Sequence[float]) -> str:
    return ", ".join(map(repr, values))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
