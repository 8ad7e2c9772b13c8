"""Executors: parallel builds, exclusive timing, lost workers, the user's environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from autotune.evaluate import Binary, Inputs, Limits, Task
from autotune.outcome import CompileFailed, Crashed, Measurement, Outcome
from autotune.run import Abandoned, run_isolated
from autotune.workers import Executor, LocalExecutor, RayExecutor, Work, machine
from tests.search_support import INPUTS, LIMITS, SPACE, job, measured, task
from transform.diagnostics import UsageError

pytestmark = pytest.mark.filterwarnings(
    # Ray leaves sockets and log files to the garbage collector
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*:FutureWarning:ray",
)

PLANS = list(SPACE.plans())
TASKS = [task(job(PLANS[0]), (job(p),)) for p in PLANS[:4]]


@dataclass(frozen=True)
class Fake:
    """Work whose behaviour is written in the binary's path and key; runs inside the workers."""

    directory: Path

    def build(self, task: Task) -> Binary | CompileFailed:
        if (self.directory / "kill builders").exists():
            (self.directory / "kill builders").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        (self.directory / f"begun-{task.jobs[0].key}").touch()
        end = time.monotonic() + 60
        while len(list(self.directory.glob("begun-*"))) < 2:  # until another one runs at the same time
            assert time.monotonic() < end, "builds run one after the other"
            time.sleep(0.01)
        if task.jobs[0].plan == PLANS[1]:
            return CompileFailed("no matching function")
        return Binary(self.directory, (task.jobs[0].key,), task.reference.key)

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        attempts = self.directory / "attempts"
        with attempts.open("a") as log:
            log.write("x")
        if key == "kill" or (key == "killonce" and len(attempts.read_text()) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if key == "threads":
            return Crashed(os.environ.get("OMP_NUM_THREADS", "unset"), "")
        if key == "hang":
            run_isolated(["sh", "-c", f"echo $$ > {self.directory}/pid; sleep 60; true"], timeout=60)
        return measured(SPACE.default)

    def verify(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Crashed:
        return Crashed("SIGSEGV", "")


def work(directory: Path) -> Work:
    fake = Fake(directory)
    return Work(fake.build, fake.evaluate, fake.verify)


@pytest.fixture(scope="module")
def ray_executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayExecutor]:
    executor = RayExecutor(parallel=2, work=work(tmp_path_factory.mktemp("fake")))
    yield executor
    executor.close()


@pytest.fixture(params=["local", "ray"])
def executor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Executor]:
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    if request.param == "local":
        local = LocalExecutor(2, work(tmp_path))
        yield local
        local.close()
        return
    ray: RayExecutor = request.getfixturevalue("ray_executor")
    ray.ready()
    monkeypatch.setattr(ray, "_work", work(tmp_path))
    yield ray


def binary(path: Path, key: str) -> Binary:
    return Binary(path, (key,), key)


def test_builds_run_in_parallel_and_failures_are_values(executor: Executor, tmp_path: Path) -> None:
    built = dict((t.jobs[0].key, b) for t, b in executor.build(TASKS))
    assert len(built) == len(TASKS)
    assert isinstance(built[TASKS[1].jobs[0].key], CompileFailed)


def test_measurements_and_failures_travel(executor: Executor, tmp_path: Path) -> None:
    assert executor.evaluate(binary(tmp_path, "v"), "v", INPUTS, LIMITS) == measured(SPACE.default)
    assert executor.verify(binary(tmp_path, "v"), "v", INPUTS, LIMITS) == Crashed("SIGSEGV", "")


def test_gradients_see_the_users_thread_settings(executor: Executor, tmp_path: Path) -> None:
    outcome = executor.evaluate(binary(tmp_path, "threads"), "threads", INPUTS, LIMITS)
    assert outcome == Crashed(os.environ.get("OMP_NUM_THREADS", "unset"), "")


def fresh(ray: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RayExecutor:
    ray.ready()
    monkeypatch.setattr(ray, "_work", work(tmp_path))
    return ray


def test_killed_worker_is_retried(
    ray_executor: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = fresh(ray_executor, tmp_path, monkeypatch)
    outcome = ray.evaluate(binary(tmp_path, "killonce"), "killonce", INPUTS, LIMITS)
    assert isinstance(outcome, Measurement)
    assert (tmp_path / "attempts").read_text() == "xx"


def test_killed_builder_is_retried(
    ray_executor: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = fresh(ray_executor, tmp_path, monkeypatch)
    (tmp_path / "kill builders").touch()
    built = dict((t.jobs[0].key, b) for t, b in ray.build(TASKS))
    assert len(built) == len(TASKS)
    assert isinstance(built[TASKS[0].jobs[0].key], Binary)
    assert not (tmp_path / "kill builders").exists()


def test_worker_killed_every_time_is_an_outcome(
    ray_executor: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = fresh(ray_executor, tmp_path, monkeypatch)
    outcome = ray.evaluate(binary(tmp_path, "kill"), "kill", INPUTS, LIMITS)
    assert isinstance(outcome, Crashed) and outcome.signal == "SIGKILL"


def test_interrupt_ends_the_running_harness(
    ray_executor: RayExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = fresh(ray_executor, tmp_path, monkeypatch)

    def strike(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def strike_in_the_middle() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.02)
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, strike)
    try:
        threading.Thread(target=strike_in_the_middle, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            ray.evaluate(binary(tmp_path, "hang"), "hang", INPUTS, LIMITS)
    finally:
        signal.signal(signal.SIGALRM, before)
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_closing_ends_running_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted search does not wait for its compilers."""
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    ended: list[BaseException] = []

    def compile_for_ever(_: Task) -> CompileFailed:
        try:
            run_isolated(["sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 600; true"], timeout=600)
        except Abandoned as stop:
            ended.append(stop)
            raise
        return CompileFailed("")

    local = LocalExecutor(1, Work(build=compile_for_ever))
    building = local.build(TASKS[:1])
    waiting = threading.Thread(target=lambda: suppressing(building))
    waiting.start()
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
        time.sleep(0.01)
    local.close()
    waiting.join(timeout=60)
    assert ended and not waiting.is_alive()
    assert not alive(int((tmp_path / "pid").read_text()))


def suppressing(building: Iterator[object]) -> None:
    with pytest.raises(Abandoned):
        list(building)


def test_builds_before_ray_is_up_run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(RayExecutor, "_run_ray", lambda self: None)  # never up
    ray = RayExecutor(parallel=2, work=work(tmp_path))
    assert len(list(ray.build(TASKS[:2]))) == 2
    ray.close()


def test_unreachable_cluster_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: RayExecutor) -> None:
        self._problem = ConnectionError("no such host")
        self._up.set()

    monkeypatch.setattr(RayExecutor, "_run_ray", refuse)
    ray = RayExecutor("nowhere:1")
    with pytest.raises(UsageError, match="could not be reached at nowhere:1"):
        ray.evaluate(binary(Path(), "v"), "v", INPUTS, LIMITS)
    ray.close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no-such-host.invalid:6379"])
def test_an_address_where_nobody_listens_is_told_soon(address: str) -> None:
    ray = RayExecutor(address)
    with pytest.raises(UsageError, match=f"could not be reached at {address}.*--executor local"):
        ray.ready()
    ray.close()


def test_timing_has_the_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that wants to build or to time waits until this one has measured."""
    monkeypatch.setenv("KAD_LOCK_DIR", str(tmp_path))
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    code = (
        "import sys, time; from autotune.workers import machine\n"
        "print('ready', flush=True)\n"
        "with machine(exclusive=sys.argv[1] == 'time'): print(time.monotonic(), flush=True)"
    )
    with machine(exclusive=True):
        monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "another"))
        others = [
            subprocess.Popen([sys.executable, "-c", code, what], stdout=subprocess.PIPE, text=True)
            for what in ("build", "time")
        ]
        for other in others:
            assert other.stdout is not None and other.stdout.readline() == "ready\n"
        time.sleep(0.5)
        assert all(o.poll() is None for o in others)
        released = time.monotonic()
    for other in others:
        said, _ = other.communicate(timeout=60)
        assert float(said) >= released


def test_tasks_are_picklable_values() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(TASKS[0]))
    assert again == TASKS[0] and replace(again, kernel=Path("g.cpp")) != again
