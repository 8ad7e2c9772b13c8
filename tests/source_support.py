"""Random C++ sources through the whole compiler: read, differentiated, interpreted against the oracle."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from clang import cindex

from tests.gradient_support import Arguments, Oracle, copied, primal, spread
from tests.interpreter import run
from tests.kernel_generator import Features
from tests.kokkos_support import toolchain
from tests.source_generator import PRELUDE, Source
from transform import pipeline
from transform.diagnostics import Refused
from transform.frontend import clang, targets
from transform.frontend import lower as front
from transform.frontend.flags import ParseOptions, compiler_flags
from transform.frontend.instances import Incomplete
from transform.ir.nodes import Program

HEAD = "#include <Kokkos_Core.hpp>\n#include <cmath>\n#include <utility>\n"
MOST_PLANS = 6
HUGE = 1e4  # where rounding swamps a comparison


@dataclass(frozen=True)
class Attempt:
    """What became of a source: ``right``, ``refused``, ``inactive`` or ``huge``; its oracle if it has one."""

    verdict: str
    text: str
    message: str = ""
    oracle: Oracle | None = None


@cache
def _unit(path: Path) -> cindex.TranslationUnit:
    """Read with the headers precompiled: other texts in the same file are then read much faster."""
    flags = compiler_flags(path, ParseOptions(kokkos_include=toolchain().kokkos.include))
    options = cindex.TranslationUnit.PARSE_PRECOMPILED_PREAMBLE | 0x100  # on the first parse
    return cindex.Index.create().parse(str(path), args=flags, options=options)


def read(path: Path, text: str, function: str = "f") -> Program:
    """The IR of ``function`` of a text that is put into ``path``. Raises ``Refused``."""
    path.write_text(text)
    unit = _unit(path)
    unit.reparse()
    clang._contents.cache_clear()
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error and not clang._harmless(d)]
    assert not errors, f"{[str(e) for e in errors]}\n{text}"
    try:
        return pipeline.prepared(front.lower_function(targets.select(unit.cursor, path, function), path))
    except Incomplete:
        return primal(path, function)


def attempt(path: Path, chooser: random.Random, features: Features | None = None, name: str = "f") -> Attempt:
    """Make one source, a function called ``name``, and check everything about its gradient."""
    source = Source(chooser, features, name)
    text = source.text()
    arguments = source.arguments()
    try:
        program = read(path, HEAD + PRELUDE + text, name)
    except Refused as refused:
        return Attempt("refused", text, str(refused))
    after = copied(arguments)
    value = run(program, after)
    if not _moderate(after, value):
        return Attempt("huge", text)
    try:
        adjoint = pipeline.differentiate(program, *names(chooser, program))
    except Refused as refused:
        verdict = "inactive" if "depends on an independent" in str(refused) else "refused"
        return Attempt(verdict, text, str(refused))
    oracle = Oracle(adjoint, arguments)
    oracle.check_tangent()
    for plan in spread(oracle.plans, MOST_PLANS):
        oracle.check(plan)
    return Attempt("right", text, oracle=oracle)


def names(chooser: random.Random, program: Program) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Random independents, often all."""
    if chooser.random() < 0.6:
        return None, None
    return tuple(chooser.sample(["x", "y", "z", "A", "B", "a", "c"], chooser.randint(1, 4))), None


def _moderate(arguments: Arguments, value: Any) -> bool:
    results = [*arguments.values(), 0.0 if value is None else value]
    return bool(max(float(np.max(np.abs(r))) for r in results) < HUGE)
