"""Searches in journals and databases that are really there: stale trials, locks, restarts, full disks.

PostgreSQL's tests start a server of their own; they are skipped where none is installed, and fail
there instead if KAD_REQUIRE lists postgresql.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from autotune import storage as storage_module
from autotune.failures import StorageError
from autotune.legal import LegalPlans, plan_key
from autotune.outcome import Measurement
from autotune.storage import Journal
from autotune.study import Search, open_search
from tests.search_support import SPACE, recorded
from transform.diagnostics import UsageError

OUTCOMES = recorded()


@dataclass(frozen=True)
class Postgres:
    """A server on a socket of its own, run by another user if this is root, whom it refuses."""

    bin: Path
    home: Path
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://kad@/postgres?host={self.home}"

    def initialise(self) -> None:
        self._run("initdb", "-A", "trust", "-U", "kad", "-D", str(self.home / "data"))

    def start(self) -> None:
        options = f"-k {self.home} -c listen_addresses='' -c fsync=off"
        log = str(self.home / "log")
        self._run("pg_ctl", "-D", str(self.home / "data"), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        """Like a crash: connections are cut, nothing is waited for."""
        self._run("pg_ctl", "-D", str(self.home / "data"), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self.bin / program, *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd=self.home,
        )


def absent(why: str) -> NoReturn:
    if "postgresql" in os.environ.get("KAD_REQUIRE", "").split(","):
        pytest.fail(f"KAD_REQUIRE asks for postgresql, but: {why}")
    pytest.skip(why)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        absent("no PostgreSQL server is installed")
    initdb = found[-1] if found else Path(str(on_path))
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in names), None)
        if user is None:
            absent("PostgreSQL refuses to be run by root, and there is no other user")
    home = Path(tempfile.mkdtemp(prefix="kad-pg-"))
    if user is not None:
        shutil.chown(home, user)
    postgres = Postgres(initdb.parent, home, user)
    try:
        postgres.initialise()
        postgres.start()
        yield postgres
        postgres.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    match request.param:
        case "journal":
            return tmp_path / "f.journal"
        case "sqlite":
            return f"sqlite:///{tmp_path / 'f.db'}"
        case _:
            url: str = request.getfixturevalue("server").url
            return url


def opened(storage: Path | str, identity: str, resume: bool = False) -> Search:
    return open_search(
        LegalPlans(SPACE),
        label="f.host",
        identity=identity,
        storage=storage,
        sampler="random",
        seed=0,
        resume=resume,
        first=(SPACE.default,),
    )


def step(search: Search, count: int, told: int | None = None) -> list[str]:
    """Ask for trials and tell the first ``told`` (all): their plans."""
    trials = search.ask(count)
    for trial in trials[:told]:
        outcome = OUTCOMES[plan_key(trial.plan)]
        values = (outcome.gradient.median,) if isinstance(outcome, Measurement) else None
        search.tell(trial, outcome, values)
    return [plan_key(t.plan) for t in trials]


def kept(search: Search) -> list[str]:
    for f in search.finished():
        assert f.outcome == OUTCOMES[plan_key(f.plan)]
    return [plan_key(f.plan) for f in search.finished()]


def test_every_storage_tells_the_same_story(storage: Path | str, tmp_path: Path) -> None:
    with closing(opened(tmp_path / "other.journal", "same")) as other:
        expected = step(other, 6)
    with closing(opened(storage, "same")) as search:
        assert step(search, 6) == expected
        assert kept(search) == expected


def test_trials_of_a_dead_driver_are_tried_again_first(storage: Path | str) -> None:
    with closing(opened(storage, "stale")) as search:
        done = step(search, 3)
        left = step(search, 4, told=1)
    with closing(opened(storage, "stale", resume=True)) as search:
        assert search.resumed
        assert kept(search) == [*done, left[0]]
        assert step(search, 8) == left[1:]


def test_a_plan_taken_from_the_queue_by_a_dying_driver_is_not_lost(
    storage: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(storage, "queue")) as search:
        monkeypatch.setattr(search._study, "ask", lambda: died(type(search._study).ask(search._study)))
        with pytest.raises(RuntimeError, match="died"):
            search.ask(1)
    with closing(opened(storage, "queue", resume=True)) as search:
        assert step(search, 1) == [plan_key(SPACE.default)]


def died(_: object) -> None:
    raise RuntimeError("died")


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "f.db"
    with closing(opened(f"sqlite:///{file}", "locked")) as search:
        done = step(search, 2)
        with closing(sqlite3.connect(file, check_same_thread=False)) as other:
            other.execute("BEGIN EXCLUSIVE")
            release = threading.Timer(1.0, other.rollback)
            release.start()
            done += step(search, 2)
            release.join()
        assert kept(search) == done


def test_a_restarted_server_loses_nothing(server: Postgres) -> None:
    with closing(opened(server.url, "restart")) as search:
        done = step(search, 2)
        server.stop()
        server.start()
        done += step(search, 2)
        server.stop()
        starting = threading.Thread(target=server.start)
        starting.start()  # not there yet when it is needed next
        done += step(search, 2)
        starting.join()
        assert kept(search) == done


def test_a_server_that_stays_away_is_named(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "PATIENCE", 0.5)
    with closing(opened(server.url, "away")) as search:
        done = step(search, 2)
        server.stop()
        try:
            with pytest.raises(StorageError, match="did not answer"):
                step(search, 1)
        finally:
            server.start()
    with closing(opened(server.url, "away", resume=True)) as search:
        assert kept(search) == done


def test_a_full_disk_is_named_and_keeps_what_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        with (tmp_path / "f.journal").open("ab") as journal:
            journal.write(b'{"op_code": 5, "half of a')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(opened(tmp_path / "f.journal", "full")) as search:
        done = step(search, 3)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append_logs", full)
            with pytest.raises(StorageError, match="No space left on device"):
                step(search, 1)
    with closing(opened(tmp_path / "f.journal", "full", resume=True)) as search:
        assert kept(search) == done


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/f.db", "postgresql+psycopg://kad@/postgres?host=/nowhere", "nonsense://"]
)
def test_a_storage_that_cannot_be_opened(url: str) -> None:
    with pytest.raises(UsageError, match="cannot open the storage"):
        opened(url, "none")
