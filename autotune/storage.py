"""Where a search is kept: a journal file, or a database by URL; and what goes wrong with either.

With ``study`` the only importer of Optuna.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.exc import SQLAlchemyError

from autotune.failures import StorageError
from transform.diagnostics import UsageError

T = TypeVar("T")

PATIENCE = 60.0  # seconds that a locked or restarting database is waited for
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between attempts; the last one again and again
_DATABASE = (SQLAlchemyError, optuna.exceptions.StorageInternalError)


def open_storage(storage: Path | str | None, *, owned: bool = True) -> BaseStorage:
    """A journal file or a database; None: in memory, for this process alone. Raises ``UsageError``.

    A journal that is not ``owned`` is only to be read: its owner may be writing the last line.
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, Path):
        if owned:
            _drop_torn_line(storage)
        return JournalStorage(Journal(storage))
    try:
        return RDBStorage(storage, engine_kwargs=_engine(storage))
    except (ImportError, ValueError, *_DATABASE) as problem:
        reason = str(problem).splitlines()[0]
        raise UsageError(
            f"cannot open the storage {storage}: {type(problem).__name__}: {reason}"
        ) from problem


def saving(storage: BaseStorage) -> Callable[[], None]:
    """What to call when something must be on the disk; a database sees to that itself."""
    if isinstance(storage, JournalStorage) and isinstance(storage._backend, Journal):
        return storage._backend.save
    return lambda: None


def close_storage(storage: BaseStorage) -> None:
    """Close the connections to a database."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _engine(url: str) -> dict[str, Any]:
    # each connection is tried before it is used: the server may have been restarted since
    patient = {"connect_args": {"timeout": PATIENCE}} if url.startswith("sqlite") else {}
    return {"pool_pre_ping": True, **patient}


def patiently(action: Callable[[], T], undo: Callable[[], None] | None = None) -> T:
    """Do what may be done twice, again while the database is locked or away. Raises ``StorageError``.

    ``undo`` clears up behind an attempt that may have been half done.
    """
    until = time.monotonic() + PATIENCE
    attempt = 0
    while True:
        try:
            if attempt and undo is not None:
                undo()
            return action()
        except _DATABASE as problem:
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            if time.monotonic() + pause > until:
                raise StorageError(
                    f"the storage did not answer for {PATIENCE:.0f} s: {str(problem).splitlines()[0]}"
                ) from problem
            attempt += 1
            time.sleep(pause)
        except OSError as problem:
            raise StorageError(f"cannot write the search's journal: {problem}") from problem


# ---- journal files ----


class Journal(JournalFileBackend):
    """A journal file that one driver writes, and that is on the disk after ``save``.

    A trial is some ten records. Optuna waits for the disk after each, which takes longer than all the rest;
    what was written survives the death of the process without that.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_obj=_Owned(str(path)))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._path.open("ab") as file:
            file.write(text.encode())

    def save(self) -> None:
        """Wait until everything written is on the disk. Raises ``OSError``."""
        with self._path.open("ab") as file:
            os.fsync(file.fileno())


class _Owned(JournalFileOpenLock):
    """No lock per write: the driver holds the journal's lock file for its whole life (``own``).

    Optuna's own locks are files that a killed process leaves behind; the kernel releases ours.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def own(journal: Path) -> IO[str]:
    """Lock ``journal`` until the returned file is closed or this process dies. Raises ``UsageError``."""
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        lock = (journal.parent / (journal.name + ".lock")).open("a+")
    except OSError as problem:
        raise UsageError(f"cannot write the search's journal {journal}: {problem}") from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise UsageError(
            f"another kad-tune (process {owner}) is using {journal}; wait for it or choose another --out"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _drop_torn_line(journal: Path) -> None:
    """Cut off a last record that a killed driver did not finish writing."""
    if not journal.exists():
        return
    data = journal.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(journal, whole)
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            json.loads(line)
        except ValueError as problem:
            raise UsageError(
                f"{journal}:{number}: damaged journal ({problem}); move the file away to start anew"
            ) from problem
