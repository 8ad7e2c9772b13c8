// expect: 14:28 the derivative needs the value read here, which the same iteration overwrites | bound the loops around it
// expect: 15:32 the derivative needs the value read here, which the same iteration overwrites | bound the loops around it
#include <Kokkos_Core.hpp>
#include <cmath>

// How often the data let the outer loop run, nobody knows before: there is no room to record what is read.
void unbounded_reads(Kokkos::View<double**> u, double tolerance) {
  const int m = u.extent(1);
  Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) {
    double change = 1.0;
    while (change > tolerance) {
      change = 0;
      for (int k = 1; k < m; ++k) {
        const double old = u(i, k);
        u(i, k) = 0.5 * (old + u(i, k - 1) * u(i, k - 1));
        change += fabs(u(i, k) - old);
      }
    }
  });
}
