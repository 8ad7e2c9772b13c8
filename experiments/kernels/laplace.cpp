// Dirichlet energy of a field u on an unstructured mesh of equal right triangles: a light element. Reading the
// connectivity and moving u costs far more than the arithmetic, so that what combines the increments decides.

#include <Kokkos_Core.hpp>

double laplace(Kokkos::View<const int* [3]> conn, Kokkos::View<const double*> u) {
  const int elements = conn.extent(0);
  double energy = 0.0;
  Kokkos::parallel_reduce(
      "laplace", elements,
      KOKKOS_LAMBDA(const int e, double& sum) {
        const double middle = u(conn(e, 1));  // of the right angle
        const double dx = u(conn(e, 0)) - middle;
        const double dy = u(conn(e, 2)) - middle;
        sum += 0.25 * (dx * dx + dy * dy);
      },
      energy);
  return energy;
}
