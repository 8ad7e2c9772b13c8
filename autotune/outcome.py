"""What became of a trial. A failed trial is a value; exceptions are for users' errors and our bugs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """Samples of one timed quantity, in seconds, with median and 95 % confidence interval of the median."""

    samples: tuple[float, ...]
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """The machine at one moment: what can explain a strange time afterwards. Unknown facts are 0.

    ``time``: seconds since 1970, UTC. ``load``: one-minute load average. ``megahertz``: mean clock of the
    processors. ``waited``: seconds since boot in which a runnable thread had to wait for a processor
    (Linux' pressure stall information); ``stolen``: processor-seconds since boot that a hypervisor took.
    ``gpu_megahertz``: clock of the first visible GPU's compute units.
    """

    time: float
    load: float
    megahertz: float
    waited: float
    stolen: float
    gpu_megahertz: float = 0.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Relative errors found by verification.

    ``inner_product``: |<x_b,x_d> - <y_b,y_d>| over the norm product, full size.
    ``finite_differences``: tangent against central differences of the user's primal, small size.
    ``agreement``: largest elementwise difference to the reference variant over the gradient's largest
    element, small size. ``primal_unchanged``: outputs of the primal and of the gradient's primal agree.
    """

    inner_product: float
    finite_differences: float
    agreement: float
    primal_unchanged: bool


@dataclass(frozen=True, slots=True)
class Measurement:
    """A verified and timed gradient.

    ``reference`` is the default variant timed in the same run, interleaved with ``gradient`` and ``primal``
    (so ratios do not drift with the machine). ``memory`` is what the workspace holds, in bytes.
    ``reproducible``: repeated runs gave bitwise equal gradients. ``stopped``: why sampling ended (``cut`` or
    ``slower``: it was not going to be the best; ``precise``, ``budget``, ``most``; empty: not known).
    ``conditions``: before and after timing.
    """

    primal: Timing
    gradient: Timing
    reference: Timing
    accuracy: Accuracy
    memory: int
    reproducible: bool
    stopped: str = ""
    conditions: tuple[Conditions, Conditions] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several verified gradients timed interleaved in one process of their own; ``gradients`` by variant."""

    primal: tuple[float, ...]
    gradients: Mapping[str, tuple[float, ...]]
    conditions: tuple[Conditions, Conditions] | None = None


@dataclass(frozen=True, slots=True)
class CompileFailed:
    log: str


@dataclass(frozen=True, slots=True)
class WrongGradient:
    accuracy: Accuracy
    reason: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """``signal`` is its name (``SIGSEGV``) or ``exit N``; ``log`` the end of the output."""

    signal: str
    log: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    limit: float  # seconds
    log: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    limit: int  # bytes
    log: str


Lost = Crashed | TimedOut | OutOfMemory
Failure = CompileFailed | WrongGradient | Crashed | TimedOut | OutOfMemory
Outcome = Measurement | Failure

_KINDS: dict[str, type[Any]] = {
    k.__name__: k for k in (Measurement, CompileFailed, WrongGradient, Crashed, TimedOut, OutOfMemory)
}


def to_json(outcome: Outcome) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(outcome)
    return {"kind": type(outcome).__name__, **plain}


def _plain(value: Any) -> Any:
    """As ``asdict``, which would copy every one of hundreds of samples."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and any(is_dataclass(v) for v in value):
        return tuple(_plain(v) for v in value)
    return value


def from_json(data: Mapping[str, Any]) -> Outcome:
    """The inverse of ``to_json``. Raises ``ValueError`` for an unknown kind or missing field."""
    found = dict(data)
    kind = _KINDS.get(found.pop("kind", ""))
    if kind is None:
        raise ValueError(f"not an outcome: {data!r}")
    try:
        for name in ("primal", "gradient", "reference"):
            if name in found:
                timing = found[name]
                found[name] = Timing(**{**timing, "samples": tuple(timing["samples"])})
        if "accuracy" in found:
            found["accuracy"] = Accuracy(**found["accuracy"])
        if found.get("conditions") is not None:
            before, after = found["conditions"]
            found["conditions"] = (Conditions(**before), Conditions(**after))
        outcome: Outcome = kind(**found)
    except (TypeError, KeyError) as problem:
        raise ValueError(f"malformed outcome: {problem}") from problem
    return outcome
