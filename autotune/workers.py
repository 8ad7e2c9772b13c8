"""Where builds and measurements run: in Ray tasks, or in this process.

The only importer of Ray. Builds run in parallel; a measurement has its machine to itself: the driver asks
for one at a time, and a lock between processes keeps other drivers' builds and measurements on the same
machine away (builds share it, a measurement holds it alone).

What workers call (``evaluate.build`` and its neighbours) are pure functions of picklable arguments that run
the harness isolated, so a crashing gradient never reaches a worker.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from autotune import evaluate as evaluation
from autotune.evaluate import Binary, Inputs, Limits, Task
from autotune.outcome import Accuracy, Comparison, CompileFailed, Crashed, Failure, Lost, Outcome, OutOfMemory
from autotune.run import heed
from autotune.store import machine_lock
from transform.diagnostics import UsageError

T = TypeVar("T")

_CONNECT = 10.0  # seconds
_RETRIES = 3  # of a task whose worker process was killed
# Ray sets OMP_NUM_THREADS to a task's CPU share; gradients must see the user's own setting.
_THREADING = ("OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "KOKKOS_NUM_THREADS", "GOMP_CPU_AFFINITY")


class Executor(Protocol):
    """Runs builds and measurements somewhere. ``close`` releases what it holds; safe to repeat.

    ``parallel``: how many builds run at once.
    """

    @property
    def parallel(self) -> int: ...

    def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
        """Build all ``tasks`` in parallel; pairs come as they finish."""

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        """Verify and time one variant, alone on its machine."""

    def compare(
        self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
    ) -> Comparison | Lost:
        """Time several verified variants interleaved in a fresh process, alone on its machine."""

    def verify(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
        """Verify one variant without timing."""

    def close(self) -> None: ...


# ---- what both executors run ----


@contextmanager
def machine(exclusive: bool) -> Iterator[None]:
    """Hold this machine's lock: shared to build, alone to time; the kernel frees it if we die.

    It is one for all users: to what is timed it does not matter whose program keeps the processors busy.

    Whoever wants it alone first takes the queue lock, which builds pass through too, so that a stream
    of builds cannot starve a measurement.
    """
    with machine_lock("queue") as queue, machine_lock("machine") as lock:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield


@dataclass(frozen=True)
class Work:
    """The functions that workers run. Tests put their own here."""

    build: Callable[[Task], Binary | CompileFailed] = evaluation.build
    evaluate: Callable[[Binary, str, Inputs, Limits], Outcome] = evaluation.evaluate
    verify: Callable[[Binary, str, Inputs, Limits], Accuracy | Failure] = evaluation.verify_only
    compare: Callable[[Binary, Sequence[str], Inputs, Limits, int], Comparison | Lost] = evaluation.compare


def _on_machine(exclusive: bool, function: Callable[..., T], *arguments: object) -> T:
    with machine(exclusive):
        return function(*arguments)


class LocalExecutor:
    """Everything in this process; builds (which are subprocesses) on a few threads."""

    def __init__(self, parallel: int | None = None, work: Work | None = None) -> None:
        self._work = work or Work()
        self.parallel = parallel or len(os.sched_getaffinity(0))
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(
            self.parallel, thread_name_prefix="build", initializer=heed, initargs=(self._closed,)
        )

    def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
        futures = {self._pool.submit(_on_machine, False, self._work.build, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        return _on_machine(True, self._work.evaluate, binary, key, inputs, limits)

    def compare(
        self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
    ) -> Comparison | Lost:
        return _on_machine(True, self._work.compare, binary, keys, inputs, limits, seed)

    def verify(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
        return _on_machine(False, self._work.verify, binary, key, inputs, limits)

    def close(self) -> None:
        self._closed.set()  # kills the compilers of an interrupted search: the end need not wait for them
        self._pool.shutdown(wait=False, cancel_futures=True)


class RayExecutor:
    """Ray tasks, on a local Ray started for this run or on the cluster at ``address``.

    A local Ray takes seconds to start: it does so on a thread while the caller parses, and builds asked
    for before it is up run in this process. Nodes of a cluster must see the kernel, the output directory
    and the cache under the same paths and have this package installed.
    """

    def __init__(
        self, address: str | None = None, parallel: int | None = None, work: Work | None = None
    ) -> None:
        self._address = address
        self._work = work or Work()
        self._local = LocalExecutor(parallel, self._work)
        self.parallel = self._local.parallel
        self._up = threading.Event()
        self._closing = threading.Event()
        self._problem: BaseException | None = None
        self._bench: Any = None
        self._environment = {name: os.environ.get(name) for name in _THREADING}
        self._thread = threading.Thread(target=self._run_ray, name="ray", daemon=True)
        self._thread.start()

    def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
        if self._address is None and not self._up.is_set():
            yield from self._local.build(tasks)
            return
        ray = self._ray()
        running = {self._submit(False, self._work.build, task): task for task in tasks}
        try:
            while running:
                (ready, *_), _ = ray.wait(list(running), num_returns=1)
                task = running.pop(ready)
                outcome = self._result(ready)
                yield (
                    task,
                    CompileFailed(outcome.log) if isinstance(outcome, Crashed | OutOfMemory) else outcome,
                )
        finally:
            self._cancel(list(running))

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        outcome: Outcome = self._alone(self._work.evaluate, binary, key, inputs, limits)
        return outcome

    def compare(
        self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
    ) -> Comparison | Lost:
        found: Comparison | Lost = self._alone(self._work.compare, binary, keys, inputs, limits, seed)
        return found

    def verify(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
        reference = self._submit(False, self._work.verify, binary, key, inputs, limits)
        try:
            outcome: Accuracy | Failure = self._result(reference)
        except BaseException:
            self._cancel([reference])
            raise
        return outcome

    def ready(self) -> None:
        """Wait until Ray is up. Raises ``UsageError`` if it did not start."""
        self._ray()

    def close(self) -> None:
        self._local.close()
        if not self._closing.is_set():
            self._end_bench()
            self._closing.set()
            # One that is still starting is not waited for: its processes die with this one.
            self._thread.join(timeout=30 if self._up.is_set() else 3)

    # ---- Ray ----

    def _run_ray(self) -> None:
        """Start Ray and stay: its processes die with the thread that started them."""
        try:
            import ray

            _reachable(self._address)
            if not ray.is_initialized():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ray.init(**self._options())
                owned = True
            else:
                owned = False
        except BaseException as problem:
            self._problem = problem
            self._up.set()
            return
        self._up.set()
        self._closing.wait()
        if owned:
            ray.shutdown()

    def _options(self) -> dict[str, Any]:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address is not None:
            return {**quiet, "address": self._address}
        return {
            **quiet,
            "num_cpus": self.parallel,
            "include_dashboard": False,
            "object_store_memory": 100 * 2**20,  # only small messages travel; data is in files
            # A dead worker's isolated program is ended by its launcher; killing that would orphan it.
            "_system_config": {"kill_child_processes_on_worker_exit": False},
        }

    def _ray(self) -> Any:
        """The Ray module once Ray is up. Raises ``UsageError`` if it did not start."""
        self._up.wait()
        if self._problem is not None:
            where = f"at {self._address}" if self._address else "on this machine"
            raise UsageError(
                f"Ray could not be reached {where}: {self._problem}; --executor local does without it"
            ) from self._problem
        import ray

        return ray

    def _submit(self, exclusive: bool, function: Callable[..., T], *arguments: object) -> Any:
        ray = self._ray()
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_in_environment)
        return task.remote(self._environment, exclusive, function, *arguments)

    def _alone(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function in the process that measures; it stays, and with it the harness program."""
        ray = self._ray()
        if self._bench is None:
            kept = ray.remote(max_restarts=-1, max_task_retries=_RETRIES)(_Bench)
            self._bench = kept.remote(self._environment)
        try:
            return self._result(self._bench.call.remote(function, *arguments))
        except BaseException:
            self._end_bench()
            raise

    def _end_bench(self) -> None:
        if self._bench is not None:
            self._ray().kill(self._bench)
            self._bench = None

    def _result(self, reference: Any) -> Any:
        """What the task returned; the loss of its worker, beyond the retries, is an outcome too."""
        ray = self._ray()
        try:
            return ray.get(reference)
        except ray.exceptions.OutOfMemoryError as problem:
            return OutOfMemory(0, str(problem))
        except _lost_worker(ray) as problem:
            return Crashed("SIGKILL", f"the worker was killed {_RETRIES + 1} times: {problem}")

    def _cancel(self, references: list[Any]) -> None:
        """Kill the workers of these tasks; what they run in isolation dies with them.

        Ray's gentle way does not end a worker that waits for a program.
        """
        for reference in references:
            self._ray().cancel(reference, force=True)


def _reachable(address: str | None) -> None:
    """Raises ``OSError`` where nobody listens at ``HOST:PORT``: Ray itself would try for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT).close()


def _lost_worker(ray: Any) -> tuple[type[BaseException], ...]:
    errors = ray.exceptions
    return errors.WorkerCrashedError, errors.NodeDiedError, errors.RayActorError


class _Bench:
    """The process that measures: an actor, so that what it keeps between measurements is kept.

    Ray starts it again where it died, on another node if need be, and repeats the call.
    """

    def __init__(self, environment: Mapping[str, str | None]) -> None:
        self._environment = environment

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        return _in_environment(self._environment, True, function, *arguments)


def _in_environment(
    environment: Mapping[str, str | None], exclusive: bool, function: Callable[..., T], *arguments: object
) -> T:
    """Call ``function`` with the driver's threading variables instead of Ray's."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return _on_machine(exclusive, function, *arguments)
