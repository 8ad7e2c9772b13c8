"""How each kind of reduction is spelled: the reducer, a local's initial value, what adds a contribution."""

from __future__ import annotations

from transform.ir.build import scalar
from transform.ir.nodes import Combiner, Launch, Reduction, Stmt
from transform.ir.types import Array

_REDUCERS = {
    Combiner.PROD: "Prod",
    Combiner.MIN: "Min",
    Combiner.MAX: "Max",
    Combiner.LAND: "LAnd",
    Combiner.LOR: "LOr",
    Combiner.BAND: "BAnd",
    Combiner.BOR: "BOr",
}
_IDENTITIES = {
    Combiner.PROD: "prod",
    Combiner.MIN: "min",
    Combiner.MAX: "max",
    Combiner.LAND: "land",
    Combiner.LOR: "lor",
    Combiner.BAND: "band",
    Combiner.BOR: "bor",
}
_JOINS = {
    Combiner.SUM: "{} += {};",
    Combiner.PROD: "{} *= {};",
    Combiner.MIN: "kad::keep_min({}, {});",
    Combiner.MAX: "kad::keep_max({}, {});",
    Combiner.LAND: "{0} = {0} && {1};",
    Combiner.LOR: "{0} = {0} || {1};",
    Combiner.BAND: "{} &= {};",
    Combiner.BOR: "{} |= {};",
}


def needs_runtime(s: Stmt) -> bool:
    """Whether a statement uses the runtime's part about extrema."""
    return isinstance(s, Launch) and any(r.combiner in (Combiner.MIN, Combiner.MAX) for r in s.reductions)


def needs_sums(s: Stmt) -> bool:
    """Whether a statement uses the runtime's part about arrays of sums."""
    return isinstance(s, Launch) and any(isinstance(r.result.type, Array) for r in s.reductions)


def plain_sum(r: Reduction) -> bool:
    """Whether contributions are added up, by numbers or by arrays of numbers."""
    return r.combiner is Combiner.SUM and r.location is None


def value_type(r: Reduction) -> str:
    """The type of the accumulator."""
    if isinstance(r.result.type, Array):
        return f"kad::Sums<{r.result.type.element.name}, {r.result.type.extents[0]}>"
    element = scalar(r.result).name
    return element if r.location is None else f"kad::Located<{element}>"


def reducer(r: Reduction, result: str) -> str:
    """The argument of ``parallel_reduce`` that receives the result in the variable ``result``."""
    if isinstance(r.result.type, Array):
        return f"kad::Total<{value_type(r)}>({result})"
    if r.combiner is Combiner.SUM:
        return result
    element = scalar(r.result).name
    if r.location is not None:
        kind = "Least" if r.combiner is Combiner.MIN else "Greatest"
        return f"kad::{kind}<{element}>({result})"
    return f"Kokkos::{_REDUCERS[r.combiner]}<{element}>({result})"


def identity(r: Reduction) -> str:
    """What joins with any value without changing it."""
    if isinstance(r.result.type, Array):
        return "{}"
    if r.combiner is Combiner.SUM:
        return "0"
    neutral = f"Kokkos::reduction_identity<{scalar(r.result).name}>::{_IDENTITIES[r.combiner]}()"
    return neutral if r.location is None else f"{{{neutral}, -1}}"


def join(r: Reduction, kept: str, value: str) -> str:
    """The statement that joins ``value`` to what the variable ``kept`` holds."""
    return _JOINS[r.combiner].format(kept, value)
