"""Tuning a real kernel with a real compiler: files, injected faults, resume, Ctrl-C and kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autotune import session
from autotune.evaluate import Job, Limits
from autotune.interrupt import interrupts
from autotune.options import Request, SearchOptions
from autotune.outcome import CompileFailed, Crashed, Measurement, TimedOut, WrongGradient
from autotune.progress import PlainProgress
from autotune.tuned import read_config
from autotune.workers import LocalExecutor
from tests.kokkos_support import toolchain
from tests.test_cli import KERNEL

pytestmark = pytest.mark.kokkos

LIMITS = Limits(timeout=20.0, budget=0.05, least=5, most=7, processes=2)
WORKLOAD = """
[tiny]
x   = { shape = [50], fill = "uniform", low = 0.1, high = 1.0 }
idx = { shape = [200], fill = "randint", low = 0, high = 50 }
a   = 1.5
"""


FEW = SearchOptions(trials=6, sampler="exhaustive")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for all tests: what one has built the next finds in the cache."""
    directory = tmp_path_factory.mktemp("kernel")
    (directory / "energy.cpp").write_text(KERNEL)
    (directory / "energy.toml").write_text(WORKLOAD)
    return directory


@pytest.fixture
def kernel(sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toolchain()  # skips without one
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for a busy core would take seconds
    return sources / "energy.cpp"


def tune(
    kernel: Path,
    out: Path,
    *,
    options: SearchOptions | None = None,
    mutate: Callable[[Job], Job] | None = None,
    limits: Limits = LIMITS,
    **wanted: object,
) -> session.Tuned:
    request = replace(
        Request(kernel, out=out, workload=str(kernel.with_suffix(".toml"))),
        **wanted,  # type: ignore[arg-type]
    )
    executor = LocalExecutor(2)
    try:
        with interrupts() as stop:
            (tuned,) = session.tune(
                request,
                options or FEW,
                executor,
                PlainProgress(sys.stderr),
                stop,
                limits=limits,
                mutate=mutate,
            )
    finally:
        executor.close()
    return tuned


def inject(job: Job, statement: str) -> Job:
    """The gradient's first function begins with ``statement``."""
    changed = job.code.replace("seed) {", f"seed) {{ {statement}", 1)
    assert changed != job.code
    return replace(job, code=changed)


def test_config_header_and_measurements(kernel: Path, tmp_path: Path) -> None:
    tuned = tune(kernel, tmp_path)
    assert all(isinstance(e.outcome, Measurement) for e in tuned.result.entries)
    assert len(tuned.result.entries) == FEW.trials
    assert tuned.config is not None and tuned.header is not None
    config = read_config(tuned.config)
    assert config is not None
    (entry,) = config["entries"]
    assert (entry["arch"], entry["workload"], entry["evidence"]) == ("host", "tiny", "measured")
    assert entry["ratio"]["low"] <= entry["ratio"]["median"] <= entry["ratio"]["high"]
    assert entry["error"]["inner_product"] < 1e-10
    assert entry["search"]["space"] == tuned.problem.legal.size
    assert "energy_grad" in tuned.header.read_text()
    json.dumps(tuned.to_json())


def test_injected_faults_end_as_outcomes_and_the_search_goes_on(kernel: Path, tmp_path: Path) -> None:
    plans: list[str] = []
    faults = {
        1: "*static_cast<volatile int*>(nullptr) = 1;",
        2: "for (volatile int forever = 0;; forever = forever + 1) {}",
        3: "seed *= 1.01;",
        4: "this does not compile",
    }

    def mutate(job: Job) -> Job:
        if job.key not in plans:
            plans.append(job.key)
        fault = faults.get(plans.index(job.key), "")
        return inject(job, fault)

    tuned = tune(kernel, tmp_path, mutate=mutate, limits=replace(LIMITS, timeout=8.0))
    kinds = [type(e.outcome) for e in tuned.result.entries]
    assert kinds == [Measurement, Crashed, TimedOut, WrongGradient, CompileFailed, Measurement]
    assert tuned.entry is not None and tuned.entry.search.verified == len(kinds) - 4


def test_no_variant_leaves_no_config(kernel: Path, tmp_path: Path) -> None:
    tuned = tune(
        kernel,
        tmp_path,
        mutate=lambda job: inject(job, "seed *= 2;"),
        options=replace(FEW, trials=1),
    )
    assert tuned.entry is None and tuned.config is None
    assert not (tmp_path / "energy.kad.json").exists()


def test_deterministic_keeps_atomics_out(kernel: Path, tmp_path: Path) -> None:
    tuned = tune(kernel, tmp_path, deterministic=True, options=replace(FEW, trials=2))
    assert tuned.result.entries
    assert all(e.plan["accumulate.x"] != "atomic" and e.deterministic for e in tuned.result.entries)


def test_max_memory_rejects(kernel: Path, tmp_path: Path) -> None:
    tuned = tune(kernel, tmp_path, max_memory=0)
    assert tuned.entry is not None and tuned.entry.memory == 0


TIME_LOOP = """
#include <Kokkos_Core.hpp>
double heat(Kokkos::View<double*> u, Kokkos::View<double*> next, double dt, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n - 2, KOKKOS_LAMBDA(int k) {
      next(k + 1) = u(k + 1) + dt * u(k + 1) * (u(k) - 2 * u(k + 1) + u(k + 2));
    });
    Kokkos::deep_copy(u, next);
  }
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += u(i) * u(i); }, r);
  return r;
}
"""


def test_max_memory_chooses_checkpoints(kernel: Path, tmp_path: Path) -> None:
    """Sixty states of 4 kB, and fewer: each way is tried, and what needs more than 60 kB is refused."""
    source = tmp_path / "heat.cpp"
    source.write_text(TIME_LOOP)
    fill = '{ shape = [500], fill = "uniform", low = 0.1, high = 1.0 }'
    source.with_suffix(".toml").write_text(f"[w]\nn = 500\nsteps = 60\ndt = 0.1\nu = {fill}\nnext = {fill}\n")
    options = replace(FEW, trials=4)
    tuned = tune(source, tmp_path, max_memory=60_000, options=options)
    used = {e.plan["intermediates.u"]: e.outcome for e in tuned.result.entries}
    assert list(used) == ["store", "recompute", "binomial:16", "binomial:4"]
    memory = [o.memory for o in used.values() if isinstance(o, Measurement)]
    store, root, many, few = memory
    assert store >= 240_000 > many > root > 60_000 > few
    assert tuned.entry is not None and tuned.entry.knobs["intermediates.u"] == "binomial:4"
    assert tuned.header is not None and "stride" in tuned.header.read_text()


def test_resume_measures_nothing_again(kernel: Path, tmp_path: Path) -> None:
    first = tune(kernel, tmp_path, options=replace(FEW, trials=3))
    assert len(first.result.entries) == 3
    second = tune(kernel, tmp_path, options=replace(FEW, resume=True))
    assert [e.plan for e in second.result.entries[:3]] == [e.plan for e in first.result.entries]
    assert len(second.result.entries) == FEW.trials
    third = tune(kernel, tmp_path, options=replace(FEW, resume=True, trials=3))
    assert len(third.result.entries) == len(second.result.entries)


def test_a_changed_kernel_is_not_resumed(
    kernel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = (("sweep", "split"), ("accumulate", "atomic"))
    tune(kernel, tmp_path, settings=one, options=replace(FEW, trials=1))
    capsys.readouterr()
    other = tmp_path / "energy.cpp"
    other.write_text(KERNEL.replace("a * x(idx(i))", "2.0 * a * x(idx(i))"))
    tuned = tune(
        other,
        tmp_path,
        settings=one,
        workload=str(kernel.with_suffix(".toml")),
        options=replace(FEW, trials=1, resume=True),
    )
    assert len(tuned.result.entries) == 1
    assert "nothing to resume" in capsys.readouterr().err


def start(kernel: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "autotune.cli",
            str(kernel),
            "--out",
            str(out),
            "--trials",
            "6",
            "--sampler",
            "exhaustive",
            "--workload",
            str(kernel.with_suffix(".toml")),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


@pytest.mark.parametrize(("number", "executor"), [(signal.SIGKILL, "ray"), (signal.SIGINT, "local")])
def test_killed_command_is_resumed(
    kernel: Path, tmp_path: Path, number: signal.Signals, executor: str
) -> None:
    driver = start(kernel, tmp_path, "--executor", executor)
    assert driver.stderr is not None and driver.stdout is not None
    seen: list[str] = []
    for line in driver.stderr:
        seen.append(line)
        if sum(" x primal" in s for s in seen) == 2:
            break
    time.sleep(0.05)
    driver.send_signal(number)
    _, rest = driver.communicate(timeout=60)
    assert driver.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130), "".join(seen) + rest
    if number == signal.SIGINT:
        assert "ending what runs" in rest and "--resume" in rest
    done = subprocess.run(
        [*driver.args, "--resume", "--json"],  # type: ignore[misc]
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    kept = int(done.stderr.split(" trials kept from before")[0].rsplit(" ", 1)[1])
    assert kept >= 2
    again = sum("/6 " in line for line in done.stderr.splitlines())
    assert again == len(result["variants"]) - kept
    assert result["winner"] is not None


def test_two_tuners_at_once_share_one_cache(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find a winner among the same variants; what one has built the other does not build."""
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    first, second = (
        start(kernel, tmp_path / out, "--executor", "local", "--trials", "2", "--json") for out in ("a", "b")
    )
    found = []
    for tuner in (first, second):
        said, heard = tuner.communicate(timeout=600)
        assert tuner.returncode == 0, heard
        (result,) = json.loads(said)["results"]
        assert result["winner"] is not None
        found.append([v["knobs"] for v in result["variants"]])
    assert found[0] == found[1]
    requests = [r for r in (tmp_path / "cache" / "build").glob("[!s]*") if r.is_dir()]
    assert requests and all(len([e for e in r.iterdir() if e.is_dir()]) == 1 for r in requests)
