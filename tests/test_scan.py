"""``kad-tune scan``: what is listed, with which verdict, and how files are found."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autotune import cli
from autotune.installation import candidates
from autotune.scan_files import Files

PHYSICS = """#pragma once
#include <Kokkos_Core.hpp>
namespace physics {
template <class T>
void scale(Kokkos::View<T*> v, T a) {
  Kokkos::parallel_for(static_cast<int>(v.extent(0)), KOKKOS_LAMBDA(const int i) { v(i) *= a; });
}
template <class T>
void unused(Kokkos::View<T*> v) {
  Kokkos::parallel_for(static_cast<int>(v.extent(0)), KOKKOS_LAMBDA(const int i) { v(i) = 0; });
}
inline double norm(Kokkos::View<const double*> v, Kokkos::View<const int*> idx) {
  double r = 0;
  Kokkos::parallel_reduce(
      static_cast<int>(idx.extent(0)),
      KOKKOS_LAMBDA(const int i, double& s) { s += v(idx(i)) * v(idx(i)); }, r);
  return r;
}
}  // namespace physics
"""

MAIN = """#include "model/physics.hpp"
void step(Kokkos::View<double*> v, double dt) { physics::scale(v, 1 - dt); }
void number(Kokkos::View<int*> c) {
  Kokkos::parallel_for(static_cast<int>(c.extent(0)), KOKKOS_LAMBDA(const int i) { c(i) = i; });
}
void shift(Kokkos::View<double*> v) {
  Kokkos::parallel_for(static_cast<int>(v.extent(0)) - 1, KOKKOS_LAMBDA(const int i) { v(i) = v(i + 1); });
}
template <class Team>
KOKKOS_INLINE_FUNCTION void in_kernel(const Team& team, Kokkos::View<double*> v) {
  Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 3), [&](const int i) { v(i) *= 2; });
}
int main(int argc, char* argv[]) {
  Kokkos::initialize(argc, argv);
  Kokkos::View<double*> v("v", 3);
  Kokkos::parallel_for("in main", 3, KOKKOS_LAMBDA(const int i) { v(i) = 0.5 * i; });
}
"""


@pytest.fixture(scope="module", autouse=True)
def _headers() -> None:
    if not candidates():
        pytest.skip("no Kokkos headers")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name, text in {
        "include/model/physics.hpp": PHYSICS,
        "src/main.cpp": MAIN,
        "src/broken.cpp": "#include <Kokkos_Core.hpp>\nvoid f() { Kokkos::parallel_for(3, nothing); }\n",
        "src/plain.cpp": "int main() { return 0; }\n",
        "extra/alone.hpp": PHYSICS.replace("physics", "alone"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_function_with_parallel_regions_has_a_verdict(
    code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", str(code), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    verdicts = {f["function"]: f["verdict"] for f in found["functions"]}
    assert verdicts == {
        "physics::scale<double>": "differentiable",
        "physics::unused": "blocked",
        "physics::norm": "differentiable",
        "number": "nothing",
        "shift": "blocked",
        "main": "nothing",
        "alone::scale": "blocked",
        "alone::unused": "blocked",
        "alone::norm": "differentiable",
    }
    norm = next(f for f in found["functions"] if f["function"] == "physics::norm")
    assert norm["regions"] == [{"pattern": "parallel_reduce", "line": 14, "floating": True}]
    assert norm["racing"] == ["v_b"] and norm["wrt"] == ["v"] and norm["line"] == 12 and norm["lines"] == 7
    assert 0 < norm["active"] <= norm["floating"] <= norm["operations"]
    assert found["summary"]["with_floating_work"] == 7
    assert [Path(f["file"]).name for f in found["not_compiled"]] == ["broken.cpp"]
    assert "undeclared identifier 'nothing'" in found["not_compiled"][0]["errors"][0]["message"]
    assert found["include_dirs_found"] == [str(code / "include")]


def test_table_says_what_blocks(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", str(code / "src" / "main.cpp"), "-I", str(code / "include")]) == 0
    out = capsys.readouterr().out
    assert re.search(r"shift +\S+main\.cpp:6 +1 for +- +- +blocked \(1\)", out)
    assert re.search(r"main\.cpp:7:\d+: one iteration writes an element of 'v'", out)
    assert "0 of 1 functions" in out and "2 without" in out


def test_html_and_json_are_written(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", str(code), "--out", str(code / "report")]) == 0
    page = (code / "report" / "scan.html").read_text()
    assert "physics::scale&lt;double&gt;" in page and "What blocks most" in page
    assert "hint: read from one View and write to another" in page
    assert json.loads((code / "report" / "scan.json").read_text())["summary"]["differentiable"] == 3
    assert capsys.readouterr().out.rstrip().endswith("scan.html")


def test_database_gives_the_flags(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "src" / "main.cpp").write_text("#include PHYSICS\n" + MAIN.partition("\n")[2])
    header = code / "include" / "model" / "physics.hpp"
    command = {
        "directory": str(code),
        "file": "src/main.cpp",
        "arguments": ["c++", f'-DPHYSICS="{header}"', "-c", "src/main.cpp"],
    }
    (code / "compile_commands.json").write_text(json.dumps([command]))
    assert cli.main(["scan", str(code / "src"), str(code / "include"), "-p", str(code), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "physics::scale<double>" in {f["function"] for f in found["functions"]}


def test_nothing_readable_is_a_refusal(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", str(code / "src" / "broken.cpp")]) == 3
    assert cli.main(["scan", str(code / "absent")]) == 2
    assert "absent: no such file or folder" in capsys.readouterr().err


def test_a_failure_of_the_transformer_is_one_line_of_the_table(
    code: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(program: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("transform.pipeline.differentiate", fail)
    assert cli.main(["scan", str(code / "src" / "main.cpp"), "-I", str(code / "include")]) == 0
    assert "bug in kad-tune: KeyError: 'lost'" in capsys.readouterr().out


def test_includes_are_followed_below_the_folders(code: Path) -> None:
    (code / "include" / "model" / "loop.hpp").write_text('#include "loop.hpp"\n')
    (code / "src" / "loop.cpp").write_text('#include "model/loop.hpp"\n')
    files = Files([code])
    wanted = [p for p in files.sources if files.may_launch(p)]
    assert [p.name for p in wanted] == ["broken.cpp", "main.cpp"]
    assert files.folder_of("model/physics.hpp", code / "src" / "main.cpp") == code / "include"
    assert files.folder_of("mpi.h", code) is None
