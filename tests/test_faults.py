"""What may happen to a search while it runs: nothing that was told is lost, and what happened is named.

The short forms run always; KAD_FAULTS=50 kills fifty drivers at random points and loses a node of a Ray
cluster (five minutes).
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autotune import cache, store
from autotune.cache import compile_cached
from autotune.evaluate import Binary, Inputs, Job, Limits, Task, build, evaluate, verify_only
from autotune.legal import plan_key
from autotune.outcome import Accuracy, CompileFailed, Crashed, Measurement, Outcome, TimedOut, WrongGradient
from autotune.replay import Replay
from autotune.server import release, session
from autotune.workers import RayExecutor, Work
from tests import fake_kokkos
from tests import toy_kernels as toys
from tests.search_support import INPUTS, LIMITS, SPACE, measured
from tests.test_harness import QUICK, make_inputs, make_task
from tests.test_tune import OUTCOMES, go, searching

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("KAD_FAULTS", "3"))

# ---- the driver dies ----

DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from autotune.legal import plan_key
from autotune.study import Search
from tests.test_tune import OUTCOMES, Slow, go
tell = Search.tell
def telling(self, trial, outcome, values):
    tell(self, trial, outcome, values)
    print(plan_key(trial.plan), flush=True)
Search.tell = telling
try:
    go(Path({out!r}), Slow(OUTCOMES, 0.01), trials=1000, sampler="random", resume=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@contextmanager
def driver(out: Path) -> Iterator[subprocess.Popen[str]]:
    """A search in a process of its own, which prints each plan whose outcome it has told."""
    code = DRIVER.format(root=str(ROOT), out=str(out))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def strike(out: Path, number: signal.Signals, after: int, delay: float) -> list[str]:
    """Send a signal some time after the driver has told ``after`` outcomes: the plans that it told."""
    told: list[str] = []
    with driver(out) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line.strip())
            if len(told) == after:
                time.sleep(delay)  # into the middle of whatever comes next
                process.send_signal(number)
                break
        told += [line.strip() for line in process.stdout]
        assert process.wait() in (-number, 130, 0)
    return told


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_at_random_points_and_resumed(tmp_path: Path, number: signal.Signals) -> None:
    """Nothing told is lost or measured again, however often the driver dies."""
    draw = random.Random(int(number))
    told: list[str] = []
    for _ in range(-(-KILLS // 3)):
        told += strike(tmp_path, number, draw.randint(1, 4), draw.uniform(0.0, 0.05))
        with closing(searching(tmp_path, resume=True, sampler="random")) as search:
            kept = [plan_key(f.plan) for f in search.finished()]
        # one more may have been told than was printed
        assert set(told) <= set(kept) and len(kept) == len(set(kept))
    replay = Replay(OUTCOMES)
    result = go(tmp_path, replay, trials=1000, resume=True, sampler="random")
    assert [plan_key(e.plan) for e in result.entries][: len(kept)] == kept
    assert sorted(plan_key(e.plan) for e in result.entries) == sorted(OUTCOMES)
    assert not set(replay.built[: len(OUTCOMES) - len(kept)]) & set(kept)


# ---- variants misbehave ----

BUGS = {
    "good": "",
    "aborts": "std::abort();",
    "segfault": "{ volatile int* nowhere = nullptr; *nowhere = 1; }",
    "endless": "{ volatile bool forever = true; while (forever) {} }",
    "nan": 'a_b += std::nan("");',
    "floods": 'for (int i = 0; i < 100000; ++i) std::printf("%0999d", i);',
    "tramples": "{ double* p = const_cast<double*>(x.data()); for (int i = 0; i < 3; ++i) p[i] = 7.0; }",
    "leaves": "std::_Exit(0);",
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Binary, Inputs]:
    directory = tmp_path_factory.mktemp("toy")
    jobs = tuple(Job(key, {}, toys.toy_variant(key, bug)) for key, bug in BUGS.items())
    binary = build(make_task(directory, toys.TOY, toys.TOY_SOURCE, toys.TOY_TANGENT, jobs))
    assert isinstance(binary, Binary), binary.log
    return binary, make_inputs(directory, toys.TOY, toys.TOY_WORKLOADS)


def server_of(binary: Binary) -> int:
    """The process that serves this thread."""
    with session(binary.path, binary.loaded, QUICK.memory, {}) as server:
        server.end(60.0)
        return server._process.pid


def running_in_group(group: int) -> list[str]:
    """Processes of a group that still run; those that nobody has waited for yet are dead all the same."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state not in "ZX":
                found.append(stat.parent.name)
    return found


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.kokkos
@pytest.mark.parametrize(
    ("key", "signal_name"), [("aborts", "SIGABRT"), ("segfault", "SIGSEGV"), ("leaves", "exit 0")]
)
def test_a_crash_takes_only_its_own_request(
    toy: tuple[Binary, Inputs], key: str, signal_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autotune.evaluate.threading", dict)
    binary, inputs = toy
    before = server_of(binary)
    outcome = evaluate(binary, key, inputs, QUICK)
    assert isinstance(outcome, Crashed) and outcome.signal == signal_name
    assert isinstance(evaluate(binary, "good", inputs, QUICK), Measurement)
    assert server_of(binary) == before


@pytest.mark.kokkos
def test_a_variant_that_overwrites_the_inputs_spoils_nobody_elses(toy: tuple[Binary, Inputs]) -> None:
    binary, inputs = toy
    assert not isinstance(verify_only(binary, "tramples", inputs, QUICK), Accuracy)
    assert isinstance(verify_only(binary, "good", inputs, QUICK), Accuracy)


@pytest.mark.kokkos
def test_after_a_hang_a_new_server_answers(toy: tuple[Binary, Inputs]) -> None:
    binary, inputs = toy
    assert isinstance(evaluate(binary, "endless", inputs, Limits(timeout=2.0)), TimedOut)
    assert isinstance(evaluate(binary, "good", inputs, QUICK), Measurement)


@pytest.mark.kokkos
def test_nan_is_wrong(toy: tuple[Binary, Inputs]) -> None:
    assert isinstance(evaluate(toy[0], "nan", toy[1], QUICK), WrongGradient)


@pytest.mark.kokkos
def test_a_flood_of_output_drowns_no_answer(toy: tuple[Binary, Inputs]) -> None:
    """A hundred megabytes on one line, many times; the gradient is right."""
    assert isinstance(verify_only(toy[0], "floods", toy[1], Limits(timeout=300.0)), Accuracy)


@pytest.mark.kokkos
def test_a_killed_server_is_replaced(toy: tuple[Binary, Inputs]) -> None:
    binary, inputs = toy
    first = server_of(binary)
    os.killpg(first, signal.SIGKILL)
    assert isinstance(evaluate(binary, "good", inputs, QUICK), Measurement)
    release()
    eventually(lambda: not running_in_group(first))


@pytest.mark.kokkos
def test_a_variant_that_does_not_link_is_named(tmp_path: Path) -> None:
    missing = toys.toy_variant("v1", "a_b += missing_function();").replace(
        "namespace kad_v1", "double missing_function();\nnamespace kad_v1", 1
    )
    jobs = (Job("r0", {}, toys.toy_variant("r0")), Job("v1", {}, missing))
    outcome = build(make_task(tmp_path, toys.TOY, toys.TOY_SOURCE, toys.TOY_TANGENT, jobs))
    assert isinstance(outcome, CompileFailed)
    assert "missing_function" in outcome.log


# ---- disks that are really full ----

FULL = """
import os, pickle, sys
from pathlib import Path
disk, tools = Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())
os.environ["KAD_CACHE_DIR"] = str(disk / "cache")
from autotune.cache import CacheError, compile_cached
from autotune.legal import plan_key
from autotune.replay import Replay
from autotune.failures import StorageError
from tests.test_tune import OUTCOMES, go, searching

def fill(room):  # leave so many bytes
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(max(0, free.f_bavail * free.f_bsize - room)))

go(disk / "whole", Replay(OUTCOMES), trials=1000, sampler="random")
fill((disk / "whole" / "f.journal").stat().st_size * 3 // 4)  # the first 32 are asked, some are told
try:
    go(disk, Replay(OUTCOMES), trials=1000, sampler="random")
except StorageError as problem:
    print(problem)
(disk / "ballast").unlink()
search = searching(disk, resume=True, sampler="random")
kept = [plan_key(f.plan) for f in search.finished()]
search.close()
result = go(disk, Replay(OUTCOMES), trials=1000, sampler="random", resume=True)
print(0 < len(kept) < len(OUTCOMES), [plan_key(e.plan) for e in result.entries][: len(kept)] == kept)
fill(2_000)
try:
    compile_cached(tools, "int main() {}", include_dirs=(), name="trial", timeout=300.0)
except CacheError as problem:
    print(problem)
(disk / "ballast").unlink()
print(compile_cached(tools, "int main() {}", include_dirs=(), name="trial", timeout=300.0))
"""


def test_full_disks(tmp_path: Path) -> None:
    """A small file system of its own, in a name space of its own, filled to the last page."""
    disk = tmp_path / "disk"
    disk.mkdir()
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=16m none {disk}"
    if shutil.which("unshare") is None or subprocess.run([*own, mount], capture_output=True).returncode != 0:
        pytest.skip("no name spaces here to mount a small disk in")
    (tmp_path / "tools").write_bytes(pickle.dumps(fake_kokkos.toolchain(tmp_path / "kokkos")))
    (tmp_path / "full.py").write_text(FULL)
    script = f"{mount} && exec {sys.executable} {tmp_path}/full.py {disk} {tmp_path}/tools"
    done = subprocess.run(
        [*own, script], capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    journal, resumed, cached, built = done.stdout.splitlines()
    assert "No space left on device" in journal
    assert resumed == "True True"
    assert "the disk" in cached and "full" in cached and str(disk / "cache") in cached
    assert built.endswith("/program")


# ---- two at once, clocks ----

HELLO = "int main() {}\n"


def test_two_processes_make_one_entry(tmp_path: Path, cache_dir: Path) -> None:
    code = f"""
import pickle
from pathlib import Path
from autotune.cache import compile_cached
tools = pickle.loads(Path({str(tmp_path / "tools")!r}).read_bytes())
print(compile_cached(tools, {HELLO!r}, include_dirs=(), name="trial", timeout=300.0))
"""
    (tmp_path / "tools").write_bytes(pickle.dumps(fake_kokkos.toolchain(tmp_path / "kokkos")))
    tuners = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(2)
    ]
    said = {tuner.communicate()[0].strip() for tuner in tuners}
    assert len(said) == 1
    assert Path(said.pop()).is_file()


def test_a_clock_that_goes_backwards(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reading is an hour before the one before: entries are found, none is evicted too early."""
    now = iter(range(int(time.time()), 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    tools = fake_kokkos.toolchain(tmp_path / "kokkos")

    def made() -> Path | CompileFailed:
        return compile_cached(tools, HELLO, include_dirs=(), name="trial", timeout=300.0)

    first = made()
    assert isinstance(first, Path)
    assert store.evict(cache._entries(), 0) == 0  # in use, by what the files themselves say
    assert made() == first
    assert len(go(tmp_path, Replay(OUTCOMES), trials=12, sampler="random").entries) == 12


# ---- Ray ----

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*:FutureWarning:ray",
)


@dataclass(frozen=True)
class Dying:
    """Work that says where it runs, and goes on once ``go`` is there."""

    directory: Path

    def build(self, task: Task) -> Binary | CompileFailed:
        attempts = self.directory / "builds"
        with attempts.open("a") as log:
            log.write("x")
        if len(attempts.read_text()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return Binary(self.directory, (), task.reference.key)

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        import ray

        with (self.directory / "nodes").open("a") as log:
            log.write(ray.get_runtime_context().get_node_id() + "\n")
        while not (self.directory / "go").exists():
            time.sleep(0.05)
        return measured(SPACE.default)


@pytest.mark.skipif("KAD_FAULTS" not in os.environ, reason="a cluster takes a minute: set KAD_FAULTS=50")
def test_a_lost_node_and_a_lost_builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node that measures dies, the one that is left measures again."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1)]
    dying = Dying(tmp_path)
    ray = RayExecutor(cluster.address, work=Work(build=dying.build, evaluate=dying.evaluate))
    try:
        ray.ready()
        from tests.test_workers import TASKS

        assert [b for _, b in ray.build(TASKS[:1])] == [Binary(tmp_path, (), TASKS[0].reference.key)]
        assert (tmp_path / "builds").read_text() == "xx"
        outcomes: list[Outcome] = []
        asking = threading.Thread(
            target=lambda: outcomes.append(ray.evaluate(Binary(tmp_path, ("v",), "v"), "v", INPUTS, LIMITS))
        )
        asking.start()
        while not (tmp_path / "nodes").exists():
            time.sleep(0.05)
        cluster.add_node(num_cpus=1)
        cluster.remove_node(nodes[0])
        (tmp_path / "go").touch()
        asking.join()
        assert outcomes == [measured(SPACE.default)]
        assert len(set((tmp_path / "nodes").read_text().split())) == 2
    finally:
        ray.close()
        cluster.shutdown()
