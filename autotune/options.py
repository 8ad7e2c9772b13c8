"""The command line: which options each verb takes, and what they mean as a ``Request``."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autotune.select import OBJECTIVES
from transform.diagnostics import UsageError
from transform.frontend.rules import Rule, read_rules

VERBS = ("tune", "grad", "check", "explain", "scan", "nightly", "report", "archs", "doctor", "kokkos")
_ABSENT = {
    "nightly": "run a list of tuning jobs and compare with history (not in this version)",
}

SAMPLERS = ("random", "qmc", "genetic", "gp", "exhaustive", "tpe")
"""What chooses the plans of a search; ``auto`` is one of these."""


@dataclass(frozen=True)
class Request:
    """What the user asks about one kernel. ``None`` means: decide for me. ``max_memory`` in bytes."""

    kernel: Path
    function: str | None = None
    name: str | None = None  # of the derivatives; the function's own by default
    wrt: tuple[str, ...] | None = None
    of: tuple[str, ...] | None = None
    archs: tuple[str, ...] = ("host",)
    kokkos_root: Path | None = None
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    std: str | None = None
    compile_commands: Path | None = None
    derivatives: tuple[tuple[str, Rule], ...] = ()
    workload: str | None = None
    out: Path = Path()
    settings: tuple[tuple[str, str], ...] = ()
    space: Path | None = None
    deterministic: bool = False
    max_memory: int | None = None

    @property
    def compiler_flags(self) -> tuple[str, ...]:
        """The user's flags as the compiler takes them."""
        std = (f"-std={self.std}",) if self.std else ()
        return (*(f"-I{d.absolute()}" for d in self.include_dirs), *(f"-D{d}" for d in self.defines), *std)


@dataclass(frozen=True)
class SearchOptions:
    """How to search. ``time_budget`` in seconds; ``storage`` an Optuna URL, ``None``: a journal in OUT.

    ``keep_going``: also where no improvement beyond the noise is expected. ``warm``: tuned configs to learn
    from besides the one in OUT; ``cold``: from none.
    """

    trials: int = 64
    time_budget: float | None = None
    seed: int = 0
    sampler: str = "auto"
    storage: str | None = None
    resume: bool = False
    cold_cache: bool = False
    objectives: tuple[str, ...] = ("time",)
    keep_going: bool = False
    warm: tuple[Path, ...] = ()
    cold: bool = False


def sampler_name(name: str, size: int | None, budget: int) -> str:
    """Resolve ``auto``: exhaustive if the budget covers the space, else the Gaussian process, which found
    good plans soonest in ``experiments/regret``. Raises ``UsageError``."""
    if name == "auto":
        return "exhaustive" if size is not None and size <= budget else "gp"
    if name not in SAMPLERS:
        raise UsageError(f"unknown sampler '{name}' (known: auto, {', '.join(SAMPLERS)})")
    return name


def tool_version() -> str:
    """The installed version of kad-tune."""
    try:
        return version("kad-tune")
    except PackageNotFoundError:
        return "unknown"


def with_verb(arguments: Sequence[str]) -> list[str]:
    """``kad-tune KERNEL.cpp ...`` means ``kad-tune tune KERNEL.cpp ...``. Exits for a wrong verb."""
    args = list(arguments)
    if not args or args[0] in VERBS or args[0] in ("-h", "--help", "--version"):
        return args
    if re.fullmatch(r"[a-z]+", args[0]) and not Path(args[0]).exists():
        near = difflib.get_close_matches(args[0], VERBS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"the verbs are {', '.join(VERBS)}"
        parser().error(f"no verb '{args[0]}': {hint}")
    return ["tune", *args]


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="kad-tune",
        description="Gradients for C++ codes written with Kokkos, tuned for every architecture.",
        epilog="kad-tune KERNEL.cpp ... without a verb is kad-tune tune KERNEL.cpp ...",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"kad-tune {tool_version()}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, help: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.add_argument("--debug", action="store_true", help="show Python tracebacks (also KAD_DEBUG=1)")
        return made

    tune = verb("tune", "tune the gradient of the function in KERNEL.cpp")
    _kernel(tune)
    _architecture(tune)
    _running(tune)
    _search(tune)
    grad = verb("grad", "emit one gradient variant, no tuning, no toolchain needed")
    _kernel(grad)
    _architecture(grad)
    _json(grad)
    check = verb("check", "verify the gradient of every legal variant, no timing")
    _kernel(check)
    _architecture(check)
    _running(check)
    explain = verb("explain", "what is active, what races and why, which choices exist")
    _kernel(explain)
    _architecture(explain)
    _json(explain)
    scan = verb("scan", "inventory: which functions are differentiable, what blocks the rest")
    scan.add_argument("paths", type=Path, nargs="+", metavar="DIR|FILE")
    _reading(scan)
    scan.add_argument("--out", type=Path, metavar="DIR", help="also write DIR/scan.html and DIR/scan.json")
    _json(scan)
    _json(verb("archs", "architectures known here, and which can compile / run right now"))
    doctor = verb("doctor", "what was found and what is missing")
    doctor.add_argument("--kokkos-root", type=Path, metavar="DIR", help="a Kokkos installation")
    _json(doctor)
    kokkos = verb("kokkos", "build a Kokkos for an architecture")
    kokkos.add_argument("action", choices=("build",))
    kokkos.add_argument("--arch", default="host", metavar="ARCH")
    kokkos.add_argument("--source", type=Path, metavar="DIR|TARBALL", help="a Kokkos source tree or tarball")
    kokkos.add_argument("--prefix", type=Path, metavar="DIR", help="where to install (default: the cache)")
    report = verb("report", "decide again from raw measurements; HTML report with plots")
    report.add_argument(
        "source", metavar="CONFIG.json|STUDY", help="config, raw file, journal or storage URL"
    )
    report.add_argument("--out", type=Path, metavar="FILE.html", help="default: beside the config")
    _json(report)
    for name, text in _ABSENT.items():
        verb(name, text).add_argument("arguments", nargs=argparse.REMAINDER)
    return top


def _kernel(p: argparse.ArgumentParser) -> None:
    p.add_argument("kernel", type=Path, metavar="KERNEL.cpp")
    p.add_argument("--function", metavar="NAME", help="the function to differentiate, if there are several")
    p.add_argument("--name", metavar="F", help="write F_grad instead of the function's own name and _grad")
    p.add_argument("--wrt", metavar="A,B", help="independents (default: every floating-point parameter)")
    p.add_argument("--of", metavar="Y", help="dependents (default: the return value, or the written Views)")
    _reading(p)
    p.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="default: current directory")
    p.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KNOB=VALUE", help="fix a knob"
    )
    p.add_argument("--space", type=Path, metavar="FILE.toml", help="values to try and combinations to avoid")


def _reading(p: argparse.ArgumentParser) -> None:
    """How to read C++, as for a compiler."""
    p.add_argument("--kokkos-root", type=Path, metavar="DIR", help="a Kokkos installation")
    p.add_argument("-I", dest="include_dirs", action="append", default=[], type=Path, metavar="DIR")
    p.add_argument("-D", dest="defines", action="append", default=[], metavar="MACRO")
    p.add_argument("-std", metavar="STD", help="C++ standard (default: c++17)")
    p.add_argument(
        "-p", dest="compile_commands", type=Path, metavar="BUILD", help="has compile_commands.json"
    )
    p.add_argument(
        "--derivatives", type=Path, metavar="FILE.toml", help="hand-written derivatives of functions"
    )


def _architecture(p: argparse.ArgumentParser) -> None:
    p.add_argument("--arch", default="host", metavar="ARCH[,ARCH...]", help="see kad-tune archs")


def _json(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _running(p: argparse.ArgumentParser) -> None:
    p.add_argument("--workload", metavar="FILE.toml[:NAME]", help="sizes and inputs (default: inferred)")
    p.add_argument("--deterministic", action="store_true", help="only bitwise reproducible variants")
    p.add_argument("--max-memory", metavar="SIZE", help="reject variants that hold more, e.g. 512M")
    p.add_argument("--executor", choices=("ray", "local"), default="ray", help="where trials run")
    p.add_argument("--ray-address", metavar="ADDR", help="an existing Ray cluster (default: a local one)")
    _json(p)


def _search(p: argparse.ArgumentParser) -> None:
    p.add_argument("--trials", type=int, default=64, metavar="N")
    p.add_argument("--time-budget", metavar="TIME", help="e.g. 90s, 10m, 2h")
    p.add_argument("--seed", type=int, default=0, metavar="S")
    p.add_argument("--sampler", default="auto", metavar="NAME", help=f"auto, {', '.join(SAMPLERS)}")
    p.add_argument("--cold-cache", action="store_true", help="empty the caches before each timed call")
    p.add_argument("--storage", metavar="URL", help="Optuna storage (default: a journal file)")
    p.add_argument("--resume", action="store_true", help="continue an interrupted search")
    p.add_argument(
        "--objective",
        default="time",
        metavar="A,B",
        help=f"what to minimise, of {', '.join(OBJECTIVES)}; several: the config keeps the Pareto front",
    )
    p.add_argument(
        "--keep-going", action="store_true", help="spend all trials, even where no improvement is expected"
    )
    p.add_argument(
        "--warm-start",
        type=Path,
        action="append",
        default=[],
        metavar="CONFIG.json",
        help="a tuned config whose winners are tried first (the one in --out always is)",
    )
    p.add_argument("--cold-start", action="store_true", help="try no earlier winners first")
    p.add_argument("--predict", action="store_true", help="no device at hand: cross-compile, rank by a model")


def request(args: argparse.Namespace) -> Request:
    """The options about the kernel. Raises ``UsageError``."""
    return Request(
        kernel=args.kernel,
        function=args.function,
        name=args.name,
        wrt=_names(args.wrt, "--wrt"),
        of=_names(args.of, "--of"),
        archs=_names(args.arch, "--arch") or ("host",),
        kokkos_root=args.kokkos_root,
        include_dirs=tuple(args.include_dirs),
        defines=tuple(args.defines),
        std=args.std,
        compile_commands=args.compile_commands,
        derivatives=read_rules(args.derivatives) if args.derivatives else (),
        workload=getattr(args, "workload", None),
        out=args.out,
        settings=tuple(_setting(s) for s in args.settings),
        space=args.space,
        deterministic=getattr(args, "deterministic", False),
        max_memory=parse_size(args.max_memory) if getattr(args, "max_memory", None) else None,
    )


def reading(args: argparse.Namespace) -> Request:
    """The options about how to read C++, for verbs without a kernel."""
    return Request(
        kernel=Path(),
        kokkos_root=args.kokkos_root,
        include_dirs=tuple(args.include_dirs),
        defines=tuple(args.defines),
        std=args.std,
        compile_commands=args.compile_commands,
        derivatives=read_rules(args.derivatives) if args.derivatives else (),
    )


def search_options(args: argparse.Namespace) -> SearchOptions:
    """The options about the search. Raises ``UsageError``."""
    if args.trials < 1:
        raise UsageError(f"--trials {args.trials}: at least one trial is needed")
    if args.cold_start and args.warm_start:
        raise UsageError("--cold-start contradicts --warm-start")
    if args.seed < 0:
        raise UsageError(f"--seed {args.seed}: must not be negative")
    sampler_name(args.sampler, None, args.trials)  # a wrong name is told before anything is read
    return SearchOptions(
        trials=args.trials,
        time_budget=parse_duration(args.time_budget) if args.time_budget else None,
        seed=args.seed,
        sampler=args.sampler,
        storage=args.storage,
        resume=args.resume,
        cold_cache=args.cold_cache,
        objectives=_objectives(args.objective),
        keep_going=args.keep_going,
        warm=tuple(args.warm_start),
        cold=args.cold_start,
    )


def parse_duration(text: str) -> float:
    """Seconds from ``90``, ``90s``, ``10m``, ``1.5h``. Raises ``UsageError``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?", text.strip())
    if found is None:
        raise UsageError(f"--time-budget {text}: expected a time such as 90s, 10m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]]


def parse_size(text: str) -> int:
    """Bytes from ``4096``, ``512M``, ``1.5GiB``, ``2 GB``. K, M, G, T are powers of 1024. ``UsageError``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(?:i?B)?", text.strip())
    if found is None:
        raise UsageError(f"--max-memory {text}: expected a size such as 512M or 2G")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def _objectives(text: str) -> tuple[str, ...]:
    names = _names(text, "--objective") or ("time",)
    if "time" not in names or len(set(names)) < len(names) or not set(names) <= set(OBJECTIVES):
        raise UsageError(f"--objective {text}: expected time, or time,memory")
    return names


def _names(text: str | None, option: str) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(n.strip() for n in text.split(","))
    if not all(names):
        raise UsageError(f"{option} {text}: expected names separated by commas")
    return names


def _setting(text: str) -> tuple[str, str]:
    knob, equals, value = text.partition("=")
    if not (knob.strip() and equals and value.strip()):
        raise UsageError(f"--set {text}: expected KNOB=VALUE")
    return knob.strip(), value.strip()
