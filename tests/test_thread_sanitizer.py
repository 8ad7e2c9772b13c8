"""ThreadSanitizer finds no data race in emitted gradients, run on three threads.

Every variant of the corpus; of the test kernels a few (``KAD_TSAN=all``: every one). Left to the
interpreter's race detector: atomic updates (Kokkos reads before it compares and swaps) and bodies of scans
(whose threads meet in Kokkos' library, which is not instrumented). C's ``lgamma`` writes a global.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cases import Case, cases
from tests.cases import compiled as chosen
from tests.compiled_support import Call, compiled, program
from tests.corpus_support import CORPUS, KERNELS
from tests.gradient_support import Oracle, primal, spread
from transform import pipeline

pytestmark = pytest.mark.kokkos

ALL = os.environ.get("KAD_TSAN") == "all"
FLAGS = ("-O1", "-g", "-w", "-fsanitize=thread", f"-I{Path(__file__).parent}", "-ldl")
SUPPRESSED = "race:Kokkos::atomic_\nrace:desul::\nrace:Kokkos::Impl::ParallelScan\nrace:lgamma\n"
RACE = 66  # exit status

TRIANGLES = [[0, 1, 3], [1, 4, 3], [1, 2, 4], [2, 5, 4], [4, 5, 3], [0, 4, 3], [0, 2, 4]]
COLUMNS = [[(3 * row + k) % 5 for k in range(3)] for row in range(7)]
CORPUS_CASES = tuple(
    Case(file, function, arguments, directory=CORPUS)
    for file, function, arguments in (
        ("fe_energy", "fe_energy", {"coords": (6, 2), "conn": TRIANGLES, "u": (6,), "kappa": 1.3}),
        ("heat", "heat", {"u": (9,), "kappa": 0.1, "steps": 3}),
        ("laplace", "laplace", {"conn": TRIANGLES, "u": (6,)}),
        ("map", "map", {"x": (9,), "y": (9,)}),
        ("spmv", "spmv_misfit", {"values": (7, 3), "columns": COLUMNS, "x": (5,), "b": (7,)}),
        ("stencil", "stencil_residual", {"u": (7, 8), "f": (7, 8), "h": 0.5}),
        ("theta", "theta_loss", {"data": (7, 8), "target": (7,), "theta": (16,)}),
        ("weighted_inner", "weighted_inner", {"A": (7, 5), "x": (5,), "y": (7,)}),
    )
)


def found(calls: list[Call], name: str, tmp_path: Path) -> str:
    """ThreadSanitizer's report; empty without a race."""
    binary = compiled('#include "happens_before.hpp"\n' + program(calls), name, FLAGS)
    return report(binary, tmp_path)


def report(binary: Path, tmp_path: Path) -> str:
    (tmp_path / "suppressed").write_text(SUPPRESSED)
    options = f"suppressions={tmp_path / 'suppressed'} exitcode={RACE}"
    environment = {"OMP_NUM_THREADS": "3", "OMP_PROC_BIND": "false", "TSAN_OPTIONS": options}
    ran = subprocess.run(
        [str(binary)], capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    assert ran.returncode in (0, RACE), ran.stderr[-2000:]
    return ran.stderr if ran.returncode == RACE else ""


def calls_of(tried: list[Case], most: int) -> list[Call]:
    calls = []
    for number, case in enumerate(tried):
        program_ = primal(case.path, case.function)
        oracle = Oracle(pipeline.differentiate(program_, case.wrt, case.of), case.values())
        calls += [Call(f"c{number}p{k}", case, oracle, p) for k, p in enumerate(spread(oracle.plans, most))]
    return calls


@pytest.mark.parametrize("case", CORPUS_CASES, ids=lambda c: c.file)
def test_corpus(case: Case, tmp_path: Path) -> None:
    calls = calls_of([case], 1000)
    assert not found(calls, f"tsan_{case.file}", tmp_path)


@pytest.mark.parametrize("file", sorted({c.file for c in cases()} if ALL else chosen()))
def test_kernels(file: str, tmp_path: Path) -> None:
    tried = [c for c in cases() if c.file == file and (ALL or c.function in chosen()[file][:2])]
    assert not found(calls_of(tried, 1000 if ALL else 3), f"tsan_{file}", tmp_path)


def test_the_corpus_is_complete() -> None:
    assert {case.file for case in CORPUS_CASES} == set(KERNELS)


def test_a_race_is_found(tmp_path: Path) -> None:
    text = """
#include "happens_before.hpp"
#include <Kokkos_Core.hpp>
int main() {
  Kokkos::initialize();
  {
    Kokkos::View<double*> x("x", 2);
    Kokkos::parallel_for(9, KOKKOS_LAMBDA(const int i) { x(i % 2) += 1.0; });
  }
  Kokkos::finalize();
}
"""
    assert "data race" in report(compiled(text, "tsan_race", FLAGS), tmp_path)
