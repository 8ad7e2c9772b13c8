"""An inventory for people and programs: summary, table, reasons, JSON."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, assert_never

from rich import box
from rich.table import Table

from autotune.scan import Inventory
from autotune.table import wide_console
from transform.diagnostics import Diagnostic
from transform.scan import Blocked, Broken, Differentiable, Entry, Nothing

_MOST = 12  # reasons that are summed up


def print_inventory(found: Inventory, out: TextIO) -> None:
    """The table, then why functions are blocked, the most frequent reasons, files that did not compile."""
    console = wide_console(out)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("function", overflow="fold")
    table.add_column("place", overflow="fold")
    table.add_column("parallel regions")
    for title in ("operations", "active"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for e in found.entries:
        table.add_row(e.function, place(e), regions(e), *sizes(e), verdict(e))
    if found.entries:
        console.print(table)
    _section(console.print, "blocked:", (line for e in found.blocked for line in _blocked(e)))
    _section(console.print, "most frequent reasons:", (f"{n:4} x {r}" for r, n in reasons(found)))
    _section(console.print, "not compiled:", _failures(found))
    _section(console.print, "include folders found by search:", (f"  {d}" for d in found.guessed))
    console.print(summary(found), markup=False, soft_wrap=True)


def _section(print_: Any, title: str, lines: Iterator[str]) -> None:
    listed = list(lines)
    if listed:
        print_(title)
        for line in listed:
            print_(line, markup=False, soft_wrap=True)


def summary(found: Inventory) -> str:
    """One line: how many of the functions with floating-point work can be differentiated."""
    floating = [e for e in found.entries if not isinstance(e.verdict, Nothing)]
    good = len(found.differentiable)
    share = f" ({100 * good / len(floating):.0f} %)" if floating else ""
    rest = len(found.entries) - len(floating)
    return (
        f"{good} of {len(floating)} functions with parallel floating-point work are differentiable{share}; "
        f"{rest} without; {len(found.units)} files read, {len(found.failed)} of them do not compile"
    )


def place(e: Entry) -> str:
    """``file:line``, relative to the current folder where that is shorter."""
    return f"{short(e.loc.file)}:{e.loc.line}"


def short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def regions(e: Entry) -> str:
    """``2 for, 1 reduce``."""
    counted = Counter(r.pattern.removeprefix("parallel_") for r in e.regions)
    return ", ".join(f"{n} {pattern}" for pattern, n in counted.items())


def sizes(e: Entry) -> tuple[str, str]:
    """Operations in the kernels, and the active share of the floating-point ones."""
    v = e.verdict
    if not isinstance(v, Differentiable):
        return "-", "-"
    return str(v.statements), f"{100 * v.active / v.floating:.0f} %" if v.floating else "-"


def verdict(e: Entry) -> str:
    match e.verdict:
        case Differentiable(racing=racing):
            return "differentiable" + (f", {len(racing)} racing" if racing else "")
        case Blocked(findings=findings):
            return f"blocked ({len(findings)})"
        case Nothing(reason=reason):
            return f"nothing to do: {reason}"
        case Broken(error=error):
            return f"bug in kad-tune: {error}"
        case absent:
            assert_never(absent)


def reasons(found: Inventory) -> list[tuple[str, int]]:
    """Why functions are blocked, without the names in the findings: reason and number of functions."""
    functions: dict[str, set[int]] = defaultdict(set)
    for number, e in enumerate(found.blocked):
        assert isinstance(e.verdict, Blocked)
        for finding in e.verdict.findings:
            functions[general(finding.message)].add(number)
    ranked = sorted(functions.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(reason, len(where)) for reason, where in ranked[:_MOST]]


def general(message: str) -> str:
    """A finding without what is particular to its function."""
    return re.sub(r"line \d+", "line ...", re.sub(r"'[^']*'", "'...'", message))


def _blocked(e: Entry) -> Iterator[str]:
    assert isinstance(e.verdict, Blocked)
    yield f"  {e.function}"
    for finding in e.verdict.findings:
        yield f"    {where(finding)}{finding.message}"


def where(finding: Diagnostic) -> str:
    loc = finding.loc
    return f"{short(loc.file)}:{loc.line}:{loc.column}: " if loc else ""


def _failures(found: Inventory) -> Iterator[str]:
    for unit in found.failed:
        first = unit.errors[0]
        yield f"  {short(str(unit.path))}: {where(first)}{first.message}"


def to_json(found: Inventory) -> dict[str, Any]:
    """Everything, for programs."""
    floating = [e for e in found.entries if not isinstance(e.verdict, Nothing)]
    return {
        "summary": {
            "functions": len(found.entries),
            "with_floating_work": len(floating),
            "differentiable": len(found.differentiable),
            "blocked": len(found.blocked),
            "files": len(found.units),
            "files_not_compiled": len(found.failed),
        },
        "functions": [_entry(e) for e in found.entries],
        "reasons": [{"reason": reason, "functions": n} for reason, n in reasons(found)],
        "not_compiled": [
            {"file": str(u.path), "errors": [_finding(d) for d in u.errors]} for u in found.failed
        ],
        "include_dirs_found": [str(d) for d in found.guessed],
    }


def _entry(e: Entry) -> dict[str, Any]:
    common = {
        "function": e.function,
        "file": e.loc.file,
        "line": e.loc.line,
        "lines": e.lines,
        "regions": [{"pattern": r.pattern, "line": r.line, "floating": r.floating} for r in e.regions],
    }
    match e.verdict:
        case Differentiable() as v:
            return common | {
                "verdict": "differentiable",
                "operations": v.statements,
                "floating": v.floating,
                "active": v.active,
                "racing": list(v.racing),
                "wrt": list(v.wrt),
            }
        case Blocked(findings=findings):
            return common | {"verdict": "blocked", "findings": [_finding(d) for d in findings]}
        case Nothing(reason=reason):
            return common | {"verdict": "nothing", "reason": reason}
        case Broken(error=error):
            return common | {"verdict": "bug", "error": error}
        case absent:
            assert_never(absent)


def _finding(d: Diagnostic) -> dict[str, Any]:
    loc = {"file": d.loc.file, "line": d.loc.line, "column": d.loc.column} if d.loc else {}
    return {"message": d.message, "hint": d.hint, **loc}
