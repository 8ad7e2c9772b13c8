// Small kernels whose IR is written out in full in golden.txt.

#include <Kokkos_Core.hpp>

#include <cmath>

namespace physics {

using Field = Kokkos::View<double*, Kokkos::LayoutRight>;

KOKKOS_INLINE_FUNCTION double clamp(double value, double limit) {
  if (value > limit) return limit;
  return value;
}

double dot(Kokkos::View<const double*> x, const Field& y, int n) {
  double result = 0.0;
  Kokkos::parallel_reduce("dot", n, KOKKOS_LAMBDA(const int i, double& sum) { sum += x(i) * y(i); }, result);
  return result;
}

void relax(Field u, const double rate, int steps) {
  double time = 0.0;
  for (int step = 0; step < steps; ++step) {
    Kokkos::parallel_for(
        "relax", Kokkos::RangePolicy<Kokkos::DefaultExecutionSpace>(1, u.extent(0)),
        KOKKOS_LAMBDA(const size_t i) { u(i) -= rate * time * clamp(u(i), 2.0); });
    time += 0.5;
  }
}

void scatter(Kokkos::View<double*> force, Kokkos::View<const int* [2]> ends, Kokkos::View<const float*> weight) {
  Kokkos::parallel_for(
      ends.extent(0), KOKKOS_LAMBDA(const int e) {
        for (int k = 1; k >= 0; --k) {
          if (ends(e, k) < 0) continue;
          Kokkos::atomic_add(&force(ends(e, k)), 2.0 * weight(e));
        }
      });
}

double grid(Kokkos::View<double***> u) {
  double total = 0;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<3>>({0, 0, 0}, {u.extent_int(0), u.extent_int(1), 4}),
      KOKKOS_LAMBDA(int i, int j, int k, double& sum) {
        double t;
        if (i > j && u(i, j, k) > 0)
          t = u(i, j, k);
        else
          t = k == 0 ? 1 : std::exp(u(j, i, k));
        sum -= t;
      },
      total);
  return total;
}

double arrays(Kokkos::View<const double* [4]> x) {
  double total = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(int i, double& sum) {
        double J[2][2] = {{1}, {x(i, 0), x(i, 1)}};
        double det = J[0][0] * J[1][1];
        for (int k = 0; k < 4; k += 2) {
          J[0][k / 2] += x(i, k);
          det *= J[0][k / 2];
        }
        sum += det;
      },
      total);
  return total;
}

float copies(Kokkos::View<float*> x, Kokkos::View<float> mean) {
  const int n = x.size();
  Kokkos::View<float*> old("old", n);
  auto alias = old;
  Kokkos::deep_copy(alias, x);
  Kokkos::deep_copy(mean, 1);
  float total = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(int i, float& sum) { sum += old(i) * x(n - 1 - i) * mean(); }, Kokkos::Sum<float>(total));
  if (n == 0) return 0;
  return total / n;
}

}  // namespace physics

extern "C" void identity(Kokkos::View<double*> out, bool negate, unsigned count) {
  Kokkos::parallel_for(
      "identity", count, [=](unsigned i) {
        if (negate) {
          out(i) = -out(i);
          return;
        }
        out(i) *= 2;
      });
}

Kokkos::View<double*>::size_type ignored(Kokkos::View<double*> x) { return x.size(); }

void spaces(Kokkos::View<double*, Kokkos::DefaultExecutionSpace::memory_space> x,
            Kokkos::View<double*, Kokkos::LayoutLeft, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> y) {
  using Space = Kokkos::DefaultHostExecutionSpace;
  Kokkos::parallel_for(Kokkos::RangePolicy<Space, Kokkos::IndexType<long>>(0, 3), KOKKOS_LAMBDA(long i) { x(i) = y(i); });
}
