"""Whatever a program does ends as a value, and nothing of it survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autotune.outcome import Crashed, OutOfMemory, TimedOut
from autotune.run import KEEP_STDERR, KEEP_STDOUT, Finished, run_isolated

PATIENCE = 20.0  # seconds; far more than any of these programs takes


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def gone(pid: int) -> bool:
    """Whether the process ends soon (zombies waiting for a foreign parent count as ended)."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_output_of_a_finished_program() -> None:
    done = run_isolated(
        python("import sys; print('result'); print('note', file=sys.stderr)"), timeout=PATIENCE
    )
    assert isinstance(done, Finished)
    assert (done.stdout, done.stderr_tail) == ("result\n", "note\n")
    assert done.seconds > 0


def test_environment_and_folder(tmp_path: Path) -> None:
    code = "import os; print(os.environ['KAD_TEST'], os.environ['PATH'] != '', os.getcwd())"
    done = run_isolated(python(code), timeout=PATIENCE, env={"KAD_TEST": "here"}, cwd=tmp_path)
    assert isinstance(done, Finished)
    assert done.stdout.split() == ["here", "True", str(tmp_path)]


def test_no_input_is_left_to_wait_for() -> None:
    done = run_isolated(python("import sys; print(len(sys.stdin.read()))"), timeout=PATIENCE)
    assert isinstance(done, Finished)
    assert done.stdout == "0\n"


def test_exit_status_is_named_with_its_words() -> None:
    code = "import sys; print('no such mesh', file=sys.stderr); sys.exit(3)"
    assert run_isolated(python(code), timeout=PATIENCE) == Crashed("exit 3", "no such mesh\n")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGTERM])
def test_signals_are_named(number: signal.Signals) -> None:
    code = f"import os; os.kill(os.getpid(), {int(number)})"
    assert run_isolated(python(code), timeout=PATIENCE) == Crashed(number.name, "")


def test_sigkill_is_the_kernel_running_out_of_memory() -> None:
    code = "import os; os.kill(os.getpid(), 9)"
    assert run_isolated(python(code), timeout=PATIENCE, memory_limit=1 << 30) == OutOfMemory(1 << 30, "")


@pytest.mark.parametrize(
    "words",
    [
        "terminate called after throwing an instance of 'std::bad_alloc'",
        'Kokkos failed to allocate memory for label "x".',
        "cudaMalloc error: out of memory",
    ],
)
def test_allocation_failures_are_recognised(words: str) -> None:
    code = f"import os, sys; print({words!r}, file=sys.stderr, flush=True); os.abort()"
    done = run_isolated(python(code), timeout=PATIENCE, memory_limit=1 << 30)
    assert isinstance(done, OutOfMemory)
    assert done.limit == 1 << 30
    assert words in done.log


def test_the_memory_limit_is_enforced() -> None:
    code = "x = bytearray(1 << 30); print('got it')"
    done = run_isolated(python(code), timeout=PATIENCE, memory_limit=256 << 20)
    assert isinstance(done, Crashed)
    assert "MemoryError" in done.log
    assert isinstance(run_isolated(python(code), timeout=PATIENCE), Finished)


def test_a_hang_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child}}")
time.sleep(1000)
"""
    done = run_isolated(python(code), timeout=1.5)
    assert isinstance(done, TimedOut)
    assert done.limit == 1.5
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_child_left_behind_does_not_hold_us_and_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, time
child = os.fork()
if child:
    open({str(tmp_path / "pid")!r}, "w").write(str(child))
    print("done", flush=True)
    os._exit(0)
time.sleep(1000)
"""
    done = run_isolated(python(code), timeout=PATIENCE)
    assert isinstance(done, Finished)
    assert done.stdout == "done\n"
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_flood_of_output_is_bounded() -> None:
    code = """
import sys
line = "x" * 1023 + "\\n"
for i in range(20 * 1024):
    sys.stdout.write(line)
for i in range(1024):
    sys.stderr.write(line)
sys.stderr.write("the end")
sys.exit(1)
"""
    done = run_isolated(python(code), timeout=4 * PATIENCE)
    assert isinstance(done, Crashed)
    assert done.log.endswith("the end")
    assert "bytes left out" in done.log
    assert len(done.log) < KEEP_STDERR + 100
    done = run_isolated(python(code.replace("sys.exit(1)", "")), timeout=4 * PATIENCE)
    assert isinstance(done, Finished)
    assert len(done.stdout) == KEEP_STDOUT


def test_output_that_is_not_text() -> None:
    done = run_isolated(python("import os; os.write(1, b'\\xff\\n')"), timeout=PATIENCE)
    assert isinstance(done, Finished)
    assert done.stdout == "�\n"


def test_a_missing_program() -> None:
    with pytest.raises(FileNotFoundError, match="no such program: /nowhere/program"):
        run_isolated(["/nowhere/program"], timeout=PATIENCE)
    done = run_isolated(["kad-no-such-program"], timeout=PATIENCE)
    assert isinstance(done, Crashed)
    assert "cannot start kad-no-such-program" in done.log


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_nothing_survives_the_parent(tmp_path: Path, blow: signal.Signals) -> None:
    pids = tmp_path / "pids"
    program = f"""
import os, time
child = os.fork()
if child:
    open({str(pids) + ".new"!r}, "w").write(f"{{os.getpid()}} {{child}}")
    os.rename({str(pids) + ".new"!r}, {str(pids)!r})
time.sleep(1000)
"""
    driver = f"""
import signal, sys
from autotune.run import run_isolated
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
run_isolated([sys.executable, "-c", {program!r}], timeout=1000)
"""
    folder = Path(__file__).parent.parent
    parent = subprocess.Popen([sys.executable, "-c", driver], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while not pids.exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(parent.pid, blow)
    finally:
        parent.kill() if not pids.exists() else None
        parent.wait(PATIENCE)
    assert all(gone(int(pid)) for pid in pids.read_text().split())
