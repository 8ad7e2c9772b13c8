// Memory bandwidth in bytes per second: b = 2 a over arrays of argv[1] doubles, the best of 20. Two transfers are
// counted for each element; that a store first reads its line is part of what the machine costs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

int main(int, char** argv) {
  const long n = std::atol(argv[1]);
  const std::unique_ptr<double[]> a(new double[n]), b(new double[n]);
#pragma omp parallel for
  for (long i = 0; i < n; ++i) a[i] = b[i] = 1.0;
  double best = 1e30;
  for (int k = 0; k < 20; ++k) {
    const auto start = std::chrono::steady_clock::now();
#pragma omp parallel for
    for (long i = 0; i < n; ++i) b[i] = 2.0 * a[i];
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%.6g\n", 16.0 * n / best * b[n / 2] / 2.0);
}
