"""Every corpus kernel x strategy, compiled with warnings on, for hosts and devices; what the kernels need.

python -m experiments.compile_matrix [KERNEL...] [--target ARCH[=KOKKOS_ROOT]]... [--all] [--write]
python -m experiments.compile_matrix --cases [FILE...] [--target ARCH[=KOKKOS_ROOT]]... [--write]

Needs compilers, no devices. Results are kept in a file as they come: started again, only what is missing or
has changed is compiled.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from autotune.resources import REPORT
from autotune.toolchain import ToolchainMissing, find_toolchain
from experiments.compile_matrix.cases import FILES, case_entries
from experiments.compile_matrix.compiling import WARNINGS, Entry, Record, Target, entries, note
from experiments.plans import launches, strategies
from search_spaces.model import architectures
from transform import pipeline
from transform.frontend.clang import ParseOptions

CORPUS = Path(__file__).parent.parent / "kernels"
README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.compile_matrix --write -->\n"
CASES_MARK = "<!-- results: python -m experiments.compile_matrix --cases --write -->\n"
STATE = Path("kad-out/compile_matrix.jsonl")


def main(arguments: Sequence[str]) -> int:
    corpus = sorted(p.stem for p in CORPUS.glob("*.cpp"))
    parser = argparse.ArgumentParser(prog="python -m experiments.compile_matrix", description=__doc__)
    parser.add_argument("kernel", nargs="*", metavar="KERNEL", help=f"from {', '.join(corpus)}")
    parser.add_argument(
        "--cases", action="store_true", help="the default variants of the kernels in tests/kernels instead"
    )
    parser.add_argument(
        "--target", action="append", metavar="ARCH[=KOKKOS_ROOT]", help="repeatable (host, h100, mi250x)"
    )
    parser.add_argument("--all", action="store_true", help="also variants that mix strategies between Views")
    parser.add_argument("--state", type=Path, default=STATE, help=f"where results are kept ({STATE})")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    names = list(FILES) if options.cases else corpus
    chosen = options.kernel or names
    if unknown := sorted(set(chosen) - set(names)):
        parser.error(f"unknown kernel {unknown[0]!r}; there are {', '.join(names)}")
    targets = [t for text in options.target or ("host", "h100", "mi250x") if (t := _target(text)) is not None]
    record = Record(options.state)
    tables = []
    for target in targets:
        if options.cases:
            tables.append(_cases_table(target, {n: case_entries(target, n, record) for n in chosen}))
        else:
            found = [e for n in chosen for e in _variants(target, n, options.all, record)]
            tables.append(_table(target, found))
    report = "\n".join(tables)
    print(report)
    if options.write:
        _write(CASES_MARK if options.cases else MARK, report)
    return 0 if targets and "**" not in report else 1


def _write(mark: str, report: str) -> None:
    """Replace what stands in the README between ``mark`` and the next one."""
    before, _, after = README.read_text().partition(mark)
    following = re.search(r"^(## .*\n+)?<!-- results", after, re.MULTILINE)
    rest = "\n" + after[following.start() :] if following else ""
    README.write_text(before + mark + "\n" + report + rest)


def _target(text: str) -> Target | None:
    """The target that an option names; ``None``, after a message, where nothing can compile for it here."""
    name, _, root = text.partition("=")
    arch = architectures()[name]
    try:
        root_path = Path(root) if root else None
        return Target(arch, find_toolchain(arch, root_path, (), build_missing=False, progress=note))
    except ToolchainMissing as problem:
        note(f"{name}: left out: {problem}")
        return None


def _variants(target: Target, name: str, mixed: bool, record: Record) -> list[Entry]:
    """Every strategy of a corpus kernel, and the default variant with every other way to launch it."""
    path = CORPUS / f"{name}.cpp"
    options = ParseOptions(kokkos_include=target.tools.kokkos.include)
    adjoint = pipeline.differentiate(pipeline.parse(path, options))
    space = pipeline.search_space(adjoint, target.arch)
    plans = (*strategies(space, mixed), *launches(space, space.default))
    return entries(target, path, [(name, pipeline.realise(adjoint, p)) for p in plans], record)


# ---- the tables ----


def _setting(target: Target, found: Sequence[Entry]) -> list[str]:
    tools = target.tools
    good = sum(e.clean for e in found)
    return [
        f"### {target.title}\n",
        f"{tools.compiler_version}, `{' '.join(tools.flags)} {' '.join(WARNINGS)}`: {len(found)} variants, "
        f"{good} compile without a warning.\n",
    ]


def _table(target: Target, found: Sequence[Entry]) -> str:
    lines = _setting(target, found)
    device = target.arch.backend in REPORT
    if device:
        lines += [
            "| kernel | variant | launches | registers | spilled, B | stack, B | shared, B | occupancy |",
            "|---|---|---|---|---|---|---|---|",
        ]
    else:
        lines += ["| kernel | variants | without warnings |", "|---|---|---|"]
        for name in dict.fromkeys(e.kernel for e in found):
            mine = [e for e in found if e.kernel == name]
            lines.append(f"| {name} | {len(mine)} | {sum(e.clean for e in mine)} |")
    lines += [line for e in found for line in _row(e, device)]
    return "\n".join(lines) + "\n"


def _row(e: Entry, device: bool) -> Iterator[str]:
    """The largest figure of any kernel that the variant launches; the smallest occupancy."""
    plan = ", ".join(f"{k}={v}" for k, v in e.plan.items()) or "the only one"
    if not e.clean:
        yield f"| {e.kernel} | {plan}: {_failure(e)} |" + "|" * (6 if device else 1)
    elif device and e.kernels:
        most = [max(getattr(r, f) for r in e.kernels) for f in ("registers", "spilled", "stack", "shared")]
        low = min(r.occupancy for r in e.kernels)
        figures = " | ".join(str(m) for m in most)
        yield f"| {e.kernel} | {plan} | {len(e.kernels)} | {figures} | {low:.0%} |"
    elif device:
        yield f"| {e.kernel} | {plan}: **FAILED** no kernel in the compiler's report |" + "|" * 6


def _failure(e: Entry) -> str:
    first = next((x for x in e.log.splitlines() if re.search("error|warning", x)), "")
    return (f"**{e.warnings} WARNINGS** " if e.compiled else "**FAILED** ") + first


def _cases_table(target: Target, found: dict[str, tuple[list[Entry], str]]) -> str:
    """A row for each file, then what failed; last, what the files' own code does not compile for."""
    lines = [
        *_setting(target, [e for mine, _ in found.values() for e in mine]),
        "| file | gradients | without warnings | registers | spilled, B | stack, B |",
        "|---|---|---|---|---|---|",
    ]
    for name, (mine, _) in found.items():
        kernels = [r for e in mine for r in e.kernels]
        most = [max((getattr(r, f) for r in kernels), default=0) for f in ("registers", "spilled", "stack")]
        figures = " | ".join(map(str, [len(mine), sum(e.clean for e in mine), *most]))
        lines.append(f"| {name} | {figures} |")
    lines += [f"| {e.kernel}: {_failure(e)} |||||" for mine, _ in found.values() for e in mine if not e.clean]
    left_out = [f"* {name}: {reasons}" for name, (_, reasons) in found.items() if reasons]
    if left_out:
        lines += ["", "Left out, since the user's own code does not compile for this target:\n", *left_out]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
