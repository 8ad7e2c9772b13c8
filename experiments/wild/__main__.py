"""Scan public Kokkos codes as they are, and verify the gradients of what is differentiable.

python -m experiments.wild FOLDER [CODE...] [--check] [--kokkos-root DIR] [--write]

FOLDER holds the codes of codes.toml, each in ``<owner>+<name>``; results are kept in FOLDER/wild.json.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import signal
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autotune.evaluate import Limits
from autotune.infer import infer_workload
from autotune.options import Request
from autotune.outcome import Accuracy, CompileFailed
from autotune.problem import Derivation, architecture, derive_or_install, prepare, workload_of
from autotune.progress import open_progress, reason, summary
from autotune.scan import Inventory, inventory
from autotune.scan_report import verdict
from autotune.tuned import write_atomically
from autotune.workers import LocalExecutor
from autotune.workload import Workload, to_toml
from transform.diagnostics import Refused, UsageError
from transform.scan import Blocked, Differentiable, Entry, Nothing

HERE = Path(__file__).parent
README = HERE / "README.md"
MARK = "<!-- results: python -m experiments.wild FOLDER --check --write -->\n"
SIZE = 100_000  # elements of the largest array of an inferred workload, about


@dataclass(frozen=True)
class Code:
    """One entry of ``codes.toml``, found below ``root``. ``held``: floating-point parameters that name a
    choice; they are no independents."""

    name: str
    title: str
    repository: str
    commit: str
    paths: tuple[Path, ...]
    request: Request
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One function: a template counts once, whatever its instances."""

    function: str
    place: str
    verdict: str  # "differentiable", "refused" or "bug"
    why: str  # the findings, or what verification said
    instance: str = ""  # the function or the instance of a template that is verified
    source: str = ""  # a file that defines or includes it


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.wild", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("code", nargs="*", metavar="CODE")
    parser.add_argument("--scan", action="store_true", help="scan again what was scanned before")
    parser.add_argument("--check", action="store_true", help="compile gradients and verify them")
    parser.add_argument("--budget", type=float, default=600, metavar="S", help="seconds for one verification")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    results = Results(options.folder / "wild.json")
    codes = list(_codes(options.folder, options.kokkos_root))
    chosen = [c for c in codes if not options.code or c.name in options.code]
    for code in chosen:
        if options.scan or code.name not in results.scans:
            print(f"== {code.name}", file=sys.stderr)
            results.scanned(code.name, _scan(code))
    if options.check:
        os.environ["CXX"] = str(HERE / "link_alone.py")
        for code in chosen:
            _check(code, results, options.budget)
    report = _report([c for c in codes if c.name in results.scans], results)
    print(report)
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


class Results:
    """What is known so far, in a file that is replaced with every new result. Several runs may share it.

    ``scans``: by code. ``checks``: what verification said, by code, place and name of the function, with the
    identity of the problem (program, variants, workload, toolchain) that it was said of.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.scans: dict[str, Any] = {}
        self.checks: dict[str, Any] = {}
        self._read()

    def scanned(self, code: str, scan: dict[str, Any]) -> None:
        with self._locked():
            self.scans[code] = scan

    def checked(self, code: str, row: Row, identity: str, why: str) -> None:
        with self._locked():
            self.checks[_key(code, row)] = {"identity": identity, "why": why}

    def rows(self, code: str) -> list[Row]:
        """The functions of a code, with what verification said of those that are differentiable."""
        rows = [Row(**r) for r in self.scans[code]["rows"]]
        return [
            replace(r, why=self.checks.get(_key(code, r), {}).get("why", ""))
            if r.verdict == "differentiable"
            else r
            for r in rows
        ]

    def identity(self, code: str, row: Row) -> str:
        return str(self.checks.get(_key(code, row), {}).get("identity", ""))

    def _read(self) -> None:
        found: dict[str, Any] = json.loads(self._path.read_text()) if self._path.is_file() else {}
        self.scans, self.checks = found.get("scans", {}), found.get("checks", {})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            yield
            write_atomically(self._path, json.dumps({"scans": self.scans, "checks": self.checks}, indent=1))


def _key(code: str, row: Row) -> str:
    return f"{code} {row.place} {row.function}"


def _codes(folder: Path, kokkos: Path | None) -> Iterator[Code]:
    for name, about in tomllib.loads((HERE / "codes.toml").read_text()).items():
        root = folder / about["repository"].replace("/", "+")
        if not root.is_dir():
            print(f"{root}: not there", file=sys.stderr)
            continue
        dirs = [HERE / "stand_ins" / d for d in about.get("stand_ins", ())]
        dirs += [root / d for d in about.get("include", ())]
        request = Request(
            kernel=Path(),
            kokkos_root=kokkos,
            include_dirs=tuple(d.resolve() for d in dirs),
            defines=tuple(about.get("define", ())),
        )
        paths = tuple((root / p).resolve() for p in about["paths"])
        held = tuple(about.get("held", ()))
        yield Code(name, about["title"], about["repository"], about["commit"], paths, request, held)


# ---- scanning ----


def _scan(code: Code) -> dict[str, Any]:
    with open_progress() as progress:
        found = inventory(code.request, code.paths, progress)
    rows = [_row(found, same) for same in _functions(found)]
    return {
        "rows": [asdict(r) for r in rows],
        "unread": [str(u.path) for u in found.failed],
        "guessed": [str(d) for d in found.guessed],
    }


def _functions(found: Inventory) -> Iterator[list[Entry]]:
    """The instances of each function with parallel floating-point work."""
    groups: dict[tuple[str, int], list[Entry]] = {}
    for e in found.entries:
        groups.setdefault((e.loc.file, e.loc.line), []).append(e)
    for same in groups.values():
        if not all(isinstance(e.verdict, Nothing) for e in same):
            yield same


def _row(found: Inventory, same: list[Entry]) -> Row:
    good = [e for e in same if isinstance(e.verdict, Differentiable)]
    e = good[0] if good else same[0]
    name = e.function.partition("<")[0] if len(same) > 1 else e.function
    place = f"{Path(e.loc.file).name}:{e.loc.line}"
    if good:
        return Row(name, place, "differentiable", "", e.function, str(_including(found, e)))
    if isinstance(e.verdict, Blocked):
        findings = list(dict.fromkeys(d.message for d in e.verdict.findings))
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return Row(name, place, "refused", findings[0] + more)
    return Row(name, place, "bug", verdict(e))


def _including(found: Inventory, e: Entry) -> Path:
    """A file of the code that defines the function or includes it."""
    return next((u.path for u in found.units if e in u.entries), Path(e.loc.file))


# ---- verifying ----


def _check(code: Code, results: Results, budget: float) -> None:
    """Verify what is differentiable and was not verified as it is now, each in a process of its own."""
    context = get_context("fork")
    guessed = tuple(Path(d) for d in results.scans[code.name]["guessed"])
    rows = [r for r in results.rows(code.name) if r.verdict == "differentiable"]
    for row in sorted(rows, key=lambda r: r.why.startswith("verified")):
        print(f"== {code.name}: {row.function} ({row.place})", file=sys.stderr)
        known = results.identity(code.name, row)
        receive, send = context.Pipe(duplex=False)
        child = context.Process(target=_checked, args=(code, guessed, row, known, send))
        child.start()
        send.close()
        said: tuple[str, str] | None = ("", f"not verified: takes more than {budget:.0f} s")
        if receive.poll(budget):
            try:
                said = receive.recv()
            except EOFError:
                said = ("", "not verified: the verification died")
        else:
            os.killpg(child.pid or 0, signal.SIGKILL)
        child.join()
        if said is not None:
            results.checked(code.name, row, *said)
            print(f"   {said[1]}", file=sys.stderr)


def _checked(code: Code, guessed: tuple[Path, ...], row: Row, known: str, send: Any) -> None:
    """Send the identity of the problem and what came of it; ``None`` if the identity is ``known``."""
    os.setsid()  # what it starts ends with it
    # Through a macro: generated headers repeat the includes of a kernel, and sources have no guards.
    lines = ("#include <iostream>", "#define main main_of_the_code", f'#define CODE "{row.source}"')
    text = "\n".join((*lines, "#include CODE", "#undef main", ""))
    with tempfile.TemporaryDirectory() as scratch, open_progress() as progress:
        kernel = Path(scratch) / "wild.cpp"
        kernel.write_text(text)
        request = Request(
            kernel=kernel,
            function=row.instance,
            kokkos_root=code.request.kokkos_root,
            include_dirs=(*code.request.include_dirs, *guessed),
            defines=code.request.defines,
            out=Path(scratch),
        )
        try:
            said = _verified(code, request, known, progress.note)
        except Refused as refused:
            said = ("", f"not verified: {refused.diagnostics[0].message}")
        except UsageError as problem:
            said = ("", f"not verified: {str(problem).splitlines()[0].replace(scratch, '')}")
        except Exception as problem:
            said = ("", f"BUG: {type(problem).__name__}: {problem}")
        send.send(said)


def _verified(code: Code, request: Request, known: str, note: Any) -> tuple[str, str] | None:
    arch = architecture("host")
    derivation, toolchain = derive_or_install(request, arch, note)
    independent = [a.name for a in derivation.signature.arguments if a.independent]
    if set(independent) & set(code.held):
        request = replace(request, wrt=tuple(name for name in independent if name not in code.held))
        derivation, toolchain = derive_or_install(request, arch, note)
    workload = _workload(code, request, derivation)
    problem = prepare(request, derivation, arch, toolchain, workload, limits=Limits())
    if problem.identity == known:
        return None
    plans = list(islice(problem.legal.space.plans(), 1000))
    default = problem.legal.space.default
    jobs = {j.key: j for j in (problem.job(p) for p in (default, plans[0], plans[-1]))}
    executor = LocalExecutor()
    try:
        ((_, binary),) = executor.build([problem.task(problem.job(default), tuple(jobs.values()))])
        if isinstance(binary, CompileFailed):
            return problem.identity, f"not verified: {reason(binary)}"
        errors = []
        for key in jobs:
            outcome = executor.verify(binary, key, problem.inputs, problem.limits)
            if not isinstance(outcome, Accuracy):
                return problem.identity, f"FAILED: {summary(outcome)}: {reason(outcome)}"
            errors.append(max(outcome.inner_product, outcome.agreement))
    finally:
        executor.close()
    said = f"verified, {len(jobs)} variant{'s' * (len(jobs) > 1)}, error {max(errors):.0e}"
    return problem.identity, said


def _workload(code: Code, request: Request, derivation: Derivation) -> Workload:
    """One inferred from the code, with the values by name that ``workloads/<code>.toml`` has."""
    table = HERE / "workloads" / f"{code.name}.toml"
    given = _values(table.read_text()) if table.is_file() else {}
    try:
        inferred = infer_workload(derivation.program, derivation.signature, SIZE)
    except UsageError:
        if not given:
            raise
        values = given
    else:
        if not given:
            return inferred
        values = _values(to_toml(inferred)) | given
    names = {a.name for a in derivation.signature.arguments}
    own = request.out / "workload.toml"
    own.write_text("[wild]\n" + "".join(text for name, text in values.items() if name in names))
    return workload_of(replace(request, workload=str(own)), derivation, lambda text: None)


def _values(toml: str) -> dict[str, str]:
    """The text of each value of a workload, with its name before it."""
    blocks = re.split(r"^(?=\w+ *=)", toml, flags=re.M)[1:]
    return {re.split(r" *=", block)[0]: block for block in blocks}


# ---- the report ----


def _report(codes: Sequence[Code], results: Results) -> str:
    lines = ["| code | functions with parallel floating-point work | differentiable as they are | verified |"]
    lines.append("|---|---|---|---|")
    total = [0, 0, 0]
    for code in codes:
        rows = results.rows(code.name)
        counts = [
            len(rows),
            sum(r.verdict == "differentiable" for r in rows),
            sum(r.why.startswith("verified") for r in rows),
        ]
        total = [a + b for a, b in zip(total, counts, strict=True)]
        link = f"[{code.title}](https://github.com/{code.repository}) `{code.commit}`"
        lines.append(f"| {link} | {counts[0]} | {_share(counts[1], counts[0])} | {counts[2]} |")
    lines.append(f"| all | {total[0]} | {_share(total[1], total[0])} | {total[2]} |")
    for code in codes:
        lines += ["", f"### {code.name}", "", "| function | place | |", "|---|---|---|"]
        for row in results.rows(code.name):
            text = row.why if row.verdict == "differentiable" else f"{row.verdict}: {row.why}"
            lines.append(f"| `{row.function}` | {row.place} | {_cell(text or 'not verified')} |")
        unread = results.scans[code.name]["unread"]
        if unread:
            names = ", ".join(sorted({Path(u).name for u in unread}))
            lines += ["", f"Not read (does not compile by itself with this Kokkos): {names}."]
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "-"


def _cell(text: str) -> str:
    text = re.sub(r"(?<!\S)/\S*/(?=\S)", "", text)  # the folders of this machine
    return text.replace("|", "\\|").replace("\n", " ")[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
