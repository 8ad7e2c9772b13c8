"""A Gaussian process over plans: what the search expects of those it has not tried.

Numpy and scipy only. Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, algorithm 2.1
(prediction) and section 5.4.1 (marginal likelihood and its gradient); expected improvement: Jones, Schonlau
and Welch, Efficient Global Optimization of Expensive Black-Box Functions, 1998, equation 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.special import ndtr

from search_spaces.model import Parameter

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

FIT_ROWS = 150  # length scales are chosen from at most so many outcomes: more cost time and change little
_ITERATIONS = 30
_JITTER = 1e-8
# Priors of the logarithms: length scales of about the range of one parameter, noise of about a tenth of the
# standard deviation. They keep few outcomes from declaring a parameter irrelevant.
_LENGTH, _LENGTH_SPREAD = float(np.log(0.7)), 1.0
_NOISE, _NOISE_SPREAD = float(np.log(1e-2)), 1.5


@dataclass(frozen=True)
class Embedding:
    """Points for plans. ``column_of``: the parameter of each coordinate.

    A parameter with three or more numbers is one coordinate, the rank of the value from 0 to 1: sizes are
    powers more often than not. Any other value has a coordinate of its own, so that two of them are 1 apart.
    Where a parameter can be inactive, that is one more value, in the middle of the numbers.
    """

    tables: tuple[Floats, ...]
    column_of: NDArray[np.int64]

    def points(self, codes: Codes) -> Floats:
        """One row per plan of ``codes``: for each parameter the index of its value, -1 where inactive."""
        columns = [table[codes[:, j]] for j, table in enumerate(self.tables)]
        return np.hstack(columns) if columns else np.zeros((len(codes), 0))


def embedding(parameters: Sequence[Parameter]) -> Embedding:
    """The embedding of plans of ``parameters``. Parameters with one value say nothing and get no column."""
    tables = []
    for p in parameters:
        count = len(p.values)
        if count < 2 and not p.active_if:
            table = np.zeros((count + 1, 0))
        elif count > 2 and all(isinstance(v, int) for v in p.values):
            rank = np.argsort(np.argsort(np.array(p.values, dtype=float))) / (count - 1)
            active = np.append(np.ones(count), 0.0) * (0.5 if p.active_if else 0.0)
            table = np.column_stack([np.append(rank, 0.5), active])
        else:
            table = np.eye(count + 1) / np.sqrt(2)
        tables.append(table)  # the last row is that of code -1: inactive
    column_of = np.repeat(np.arange(len(tables)), [t.shape[1] for t in tables])
    return Embedding(tuple(tables), column_of)


@dataclass(frozen=True)
class Scales:
    """Logarithms of a length scale per parameter and of the noise variance (in units of the signal's)."""

    lengths: Floats
    noise: float


def fit_scales(points: Floats, column_of: NDArray[np.int64], values: Floats) -> Scales:
    """The scales of greatest posterior density for ``values`` (mean 0, variance 1) at ``points``."""
    count = int(column_of.max()) + 1 if len(column_of) else 0
    columns = [points[:, column_of == j] for j in range(count)]
    apart = np.array([_squared(c, c) for c in columns]).reshape(count, len(values), len(values))
    found = minimize(
        negative_log_density,
        np.append(np.full(count, _LENGTH), _NOISE),
        args=(apart, values),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-3.0, 4.0)] * count + [(float(np.log(1e-5)), 0.0)],
        options={"maxiter": _ITERATIONS},
    )
    return Scales(found.x[:count], float(found.x[count]))


def negative_log_density(theta: Floats, apart: Floats, values: Floats) -> tuple[float, Floats]:
    """Of the scales ``theta`` (lengths, then noise) given ``values``, up to a constant; with its gradient.

    ``apart[j]`` holds the squared distances along parameter ``j``. The signal's variance is the best one for
    the other scales.
    """
    count, n = len(apart), len(values)
    lengths, noise = theta[:count], float(np.exp(theta[count]))
    shrink = np.exp(-2 * lengths)
    reach = np.sqrt(5 * np.maximum(np.tensordot(shrink, apart, 1), 1e-16))
    decay = np.exp(-reach)
    covariance = (1 + reach + reach**2 / 3) * decay + (noise + _JITTER) * np.eye(n)
    factor = np.linalg.cholesky(covariance)
    inverse = cho_solve((factor, True), np.eye(n))
    weights = inverse @ values
    signal = max(float(values @ weights) / n, 1e-12)
    by_covariance = inverse - np.outer(weights, weights) / signal
    by_square = by_covariance * (-5 / 6) * (1 + reach) * decay
    off_length, off_noise = lengths - _LENGTH, theta[count] - _NOISE
    density = 0.5 * n * np.log(signal) + np.log(np.diag(factor)).sum()
    density += 0.5 * float((off_length**2).sum()) / _LENGTH_SPREAD**2
    density += 0.5 * float(off_noise**2) / _NOISE_SPREAD**2
    slope = np.append(
        -shrink * np.tensordot(apart, by_square, 2) + off_length / _LENGTH_SPREAD**2,
        0.5 * np.trace(by_covariance) * noise + off_noise / _NOISE_SPREAD**2,
    )
    return float(density), slope


@dataclass(frozen=True)
class Surrogate:
    """A Gaussian process (Matérn 5/2) that has seen some values. Made by ``condition``."""

    shrink: Floats
    points: Floats
    factor: Floats
    weights: Floats
    signal: float

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the noiseless value at each of ``points``."""
        covariance = _matern(_squared(points * self.shrink, self.points))
        solved = solve_triangular(self.factor, covariance.T, lower=True, check_finite=False)
        variance = np.maximum(1 - (solved**2).sum(axis=0), 1e-10) * self.signal
        return covariance @ self.weights, np.sqrt(variance)

    def mean(self, points: Floats) -> Floats:
        return _matern(_squared(points * self.shrink, self.points)) @ self.weights


def condition(points: Floats, column_of: NDArray[np.int64], values: Floats, scales: Scales) -> Surrogate:
    """The process given ``values`` (about 0) at ``points``."""
    shrink: Floats = np.exp(-scales.lengths)[column_of]
    shrunk = points * shrink
    covariance = _matern(_squared(shrunk, shrunk))
    covariance[np.diag_indices(len(values))] += np.exp(scales.noise) + _JITTER
    factor: Floats = np.linalg.cholesky(covariance).astype(np.float64, copy=False)
    weights = cho_solve((factor, True), values)
    return Surrogate(shrink, shrunk, factor, weights, max(float(values @ weights) / len(values), 1e-12))


def expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """By how much a value falls below ``best`` in expectation, in the values' unit."""
    z = (best - mean) / deviation
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    improvement: Floats = deviation * (z * ndtr(z) + density)
    return improvement


def _squared(a: Floats, b: Floats) -> Floats:
    squares: Floats = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
    return squares


def _matern(squares: Floats) -> Floats:
    reach = np.sqrt(5 * np.maximum(squares, 1e-16))
    covariance: Floats = (1 + reach + reach * reach / 3) * np.exp(-reach)
    return covariance
