"""From a kernel's text or file to its IR and signature, with any Kokkos headers at hand."""

from __future__ import annotations

from pathlib import Path

from tests.kokkos_support import toolchain
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower
from transform.ir.nodes import Program
from transform.ir.types import Scalar, View
from transform.ir.walk import written
from transform.signature import Argument, Signature

CORPUS = Path(__file__).parent.parent / "experiments" / "kernels"


def parse(path: Path) -> Program:
    """Skips the test where no Kokkos is installed."""
    return lower(path, ParseOptions(kokkos_include=toolchain().kokkos.include), None)


def parse_text(directory: Path, text: str) -> Program:
    path = directory / "kernel.cpp"
    path.write_text(f"#include <Kokkos_Core.hpp>\n#include <cmath>\n{text}")
    return parse(path)


def default_signature(program: Program) -> Signature:
    """Independents: every floating-point parameter; dependents: the value, or what a void function writes."""
    writes = written(program.body)
    arguments = []
    for p in program.params:
        kind = p.symbol.type
        assert isinstance(kind, Scalar | View)
        element = kind.element if isinstance(kind, View) else kind
        floating = element.is_float
        dependent = floating and p.symbol in writes and program.returns is None
        arguments.append(
            Argument(p.symbol.name, kind, p.spelling, p.spelling, floating, dependent, p.symbol in writes)
        )
    return Signature(program.name, program.qualified, program.returns, tuple(arguments))
