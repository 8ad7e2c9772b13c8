// A gather through an index array, a parameter read by all, and one that is used on the host.
#include <Kokkos_Core.hpp>

#include <cmath>

double scatter(Kokkos::View<const double*> x, Kokkos::View<const int*> target, double scale) {
  const double factor = std::exp(scale);
  double sum = 0;
  Kokkos::parallel_reduce(
      "scatter", target.extent(0),
      KOKKOS_LAMBDA(const int i, double& local) {
        const double v = x(target(i));
        local += factor * v * v * (1 + i % 3);
      },
      sum);
  return sum;
}
