"""What the front end makes of a file: the IR in full, which function, which options."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from search_spaces.model import architectures
from tests.cases import KERNELS
from tests.gradient_support import primal
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.diagnostics import Refused, UsageError
from transform.frontend.clang import KokkosHeadersMissing, ParseOptions
from transform.frontend.flags import compiler_flags
from transform.frontend.lower import lower
from transform.ir.nodes import Program, Symbol
from transform.ir.text import fingerprint, program_text
from transform.ir.types import DOUBLE, View
from transform.ir.walk import walk

HERE = Path(__file__).parent / "frontend"
GOLDEN = HERE / "golden.cpp"
FUNCTIONS = ("dot", "relax", "scatter", "grid", "arrays", "copies", "identity", "spaces")


@pytest.fixture(scope="session")
def options() -> ParseOptions:
    return ParseOptions(kokkos_include=toolchain().kokkos.include)


def test_ir_is_as_reviewed(options: ParseOptions) -> None:
    """``UPDATE_GOLDEN=1`` rewrites the file: review the difference."""
    text = "\n".join(program_text(lower(GOLDEN, options, name)) for name in FUNCTIONS)
    file = HERE / "golden.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_lowering_is_deterministic(options: ParseOptions) -> None:
    first, second = (lower(GOLDEN, options, "arrays") for _ in range(2))
    assert first == second
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(lower(GOLDEN, options, "grid"))


def test_statements_know_their_lines(options: ParseOptions) -> None:
    lines = GOLDEN.read_text().splitlines()
    program = lower(GOLDEN, options, "relax")
    located = [s.loc for s in walk(program.body)]
    assert all(loc is not None and loc.file == str(GOLDEN) for loc in located)
    marks = {lines[loc.line - 1].strip() for loc in located if loc}
    assert any(mark.startswith("if (value > limit)") for mark in marks)  # in the helper, where it is written
    assert program.loc is not None
    assert lines[program.loc.line - 1].startswith("void relax")


def test_signature(options: ParseOptions) -> None:
    program = lower(GOLDEN, options, "physics::dot")
    assert (program.name, program.qualified, program.returns) == ("dot", "physics::dot", DOUBLE)
    assert program.includes == ("<Kokkos_Core.hpp>", "<cmath>")
    x, y, n = (p.symbol for p in program.params)
    assert [p.spelling for p in program.params] == [
        "Kokkos::View<const double *>",
        "Kokkos::View<double *, Kokkos::LayoutRight>",
        "int",
    ]
    assert isinstance(x.type, View) and x.type.read_only and x.type.rank == 1
    assert isinstance(y.type, View) and not y.type.read_only
    assert n == Symbol("n", n.id, n.type)


# ---- which function ----


def kernel(tmp_path: Path, text: str, name: str = "kernel.cpp") -> Path:
    file = tmp_path / name
    file.write_text("#include <Kokkos_Core.hpp>\n" + text)
    return file


BODY = "(Kokkos::View<double*> x) { Kokkos::parallel_for(3, KOKKOS_LAMBDA(int i) { x(i) = 1; }); }\n"


def test_the_only_candidate_is_found(tmp_path: Path, options: ParseOptions) -> None:
    text = f"namespace a {{ void f{BODY} }}\nvoid host(int) {{}}\nint main() {{ return 0; }}\n"
    assert lower(kernel(tmp_path, text), options, None).qualified == "a::f"


def test_several_candidates_are_listed(tmp_path: Path, options: ParseOptions) -> None:
    file = kernel(tmp_path, f"void first{BODY}void second{BODY}")
    with pytest.raises(UsageError, match=r"--function(.|\n)*first +\(line 2\)\n +second +\(line 3\)"):
        lower(file, options, None)
    assert lower(file, options, "second").name == "second"


def test_no_candidate(tmp_path: Path, options: ParseOptions) -> None:
    with pytest.raises(UsageError, match=r"no free function .*functions defined here: host"):
        lower(kernel(tmp_path, "void host(int) {}\n"), options, None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fist", "did you mean first"),
        ("zzz", "known: a::first, "),
        ("same", "ambiguous"),
        ("general", "template"),
    ],
)
def test_unknown_function(tmp_path: Path, options: ParseOptions, name: str, message: str) -> None:
    text = (
        f"namespace a {{ void first{BODY} void same{BODY} }}\nnamespace b {{ void same{BODY} }}\n"
        f"template <class T> void general(T) {{}}\n"
    )
    with pytest.raises(UsageError, match=message):
        lower(kernel(tmp_path, text), options, name)


def test_missing_file(options: ParseOptions) -> None:
    with pytest.raises(UsageError, match="no such file"):
        lower(Path("nowhere.cpp"), options, None)


# ---- options ----

CONFIGURED = """#include "config.hpp"
void f(Kokkos::View<REAL*> x) {
  Kokkos::parallel_for(COUNT, KOKKOS_LAMBDA(int i) { x(i) = SCALE; });
}
"""


def configured(tmp_path: Path) -> Path:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "config.hpp").write_text("#define SCALE 2\n")
    return kernel(tmp_path, CONFIGURED)


def check_configured(program: Program) -> None:
    assert program.params[0].spelling == "Kokkos::View<float *>"
    assert program.includes == ("<Kokkos_Core.hpp>", '"config.hpp"')


def test_include_folders_and_macros(tmp_path: Path, options: ParseOptions) -> None:
    file = configured(tmp_path)
    check_configured(
        lower(
            file,
            replace(options, include_dirs=(tmp_path / "include",), defines=("REAL=float", "COUNT=3")),
            None,
        )
    )


@pytest.mark.parametrize("form", ["command", "arguments"])
def test_compile_commands(tmp_path: Path, options: ParseOptions, form: str) -> None:
    file = configured(tmp_path)
    command = "c++ -O2 -Iinclude -DREAL=float -D COUNT=3 -std=gnu++17 -Wall -c kernel.cpp -o kernel.o"
    entry: dict[str, object] = {"directory": str(tmp_path), "file": "kernel.cpp"}
    entry[form] = command if form == "command" else command.split()
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    check_configured(lower(file, replace(options, compile_commands=tmp_path), None))


def test_compile_commands_without_the_file(tmp_path: Path, options: ParseOptions) -> None:
    (tmp_path / "compile_commands.json").write_text("[]")
    with pytest.raises(UsageError, match="no entry"):
        lower(configured(tmp_path), replace(options, compile_commands=tmp_path), None)
    (tmp_path / "compile_commands.json").write_text("{")
    with pytest.raises(UsageError, match="not a readable"):
        lower(kernel(tmp_path, ""), replace(options, compile_commands=tmp_path), None)


def test_compile_errors_are_clangs(tmp_path: Path, options: ParseOptions) -> None:
    file = kernel(tmp_path, "void f() {\n  int x = y;\n}\n")
    with pytest.raises(Refused) as refused:
        lower(file, options, None)
    assert f"{file}:3:11: error: use of undeclared identifier 'y'" in str(refused.value)


def test_missing_kokkos(tmp_path: Path) -> None:
    with pytest.raises(KokkosHeadersMissing, match="kad-tune kokkos build"):
        lower(kernel(tmp_path, ""), ParseOptions(kokkos_include=tmp_path), None)


def test_kokkos_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Kokkos_ROOT", str(toolchain().kokkos.root))
    assert lower(kernel(tmp_path, f"void f{BODY}"), ParseOptions(), None).name == "f"


def test_a_header_is_read_like_the_nearest_source(tmp_path: Path, options: ParseOptions) -> None:
    for folder in ("near/include", "near/src", "far", "build"):
        (tmp_path / folder).mkdir(parents=True)
    entries = [
        {"directory": str(tmp_path / "build"), "file": f"../{f}.cpp", "command": f"g++ -D{d} -c ../{f}.cpp"}
        for f, d in (("far/a", "FAR"), ("near/src/b", "NEAR"))
    ]
    (tmp_path / "compile_commands.json").write_text(json.dumps(entries))
    header = tmp_path / "near" / "include" / "law.hpp"
    flags = compiler_flags(header, replace(options, compile_commands=tmp_path))
    assert "-DNEAR" in flags
    assert "-DFAR" not in flags


@pytest.mark.parametrize(
    ("file", "function"), [("host", "execution_space_instances"), ("view_classes", "smoothed")]
)
def test_headers_name_no_space_of_the_kokkos_that_they_were_read_with(file: str, function: str) -> None:
    adjoint = pipeline.differentiate(primal(KERNELS / f"{file}.cpp", function))
    plan = pipeline.search_space(adjoint, architectures()["host"]).default
    text = pipeline.realise(adjoint, plan).text
    assert "KOKKOS_LAMBDA" in text
    assert not re.search(r"Kokkos::(Serial|OpenMP|Threads|HostSpace)\b", text)
