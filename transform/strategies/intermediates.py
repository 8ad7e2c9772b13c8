"""Where a value that the reverse sweep needs comes from: stored by the forward sweep, or recomputed.

Four questions arise, each answered for itself:

* values that one iteration of a kernel computes: recomputed by the adjoint kernel, or stored by the primal
  kernel in one array per value (``values.py``);
* Views that a host loop overwrites: a copy per step, or checkpoints from which the steps run again
  (``checkpoint.py``: evenly spaced; ``binomial.py``: a given number of them);
* Views that a later kernel overwrites: a copy, or running again the kernels that filled them (``rerun.py``);
* what a long loop inside a kernel hands from one iteration to the next: the loop runs again from a few
  checkpoints, or its states are stored on a tape (``adjoint/states.py``; ``tape.py``: whose tape).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from transform.adjoint import states
from transform.ir.build import Fresh
from transform.ir.nodes import Block, Symbol
from transform.strategies import binomial, checkpoint, rerun, values

Origin = dict[Symbol, Symbol]


@dataclass(frozen=True)
class Choice:
    """One question about ``name``. ``values``: the legal answers, the default first; ``given``: the one that
    the open gradient already has, if any; ``refused``: others with reasons. ``split_only``: asked only where
    forward and reverse sweep of the last kernel are apart. ``apply`` gives another answer."""

    name: str
    given: str
    values: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    meaning: str
    split_only: bool
    apply: Callable[..., Block]  # (body, fresh=..., answer=...)


def choices(
    body: Block, origin: Origin, more: tuple[str, ...] = (), advice: Mapping[int, str] = MappingProxyType({})
) -> tuple[Choice, ...]:
    """The questions that ``body`` leaves, in a fixed order with distinct names. ``origin`` maps symbols of
    adjoint kernels to the primal symbols that they recompute. ``more``: further answers for host loops,
    ``every:K`` steps or ``binomial:C`` checkpoints; ``advice``: the user's answer by the loop's line."""
    found: list[Choice] = []
    for pair in values.pairs(body, origin):
        meaning = f"{len(pair.cut)} values per iteration of '{pair.name}': recomputed, or stored before"
        apply = partial(_store, pair=pair, origin=origin)
        found.append(Choice(pair.name, "recompute", ("recompute", "store"), (), meaning, pair.last, apply))
    for loop in checkpoint.loops(body):
        meaning = f"'{loop.name}' in the loop at line {loop.line}: a copy per step, or checkpoints"
        choice = _recall(loop.name, meaning, loop.why_not, partial(_checkpoints, name=loop.name))
        answers = () if loop.why_not else tuple(dict.fromkeys((*choice.values, *more)))
        advised = advice.get(loop.line)
        if advised is not None and not loop.why_not:
            answers = (advised,)
        found.append(replace(choice, values=answers or choice.values))
    for saved in rerun.saved(body):
        meaning = f"'{saved.name}' before it is overwritten: a copy, or computed again"
        found.append(_recall(saved.name, meaning, saved.why_not, partial(_rerun, name=saved.name)))
    for question in states.questions(body):
        line = question.removeprefix("loop")
        meaning = f"the loop at line {line}: run again from checkpoints, or its states stored on a tape"
        apply = partial(_loop, question=question)
        found.append(Choice(question, "", ("recompute", "store"), (), meaning, False, apply))
    taken: set[str] = set()
    for i, choice in enumerate(found):
        name, n = choice.name, 1
        while name in taken:
            n += 1
            name = f"{choice.name}_{n}"
        taken.add(name)
        found[i] = replace(choice, name=name)
    return tuple(found)


def _recall(name: str, meaning: str, why_not: str, apply: Callable[..., Block]) -> Choice:
    if why_not:
        return Choice(name, "store", ("store",), (("recompute", why_not),), meaning, False, apply)
    return Choice(name, "store", ("store", "recompute"), (), meaning, False, apply)


def _store(body: Block, *, fresh: Fresh, answer: str, pair: values.Pair, origin: Origin) -> Block:
    return values.store(body, pair, origin, fresh)


def _loop(body: Block, *, fresh: Fresh, answer: str, question: str) -> Block:
    return states.answered(body, question, answer == "store")


def _rerun(body: Block, *, fresh: Fresh, answer: str, name: str) -> Block:
    return rerun.recompute(body, name=name, fresh=fresh)


def _checkpoints(body: Block, *, fresh: Fresh, answer: str, name: str) -> Block:
    kind, _, number = answer.partition(":")
    if kind == "binomial":
        return binomial.recompute(body, name=name, fresh=fresh, checkpoints=int(number))
    return checkpoint.recompute(body, name=name, fresh=fresh, every=int(number) if number else None)


def is_spacing(answer: str) -> bool:
    """Whether ``answer`` says how to place checkpoints: ``every:K`` or ``binomial:C``."""
    return re.fullmatch(r"(every|binomial):[1-9]\d{0,8}", answer) is not None


def advised(text: str) -> dict[int, str]:
    """What comments of a source file say of the loop in the same or the next line, by the loop's line::

    // kad: checkpoint all | root | every K | binomial C
    """
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _ADVICE.search(line)
        if match is None:
            continue
        answer = {"all": "store", "root": "recompute"}.get(match[1]) or ":".join(match[1].split())
        found[number if line[: match.start()].strip() else number + 1] = answer
    return found


_ADVICE = re.compile(r"//\s*kad:\s*checkpoint\s+(all|root|(?:every|binomial)\s+[1-9]\d{0,8})\b")
