"""Workloads of the corpus kernels by size, and the least memory traffic of primal and gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt

from autotune.workload import Workload, arrays
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


def _fe_energy(n: int) -> str:
    k = _mesh(n, 9)
    return f"""
coords = {{ fill = "grid2d", nx = {k}, ny = {k}, jitter = 0.2 }}
conn   = {{ fill = "triangles", nx = {k}, ny = {k} }}
u      = {{ shape = [{k * k}], fill = "uniform", low = -1.0, high = 1.0 }}
kappa  = 1.3"""


def _laplace(n: int) -> str:
    k = _mesh(n, 7)
    return f"""
conn = {{ fill = "triangles", nx = {k}, ny = {k} }}
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

SIZED: Mapping[str, Callable[[int], str]] = {
    "weighted_inner": _weighted_inner,
    "stencil": _stencil,
    "fe_energy": _fe_energy,
    "laplace": _laplace,
    "spmv": _spmv,
    "map": _map,
    "heat": _heat,
    "theta": _theta,
}
"""By kernel, the TOML of a workload whose Views have about ``n`` entries together."""


def least_traffic(workload: Workload, signature: Signature) -> tuple[int, int]:
    """Bytes that primal and gradient must move at least, without caches between steps.

    The primal reads each input once and writes each output once (reads it too if it is changed in place).
    The gradient does that, and reads and writes each adjoint once. A step of ``heat`` is one such primal; the
    gradient's forward sweep also keeps a copy of the state, and its reverse step reads that copy.
    """
    data = arrays(workload, signature)
    primal = gradient = 0
    for a in signature.arguments:
        if not isinstance(a.type, View):
            continue
        size = data[a.name].nbytes
        in_place = a.written and a.independent and a.dependent and signature.name == "heat"
        primal += 2 * size if in_place else size
        gradient += (3 * size if in_place else size) + (2 * size if a.has_adjoint else 0)
        if in_place:
            gradient += size
    steps = STEPS if signature.name == "heat" else 1
    return primal * steps, gradient * steps
