// Explicit time loop of the nonlinear heat equation on a line, in place: conductivity kappa (1 + u^2), insulated
// ends, time step and mesh width absorbed into kappa. Every step overwrites what its derivative needs.

#include <Kokkos_Core.hpp>

void heat(Kokkos::View<double*> u, double kappa, int steps) {
  const int n = u.extent(0);
  Kokkos::View<double*> flux("flux", n + 1);  // flux(i) flows from point i - 1 to point i; zero at the ends
  for (int step = 0; step < steps; ++step) {
    Kokkos::parallel_for(
        "flux", Kokkos::RangePolicy<>(1, n), KOKKOS_LAMBDA(const int i) {
          const double mean = 0.5 * (u(i - 1) + u(i));
          flux(i) = kappa * (1.0 + mean * mean) * (u(i - 1) - u(i));
        });
    Kokkos::parallel_for(
        "update", n, KOKKOS_LAMBDA(const int i) { u(i) += flux(i) - flux(i + 1); });
  }
}
