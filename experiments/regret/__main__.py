"""How soon does a search find a good variant?

python -m experiments.regret record [KERNEL[:WORKLOAD]...] [--minutes 10] [--kokkos-root DIR]
python -m experiments.regret own [SPACE...] [--seeds 30]
python -m experiments.regret hub DIR [SPACE...] [--seeds 30] [--kernel-tuner PYTHON]

Runs are kept in --results and not run again; --time-budget ends early with what is complete; --write puts
table and plots beside the README.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from autotune.options import parse_duration
from experiments.regret.record import known_spaces, record_all
from experiments.regret.report import hub_table, own_table, plot
from experiments.regret.runs import kept, run_all
from experiments.regret.searches import methods
from experiments.regret.spaces import RECORDINGS, RecordedSpace, hub, recordings

HERE = Path(__file__).parent
README = HERE / "README.md"
# the hub's spaces that were looked at while the Gaussian process was designed
SEEN = (
    *(f"{kernel}/{gpu}" for kernel in ("convolution", "dedispersion") for gpu in ("A100", "MI250X")),
    "convolution/W7800",
    "gemm/RTX_3090",
    "pnpoly/RTX_3090",
    "pnpoly/Titan",
)


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    if options.action == "record":
        wanted = known_spaces(options.names)
        if not wanted:
            print("no such spaces", file=sys.stderr)
            return 2
        written = set()
        for path in record_all(wanted, options.kokkos_root, options.minutes):
            print(path, flush=True)
            written.add(path)
        if not options.names:  # what is of other machines or of spaces that are no more
            for stale in set(RECORDINGS.glob("*.json.gz")) - written:
                stale.unlink()
        return 0
    own = options.action == "own"
    spaces = recordings(options.names) if own else hub(options.directory, options.names)
    if not spaces:
        print("no such spaces", file=sys.stderr)
        return 2
    names = options.methods.split(",") if options.methods else list(methods(options.kernel_tuner))
    evaluations = 100 if own else 200
    budget = None if options.time_budget is None else parse_duration(options.time_budget)
    for done, total, run in run_all(
        spaces, names, options.seeds, evaluations, options.results, options.kernel_tuner, options.jobs, budget
    ):
        print(f"\r{done}/{total} {run.space} {run.method} {run.seed}\033[K", end="", file=sys.stderr)
    print(file=sys.stderr)
    return _report(options.action, spaces, names, evaluations, options.results, options.write)


def _report(
    action: str,
    spaces: Sequence[RecordedSpace],
    names: Sequence[str],
    evaluations: int,
    results: Path,
    write: bool,
) -> int:
    runs = kept(spaces, names, evaluations, results)
    if not runs:
        print("no seed is complete yet; run the same command again", file=sys.stderr)
        return 1
    table = (own_table if action == "own" else hub_table)(spaces, runs, names)
    fair = [space for space in spaces if space.name not in SEEN]
    if action == "hub" and 0 < len(fair) < len(spaces):
        table += (
            f"\nOf these, what was not looked at while `gp` was designed:\n\n{hub_table(fair, runs, names)}"
        )
    print(table)
    if write:
        mark, end = f"<!-- {action}: python -m experiments.regret {action} --write -->\n", "<!-- end -->\n"
        text = README.read_text()
        start = text.index(mark) + len(mark)
        README.write_text(text[:start] + "\n" + table + "\n" + text[text.index(end, start) :])
        title = "our recorded spaces" if action == "own" else "the benchmark hub"
        plot(spaces, runs, names, title, HERE / f"{action}.svg")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.regret",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    recorder = actions.add_parser("record")
    recorder.add_argument("names", nargs="*", metavar="KERNEL[:WORKLOAD]", help="all of `workloads/`")
    recorder.add_argument("--minutes", type=float, default=10.0, help="for all together, default 10")
    recorder.add_argument("--kokkos-root", type=Path)
    for name in ("own", "hub"):
        action = actions.add_parser(name)
        if name == "hub":
            action.add_argument("directory", type=Path, metavar="DIR", help="cache files, KERNEL/GPU.json.gz")
        action.add_argument("names", nargs="*", metavar="SPACE")
        action.add_argument("--seeds", type=int, default=30)
        action.add_argument("--methods", help="separated by commas (all)")
        action.add_argument("--kernel-tuner", type=Path, metavar="PYTHON", help="has Kernel Tuner installed")
        action.add_argument("--results", type=Path, default=Path("regret-results"), metavar="DIR")
        action.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
        action.add_argument("--time-budget", metavar="TIME", help="begin no run after this, e.g. 5m")
        action.add_argument("--write", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
