// Squared residual norm of the nonlinear Poisson problem -laplace(u) + u^3 = f, discretised with the
// five-point stencil of mesh width h on the interior of a grid.
// Reverse mode turns the five reads of u into increments of neighbouring points.

#include <Kokkos_Core.hpp>

double stencil_residual(Kokkos::View<const double**> u, Kokkos::View<const double**> f, double h) {
  const int nx = u.extent(0);
  const int ny = u.extent(1);
  const double scale = 1.0 / (h * h);
  double norm2 = 0.0;
  Kokkos::parallel_reduce(
      "stencil_residual", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 1}, {nx - 1, ny - 1}),
      KOKKOS_LAMBDA(const int i, const int j, double& sum) {
        const double centre = u(i, j);
        const double laplace = u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) - 4.0 * centre;
        const double r = centre * centre * centre - scale * laplace - f(i, j);
        sum += r * r;
      },
      norm2);
  return norm2;
}
