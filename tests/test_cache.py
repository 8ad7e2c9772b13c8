"""Programs are compiled once per content, whoever asks and whatever happens meanwhile."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autotune import cache, store
from autotune.cache import CacheError, compile_cached
from autotune.compiler import Toolchain
from autotune.outcome import CompileFailed, Crashed
from autotune.run import Finished, run_isolated
from autotune.store import machine_lock
from tests import fake_kokkos

TIMEOUT = 120.0
HELLO = '#include <cstdio>\nint main() { std::puts("hello"); }\n'


@pytest.fixture
def fake(tmp_path: Path, cache_dir: Path) -> Toolchain:
    return fake_kokkos.toolchain(tmp_path / "kokkos")


def build(toolchain: Toolchain, source: str, *include_dirs: Path) -> Path:
    built = compile_cached(toolchain, source, include_dirs=include_dirs, name="trial", timeout=TIMEOUT)
    assert isinstance(built, Path), built.log
    return built


def output(program: Path) -> str:
    done = run_isolated([program], timeout=TIMEOUT)
    assert isinstance(done, Finished)
    return done.stdout


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(cache, "run_isolated", refuse)


def test_compiled_once(fake: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build(fake, HELLO)
    assert output(program) == "hello\n"
    assert (program.parent / "trial.cpp").read_text() == HELLO
    forbid_compiling(monkeypatch)
    assert build(fake, HELLO) == program


def test_the_key_has_source_flags_and_kokkos(fake: Toolchain, tmp_path: Path) -> None:
    print_flag = '#include <cstdio>\nint main() { std::printf("%d", FLAG); }\n'
    programs = [
        build(fake, HELLO),
        build(fake, HELLO + "// changed\n"),
        build(fake_kokkos.toolchain(tmp_path / "kokkos", "-DFLAG=1"), print_flag),
        build(fake_kokkos.toolchain(tmp_path / "kokkos", "-DFLAG=2"), print_flag),
        build(fake_kokkos.toolchain(tmp_path / "other kokkos"), HELLO),
    ]
    assert len(set(programs)) == len(programs)
    assert [output(p) for p in programs[2:4]] == ["1", "2"]


def test_an_edited_include_is_compiled_again(
    fake: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "user's $code"
    folder.mkdir()
    source = '#include <cstdio>\n#include "kernel one.hpp"\nint main() { std::printf("%d", answer()); }\n'
    (folder / "kernel one.hpp").write_text('#include "value.hpp"\ninline int answer() { return VALUE; }\n')
    (folder / "value.hpp").write_text("#define VALUE 1\n")
    first = build(fake, source, folder)
    (folder / "value.hpp").write_text("#define VALUE 2\n")
    second = build(fake, source, folder)
    assert (output(first), output(second)) == ("1", "2")
    (folder / "value.hpp").write_text("#define VALUE 1\n")
    forbid_compiling(monkeypatch)
    assert build(fake, source, folder) == first


def test_a_corrupt_program_is_rebuilt(fake: Toolchain) -> None:
    program = build(fake, HELLO)
    program.chmod(0o755)
    program.write_bytes(program.read_bytes()[:1000])
    assert output(build(fake, HELLO)) == "hello\n"


@pytest.mark.parametrize("lost", ["program", "program.sha256", "inputs.json"])
def test_an_incomplete_entry_is_rebuilt(fake: Toolchain, lost: str) -> None:
    (build(fake, HELLO).parent / lost).unlink()
    assert output(build(fake, HELLO)) == "hello\n"


def test_a_syntax_error_has_the_compilers_words(fake: Toolchain) -> None:
    failed = compile_cached(
        fake, "int main() { retrun 0; }\n", include_dirs=(), name="trial", timeout=TIMEOUT
    )
    assert isinstance(failed, CompileFailed)
    assert "trial.cpp:1:" in failed.log
    assert "retrun" in failed.log


def test_a_link_error_is_a_failed_compile(fake: Toolchain) -> None:
    source = "int missing_function();\nint main() { return missing_function(); }\n"
    failed = compile_cached(fake, source, include_dirs=(), name="trial", timeout=TIMEOUT)
    assert isinstance(failed, CompileFailed)
    assert "missing_function" in failed.log


def test_a_compiler_that_hangs_is_stopped(fake: Toolchain, tmp_path: Path) -> None:
    build(fake, HELLO)  # the precompiled header is not what hangs
    pipe = tmp_path / "endless.hpp"
    os.mkfifo(pipe)  # opening it blocks until somebody writes
    source = f'#include "{pipe}"\nint main() {{}}\n'
    failed = compile_cached(fake, source, include_dirs=(), name="trial", timeout=0.5)
    assert isinstance(failed, CompileFailed)
    assert "did not finish in time" in failed.log


def test_failures_leave_nothing(fake: Toolchain, cache_dir: Path) -> None:
    compile_cached(fake, "nonsense\n", include_dirs=(), name="trial", timeout=TIMEOUT)
    assert list((cache_dir / "build").glob("*/.new-*")) == []
    assert list((cache_dir / "build").glob("[!s]*/*")) == []


def test_concurrent_callers_get_one_program(fake: Toolchain) -> None:
    with ThreadPoolExecutor(4) as pool:
        programs = set(pool.map(lambda _: build(fake, HELLO), range(8)))
    assert len(programs) == 1
    assert output(programs.pop()) == "hello\n"


def test_without_a_usable_precompiled_header(fake: Toolchain, cache_dir: Path) -> None:
    build(fake, HELLO)
    (header,) = (cache_dir / "pch").glob("*/kokkos.hpp.gch")
    header.write_bytes(b"\0" * header.stat().st_size)  # as a crash of the machine may leave it
    assert output(build(fake, HELLO + "// again\n")) == "hello\n"
    header.unlink()
    assert output(build(fake, HELLO + "// and again\n")) == "hello\n"
    assert header.exists()


def test_a_header_that_cannot_be_precompiled(fake: Toolchain) -> None:
    (fake.kokkos.include / "Kokkos_ScatterView.hpp").unlink()
    assert output(build(fake, HELLO)) == "hello\n"


def test_bounded_by_evicting_the_least_recently_used(
    fake: Toolchain, monkeypatch: pytest.MonkeyPatch, cache_dir: Path
) -> None:
    programs = [build(fake, HELLO + f"// {i}\n") for i in range(4)]
    now = time.time()
    for age, program in enumerate(programs):
        os.utime(program.parent, (now - 7200 - age, now - 7200 - age))
    build(fake, HELLO + "// 3\n")  # used again
    size = sum(f.stat().st_size for f in programs[0].parent.iterdir())
    compiled = sum(f.stat().st_size for f in (cache_dir / "pch").glob("*/*"))
    monkeypatch.setenv("KAD_CACHE_SIZE", str((compiled + 4.5 * size) / 2**30))
    newest = build(fake, HELLO + "// 4\n")
    assert [p.exists() for p in programs[1:]] == [False, False, True]
    assert newest.exists()


def test_a_bad_size_is_a_clear_error(fake: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAD_CACHE_SIZE", "plenty")
    with pytest.raises(CacheError, match="KAD_CACHE_SIZE='plenty' is not a number"):
        build(fake, HELLO)


def test_an_unwritable_cache_is_named(
    fake: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(CacheError, match=r"file/cache.*KAD_CACHE_DIR"):
        build(fake, HELLO)
    monkeypatch.setenv("KAD_CACHE_DIR", "/proc/cache")
    with pytest.raises(CacheError, match=r"/proc/cache.*KAD_CACHE_DIR"):
        build(fake, HELLO)


def test_a_full_disk_is_named(fake: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("no /dev/full")
    with pytest.raises(CacheError, match="the disk is full"), store.guarded(tmp_path):
        Path("/dev/full").write_text("x")
    words = "as: BFD: trial.o: No space left on device"
    monkeypatch.setattr(cache, "run_isolated", lambda *_, **__: Crashed("exit 1", words))
    with pytest.raises(CacheError, match="full"):
        build(fake, HELLO)


def test_a_killed_builder_holds_no_lock(tmp_path: Path, cache_dir: Path) -> None:
    lock = cache_dir / "a.lock"
    code = f"""
import time
from pathlib import Path
from autotune.store import locked
with locked(Path({str(lock)!r})):
    print("held", flush=True)
    time.sleep(1000)
"""
    folder = Path(__file__).parent.parent
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=folder)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
    waited: list[bool] = []

    def waiting() -> None:
        waited.append(True)
        holder.kill()

    with store.locked(lock, waiting):
        pass
    holder.wait()
    assert waited == [True]


def test_stale_staging_is_swept(cache_dir: Path) -> None:
    left = cache_dir / ".new-left"
    left.mkdir(parents=True)
    fresh = cache_dir / ".new-fresh"
    fresh.mkdir()
    os.utime(left, (0, 0))
    with store.staging(cache_dir) as stage:
        assert stage.is_dir()
    assert (left.exists(), fresh.exists(), stage.exists()) == (False, True, False)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAD_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/big/cache")
    assert store.cache_dir() == Path("/big/cache/kad-tune")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert store.cache_dir() == Path.home() / ".cache/kad-tune"
    monkeypatch.setenv("KAD_CACHE_DIR", "/own")
    assert store.cache_dir() == Path("/own")


@pytest.mark.kokkos
def test_a_kokkos_program(toolchain: Toolchain, cache_dir: Path) -> None:
    source = """
#include <Kokkos_Core.hpp>
int main(int argc, char* argv[]) {
  Kokkos::ScopeGuard guard(argc, argv);
  double sum = 0;
  Kokkos::parallel_reduce(10, KOKKOS_LAMBDA(const int i, double& s) { s += i; }, sum);
  std::printf("%g\\n", sum);
}
"""
    assert output(build(toolchain, source)).endswith("45\n")
    assert list(cache_dir.glob("pch/*/kokkos.hpp.gch"))
    shutil.rmtree(cache_dir)


def test_another_users_lock_can_be_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may only be read is locked all the same; a link to elsewhere is not followed."""
    monkeypatch.setenv("KAD_LOCK_DIR", str(tmp_path))
    really = os.open

    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "protected")
        return really(path, flags, mode)

    with machine_lock("machine") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        monkeypatch.setattr(os, "open", refuse)
        with machine_lock("machine") as theirs, pytest.raises(BlockingIOError):
            fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
        monkeypatch.undo()
    monkeypatch.setenv("KAD_LOCK_DIR", str(tmp_path))
    (tmp_path / "kad-tune.other.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), machine_lock("other"):
        raise AssertionError("not reached")
    assert not (tmp_path / "elsewhere").exists()
