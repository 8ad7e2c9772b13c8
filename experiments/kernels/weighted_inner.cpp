// Weighted inner product y^T A x: one parallel sum over the rows, a serial sum over the columns.
// Reverse mode turns the reads of x into increments that race between rows.

#include <Kokkos_Core.hpp>

double weighted_inner(Kokkos::View<const double**> A, Kokkos::View<const double*> x,
                      Kokkos::View<const double*> y) {
  const int rows = A.extent(0);
  const int columns = A.extent(1);
  double result = 0.0;
  Kokkos::parallel_reduce(
      "weighted_inner", rows,
      KOKKOS_LAMBDA(const int i, double& sum) {
        double row = 0.0;
        for (int j = 0; j < columns; ++j) {
          row += A(i, j) * x(j);
        }
        sum += y(i) * row;
      },
      result);
  return result;
}
