"""``kad-tune explain``: what is active, which choices the gradient leaves, and what was ruled out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autotune.options import Request
from autotune.problem import Derivation, architecture, derive, space_of
from search_spaces.model import SearchSpace
from transform.analysis.checked import assumed


@dataclass(frozen=True)
class Explanation:
    """The analysis of a kernel for one architecture."""

    arch: str
    derivation: Derivation
    space: SearchSpace

    def to_json(self) -> dict[str, Any]:
        signature = self.derivation.signature
        return {
            "function": signature.qualified,
            "arch": self.arch,
            "parameters": [
                {
                    "name": a.name,
                    "type": a.spelling,
                    "independent": a.independent,
                    "dependent": a.dependent,
                    "written": a.written,
                }
                for a in signature.arguments
            ],
            "increments": [
                {"kernel": kernel, "adjoint": v.view.name, "exclusive": v.exclusive, "reason": v.reason}
                for kernel, v in self.derivation.adjoint.verdicts
            ],
            "assumed": [
                {"line": None if a.loc is None else a.loc.line, "view": a.view, "condition": a.text}
                for a in assumed(self.derivation.adjoint.program)
            ],
            "choices": [
                {
                    "knob": p.name,
                    "values": list(p.values),
                    "meaning": p.meaning,
                    "active_if": [[name, list(values)] for name, values in p.active_if],
                }
                for p in self.space.parameters
            ],
            "refused": [
                {"knob": r.parameter, "value": r.value, "reason": r.reason} for r in self.space.refusals
            ],
            "variants": self.space.size,
            "notes": list(self.derivation.notes),
        }


def explain(request: Request) -> tuple[Explanation, ...]:
    """Analyse the kernel for each architecture. Raises what ``problem.derive`` raises."""
    explanations = []
    for name in request.archs:
        arch = architecture(name)
        derivation = derive(request, arch)
        explanations.append(Explanation(name, derivation, space_of(request, derivation, arch)))
    return tuple(explanations)


def lines(explanation: Explanation) -> Iterator[str]:
    """For a terminal."""
    signature = explanation.derivation.signature
    yield f"{signature.qualified} on {explanation.arch}"
    yield "parameters:"
    width = max((len(a.name) for a in signature.arguments), default=0)
    for a in signature.arguments:
        roles = [n for n, on in (("independent", a.independent), ("dependent", a.dependent)) if on]
        roles += ["written"] * a.written
        yield f"  {a.name:{width}}  {a.spelling}: {', '.join(roles) or 'not active'}"
    if signature.returns is not None:
        yield f"  returns {signature.returns.name}" + ("" if explanation.derivation.of else ": dependent")
    for note in explanation.derivation.notes:
        yield f"note: {note}"
    verdicts = explanation.derivation.adjoint.verdicts
    if verdicts:
        yield "increments into adjoints (one line per kernel and View):"
        for kernel, v in verdicts:
            yield f"  {kernel}: {v.view.name} {'never races' if v.exclusive else 'may race'}: {v.reason}"
    given = assumed(explanation.derivation.adjoint.program)
    if given:
        yield "assumed, and checked at run time:"
        for needed in given:
            where = "" if needed.loc is None else f"line {needed.loc.line}: "
            yield f"  {where}{needed.text}, so that iterations do not meet at an element of {needed.view}"
    space = explanation.space
    if space.parameters:
        yield "choices (the expert default first):"
        for p in space.parameters:
            condition = " or ".join(f"{n} is {'|'.join(map(str, v))}" for n, v in p.active_if)
            where = f"  (if {condition})" if condition else ""
            yield f"  {p.name} = {', '.join(map(str, p.values))}{where}"
            if p.meaning:
                yield f"      {p.meaning}"
        yield f"legal variants: {space.size}"
    else:
        yield "choices: none; every increment is proved race-free and nothing has to be recalled"
    if space.refusals:
        yield "ruled out:"
        for r in space.refusals:
            yield f"  {r.parameter}={r.value}: {r.reason}"
