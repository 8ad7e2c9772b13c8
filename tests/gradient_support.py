"""The oracle for gradients: every plan, interpreted, against the tangent and finite differences.

With seeds ``y_b`` and a direction ``x_d``, reverse and tangent mode must agree on one number,
``y_b . y_d == x_b . x_d``, in which every entry of the Jacobian has a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from search_spaces.model import Plan, architectures
from tests.interpreter import execute, run
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.adjoint.gradient import Adjoint, Gradient
from transform.adjoint.tangent import tangent
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower
from transform.ir.nodes import Accumulate, Block, Param, Program, Return
from transform.ir.types import Scalar, View
from transform.ir.verify import verify
from transform.ir.walk import last_id, walk

KERNELS = Path(__file__).parent / "kernels"
MOST_PLANS = 40
Arguments = dict[str, Any]


def primal(path: Path, function: str) -> Program:
    """As ``pipeline.parse``, for the toolchain's Kokkos."""
    return pipeline.prepared(lower(path, ParseOptions(kokkos_include=toolchain().kokkos.include), function))


def spread(plans: list[Plan], most: int = MOST_PLANS) -> list[Plan]:
    """At most ``most`` plans, evenly from the whole list, the first included."""
    if len(plans) <= most:
        return plans
    return [plans[round(k * (len(plans) - 1) / (most - 1))] for k in range(most)]


@dataclass(frozen=True)
class Direction:
    """One direction in the independents and one vector of seeds, with what the tangent says of them."""

    inward: Mapping[str, Any]  # x_d
    seeds: Mapping[str, Any]  # y_b on entry, for what the function writes; else what is there already
    seed: float
    product: float  # y_b . y_d
    size: float  # the sum of the absolute terms of that product


@dataclass(frozen=True)
class Oracle:
    adjoint: Adjoint
    arguments: Arguments

    @cached_property
    def float32(self) -> bool:
        names = [
            a.type.element if isinstance(a.type, View) else a.type for a in self.adjoint.signature.arguments
        ]
        return any(t.name == "float" for t in names) or self.adjoint.program.returns == Scalar("float")

    @property
    def tolerance(self) -> float:
        return 2e-4 if self.float32 else 1e-10

    @cached_property
    def expected(self) -> tuple[Any, Arguments]:
        """The primal's value and its arguments afterwards."""
        after = copied(self.arguments)
        return run(self.adjoint.program, after), after

    @cached_property
    def plans(self) -> list[Plan]:
        more = ("every:2", "binomial:1", "binomial:2")
        return list(pipeline.search_space(self.adjoint, architectures()["host"], more).plans())

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        return tuple(self._direction(np.random.default_rng(k)) for k in (1, 2))

    def _direction(self, rng: np.random.Generator) -> Direction:
        inward: Arguments = {}
        seeds: Arguments = {}
        for a in self.adjoint.signature.arguments:
            if not a.has_adjoint:
                continue
            value = self.arguments[a.name]
            inward[a.name] = _random(rng, value, 1.0 if a.independent else 0.0)
            seeds[a.name] = _random(rng, value)
        seed = float(rng.normal())
        terms = [np.zeros(1)]
        outward, slope = self.tangent(inward)
        for a in self.adjoint.signature.arguments:
            if a.has_adjoint and a.written:
                terms.append(np.ravel(np.asarray(seeds[a.name], float) * np.asarray(outward[a.name], float)))
        if slope is not None:
            terms.append(np.ravel(seed * float(slope)))
        all_ = np.concatenate(terms)
        return Direction(inward, seeds, seed, float(all_.sum()), float(np.abs(all_).sum()))

    def tangent(self, inward: Mapping[str, Any]) -> tuple[Arguments, Any]:
        """Tangents of the arguments afterwards and of the value."""
        program = self.adjoint.program
        t = tangent(program, self.adjoint.active, self.adjoint.with_adjoint, last_id(program))
        arguments = copied(self.arguments)
        dots = {f"{p.name}_d": copy_of(inward[p.name]) for p in t.tangents}
        params = (*program.params, *(Param(d, "") for d in t.tangents.values()))
        body = Block(tuple(s for s in t.body.stmts if not isinstance(s, Return)))
        returned = next((s.value for s in t.body.stmts if isinstance(s, Return)), None)
        machine = execute(params, body, {**arguments, **dots})
        for name, value in machine.outputs.items():
            (arguments if name in arguments else dots)[name] = value
        self._same_outputs(None if returned is None else machine.atom(returned), arguments)
        slope = None if t.result is None else machine.atom(t.result)
        return {p.name: dots[f"{p.name}_d"] for p in t.tangents}, slope

    def _same_outputs(self, value: Any, arguments: Arguments) -> None:
        expected, after = self.expected
        assert (value is None) == (expected is None)
        if value is not None:
            assert np.isclose(value, expected, rtol=1e-6 if self.float32 else 1e-12, atol=0), (
                value,
                expected,
            )
        for name, array in after.items():
            np.testing.assert_allclose(
                arguments[name], array, 1e-6 if self.float32 else 1e-12, 0, err_msg=name
            )

    def check_tangent(self) -> None:
        """Central differences of the primal along each direction agree at one step size at least.

        What bends sharply wants small steps, what is large wants long ones.
        """
        if self.float32:
            return
        for d in self.directions:
            slopes = []
            for step in (1e-5, 1e-6, 1e-7):
                near = self._difference(d, step)
                slopes.append((4 * near - self._difference(d, 2 * step)) / 3)
                if abs(slopes[-1] - d.product) <= 1e-6 * max(1.0, d.size):
                    break
            else:
                raise AssertionError((slopes, d.product))

    def _difference(self, d: Direction, step: float) -> float:
        results = []
        for by in (step, -step):
            moved = copied(self.arguments)
            for name, x_d in d.inward.items():
                moved[name] = (
                    np.asarray(moved[name] + by * x_d)
                    if np.ndim(x_d) or isinstance(x_d, np.ndarray)
                    else moved[name] + by * x_d
                )
            value = run(self.adjoint.program, moved)
            total = d.seed * float(value) if self.adjoint.signature.seeded else 0.0
            for a in self.adjoint.signature.arguments:
                if a.has_adjoint and a.written:
                    total += float(np.sum(d.seeds[a.name] * moved[a.name]))
            results.append(total)
        return (results[0] - results[1]) / (2 * step)

    def gradient(self, plan: Plan, d: Direction) -> Arguments:
        """The adjoints on return, with seeds ``d``; checks that the primal's results are all there."""
        closed = pipeline.close(self.adjoint, plan)
        assert not any(isinstance(s, Accumulate) for s in walk(closed.body))
        arguments = copied(self.arguments)
        params = _gradient_parameters(self.adjoint, closed)
        given = {f"{name}_b": copy_of(value) for name, value in d.seeds.items()}
        given["seed"] = d.seed
        machine = execute(params, closed.body, {**arguments, **given})
        arguments.update({p.name: machine.atom(value) for p, value in closed.outputs.items()})
        self._same_outputs(None if closed.returned is None else machine.atom(closed.returned), arguments)
        result: Arguments = {}
        for a in self.adjoint.signature.arguments:
            if not a.has_adjoint:
                continue
            result[a.name] = given[f"{a.name}_b"]
        for symbol, bar in closed.scalar_bars.items():
            if symbol.name in result:
                before = 0.0 if symbol in closed.outputs else result[symbol.name]
                result[symbol.name] = before + machine.atom(bar)
        return result

    def check(self, plan: Plan) -> None:
        for d in self.directions:
            after = self.gradient(plan, d)
            total, size = 0.0, d.size
            for a in self.adjoint.signature.arguments:
                if not a.has_adjoint:
                    continue
                before = 0.0 if a.written else np.asarray(d.seeds[a.name], float)
                terms = (np.asarray(after[a.name], float) - before) * np.asarray(d.inward[a.name], float)
                total += float(terms.sum())
                size += float(np.abs(terms).sum())
            assert abs(total - d.product) <= self.tolerance * max(size, 1e-3), (dict(plan), total, d.product)


def copy_of(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def copied(arguments: Mapping[str, Any]) -> Arguments:
    return {name: copy_of(value) for name, value in arguments.items()}


def _random(rng: np.random.Generator, like: Any, scale: float = 1.0) -> Any:
    """Away from zero, in the shape and type of ``like``."""
    if not isinstance(like, np.ndarray):
        return scale * float(rng.uniform(0.5, 1.5))
    return np.asarray(scale * rng.uniform(0.5, 1.5, like.shape) * rng.choice([-1, 1], like.shape), like.dtype)


def _gradient_parameters(adjoint: Adjoint, gradient: Gradient) -> tuple[Param, ...]:
    """The primal's parameters, the adjoint Views and the seed; the body is verified with them."""
    params = [*adjoint.program.params]
    for p in adjoint.program.params:
        if p.symbol in adjoint.with_adjoint and p.symbol in gradient.adjoints:
            params.append(Param(gradient.adjoints[p.symbol], ""))
    if gradient.seed is not None:
        params.append(Param(gradient.seed, ""))
    tail = () if gradient.returned is None else (Return(gradient.returned),)
    verify(replace(adjoint.program, params=tuple(params), body=Block((*gradient.body.stmts, *tail))))
    return tuple(params)
