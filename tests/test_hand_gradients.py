"""Gradients of the corpus kernels derived by hand, against what the emitted code computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from autotune.evaluate import Limits, gradient
from autotune.workload import arrays
from tests.corpus_support import KERNELS, binary, kernel

pytestmark = pytest.mark.kokkos

Data = NDArray[np.float64]
Given = Mapping[str, Data]
Derived = dict[str, Data | float]
ByHand = Callable[[Given, Given], tuple[float, Derived]]  # inputs, seeds -> value, adjoints on return


def weighted_inner(p: Given, seed: Given) -> tuple[float, Derived]:
    """r = y^T A x."""
    A, x, y = p["A"], p["x"], p["y"]
    return float(y @ A @ x), {"A": np.outer(y, x), "x": A.T @ y, "y": A @ x}


def stencil(p: Given, seed: Given) -> tuple[float, Derived]:
    """R = sum of r^2, r = u^3 - lap(u) / h^2 - f; the stencil is symmetric, so lap is its own transpose."""
    u, f, h = p["u"], p["f"], float(p["h"])
    inner = (slice(1, -1), slice(1, -1))

    def laplace(v: Data) -> Data:
        w = np.zeros((v.shape[0] + 2, v.shape[1] + 2))
        w[1:-1, 1:-1] = v
        return w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:] - 4.0 * v

    lap = laplace(u)
    r = np.zeros_like(u)
    r[inner] = (u**3 - lap / h**2 - f)[inner]
    return float(np.sum(r**2)), {
        "u": 2.0 * (3.0 * u**2 * r - laplace(r) / h**2),
        "f": -2.0 * r,
        "h": float(np.sum(2.0 * r * lap * 2.0 / h**3)),
    }


def fe_energy(p: Given, seed: Given) -> tuple[float, Derived]:
    """E = sum of det J / 2 * W(|g|^2, m) with J g = du. Variations: d(det J) = det J tr(J^-1 dJ) and
    dg = J^-1 (d(du) - dJ g), so d|g|^2 = 2 l . (d(du) - dJ g) with J^T l = g."""
    coords, conn, u, kappa = p["coords"], p["conn"].astype(int), p["u"], float(p["kappa"])
    origin, tips = conn[:, 0], conn[:, 1:]
    J = coords[tips] - coords[origin][:, None, :]  # rows: edges
    du = u[tips] - u[origin][:, None]
    m = u[conn].mean(axis=1)
    inverse = np.linalg.inv(J)
    det = np.linalg.det(J)
    g = np.einsum("edk,ek->ed", inverse, du)
    adjoint = np.einsum("edk,ed->ek", inverse, g)  # l
    g2 = np.sum(g**2, axis=1)
    W = 0.5 * kappa * g2 * (1 + m**2 / 4) + m**4 / 4
    by_g2 = det / 2 * 0.5 * kappa * (1 + m**2 / 4)
    by_m = det / 2 * (0.25 * kappa * g2 * m + m**3)
    du_b = 2.0 * by_g2[:, None] * adjoint
    J_b = -du_b[:, :, None] * g[:, None, :] + (W * det / 2)[:, None, None] * inverse.transpose(0, 2, 1)
    u_b, coords_b = np.zeros_like(u), np.zeros_like(coords)
    np.add.at(u_b, conn, (by_m / 3)[:, None] + np.zeros((1, 3)))
    np.add.at(u_b, tips, du_b)
    np.subtract.at(u_b, origin, du_b.sum(axis=1))
    np.add.at(coords_b, tips, J_b)
    np.subtract.at(coords_b, origin, J_b.sum(axis=1))
    kappa_b = float(np.sum(det / 2 * 0.5 * g2 * (1 + m**2 / 4)))
    return float(np.sum(det / 2 * W)), {"coords": coords_b, "u": u_b, "kappa": kappa_b}


def map_(p: Given, seed: Given) -> tuple[float, Derived]:
    """y = g s or g + sqrt(1 + s^2), g = sin(s) exp(-s^2/2) + log(1 + s) or - s / (1 + s^2)."""
    s = p["x"]
    bell = np.exp(-0.5 * s**2)
    right = s > 0
    safe = np.where(right, s, 0.0)
    g = np.sin(s) * bell + np.where(right, np.log1p(safe), -s / (1 + s**2))
    dg = (np.cos(s) - s * np.sin(s)) * bell + np.where(right, 1 / (1 + safe), (s**2 - 1) / (1 + s**2) ** 2)
    dy = np.where(np.abs(s) < 1, g + s * dg, dg + s / np.sqrt(1 + s**2))
    return 0.0, {"x": seed["y"] * dy, "y": np.zeros_like(s)}


def heat(p: Given, seed: Given) -> tuple[float, Derived]:
    """u_i += F_i - F_(i+1), F_i = kappa (1 + m^2) (u_(i-1) - u_i), m the mean; steps in reverse."""
    kappa, steps = float(p["kappa"]), int(p["steps"])
    history = [p["u"]]
    for _ in range(steps):
        u = history[-1]
        m, drop = 0.5 * (u[:-1] + u[1:]), u[:-1] - u[1:]
        flux = np.concatenate([[0.0], kappa * (1 + m**2) * drop, [0.0]])
        history.append(u + flux[:-1] - flux[1:])
    u_b, kappa_b = seed["u"].copy(), 0.0
    for u in reversed(history[:-1]):
        m, drop = 0.5 * (u[:-1] + u[1:]), u[:-1] - u[1:]
        flux_b = u_b[1:] - u_b[:-1]
        kappa_b += float(np.sum(flux_b * (1 + m**2) * drop))
        u_b = u_b.copy()
        u_b[:-1] += flux_b * kappa * (m * drop + 1 + m**2)
        u_b[1:] += flux_b * kappa * (m * drop - 1 - m**2)
    return 0.0, {"u": u_b, "kappa": kappa_b}


def theta(p: Given, seed: Given) -> tuple[float, Derived]:
    """L = sum of e^2 / 2, e = tanh(x theta_first) theta_last - target."""
    x, (first, last) = p["data"], p["theta"].reshape(2, 8)
    t = np.tanh(x * first)
    e = t @ last - p["target"]
    inner = e[:, None] * last * (1 - t**2)
    theta_b = np.concatenate([np.sum(inner * x, axis=0), e @ t])
    return float(np.sum(e**2) / 2), {"data": inner * first, "target": -e, "theta": theta_b}


def laplace(p: Given, seed: Given) -> tuple[float, Derived]:
    """E = sum of (d_0^2 + d_2^2) / 4, d_k the difference of node k of an element and its middle node 1."""
    conn, u = p["conn"].astype(int), p["u"]
    d = u[conn[:, [0, 2]]] - u[conn[:, [1]]]
    u_b = np.zeros_like(u)
    np.add.at(u_b, conn[:, [0, 2]], d / 2)
    np.subtract.at(u_b, conn[:, 1], d.sum(axis=1) / 2)
    return float(np.sum(d**2) / 4), {"u": u_b}


def spmv(p: Given, seed: Given) -> tuple[float, Derived]:
    """R = |r|^2 / 2, r = A x - b: r x^T at the entries of A, A^T r, -r."""
    A, columns, x = p["values"], p["columns"].astype(int), p["x"]
    r = np.sum(A * x[columns], axis=1) - p["b"]
    x_b = np.zeros_like(x)
    np.add.at(x_b, columns, A * r[:, None])
    return float(np.sum(r**2) / 2), {"values": r[:, None] * x[columns], "x": x_b, "b": -r}


BY_HAND: Mapping[str, ByHand] = {
    "weighted_inner": weighted_inner,
    "stencil": stencil,
    "fe_energy": fe_energy,
    "map": map_,
    "heat": heat,
    "theta": theta,
    "laplace": laplace,
    "spmv": spmv,
}


@pytest.mark.parametrize("name", KERNELS)
def test_gradient_by_hand(name: str, tmp_path: Path) -> None:
    inputs = kernel(name).inputs
    _, directory = inputs.directories()
    value = gradient(binary(name), "v0", directory, tmp_path, Limits(timeout=60.0))
    assert isinstance(value, float), value
    given = {k: v.astype(np.float64) for k, v in arrays(inputs.small, inputs.signature).items()}
    active = [a.name for a in inputs.signature.arguments if a.has_adjoint]
    seeds = {k: np.fromfile(tmp_path / f"{k}_seed.raw").reshape(given[k].shape) for k in active}
    expected_value, expected = BY_HAND[name](given, seeds)
    assert value == pytest.approx(expected_value, rel=1e-12)
    assert set(expected) == set(active)
    for k in active:
        found = np.fromfile(tmp_path / f"{k}_b.raw").reshape(given[k].shape)
        wanted = np.asarray(expected[k])
        np.testing.assert_allclose(
            found, wanted, rtol=0, atol=1e-12 * max(float(np.abs(wanted).max()), 1e-300), err_msg=k
        )
