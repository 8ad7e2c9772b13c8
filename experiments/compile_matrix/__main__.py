"""Every corpus kernel x strategy, compiled with warnings on, for hosts and devices; what the kernels need.

python -m experiments.compile_matrix [KERNEL...] [--target ARCH[=KOKKOS_ROOT]]... [--all] [--write]

Needs compilers, no devices. Results are kept in a file as they come: started again, only what is missing or
has changed is compiled.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.compiler import identity
from autotune.resources import REPORT, Resources, compile_object, namespace_of, parse_report, unit_of
from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from experiments.plans import launches, strategies
from search_spaces.model import Architecture, Plan, architectures
from transform import pipeline
from transform.frontend.clang import ParseOptions

CORPUS = Path(__file__).parent.parent / "kernels"
README = Path(__file__).parent / "README.md"
MARK = "<!-- results: python -m experiments.compile_matrix --write -->\n"
STATE = Path("kad-out/compile_matrix.jsonl")
PER_UNIT = 8  # variants in one translation unit: reading Kokkos takes longer than a variant
TIMEOUT = 1200.0
WARNINGS = ("-Wall", "-Wextra")


@dataclass(frozen=True)
class Target:
    arch: Architecture
    tools: Toolchain

    @property
    def title(self) -> str:
        kokkos = self.tools.kokkos
        return f"{self.arch.name}, Kokkos {kokkos.version} ({', '.join(kokkos.backends)})"


@dataclass(frozen=True)
class Entry:
    """One variant for one target. ``kernels`` have no names here; ``log`` holds errors and warnings."""

    target: str
    kernel: str
    plan: Plan
    compiled: bool
    warnings: int
    kernels: tuple[Resources, ...]
    log: str


def main(arguments: Sequence[str]) -> int:
    names = sorted(p.stem for p in CORPUS.glob("*.cpp"))
    parser = argparse.ArgumentParser(prog="python -m experiments.compile_matrix", description=__doc__)
    parser.add_argument("kernel", nargs="*", default=names, metavar="KERNEL", help=f"from {', '.join(names)}")
    parser.add_argument(
        "--target", action="append", metavar="ARCH[=KOKKOS_ROOT]", help="repeatable (host, h100, mi250x)"
    )
    parser.add_argument("--all", action="store_true", help="also variants that mix strategies between Views")
    parser.add_argument("--state", type=Path, default=STATE, help=f"where results are kept ({STATE})")
    parser.add_argument("--write", action="store_true", help="put the results into this experiment's README")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.kernel) - set(names)):
        parser.error(f"unknown kernel {unknown[0]!r}; the corpus has {', '.join(names)}")
    targets = [t for text in options.target or ("host", "h100", "mi250x") if (t := _target(text)) is not None]
    options.state.parent.mkdir(parents=True, exist_ok=True)
    tables = [_table(t, _entries(t, options.kernel, options.all, options.state)) for t in targets]
    report = "\n".join(tables)
    print(report)
    if options.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + MARK + "\n" + report)
    return 0 if targets and "FAILED" not in report else 1


def _target(text: str) -> Target | None:
    """The target that an option names; ``None``, after a message, where nothing can compile for it here."""
    name, _, root = text.partition("=")
    arch = architectures()[name]
    try:
        root_path = Path(root) if root else None
        return Target(arch, find_toolchain(arch, root_path, (), build_missing=False, progress=_note))
    except ToolchainMissing as problem:
        _note(f"{name}: left out: {problem}")
        return None


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


# ---- compiling ----


def _entries(target: Target, kernels: Sequence[str], mixed: bool, state: Path) -> list[Entry]:
    """What every variant for ``target`` came to: from ``state``, or compiled now and added to it."""
    known = _read(state)
    found: list[Entry] = []
    for name in kernels:
        path = CORPUS / f"{name}.cpp"
        options = ParseOptions(kokkos_include=target.tools.kokkos.include)
        adjoint = pipeline.differentiate(pipeline.parse(path, options))
        space = pipeline.search_space(adjoint, target.arch)
        plans = (*strategies(space, mixed), *launches(space, space.default))
        variants = [pipeline.realise(adjoint, p) for p in plans]
        keyed = {_key(target, path, v.code()): v for v in variants}
        missing = [k for k in keyed if k not in known]
        for first in range(0, len(missing), PER_UNIT):
            part = missing[first : first + PER_UNIT]
            started = time.monotonic()
            made = _compile(target, path, {k: keyed[k] for k in part})
            _note(f"{target.title}: {name}: {len(part)} variants in {time.monotonic() - started:.0f} s")
            with state.open("a") as file:
                for key, entry in made.items():
                    file.write(json.dumps({"key": key, **dataclasses.asdict(entry)}) + "\n")
            known |= made
        found += [known[k] for k in keyed]
    return found


def _read(state: Path) -> dict[str, Entry]:
    known = {}
    for line in state.read_text().splitlines() if state.is_file() else ():
        data = json.loads(line)
        kernels = tuple(Resources(**r) for r in data.pop("kernels"))
        key = data.pop("key")
        known[key] = Entry(kernels=kernels, **data)
    return known


def _key(target: Target, path: Path, code: str) -> str:
    parts = (identity(target.tools), *WARNINGS, path.read_text(), code)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _compile(target: Target, path: Path, variants: dict[str, pipeline.Variant]) -> dict[str, Entry]:
    """Compile the variants together, or one by one if they do not compile together or something warns."""
    names = {key: f"kad_v{k}" for k, key in enumerate(variants)}
    text = unit_of(path, (v.code(names[k]) for k, v in variants.items()))
    compiled, log = compile_object(target.tools, text, WARNINGS, TIMEOUT)
    warnings = _warnings(log)
    if len(variants) > 1 and (not compiled or warnings):
        return {k: e for key, v in variants.items() for k, e in _compile(target, path, {key: v}).items()}
    kernels: dict[str, list[Resources]] = {}
    for r in parse_report(target.arch, log):
        kernels.setdefault(namespace_of(r.name, "kad_v") or "", []).append(dataclasses.replace(r, name=""))
    kept = "" if compiled and not warnings else log[-4000:]
    return {
        key: Entry(
            target.title, path.stem, v.plan, compiled, warnings, tuple(kernels.get(names[key], ())), kept
        )
        for key, v in variants.items()
    }


def _warnings(log: str) -> int:
    return len(re.findall(r"\bwarning\b.*:", log, re.IGNORECASE))


# ---- the table ----


def _table(target: Target, entries: Sequence[Entry]) -> str:
    good = [e for e in entries if e.compiled and not e.warnings]
    tools = target.tools
    lines = [
        f"### {target.title}\n",
        f"{tools.compiler_version}, {' '.join(tools.flags)} {' '.join(WARNINGS)}: {len(entries)} variants, "
        f"{len(good)} compile without a warning.\n",
    ]
    device = target.arch.backend in REPORT
    if device:
        lines += [
            "| kernel | variant | launches | registers | spilled, B | stack, B | shared, B | occupancy |",
            "|---|---|---|---|---|---|---|---|",
        ]
    else:
        lines += ["| kernel | variants | without warnings |", "|---|---|---|"]
        for name in dict.fromkeys(e.kernel for e in entries):
            all_ = [e for e in entries if e.kernel == name]
            fine = sum(1 for e in all_ if e in good)
            lines.append(f"| {name} | {len(all_)} | {fine} |")
    lines += [line for e in entries for line in _row(e, device)]
    return "\n".join(lines) + "\n"


def _row(e: Entry, device: bool) -> Iterator[str]:
    """The largest figure of any kernel that the variant launches; the smallest occupancy."""
    plan = ", ".join(f"{k}={v}" for k, v in e.plan.items()) or "the only one"
    if not e.compiled or e.warnings:
        first = next((x for x in e.log.splitlines() if re.search("error|warning", x)), "")
        what = f"{e.warnings} WARNINGS" if e.compiled else "FAILED"
        yield f"| {e.kernel} | {plan}: **{what}** {first} |" + "|" * (6 if device else 1)
    elif device and e.kernels:
        most = [max(getattr(r, f) for r in e.kernels) for f in ("registers", "spilled", "stack", "shared")]
        low = min(r.occupancy for r in e.kernels)
        figures = " | ".join(str(m) for m in most)
        yield f"| {e.kernel} | {plan} | {len(e.kernels)} | {figures} | {low:.0%} |"
    elif device:
        yield f"| {e.kernel} | {plan}: **FAILED** no kernel in the compiler's report |" + "|" * 6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
