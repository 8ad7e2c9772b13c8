"""Scan public Kokkos codes as they are, and verify the gradients of what is differentiable.

python -m experiments.wild FOLDER [CODE...] [--check] [--kokkos-root DIR] [--write]

FOLDER holds the codes of codes.toml, each in ``<owner>+<name>``; results are kept in FOLDER/wild.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotune.evaluate import Limits
from autotune.options import Request
from autotune.outcome import Accuracy, CompileFailed
from autotune.problem import architecture, derive_or_install, prepare, workload_of
from autotune.progress import open_progress, reason, summary
from autotune.scan import Inventory, inventory
from autotune.scan_report import verdict
from autotune.workers import LocalExecutor
from transform.diagnostics import Refused, UsageError
from transform.scan import Blocked, Differentiable, Entry, Nothing

HERE = Path(__file__).parent
README = HERE / "README.md"
MARK = "<!-- results: python -m experiments.wild FOLDER --check --write -->\n"
VARIANTS = 3  # of each gradient that are verified


@dataclass(frozen=True)
class Code:
    """One entry of ``codes.toml``, found below ``root``."""

    name: str
    title: str
    repository: str
    commit: str
    paths: tuple[Path, ...]
    request: Request


@dataclass(frozen=True)
class Row:
    """One function: a template counts once, whatever its instances."""

    function: str
    place: str
    verdict: str  # "differentiable", "refused" or "bug"
    why: str  # the findings, or what verification said


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.wild", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("code", nargs="*", metavar="CODE")
    parser.add_argument("--check", action="store_true", help="compile gradients and verify them")
    parser.add_argument("--kokkos-root", type=Path, help="a Kokkos installation")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    kept = options.folder / "wild.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    codes = list(_codes(options.folder, options.kokkos_root))
    for code in codes:
        if options.code and code.name not in options.code:
            continue
        print(f"== {code.name}", file=sys.stderr)
        results[code.name] = _result(code, options.check)
        kept.write_text(json.dumps(results, indent=1))
    report = _report([c for c in codes if c.name in results], results)
    print(report)
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0


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
        yield Code(name, about["title"], about["repository"], about["commit"], paths, request)


def _result(code: Code, check: bool) -> dict[str, Any]:
    with open_progress() as progress:
        found = inventory(code.request, code.paths, progress)
    rows = [_row(code, found, same, check) for same in _functions(found)]
    unread = [str(u.path) for u in found.failed]
    return {"rows": [vars_of(r) for r in rows], "unread": unread}


def vars_of(row: Row) -> dict[str, str]:
    return {"function": row.function, "place": row.place, "verdict": row.verdict, "why": row.why}


def _functions(found: Inventory) -> Iterator[list[Entry]]:
    """The instances of each function with parallel floating-point work."""
    groups: dict[tuple[str, int], list[Entry]] = {}
    for e in found.entries:
        groups.setdefault((e.loc.file, e.loc.line), []).append(e)
    for same in groups.values():
        if not all(isinstance(e.verdict, Nothing) for e in same):
            yield same


def _row(code: Code, found: Inventory, same: list[Entry], check: bool) -> Row:
    good = [e for e in same if isinstance(e.verdict, Differentiable)]
    e = good[0] if good else same[0]
    name = e.function.partition("<")[0] if len(same) > 1 else e.function
    place = f"{Path(e.loc.file).name}:{e.loc.line}"
    if good:
        return Row(name, place, "differentiable", _checked(code, found, e) if check else "")
    if isinstance(e.verdict, Blocked):
        findings = list(dict.fromkeys(d.message for d in e.verdict.findings))
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return Row(name, place, "refused", findings[0] + more)
    return Row(name, place, "bug", verdict(e))


def _checked(code: Code, found: Inventory, e: Entry) -> str:
    """Compile and verify a few variants of one gradient; what came of it."""
    # Through a macro: generated headers repeat the includes of a kernel, and sources have no guards.
    lines = ("#include <iostream>", "#define main main_of_the_code", f'#define CODE "{_including(found, e)}"')
    text = "\n".join((*lines, "#include CODE", "#undef main", ""))
    with tempfile.TemporaryDirectory() as scratch, open_progress() as progress:
        kernel = Path(scratch) / "wild.cpp"
        kernel.write_text(text)
        dirs = (*code.request.include_dirs, *found.guessed)
        request = Request(
            kernel=kernel,
            function=e.function,
            kokkos_root=code.request.kokkos_root,
            include_dirs=dirs,
            defines=code.request.defines,
            out=Path(scratch),
        )
        try:
            return _verified(request, progress.note)
        except Refused as refused:
            return f"not verified: {refused.diagnostics[0].message}"
        except UsageError as problem:
            return f"not verified: {str(problem).splitlines()[0].replace(scratch, '')}"
        except Exception as problem:
            return f"BUG: {type(problem).__name__}: {problem}"


def _including(found: Inventory, e: Entry) -> Path:
    """A file of the code that defines the function or includes it."""
    return next((u.path for u in found.units if e in u.entries), Path(e.loc.file))


def _verified(request: Request, note: Any) -> str:
    arch = architecture("host")
    derivation, toolchain = derive_or_install(request, arch, note)
    workload = workload_of(request, derivation, lambda text: None)
    problem = prepare(request, derivation, arch, toolchain, workload, limits=Limits())
    plans = list(problem.legal.space.plans())
    chosen = plans if len(plans) <= VARIANTS else [plans[0], plans[len(plans) // 2], plans[-1]]
    default = problem.legal.space.default
    jobs = {j.key: j for j in (problem.job(p) for p in (default, *chosen))}
    executor = LocalExecutor()
    try:
        ((_, binary),) = executor.build([problem.task(problem.job(default), tuple(jobs.values()))])
        if isinstance(binary, CompileFailed):
            return f"not verified: {reason(binary)}"
        errors = []
        for key in jobs:
            outcome = executor.verify(binary, key, problem.inputs, problem.limits)
            if not isinstance(outcome, Accuracy):
                return f"FAILED: {summary(outcome)}: {reason(outcome)}"
            errors.append(max(outcome.inner_product, outcome.agreement))
    finally:
        executor.close()
    return f"verified, {len(jobs)} variant{'s' * (len(jobs) > 1)}, error {max(errors):.0e}"


# ---- the report ----


def _report(codes: Sequence[Code], results: dict[str, Any]) -> str:
    lines = ["| code | functions with parallel floating-point work | differentiable as they are | verified |"]
    lines.append("|---|---|---|---|")
    total = [0, 0, 0]
    for code in codes:
        rows = [Row(**r) for r in results[code.name]["rows"]]
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
        for row in (Row(**r) for r in results[code.name]["rows"]):
            text = row.why if row.verdict == "differentiable" else f"{row.verdict}: {row.why}"
            lines.append(f"| `{row.function}` | {row.place} | {_cell(text or row.verdict)} |")
        unread = results[code.name]["unread"]
        if unread:
            names = ", ".join(sorted({Path(u).name for u in unread}))
            lines += ["", f"Not read (does not compile by itself with this Kokkos): {names}."]
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
