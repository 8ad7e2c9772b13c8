"""``kad-tune``: the command line. Results go to stdout, everything else to stderr.

A verb imports what it needs when it runs: emitting a gradient does not wait for the libraries of a search.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from autotune import doctor, kokkos
from autotune.explain import explain, lines
from autotune.failures import NoDevice, NoVariant, StorageError
from autotune.grad import emit
from autotune.interrupt import interrupts
from autotune.legal import describe
from autotune.options import (
    Request,
    SearchOptions,
    parser,
    reading,
    request,
    search_options,
    tool_version,
    with_verb,
)
from autotune.outcome import Measurement
from autotune.problem import architecture
from autotune.progress import duration, open_progress, size
from autotune.store import CacheError
from autotune.toolchain import ToolchainMissing
from autotune.tuned import write_atomically
from transform.diagnostics import Refused, UsageError
from transform.frontend.flags import HeadersMissing

if TYPE_CHECKING:
    from autotune.session import Tuned
    from autotune.workers import Executor

OK, FAILED, USAGE, REFUSED, NO_TOOLCHAIN, NO_VARIANT, NO_DEVICE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status (see the contract in the README)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    out = sys.stdout
    try:
        args = parser().parse_args(with_verb(given))
    except SystemExit as stop:  # argparse has printed help, the version or what is wrong
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        # Libraries that print (Ray does) must not get between the user and the result.
        with contextlib.redirect_stdout(sys.stderr):
            status = _run(args, given, out)
            out.flush()
        return status
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Refused as problem:
        return _say("\n".join(d.render() for d in problem.diagnostics), REFUSED)
    except UsageError as problem:
        return _say(f"kad-tune: {problem}", USAGE)
    except (ToolchainMissing, HeadersMissing) as problem:
        return _say(f"kad-tune: {problem}", NO_TOOLCHAIN)
    except NoVariant as problem:
        return _say(f"kad-tune: {problem}", NO_VARIANT)
    except NoDevice as problem:
        return _say(f"kad-tune: {problem}", NO_DEVICE)
    except CacheError as problem:
        return _say(f"kad-tune: {problem}", FAILED)
    except StorageError as problem:
        return _say(f"kad-tune: {problem}; everything told before is kept: continue with --resume", FAILED)
    except KeyboardInterrupt:
        return _say(_interrupted(args, given), INTERRUPTED)
    except Exception as problem:
        if args.debug or os.environ.get("KAD_DEBUG"):
            traceback.print_exc()
        return _say(
            f"kad-tune {tool_version()}: internal error: {type(problem).__name__}: {problem}\n"
            "This is a bug in kad-tune. Please report it with the command and the output of the same "
            "command with --debug.",
            FAILED,
        )


def _run(args: argparse.Namespace, given: Sequence[str], out: TextIO) -> int:
    match args.verb:
        case "tune":
            return _tune(args, out)
        case "grad":
            return _grad(args, out)
        case "check":
            return _check(args, out)
        case "explain":
            return _explain(args, out)
        case "scan":
            return _scan(args, out)
        case "report":
            return _show_report(args, out)
        case "archs":
            statuses = doctor.archs()
            _print(out, [asdict(s) for s in statuses] if args.json else doctor.render_archs(statuses))
            return OK
        case "doctor":
            checks = doctor.report(args.kokkos_root)
            _print(out, doctor.to_json(checks) if args.json else doctor.render(checks))
            return OK if doctor.healthy(checks) else NO_TOOLCHAIN
        case "kokkos":
            with open_progress() as progress:
                built = kokkos.build(architecture(args.arch), args.source, progress.note, prefix=args.prefix)
            _print(out, built.describe())
            return OK
        case absent:
            raise UsageError(f"{absent} is not available in this version")


def _tune(args: argparse.Namespace, out: TextIO) -> int:
    from autotune.session import tune

    wanted, options = request(args), search_options(args)
    if args.predict:
        return _predict(wanted, options, args.json, out)
    with _executor(args) as executor, open_progress() as progress, interrupts() as stop:
        results = tune(wanted, options, executor, progress, stop)
    if args.json:
        _print(out, {"results": [r.to_json() for r in results]})
    else:
        for tuned in results:
            _report(tuned, out)
    lost = [r.arch for r in results if r.entry is None]
    if lost:
        raise NoVariant(
            f"no variant passed verification and the limits for {', '.join(lost)}; no config was written. "
            "The table says why each one failed"
        )
    return OK


def _predict(wanted: Request, options: SearchOptions, as_json: bool, out: TextIO) -> int:
    from autotune.predict import predict

    with open_progress() as progress:
        predictions = predict(wanted, options, progress)
    if as_json:
        _print(out, {"results": [p.to_json() for p in predictions]})
    else:
        for p in predictions:
            _print(out, "\n".join(p.lines()))
    return OK


def _report(tuned: Tuned, out: TextIO) -> None:
    from autotune.table import print_table

    space = tuned.problem.legal.space
    result = tuned.result
    print_table(result.entries, result.selection, tuned.problem.rules, space.refusals, out, result.finals)
    entry = tuned.entry
    if entry is None or tuned.result.selection is None:
        return
    assert isinstance(tuned.result.selection.winner.outcome, Measurement)
    _print(out, f"winner for {tuned.arch}, workload {tuned.workload}: {describe(entry.knobs)}")
    _print(
        out,
        f"gradient {duration(entry.gradient.median)}, primal {duration(entry.primal.median)}: "
        f"{entry.ratio.median:.2f} x primal [{entry.ratio.low:.2f}, {entry.ratio.high:.2f}]; "
        f"{entry.speedup.median:.2f} x the default variant's speed",
    )
    others = len(entry.ties) - 1
    if others:
        _print(
            out,
            f"{others} other{'s' * (others > 1)} cannot be told from the fastest: see ties in the config",
        )
    for remark in entry.decision.remarks if entry.decision else ():
        _print(out, f"beware: {remark}")
    if entry.front:
        _print(out, "Pareto front of time (over the default variant's) and memory:")
        for point in entry.front:
            _print(out, f"  {point.relative.median:.3f}  {size(point.memory):>9}  {describe(point.knobs)}")
    _print(out, f"config {tuned.config}\nheader {tuned.header}")


def _grad(args: argparse.Namespace, out: TextIO) -> int:
    emitted = emit(request(args))
    if args.json:
        _print(out, emitted.to_json())
        return OK
    for arch, plan, deterministic in emitted.plans:
        kind = "deterministic" if deterministic else "not deterministic"
        print(f"{arch}: {describe(plan)} ({kind})", file=sys.stderr)
    for note in emitted.notes:
        print(f"note: {note}", file=sys.stderr)
    _print(out, str(emitted.header))
    return OK


def _check(args: argparse.Namespace, out: TextIO) -> int:
    from autotune.check import check, print_checked

    wanted = request(args)
    with _executor(args) as executor, open_progress() as progress, interrupts() as stop:
        checked = check(wanted, executor, progress, stop)
    if args.json:
        _print(out, {"variants": [c.to_json() for c in checked]})
    else:
        print_checked(checked, out)
    return OK if all(c.passed for c in checked) else NO_VARIANT


def _explain(args: argparse.Namespace, out: TextIO) -> int:
    explanations = explain(request(args))
    if args.json:
        _print(out, {"explanations": [e.to_json() for e in explanations]})
    else:
        for explanation in explanations:
            _print(out, "\n".join(lines(explanation)))
    return OK


def _scan(args: argparse.Namespace, out: TextIO) -> int:
    from autotune.scan import existing, inventory
    from autotune.scan_html import page
    from autotune.scan_report import print_inventory, to_json

    paths = existing(args.paths)
    with open_progress() as progress:
        found = inventory(reading(args), paths, progress)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        write_atomically(args.out / "scan.html", page(found))
        write_atomically(args.out / "scan.json", json.dumps(to_json(found), indent=2) + "\n")
    if args.json:
        _print(out, to_json(found))
    else:
        print_inventory(found, out)
        if args.out is not None:
            _print(out, f"report {args.out / 'scan.html'}")
    unread = bool(found.units) and len(found.failed) == len(found.units)
    return REFUSED if unread else OK


def _show_report(args: argparse.Namespace, out: TextIO) -> int:
    from autotune.report import default_path, page, report, verdict

    made = report(args.source)
    path = args.out or default_path(args.source)
    write_atomically(path, page(made))
    if args.json:
        _print(out, {**made.to_json(), "report": str(path)})
        return OK
    for record in made.records:
        about = record.about
        decision = verdict(record, record.decide())
        _print(out, f"{about.function} on {about.arch}, workload {about.workload}: {decision}")
    for note in made.notes:
        _print(out, f"note: {note}")
    _print(out, f"report {path}")
    return OK


def _executor(args: argparse.Namespace) -> contextlib.closing[Executor]:
    from autotune.workers import LocalExecutor, RayExecutor

    if args.executor == "local":
        if args.ray_address:
            raise UsageError("--ray-address makes no sense with --executor local")
        return contextlib.closing(LocalExecutor())
    return contextlib.closing(RayExecutor(args.ray_address))


def _interrupted(args: argparse.Namespace, given: Sequence[str]) -> str:
    if args.verb != "tune":
        return "kad-tune: interrupted"
    again = shlex.join(["kad-tune", *given, *([] if args.resume else ["--resume"])])
    return f"kad-tune: interrupted; everything measured so far is kept. To continue:\n  {again}"


def _print(out: TextIO, result: str | dict[str, Any] | list[Any]) -> None:
    print(result if isinstance(result, str) else json.dumps(result, indent=2), file=out)


def _say(text: str, status: int) -> int:
    with contextlib.suppress(OSError):  # nobody reads stderr any more
        print(text, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
