"""The user's cache directory: where it is, how entries are published, locked and evicted.

Everything kept there can be rebuilt, so an entry is either complete or absent: it is made in a staging
directory on the same file system and renamed into place.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DEFAULT_SIZE = 8 * 2**30  # bytes; a program of sixteen variants takes 1-3 MB
IN_USE_SECONDS = 3600.0  # entries used within the last hour belong to a running search
STALE_STAGING_SECONDS = 6 * 3600.0  # no build takes that long: its builder was killed

_NO_WRITING = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is exhausted",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "a parent is not a directory",
    errno.ENOENT: "there is no such directory, and none can be made",
}


class CacheError(Exception):
    """The cache cannot be written (disk full, no permission). The message names the path and the remedy."""


def cache_dir() -> Path:
    """``KAD_CACHE_DIR``, else ``XDG_CACHE_HOME/kad-tune``, else ``~/.cache/kad-tune``. Not created here."""
    if own := os.environ.get("KAD_CACHE_DIR"):
        return Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the base directory specification tells programs to ignore a relative XDG_CACHE_HOME
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "kad-tune"


def size_limit() -> int:
    """Bound of the build cache in bytes: ``KAD_CACHE_SIZE`` in GiB, else 8 GiB. Raises ``CacheError``."""
    text = os.environ.get("KAD_CACHE_SIZE")
    if text is None:
        return DEFAULT_SIZE
    try:
        return int(float(text) * 2**30)
    except ValueError:
        raise CacheError(f"KAD_CACHE_SIZE={text!r} is not a number of GiB") from None


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` about room or permissions into a ``CacheError`` naming ``path``."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _NO_WRITING:
            raise
        raise cache_error(path, _NO_WRITING[problem.errno]) from problem


def cache_error(path: Path, reason: str) -> CacheError:
    return CacheError(
        f"cannot write to the cache at {path}: {reason}; make room or point KAD_CACHE_DIR elsewhere"
    )


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on the file ``path``; the kernel drops it when its holder dies.

    ``waiting`` is called once if somebody else holds it. Raises ``CacheError``.
    """
    with _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_at_once(path: Path) -> Iterator[bool]:
    """``locked`` without waiting: False if somebody else holds it. Raises ``CacheError``."""
    with _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with guarded(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def machine_lock(name: str) -> Iterator[int]:
    """A file that processes of all users on this machine can lock (``flock``), for as long as it is open.

    It is in ``KAD_LOCK_DIR``, else in /tmp. Raises ``CacheError``.
    """
    directory = Path(os.environ.get("KAD_LOCK_DIR", "/tmp"))
    path = directory / f"kad-tune.{name}.lock"
    careful = os.O_CLOEXEC | os.O_NOFOLLOW
    with guarded(path):
        directory.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | careful, 0o644)
        except PermissionError:  # another user's: reading is enough to lock it
            handle = os.open(path, os.O_RDONLY | careful)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """A private directory, removed afterwards if nothing renamed it. Raises ``CacheError``."""
    with guarded(parent):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        path = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    try:
        with guarded(path):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(staged: Path, entry: Path) -> None:
    """Rename a complete staged directory into place; an equal entry that came first is kept."""
    with guarded(entry):
        entry.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.rename(entry)
        except OSError as problem:
            if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def discard(entry: Path) -> None:
    """Remove an entry; first out of the way in one step, so that nobody sees half of it."""
    trash = entry.with_name(f".new-trash-{os.getpid()}-{time.monotonic_ns()}")
    try:
        entry.rename(trash)
    except FileNotFoundError:
        return  # somebody else was faster
    shutil.rmtree(trash, ignore_errors=True)


def touch(entry: Path) -> None:
    """Mark an entry as just used, for eviction."""
    with contextlib.suppress(OSError):  # a read-only shared cache: nothing is evicted there either
        os.utime(entry)


def evict(entries: Iterator[Path], limit: int) -> int:
    """Remove the least recently used of ``entries`` until they hold at most 80 % of ``limit`` bytes.

    Does nothing below ``limit``; never removes what was used within the last hour. Returns bytes freed.
    """
    known: list[tuple[float, int, Path]] = []
    for entry in entries:
        try:
            size = sum(f.stat().st_size for f in entry.iterdir() if f.is_file())
            known.append((entry.stat().st_mtime, size, entry))
        except FileNotFoundError:
            continue  # evicted by another process meanwhile
    total = sum(size for _, size, _ in known)
    if total <= limit:
        return 0
    freed = 0
    for used, size, entry in sorted(known):
        if total - freed <= 0.8 * limit or used > time.time() - IN_USE_SECONDS:
            break
        discard(entry)
        freed += size
    return freed


def _sweep(parent: Path) -> None:
    """Remove staging directories whose builder was killed."""
    for left in parent.glob(".new-*"):
        try:
            if left.stat().st_mtime < time.time() - STALE_STAGING_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue
