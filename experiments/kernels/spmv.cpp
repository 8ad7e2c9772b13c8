// Least squares with a sparse matrix: half the squared norm of A x - b, A in ELLPACK form (as many entries in
// every row). The product gathers x through the columns; reverse mode scatters through them.

#include <Kokkos_Core.hpp>

double spmv_misfit(Kokkos::View<const double**> values, Kokkos::View<const int**> columns,
                   Kokkos::View<const double*> x, Kokkos::View<const double*> b) {
  const int rows = values.extent(0);
  const int entries = values.extent(1);
  double misfit = 0.0;
  Kokkos::parallel_reduce(
      "spmv_misfit", rows,
      KOKKOS_LAMBDA(const int i, double& sum) {
        double r = -b(i);
        for (int k = 0; k < entries; ++k) {
          r += values(i, k) * x(columns(i, k));
        }
        sum += 0.5 * r * r;
      },
      misfit);
  return misfit;
}
