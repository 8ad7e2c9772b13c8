"""Workloads of the corpus kernels by size, and the least memory traffic of primal and gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt

from transform.ir.types import View
from transform.signature import Signature


def _weighted_inner(n: int) -> str:
    k = isqrt(n)
    return f"""
A = {{ shape = [{k}, {k}], fill = "uniform", low = -1.0, high = 1.0 }}
x = {{ shape = [{k}], fill = "uniform", low = -1.0, high = 1.0 }}
y = {{ shape = [{k}], fill = "uniform", low = -1.0, high = 1.0 }}"""


def _stencil(n: int) -> str:
    k = max(4, isqrt(n // 2))
    return f"""
u = {{ shape = [{k}, {k}], fill = "uniform", low = 0.5, high = 1.5 }}
f = {{ shape = [{k}, {k}], fill = "uniform", low = -1.0, high = 1.0 }}
h = 0.5"""


def _mesh(n: int, parts: int) -> int:
    """Nodes in each direction: nodes have ``parts`` entries with their two elements of three numbers each."""
    return max(3, isqrt(n // parts))


def _fe_energy(n: int, shuffle: str = "false") -> str:
    k = _mesh(n, 9)
    return f"""
coords = {{ fill = "grid2d", nx = {k}, ny = {k}, jitter = 0.2, shuffle = {shuffle} }}
conn   = {{ fill = "triangles", nx = {k}, ny = {k}, shuffle = {shuffle} }}
u      = {{ shape = [{k * k}], fill = "uniform", low = -1.0, high = 1.0 }}
kappa  = 1.3"""


def _laplace(n: int, shuffle: str = "false") -> str:
    k = _mesh(n, 7)
    return f"""
conn = {{ fill = "triangles", nx = {k}, ny = {k}, shuffle = {shuffle} }}
u    = {{ shape = [{k * k}], fill = "uniform", low = -1.0, high = 1.0 }}"""


def _spmv(n: int) -> str:
    k = max(2, n // 34)
    return f"""
values  = {{ shape = [{k}, 16], fill = "uniform", low = -1.0, high = 1.0 }}
columns = {{ shape = [{k}, 16], fill = "randint", low = 0, high = {k} }}
x       = {{ shape = [{k}], fill = "uniform", low = -1.0, high = 1.0 }}
b       = {{ shape = [{k}], fill = "uniform", low = -1.0, high = 1.0 }}"""


def _map(n: int) -> str:
    return f"""
x = {{ shape = [{n // 2}], fill = "uniform", low = -2.0, high = 2.0 }}
y = {{ shape = [{n // 2}], fill = "constant", value = 0.0 }}"""


def _heat(n: int) -> str:
    return f'u = {{ shape = [{n}], fill = "uniform", low = 0.0, high = 1.0 }}\nkappa = 0.1\nsteps = {STEPS}'


def _theta(n: int) -> str:
    k = max(1, n // 9)
    return f"""
data   = {{ shape = [{k}, 8], fill = "normal" }}
target = {{ shape = [{k}], fill = "normal" }}
theta  = {{ shape = [16], fill = "uniform", low = 0.5, high = 1.5 }}"""


STEPS = 4  # of heat


@dataclass(frozen=True)
class SizedCase:
    """A kernel with data of any size: ``toml(n)`` is a workload with about ``n`` entries of Views."""

    name: str
    kernel: str
    toml: Callable[[int], str]


CASES: Mapping[str, SizedCase] = {
    case.name: case
    for case in (
        SizedCase("weighted_inner", "weighted_inner", _weighted_inner),
        SizedCase("stencil", "stencil", _stencil),
        SizedCase("fe_energy", "fe_energy", _fe_energy),
        SizedCase("fe_energy_shuffled", "fe_energy", lambda n: _fe_energy(n, "true")),
        SizedCase("laplace", "laplace", _laplace),
        SizedCase("laplace_shuffled", "laplace", lambda n: _laplace(n, "true")),
        SizedCase("spmv", "spmv", _spmv),
        SizedCase("map", "map", _map),
        SizedCase("heat", "heat", _heat),
        SizedCase("theta", "theta", _theta),
    )
}


def least_traffic(sizes: Mapping[str, int], signature: Signature) -> tuple[int, int]:
    """Bytes that primal and gradient must move at least: inputs are read once, outputs written once, adjoints
    read and written once. ``sizes``: bytes by View.

    ``heat`` overwrites its state: with ``s`` bytes of it, a step of the primal reads the state and writes
    the fluxes, then reads both and writes the state (5 s). A step of the gradient reads a state and writes
    the next one beside it (2 s); backwards it reads the state and the adjoint, which it writes (3 s).
    """
    views = [a for a in signature.arguments if isinstance(a.type, View)]
    if signature.name == "heat":
        size = sum(sizes[a.name] for a in views)
        return 5 * size * STEPS, 5 * size * STEPS
    primal = sum(sizes[a.name] for a in views)
    return primal, primal + sum(2 * sizes[a.name] for a in views if a.has_adjoint)
