"""The kernels of the tests: the default variant of every one that a target's compiler takes."""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from autotune.resources import compile_object
from experiments.compile_matrix.compiling import TIMEOUT, WARNINGS, Entry, Record, Target, entries
from tests.cases import Case, cases
from transform import pipeline
from transform.frontend.clang import ParseOptions

FILES = tuple(sorted({c.file for c in cases()}))


def case_entries(target: Target, file: str, record: Record) -> tuple[list[Entry], str]:
    """The gradients of one file's kernels, and which of its functions are left out because what the user
    wrote does not compile for the target (host lambdas, ``std::swap`` in a kernel)."""
    path = next(c.path for c in cases() if c.file == file)
    with tempfile.TemporaryDirectory(prefix="kad-cases-") as folder:
        copy = Path(folder, path.name)
        errors = _compilable(target, path, copy)
        kept = [c for c in _distinct(file) if re.search(rf"\b{c.function}\(", copy.read_text())]
        variants = [(f"{file}: {c.name}", _variant(target, copy, c)) for c in kept]
        return entries(target, copy, variants, record), errors


def _distinct(file: str) -> Sequence[Case]:
    """One case for each function and choice of variables."""
    return list({(c.function, c.wrt, c.of): c for c in cases() if c.file == file}.values())


def _variant(target: Target, path: Path, case: Case) -> pipeline.Variant:
    options = ParseOptions(kokkos_include=target.tools.kokkos.include)
    adjoint = pipeline.differentiate(pipeline.parse(path, options, case.function), case.wrt, case.of)
    return pipeline.realise(adjoint, pipeline.search_space(adjoint, target.arch).default)


def _compilable(target: Target, path: Path, copy: Path) -> str:
    """Write the paragraphs of ``path`` that compile to ``copy``, others blank; returns the first error in
    each of those."""
    paragraphs = re.split(r"(?<=\n)\n(?=\S)", path.read_text())
    reasons = []
    while True:
        copy.write_text("\n".join(paragraphs))
        done, log = compile_object(target.tools, f'#include "{copy}"\n', WARNINGS, TIMEOUT)
        if done:
            return "; ".join(reasons)
        found = re.search(rf"{re.escape(str(copy))}[:(](\d+)[^\n]*error:? *([^\n]*)", log)
        found = found or re.search(rf"{re.escape(str(copy))}[:(](\d+)([^\n]*)", log)
        if found is None:
            raise SystemExit(f"{path} does not compile for {target.title}:\n{log[:4000]}")
        ends = list(accumulate(text.count("\n") + 1 for text in paragraphs))
        guilty = bisect_left(ends, int(found[1]))
        reasons.append(f"line {found[1]}, {found[2]}")
        paragraphs[guilty] = "\n" * paragraphs[guilty].count("\n")
