"""The command line: exit statuses, what goes to stdout, what the user is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autotune import cli, session
from autotune.compiler import compile_command
from autotune.installation import ToolchainMissing, candidates
from autotune.options import parse_duration, parse_size, parser, request, with_verb
from tests.kokkos_support import toolchain
from transform.diagnostics import UsageError

KERNEL = """
#include <Kokkos_Core.hpp>
double energy(Kokkos::View<const double*> x, Kokkos::View<const int*> idx, double a) {
  double r = 0.0;
  Kokkos::parallel_reduce("energy", static_cast<int>(idx.extent(0)), KOKKOS_LAMBDA(const int i, double& s) {
    s += a * x(idx(i)) * x(idx(i));
  }, r);
  return r;
}
"""


@pytest.fixture(scope="module")
def _headers() -> None:
    if not candidates():
        pytest.skip("no Kokkos headers")


@pytest.fixture
def kernel(tmp_path: Path, _headers: None) -> Path:
    path = tmp_path / "energy.cpp"
    path.write_text(KERNEL)
    return path


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test here needs Ray to be up."""
    monkeypatch.setattr("autotune.workers.RayExecutor._run_ray", lambda self: self._up.set())
    yield


def test_grad_writes_the_header_and_names_it(kernel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = kernel.parent / "out"
    assert cli.main(["grad", str(kernel), "--out", str(out), "--set", "accumulate=atomic"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() == str(out / "energy_grad.hpp")
    text = (out / "energy_grad.hpp").read_text()
    assert "energy_grad(" in text and "atomic_add" in text
    assert "accumulate.x=atomic" in captured.err


def test_grad_json(kernel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grad", str(kernel), "--json", "--out", str(kernel.parent)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["variants"][0]["arch"] == "host" and data["variants"][0]["knobs"]


def test_a_wish_for_stored_intermediates_chooses_sweeps_that_have_them(
    kernel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["grad", str(kernel), "--set", "intermediates=store", "--out", str(kernel.parent), "--json"]
    assert cli.main(arguments) == 0
    (variant,) = json.loads(capsys.readouterr().out)["variants"]
    assert variant["knobs"]["sweep"] == "split"
    assert "store" in variant["knobs"].values()
    assert cli.main([*arguments, "--set", "sweep=fused"]) == 2


def test_grad_for_several_architectures(kernel: Path) -> None:
    assert cli.main(["grad", str(kernel), "--arch", "host,h100", "--out", str(kernel.parent)]) == 0
    text = (kernel.parent / "energy_grad.hpp").read_text()
    # the host's choice has a condition; the h100's is what every unknown machine gets as well
    assert "#if !defined(KOKKOS_ENABLE_CUDA)" in text and "#else" in text and "defined()" not in text


def test_explain_lists_choices(kernel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", str(kernel)]) == 0
    shown = capsys.readouterr().out
    assert "accumulate.x" in shown and "idx" in shown and "not active" in shown
    assert cli.main(["explain", str(kernel), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["explanations"][0]
    assert data["function"] == "energy" and data["variants"] >= 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "acumulate=atomic"], "did you mean 'accumulate'"),
        (["--set", "accumulate=atomc"], "did you mean 'atomic'"),
        (["--set", "accumulate"], "expected KNOB=VALUE"),
        (["--wrt", "z"], "--wrt z"),
        (["--wrt", "idx"], "not floating-point"),
        (["--function", "missing"], "missing"),
        (["--arch", "vax"], "unknown architecture 'vax'"),
        (["--arch", "host,"], "expected names separated by commas"),
    ],
)
def test_usage_errors(
    kernel: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["grad", str(kernel), "--out", str(kernel.parent), *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.out == ""
    assert not (kernel.parent / "energy_grad.hpp").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "0"], "at least one trial"),
        (["--seed", "-1"], "must not be negative"),
        (["--sampler", "annealing"], "unknown sampler 'annealing'"),
        (["--time-budget", "soon"], "expected a time"),
        (["--max-memory", "lots"], "expected a size"),
        (["--predict"], "tune where it is"),
        (["--executor", "local", "--ray-address", "x:1"], "makes no sense"),
        (["--executor", "slurm"], "invalid choice"),
        (["--no-such-option"], "unrecognized arguments"),
    ],
)
def test_wrong_search_options(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(tmp_path / "k.cpp"), *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["nightly"])
def test_verbs_of_later_versions(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "something", "--json"]) == 2
    assert f"{verb} is not available in this version" in capsys.readouterr().err


def test_missing_kernel_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grad", str(tmp_path / "none.cpp")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_refused_code_is_quoted(kernel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernel.write_text(KERNEL.replace("return r;", "goto end;\nend:\n  return r;"))
    assert cli.main(["grad", str(kernel), "--out", str(kernel.parent)]) == 3
    shown = capsys.readouterr().err
    assert f"{kernel}:8:" in shown and "goto end;" in shown and "^" in shown


def test_missing_kokkos(kernel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grad", str(kernel), "--kokkos-root", str(kernel.parent)]) == 4
    assert "Kokkos_Core.hpp" in capsys.readouterr().err


def test_missing_toolchain(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ToolchainMissing("no C++ compiler; on Debian: apt-get install g++")

    monkeypatch.setattr("autotune.problem.find_toolchain", missing)
    assert cli.main([str(kernel), "--out", str(kernel.parent), "--executor", "local"]) == 4
    assert "apt-get install g++" in capsys.readouterr().err


def test_architecture_that_cannot_run_here(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "can_run", lambda a: None if a.backend == "host" else "no such device")
    assert cli.main([str(kernel), "--arch", "h100", "--executor", "local"]) == 6
    shown = capsys.readouterr().err
    assert "h100" in shown and "can run here: host" in shown


def test_interrupt_says_how_to_go_on(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "tune", interrupted)
    assert cli.main([str(kernel), "--trials", "9"]) == 130
    assert f"kad-tune {kernel} --trials 9 --resume" in capsys.readouterr().err


def test_a_bug_of_ours_is_reported_without_traceback(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("lost")

    monkeypatch.setattr(cli, "emit", broken)
    monkeypatch.delenv("KAD_DEBUG", raising=False)
    assert cli.main(["grad", str(kernel)]) == 1
    shown = capsys.readouterr().err
    assert "RuntimeError: lost" in shown and "report" in shown and "Traceback" not in shown
    assert cli.main(["grad", str(kernel), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.kokkos
def test_check_of_views_of_objects(
    _headers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The harness fills and compares the numbers of their elements."""
    toolchain()
    file = Path(__file__).parent / "kernels" / "views_of_objects.cpp"
    options = ["--function", "spectrum", "--executor", "local", "--out", str(tmp_path)]
    assert cli.main(["check", str(file), *options]) == 0
    assert "3 of 3 variants passed" in capsys.readouterr().out


@pytest.mark.kokkos
def test_instances_of_a_template_in_one_program(_headers: None, tmp_path: Path) -> None:
    """Derivatives of functions of one name have the names that ``--name`` gives them."""
    tools = toolchain()
    file = Path(__file__).parent / "kernels" / "targets.cpp"
    for type_ in ("double", "float"):
        chosen = ["--function", f"model::weighted<{type_}>", "--name", f"weighted_{type_}"]
        assert cli.main(["grad", str(file), *chosen, "--out", str(tmp_path)]) == 0
    assert cli.main(["grad", str(file), "--function", "by_pointer", "--name", "2x"]) == 2
    program = tmp_path / "both.cpp"
    program.write_text(
        f"""#include "{file}"
#include "weighted_double_grad.hpp"
#include "weighted_float_grad.hpp"
int main() {{
  Kokkos::ScopeGuard guard;
  Kokkos::View<double*> x("x", 3), x_b("x_b", 3);
  Kokkos::View<float*> y("y", 3), y_b("y_b", 3);
  Kokkos::deep_copy(x, 2.0);
  Kokkos::deep_copy(y, 2.0f);
  double a_b = 0;
  float c_b = 0;
  kad::weighted_double_workspace first;
  kad::weighted_float_workspace second;
  kad::weighted_double_grad(first, x, 0.5, x_b, a_b);
  kad::weighted_float_grad(second, y, 0.5f, y_b, c_b);
  return a_b == 12 && c_b == 12 ? 0 : 1;
}}
"""
    )
    binary = tmp_path / "both"
    command = compile_command(tools, program, binary, (tmp_path,), "-O0", "-Wall", "-Wextra", "-Werror")
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    subprocess.run([binary], check=True, timeout=60)


def test_archs_and_doctor_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["archs", "--json"]) == 0
    assert "host" in {a["arch"] for a in json.loads(capsys.readouterr().out)}
    assert cli.main(["doctor", "--json"]) in (0, 4)
    assert "checks" in json.loads(capsys.readouterr().out)


def test_a_wrong_verb_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explan", "k.cpp"]) == 2
    assert "no verb 'explan': did you mean 'explain'?" in capsys.readouterr().err


def test_the_first_word_decides_the_verb() -> None:
    assert with_verb(["k.cpp", "--arch", "host"]) == ["tune", "k.cpp", "--arch", "host"]
    assert with_verb(["grad", "k.cpp"]) == ["grad", "k.cpp"]
    assert with_verb(["--help"]) == ["--help"]
    assert with_verb([]) == []


def test_options_of_a_compiler() -> None:
    args = parser().parse_args(
        ["grad", "k.cpp", "-Iinc", "-I", "more", "-DN=4", "-D", "FAST", "-std=c++20", "--wrt", "a, b"]
    )
    wanted = request(args)
    assert wanted.include_dirs == (Path("inc"), Path("more"))
    assert wanted.defines == ("N=4", "FAST") and wanted.std == "c++20" and wanted.wrt == ("a", "b")
    assert wanted.compiler_flags[-3:] == ("-DN=4", "-DFAST", "-std=c++20")


def test_units() -> None:
    assert [parse_duration(t) for t in ("90", "90s", "1.5m", "2h")] == [90, 90, 90, 7200]
    assert [parse_size(t) for t in ("10", "1k", "512M", "1.5GiB", "2 GB")] == [
        10,
        1024,
        512 * 2**20,
        3 * 2**29,
        2**31,
    ]
    for wrong in ("", "ten", "-1", "5 days"):
        with pytest.raises(UsageError):
            parse_duration(wrong)
        with pytest.raises(UsageError):
            parse_size(wrong)


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m autotune.cli archs | true", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "explain" in capsys.readouterr().out
    assert cli.main(["--version"]) == 0
    assert cli.main([]) == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--function", "enery"], "no function 'enery' is defined here; did you mean energy?"),
        (["--wrt", "xx"], "--wrt xx: 'energy' has no parameter 'xx'; did you mean 'x'?"),
        (["--wrt", "idx"], "--wrt idx: parameter 'idx' of 'energy' is not floating-point"),
        (["--of", "x"], "--of x: 'energy' does not write 'x'"),
    ],
)
def test_unknown_names_are_usage_errors(
    kernel: Path, option: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["grad", str(kernel), *option, "--out", str(kernel.parent)]) == cli.USAGE
    assert message in capsys.readouterr().err
