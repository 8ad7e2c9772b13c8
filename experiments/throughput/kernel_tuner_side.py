"""Kernel Tuner on an OpenMP kernel as small as `map`'s gradient. Run by an interpreter that has it.

Prints how many configurations it evaluated, in how many seconds of wall and of processor time.
"""

import os
import time

import kernel_tuner
import numpy as np

SOURCE = """
#include <chrono>
#include <cmath>
extern "C" float gradient(double* x_b, const double* x, const double* y_b, int n) {
  const auto start = std::chrono::steady_clock::now();
  #pragma omp parallel for schedule(SCHEDULE, CHUNK)
  for (int i = 0; i < n; ++i) {
    double t = x[i];
    for (int k = 0; k < UNROLLED; ++k) t += 0.0;
    const double slope = t > 0.0 ? std::cos(t) * std::exp(-t) - std::sin(t) * std::exp(-t) : 2.0 * t;
    x_b[i] += slope * y_b[i];
  }
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<float, std::milli>(end - start).count();
}
"""
SIZE = 1000


def main() -> None:
    x = np.linspace(-1.0, 1.0, SIZE)
    space = {
        "SCHEDULE": ["static", "dynamic", "guided"],
        "CHUNK": [16, 32, 64, 128, 256, 512],
        "UNROLLED": [1, 2, 4, 8],
    }
    arguments = [np.zeros(SIZE), x, np.ones(SIZE), np.int32(SIZE)]
    options = ["-O3", "-march=native", "-fopenmp"]
    wall, before = time.monotonic(), os.times()
    results, _ = kernel_tuner.tune_kernel(
        "gradient", SOURCE, SIZE, arguments, space, lang="C", compiler_options=options, quiet=True
    )
    after = os.times()
    used = sum(after[:4]) - sum(before[:4])
    print(len(results), time.monotonic() - wall, used)


if __name__ == "__main__":
    main()
