"""False claims where all variants are the same, and how often a variant that is 3 % faster is found.

python -m experiments.noise simulate [--runs N] [--recording FILE] [--write]   decisions on simulated times
python -m experiments.noise record FILE [--kernel NAME] [--processes N]        the noise of this machine
python -m experiments.noise real [--kernel NAME] [--runs N] [--gain 0.03]      complete tuning runs
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scipy.stats import beta

from experiments.noise.models import MODELS, Noise, recorded
from experiments.noise.real import record, tune_repeatedly
from experiments.noise.simulate import equal, one_winner, rate
from experiments.plots import curves

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
MARK = "<!-- results: python -m experiments.noise simulate --write -->\n"
GAINS = (0.02, 0.03, 0.05, 0.10)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.noise", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True)
    simulate = verbs.add_parser("simulate")
    simulate.add_argument("--runs", type=int, default=1000, help="with equal variants; a fifth for each gain")
    simulate.add_argument("--recording", type=Path, action="append", default=[], metavar="FILE")
    simulate.add_argument("--write", action="store_true", help="put the table into this experiment's README")
    recording = verbs.add_parser("record")
    recording.add_argument("file", type=Path)
    recording.add_argument("--processes", type=int, default=60)
    real = verbs.add_parser("real")
    real.add_argument("--runs", type=int, default=10)
    real.add_argument("--gain", type=float, default=0.0, help="make one variant faster by this fraction")
    for verb in (recording, real):
        verb.add_argument("--kernel", default="map", help="of the corpus")
        verb.add_argument("--workload", default="small")
        verb.add_argument("--variants", type=int, default=8)
    options = parser.parse_args(arguments)
    match options.verb:
        case "simulate":
            text, found = table(options.runs, options.recording)
            if options.write:
                gains = [100 * g for g in GAINS]
                curves(
                    FOLDER / "noise.svg",
                    "one of 16 variants is faster by, %",
                    "found, % of runs",
                    gains,
                    found,
                )
                before = README.read_text()
                README.write_text(before[: before.index(MARK)] + MARK + "\n" + text)
        case "record":
            record(options.file, options.kernel, options.workload, options.variants, options.processes)
        case "real":
            tune_repeatedly(options.kernel, options.workload, options.variants, options.runs, options.gain)
    return 0


def table(runs: int, recordings: Sequence[Path]) -> tuple[str, dict[str, list[float]]]:
    """The table of the README, and the share of runs that find each of ``GAINS`` by noise, in percent.

    Prints rows as they are ready.
    """
    shares: dict[str, list[float]] = {}
    models: dict[str, Noise] = dict(MODELS)
    for path in recordings:
        models[f"recorded, {path.stem}"] = recorded(path)
        models[f"recorded, {path.stem}, three times the noise"] = recorded(path, 3.0)
    lines = [
        f"{runs} simulated runs of 16 equal variants, and {runs // 5} for each gain of one of them; "
        f"{datetime.now(UTC).date()}.\n",
        "| noise | false claims [95 % upper bound] | processes | "
        + " | ".join(f"{100 * g:.0f} % found" for g in GAINS)
        + " | wrong one claimed |",
        "|---|---|---|" + "---|" * (len(GAINS) + 1),
    ]
    print("\n".join(lines), flush=True)
    for name, noise in models.items():
        _, false, processes = rate(noise, equal(), runs, seed=1)
        found = [rate(noise, one_winner(g), runs // 5, seed=2) for g in GAINS]
        wrong = sum(f[1] for f in found)
        shares[name] = [100 * right / (runs // 5) for right, _, _ in found]
        lines.append(
            f"| {name} | {100 * false / runs:.2f} % [{100 * upper(false, runs):.2f} %] | {processes:.0f} | "
            + " | ".join(f"{share:.0f} %" for share in shares[name])
            + f" | {wrong} of {len(GAINS) * (runs // 5)} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n", shares


def upper(count: int, runs: int) -> float:
    """The one-sided 95 % bound of a rate of which ``count`` of ``runs`` were seen (Clopper and Pearson)."""
    return 1.0 if count == runs else float(beta.ppf(0.95, count + 1, runs - count))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
