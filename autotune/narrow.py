"""The part of a search space that the user wants: ``--set KNOB=VALUE`` and ``--space FILE.toml``.

A knob is a parameter, or the part of several parameters' names before the first dot (``accumulate`` stands
for every ``accumulate.*``). What a user asks for and cannot have is refused with the reason.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from search_spaces.model import Constraint, Parameter, Plan, SearchSpace, Value, architectures
from transform.diagnostics import UsageError


@dataclass(frozen=True)
class Narrowing:
    """What ``FILE.toml`` says for one architecture.

    ``knobs``: the values to try, the first is the default; ``exclude``: what may not come together.
    """

    source: str
    knobs: tuple[tuple[str, tuple[str, ...]], ...]
    exclude: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = ()


def read_narrowing(path: Path, arch: str) -> Narrowing:
    """The narrowing in ``path`` for ``arch``. Raises ``UsageError`` naming the file and the key.

    Keys are knobs with a value or a list of values; a table with the name of an architecture holds for that
    one only and overrides; each table ``[[exclude]]`` names knobs with values that may not meet.
    """
    try:
        data = tomllib.loads(path.read_text())
    except OSError as problem:
        raise UsageError(f"cannot read --space {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(f"--space {path}: not a TOML file: {problem}") from problem
    known = architectures()
    tables = {k: v for k, v in data.items() if isinstance(v, dict)}
    for name in tables:
        if name not in known:
            raise UsageError(f"{path}: [{name}] is no architecture (known: {', '.join(sorted(known))})")
    exclude = data.pop("exclude", [])
    if not isinstance(exclude, list) or not all(isinstance(e, dict) and len(e) > 1 for e in exclude):
        raise UsageError(f"{path}: exclude must be tables [[exclude]] of two knobs or more")
    general = {k: v for k, v in data.items() if k not in tables}
    knobs = general | tables.get(arch, {})
    return Narrowing(
        str(path),
        tuple((knob, _values(path, knob, given)) for knob, given in knobs.items()),
        tuple(tuple((k, _values(path, k, v)) for k, v in entry.items()) for entry in exclude),
    )


def _values(path: Path, knob: str, given: Any) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    if not listed or not all(isinstance(v, str | int) and not isinstance(v, bool) for v in listed):
        raise UsageError(f"{path}: {knob} must be a value or a list of values, strings or integers")
    return tuple(str(v) for v in listed)


def narrow(space: SearchSpace, narrowing: Narrowing) -> SearchSpace:
    """The part of ``space`` that ``narrowing`` leaves, in its order of preference.

    A value of a family must be legal for one of its members; members take those that are legal for them.
    Raises ``UsageError`` for an unknown knob, for values of which none is legal, and when nothing is left.
    """
    try:
        for knob, texts in narrowing.knobs:
            names = _parameters_of(space, knob)
            for text in texts:
                if not any(_legal(p, text) for p in space.parameters if p.name in names):
                    _legal_value(space, next(p for p in space.parameters if p.name in names), text)
            chosen = {p.name: tuple(v for t in texts for v in _legal(p, t)) for p in space.parameters}
            for p in space.parameters:
                if p.name in names and not chosen[p.name]:
                    _legal_value(space, p, texts[0])
            space = replace(
                space,
                parameters=tuple(
                    replace(p, values=chosen[p.name]) if p.name in names else p for p in space.parameters
                ),
            )
        for entry in narrowing.exclude:
            groups = tuple((tuple(sorted(_parameters_of(space, knob))), texts) for knob, texts in entry)
            together = " with ".join(f"{knob}={'|'.join(texts)}" for knob, texts in entry)
            rule = Constraint(
                f"{narrowing.source} excludes {together}",
                partial(_apart, groups),
                tuple(name for names, _ in groups for name in names),
            )
            space = replace(space, constraints=(*space.constraints, rule))
    except UsageError as problem:
        raise UsageError(f"{narrowing.source}: {problem}") from problem
    if next(space.plans(), None) is None:
        raise UsageError(f"{narrowing.source}: no legal variant of this kernel is left")
    return space


def _legal(parameter: Parameter, text: str) -> tuple[Value, ...]:
    return tuple(v for v in parameter.values if str(v) == text)


def _apart(groups: Sequence[tuple[tuple[str, ...], tuple[str, ...]]], plan: Plan) -> bool:
    """Whether not all knobs have one of the values; a family has it when all its active members do."""
    for names, texts in groups:
        active = [str(plan[name]) for name in names if name in plan]
        if not active or not all(value in texts for value in active):
            return True
    return False


def fix(space: SearchSpace, settings: tuple[tuple[str, str], ...]) -> SearchSpace:
    """The part of ``space`` where each knob has its value.

    Raises ``UsageError`` for an unknown knob and for a value that is unknown or illegal for this kernel.

    An answer about intermediates that only some arrangements of the sweeps leave open excludes the others
    (except the default answer, which is what those do anyway).
    """
    for knob, text in settings:
        names = _parameters_of(space, knob)
        asked = {
            p.name: text
            for p in space.parameters
            if p.name in names and knob.startswith("intermediates") and text != str(p.values[0])
        }
        if asked:
            reason = f"{knob}={text} needs sweeps that leave it open"
            space = replace(
                space,
                constraints=(*space.constraints, Constraint(reason, partial(_has, asked), tuple(asked))),
            )
        space = replace(
            space,
            parameters=tuple(
                replace(p, values=(_legal_value(space, p, text),)) if p.name in names else p
                for p in space.parameters
            ),
        )
    if settings and next(space.plans(), None) is None:
        chosen = " ".join(f"--set {k}={v}" for k, v in settings)
        reasons = "; ".join(c.reason for c in space.constraints)
        raise UsageError(f"{chosen}: no legal variant of this kernel is left. {reasons}".rstrip())
    return space


def _has(asked: Mapping[str, str], plan: Plan) -> bool:
    return all(str(plan.get(name)) == value for name, value in asked.items())


def _parameters_of(space: SearchSpace, knob: str) -> frozenset[str]:
    names = [p.name for p in space.parameters]
    if knob in names:
        return frozenset((knob,))
    family = frozenset(n for n in names if n.startswith(knob + "."))
    if family:
        return family
    ruled_out = [r for r in space.refusals if r.parameter == knob or r.parameter.startswith(knob + ".")]
    if ruled_out:
        why = "".join(f"\n  {r.parameter}={r.value}: {r.reason}" for r in ruled_out)
        raise UsageError(f"knob '{knob}' leaves no choice for this kernel:{why}")
    known = sorted({*names, *(n.split(".")[0] for n in names)})
    close = difflib.get_close_matches(knob, known, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    listed = ", ".join(known) if known else "none: nothing is left open in its gradient"
    raise UsageError(f"unknown knob '{knob}'{hint} (knobs of this kernel: {listed})")


def _legal_value(space: SearchSpace, parameter: Parameter, text: str) -> Value:
    for value in parameter.values:
        if str(value) == text:
            return value
    for refusal in space.refusals:
        if refusal.parameter == parameter.name and str(refusal.value) == text:
            raise UsageError(f"{parameter.name}={text} is illegal for this kernel: {refusal.reason}")
    legal = ", ".join(str(v) for v in parameter.values)
    close = difflib.get_close_matches(text, [str(v) for v in parameter.values], n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise UsageError(f"{parameter.name} has no value '{text}'{hint} (legal here: {legal})")
