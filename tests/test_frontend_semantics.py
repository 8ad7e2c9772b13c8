"""Lowered kernels computed by the interpreter, against the same C++ compiled, and against numpy."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from autotune.cache import compile_cached
from tests.interpreter import run
from tests.kokkos_support import toolchain
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower

SOURCE = Path(__file__).parent / "frontend" / "semantics.cpp"
FUNCTIONS = re.findall(r"^(double|void) (\w+)\(ARGS", SOURCE.read_text(), re.M)
N, A = 6, 1.7


def inputs() -> dict[str, np.ndarray]:
    i = np.arange(N)
    return {
        "x": 0.13 * ((i * 5) % 7) + 0.05,
        "idx": ((i * 4 + 1) % N).astype(np.int32),
        "A": 0.5 * i[:, None] - 0.3 * np.arange(3) ** 2,
    }


def lowered(name: str) -> tuple[float, dict[str, np.ndarray]]:
    """The function's value and its arrays afterwards, by the interpreter."""
    arrays = inputs()
    value = run(
        lower(SOURCE, ParseOptions(kokkos_include=toolchain().kokkos.include), name),
        {**arrays, "n": N, "a": A},
    )
    return (0.0 if value is None else float(value)), arrays


@pytest.fixture(scope="module")
def compiled() -> dict[str, np.ndarray]:
    """Per function: its value, then x, then A, computed by the compiled program."""
    calls = "\n".join(
        f'  report("{name}", [](auto... p) {{ {"return" if result == "double" else ""} {name}(p...); '
        f"{'' if result == 'double' else 'return 0.0;'} }});"
        for result, name in FUNCTIONS
    )
    program = f"""
#include "{SOURCE}"
#include <cstdio>
template <class F> void report(const char* name, F f) {{
  const int n = {N};
  Vector x("x", n); Matrix A("A", n, 3); Kokkos::View<int*> idx("idx", n);
  for (int i = 0; i < n; ++i) {{
    x(i) = 0.13 * ((i * 5) % 7) + 0.05; idx(i) = (i * 4 + 1) % n;
    for (int j = 0; j < 3; ++j) A(i, j) = 0.5 * i - 0.3 * j * j;
  }}
  std::printf("%s %.17g", name, f(x, A, idx, n, {A}));
  for (int i = 0; i < n; ++i) std::printf(" %.17g", x(i));
  for (int i = 0; i < n; ++i) for (int j = 0; j < 3; ++j) std::printf(" %.17g", A(i, j));
  std::printf("\\n");
}}
int main() {{
  Kokkos::initialize();
{calls}
  Kokkos::finalize();
}}
"""
    binary = compile_cached(toolchain(), program, include_dirs=(), name="semantics", timeout=300)
    assert isinstance(binary, Path), binary
    printed = subprocess.run(
        [str(binary)],
        check=True,
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"},
    )
    lines = [line.split() for line in printed.stdout.splitlines() if not line.startswith("Kokkos")]
    return {name: np.array([float(v) for v in values]) for name, *values in lines}


@pytest.mark.kokkos
@pytest.mark.parametrize("name", [name for _, name in FUNCTIONS])
def test_computes_what_the_compiled_code_computes(name: str, compiled: dict[str, np.ndarray]) -> None:
    value, arrays = lowered(name)
    found = np.concatenate([[value], arrays["x"], arrays["A"].ravel()])
    np.testing.assert_allclose(found, compiled[name], rtol=1e-13, atol=1e-13)


# ---- against numpy, where the result is short to write ----


def test_captured_scalars_are_read_at_the_launch() -> None:
    x = inputs()["x"]
    even = np.arange(N) % 2 == 0
    first = float(np.sum(2 * x + np.where(even, 3, 4)))
    second = -float(np.sum(0.5 * x + np.where(even, first, 4)))
    assert lowered("captured")[0] == pytest.approx(first + second + 3, rel=1e-14)


def test_references_are_aliases() -> None:
    x = inputs()["x"]
    value, arrays = lowered("references")
    total = np.sum((1 + 7 + 2 * x) * 2 * A + 7 * 2 + 8)
    assert value == pytest.approx(total + 1, rel=1e-14)
    np.testing.assert_allclose(arrays["A"][:, 0], 2 * x)
    assert (arrays["x"] == 8).all()


def test_indirect_increments() -> None:
    before, (_, after) = inputs(), lowered("increments")
    i, targets = np.arange(N), before["idx"]
    first, y = before["A"][:, 0].copy(), np.zeros(N)
    np.add.at(first, targets, before["x"])
    np.add.at(y, targets, 0.5 * A)
    np.testing.assert_allclose(after["A"][:, 0], 1 - first)
    np.testing.assert_allclose(after["x"], before["x"] + y)
    np.testing.assert_allclose(after["A"][:, 2], (before["A"][:, 2] + A - 0.375 + 1.5 * i) * 2 / A)


def test_multidimensional_policies() -> None:
    before, (_, after) = inputs()["A"], lowered("multidimensional")
    expected = before + 10 * np.arange(N)[:, None] + np.arange(3)
    expected[1:-1] *= 2
    np.testing.assert_allclose(after["A"], expected)
    assert after["x"][0] == pytest.approx(expected.sum())
    assert (after["x"][2:N] == np.arange(2, N)).all()
