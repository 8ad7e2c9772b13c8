"""How a workload's arrays are made: one table of fills, with their options and defaults.

``grid2d`` and ``triangles`` belong together: the nodes and the elements of one triangulation of the unit
square with ``nx`` x ``ny`` nodes. With the same ``nx``, ``ny`` and ``shuffle`` they number nodes alike.
``randint`` with ``distinct = true`` repeats no value within a row (along the last dimension), as an element
repeats no node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Option = int | float | bool
Options = Mapping[str, Option]
Shape = tuple[int, ...]
Data = NDArray[Any]


@dataclass(frozen=True)
class Fill:
    """``make(shape, options, random)`` gives the values, in any numeric type; the caller converts.

    ``options``: names and defaults, ``None`` for one that must be given. ``shape``: where not ``None``, the
    fill itself decides the shape from its options. ``integral``: the values are integers.
    """

    make: Callable[[Shape, Options, Generator], Data]
    options: Mapping[str, Option | None]
    integral: bool
    shape: Callable[[Options], Shape] | None = None


def _uniform(shape: Shape, o: Options, random: Generator) -> Data:
    return random.uniform(o["low"], o["high"], shape)


def _normal(shape: Shape, o: Options, random: Generator) -> Data:
    return random.normal(o["mean"], o["stddev"], shape)


def _randint(shape: Shape, o: Options, random: Generator) -> Data:
    low, high = int(o["low"]), int(o["high"])
    if not o["distinct"]:
        return random.integers(low, high, shape)
    # steps of less than a row-length-th of the range never come around to an earlier value
    steps = random.integers(1, max(2, (high - low) // shape[-1] + 1), shape)
    steps[..., 0] = random.integers(0, high - low, shape[:-1])
    return low + np.cumsum(steps, axis=-1) % (high - low)


def _linspace(shape: Shape, o: Options, random: Generator) -> Data:
    return np.linspace(o["low"], o["high"], int(np.prod(shape))).reshape(shape)


def _arange(shape: Shape, o: Options, random: Generator) -> Data:
    return (o["start"] + o["step"] * np.arange(int(np.prod(shape)))).reshape(shape)


def _constant(shape: Shape, o: Options, random: Generator) -> Data:
    return np.full(shape, o["value"])


def _permutation(shape: Shape, o: Options, random: Generator) -> Data:
    return random.permutation(int(np.prod(shape))).reshape(shape)


def _node_numbers(o: Options) -> Data:
    """The number of each grid node; random but the same for every array of the same mesh."""
    nx, ny = int(o["nx"]), int(o["ny"])
    if o["shuffle"]:
        return np.random.default_rng([nx, ny]).permutation(nx * ny)
    return np.arange(nx * ny)


def _grid2d(shape: Shape, o: Options, random: Generator) -> Data:
    nx, ny = int(o["nx"]), int(o["ny"])
    x, y = np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij")
    nodes = np.stack([x.ravel(), y.ravel()], axis=1) + o["jitter"] * random.uniform(-1.0, 1.0, (nx * ny, 2))
    numbered = np.empty_like(nodes)
    numbered[_node_numbers(o)] = nodes / [nx - 1, ny - 1]
    return numbered


def _triangles(shape: Shape, o: Options, random: Generator) -> Data:
    nx, ny = int(o["nx"]), int(o["ny"])
    number = _node_numbers(o).reshape(nx, ny)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    lower, upper = np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)
    return np.stack([lower, upper], axis=2).reshape(-1, 3)


FILLS: Mapping[str, Fill] = {
    "uniform": Fill(_uniform, {"low": 0.0, "high": 1.0}, integral=False),
    "normal": Fill(_normal, {"mean": 0.0, "stddev": 1.0}, integral=False),
    "randint": Fill(_randint, {"low": 0, "high": None, "distinct": False}, integral=True),
    "linspace": Fill(_linspace, {"low": 0.0, "high": 1.0}, integral=False),
    "arange": Fill(_arange, {"start": 0, "step": 1}, integral=True),
    "constant": Fill(_constant, {"value": None}, integral=False),
    "permutation": Fill(_permutation, {}, integral=True),
    "grid2d": Fill(
        _grid2d,
        {"nx": None, "ny": None, "jitter": 0.0, "shuffle": False},
        integral=False,
        shape=lambda o: (int(o["nx"]) * int(o["ny"]), 2),
    ),
    "triangles": Fill(
        _triangles,
        {"nx": None, "ny": None, "shuffle": False},
        integral=True,
        shape=lambda o: (2 * (int(o["nx"]) - 1) * (int(o["ny"]) - 1), 3),
    ),
}

FOR_INTEGERS = frozenset({"randint", "linspace", "arange", "constant", "permutation", "triangles"})


def problem(name: str, options: Options, shape: Shape = ()) -> str | None:
    """What is wrong with the options of a fill that exists, or ``None``."""
    for key in options:
        if key not in FILLS[name].options:
            known = ", ".join(FILLS[name].options) or "none"
            return f'fill = "{name}" has no option {key!r} (options: {known})'
    for key, default in FILLS[name].options.items():
        if default is None and key not in options:
            return f'fill = "{name}" needs {key} = ...'
        value = options.get(key, default)
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, int | float):
            return f"{key} = {value!r} is not {'true or false' if isinstance(default, bool) else 'a number'}"
    low, high = options.get("low", FILLS[name].options.get("low")), options.get("high")
    if name == "randint" and low is not None and high is not None and not low < high:
        return f"low = {low} is not below high = {high}"
    if (
        options.get("distinct", False)
        and shape
        and low is not None
        and high is not None
        and high - low < shape[-1]
    ):
        return f"rows of {shape[-1]} distinct values need a range of at least that, not {low} to {high}"
    if name in ("grid2d", "triangles"):
        for key in ("nx", "ny"):
            if not isinstance(options[key], int) or options[key] < 2:
                return f"{key} = {options[key]!r} is not an integer of at least 2"
        if not 0.0 <= options.get("jitter", 0.0) <= 0.25:
            return f"jitter = {options['jitter']} is not between 0 and 0.25, where no triangle is degenerate"
    return None


def make(name: str, shape: Shape, options: Options, random: Generator) -> Data:
    """The values of a fill whose options were checked with ``problem``."""
    fill = FILLS[name]
    complete = {k: options.get(k, default) for k, default in fill.options.items()}
    return fill.make(shape, {k: v for k, v in complete.items() if v is not None}, random)
