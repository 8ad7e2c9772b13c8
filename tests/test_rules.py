"""Derivatives that a TOML file gives: the file's format, and that they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import KERNELS
from tests.kokkos_support import toolchain
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower
from transform.frontend.rules import Rule, read_rules
from transform.ir.nodes import Apply, Const, Let
from transform.ir.walk import walk

SOURCE = """
#include <Kokkos_Core.hpp>
namespace lib {
double external(double x);
KOKKOS_INLINE_FUNCTION void slope(double x, double seed, double& x_b) { x_b += 2 * x * seed; }
}
double f(Kokkos::View<const double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += lib::external(x(i)); }, r);
  return r;
}
"""


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    return file


def test_reads_rules(tmp_path: Path) -> None:
    file = write(tmp_path, '[f]\nadjoint = "g"\n["ns::h"]\ninactive = true\n')
    assert read_rules(file) == (("f", Rule(adjoint="g")), ("ns::h", Rule(inactive=True)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("f = 1", "'f' is not a table"),
        ("[f]\nadjont = 'g'", "has no key 'adjont'"),
        ("[f]\nadjoint = 3", "names of functions"),
        ("[f]\ninactive = 'yes'", "true or false"),
        ("[f]", "needs an adjoint or a tangent"),
        ("[f]\nadjoint = 'g'\ninactive = true", "needs an adjoint or a tangent"),
        ("[f", "rules.toml"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint.replace("[", r"\[")):
        read_rules(write(tmp_path, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_rules(tmp_path / "none.toml")


def test_a_function_without_a_body_is_called(tmp_path: Path) -> None:
    source = tmp_path / "f.cpp"
    source.write_text(SOURCE)
    include = toolchain().kokkos.include
    for name in ("external", "lib::external"):
        options = ParseOptions(kokkos_include=include, derivatives=((name, Rule(adjoint="slope")),))
        body = lower(source, options, "f").body
        ops = {s.op.fn for s in walk(body) if isinstance(s, Let) and isinstance(s.op, Apply)}
        assert {"call:lib::external", "attach"} <= ops


def test_the_file_overrides_the_source() -> None:
    options = ParseOptions(
        kokkos_include=toolchain().kokkos.include, derivatives=(("square_root", Rule(inactive=True)),)
    )
    body = lower(KERNELS / "custom.cpp", options, "roots").body
    ops = [s.op for s in walk(body) if isinstance(s, Let) and isinstance(s.op, Apply)]
    carriers = [op.args[1] for op in ops if op.fn == "attach"]
    assert carriers and all(isinstance(c, Const) and c.value == 0 for c in carriers)
