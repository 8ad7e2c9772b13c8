"""Kokkos' source from the machine's own Debian archive, without root and without touching its apt state.

Debian ships Kokkos inside its source package ``trilinos``. A private apt directory gets the machine's
own ``deb`` entries as ``deb-src``; the machine's apt configuration (proxies, certificates, credentials) and
keyrings stay in force, and apt verifies the archive's signatures and the source's hashes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from autotune.installation import ToolchainMissing

PACKAGE = "trilinos"
_FAMILY = ("debian", "ubuntu")


def release() -> dict[str, str]:
    """``/etc/os-release`` as a mapping; empty where there is none."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def origin() -> str:
    """Names the source: the distribution and its release. Raises ``ToolchainMissing`` elsewhere."""
    facts = release()
    family = {facts.get("ID", ""), *facts.get("ID_LIKE", "").split()}
    if not family & set(_FAMILY) or shutil.which("apt-get") is None:
        raise ToolchainMissing(
            "there is no Kokkos here, and only on Debian and its kin can its source be had from the system: "
            "get a Kokkos release and run kad-tune kokkos build --arch host --source DIR|TARBALL, "
            "or name an installation with --kokkos-root"
        )
    return f"{facts.get('ID')} {facts.get('VERSION_CODENAME') or facts.get('VERSION_ID')} {PACKAGE}"


def download(folder: Path, progress: Callable[[str], None]) -> Path:
    """Download the source package's tarball into ``folder``. Raises ``ToolchainMissing`` with apt's words."""
    lines = tuple(source_lines(Path("/etc/apt"), release().get("VERSION_CODENAME", "")))
    if not lines:
        raise ToolchainMissing("/etc/apt names no archive of this Debian release to take the source from")
    for name in ("lists/partial", "cache/archives/partial", "source"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    options = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
        "APT::Update::Post-Invoke": "",
    }
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"  # the sandbox user cannot write into a private directory
    flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    progress("reading the Debian archive's list of sources")
    warnings = _apt([*flags, "update"], folder)
    progress(f"downloading Debian's source package {PACKAGE} (about 160 MB), for the Kokkos in it")
    _apt([*flags, "source", "--download-only", PACKAGE], folder / "source", *warnings)
    found = sorted((folder / "source").glob(f"{PACKAGE}_*.orig.tar.*"))
    found = [f for f in found if f.suffix != ".asc"]
    if not found:
        raise ToolchainMissing(f"apt-get source {PACKAGE} brought no .orig tarball")
    return found[0]


def source_lines(etc: Path, codename: str) -> Iterator[str]:
    """``deb-src`` lines for the release's own suite, from ``sources.list`` files and deb822 ``.sources``.

    Other repositories (a vendor's, backports) do not hold Debian's source and are left out.
    """
    entries = list(_entries(etc))
    own = [e for e in entries if e.suite == codename]
    if not own:  # a rolling release names its suite otherwise
        own = [e for e in entries if e.suite in ("unstable", "sid", "testing", "stable", "oldstable")]
        own = [e for e in own if "main" in e.components]
    yield from dict.fromkeys(f"deb-src {e.options}{e.uri} {e.suite} {' '.join(e.components)}" for e in own)


class _Entry(NamedTuple):
    options: str  # with a trailing space, or empty
    uri: str
    suite: str
    components: tuple[str, ...]


def _entries(etc: Path) -> Iterator[_Entry]:
    parts = etc / "sources.list.d"
    for path in [etc / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))]:
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue  # none there, or not ours to read
        found = _deb822_entries(text) if path.suffix == ".sources" else _one_line_entries(text)
        yield from (entry for entry in found if entry.components)  # without: a flat repository


def _one_line_entries(text: str) -> Iterator[_Entry]:
    pattern = r"^[ \t]*deb(?:-src)?[ \t]+(\[[^\]]*\][ \t]+)?(\S+)[ \t]+(\S+)((?:[ \t]+[^\s#]+)*)"
    for options, uri, suite, components in re.findall(pattern, text, re.MULTILINE):
        kept = [o for o in options.strip(" \t[]").split() if not o.startswith("arch")]  # not for sources
        yield _Entry(f"[{' '.join(kept)}] " if kept else "", uri, suite, tuple(components.split()))


def _deb822_entries(text: str) -> Iterator[_Entry]:
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", text):
        joined = re.sub(r"\n[ \t]+", " ", stanza)
        fields = {k.lower(): v.strip() for k, v in re.findall(r"^([\w-]+):[ \t]*(.*)$", joined, re.MULTILINE)}
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        options = {"signed-by": fields.get("signed-by", ""), "trusted": fields.get("trusted", "")}
        if "BEGIN PGP" in options["signed-by"]:
            options["signed-by"] = ""  # an embedded key has no place in a one-line entry
        shown = " ".join(f"{name}={value}" for name, value in options.items() if value)
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield _Entry(f"[{shown}] " if shown else "", uri, suite, components)


def _apt(arguments: list[str], folder: Path, *earlier: str) -> list[str]:
    """Run apt-get; its warnings. Raises ``ToolchainMissing`` with its errors and the ``earlier`` warnings:
    ``update`` counts an archive out of reach as no error, but it is why ``source`` then finds nothing."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-q", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.splitlines()
    if done.returncode:
        words = [*earlier, *([s for s in said if s.startswith("E:")] or said[-5:])]
        raise ToolchainMissing("the Debian archive gave no Kokkos source:\n  " + "\n  ".join(words))
    return [s for s in said if s.startswith(("W:", "E:"))]
