// private copies of x_b, one pass over each row, its sum in vector lanes (other rounding than the primal)
struct weighted_inner_workspace {
  hand::Copies copies;
  std::size_t memory() const { return copies.bytes(); }
};

inline double weighted_inner_grad(weighted_inner_workspace& ws, const Kokkos::View<const double**>& A,
                                  const Kokkos::View<const double*>& x, const Kokkos::View<const double*>& y,
                                  const Kokkos::View<double*>& x_b, const Kokkos::View<double*>& y_b,
                                  double seed = 1.0) {
  const int rows = A.extent(0), columns = A.extent(1), threads = hand::threads();
  ws.copies.resize(columns);
  const hand::Copies& copies = ws.copies;
  double result = 0.0;
  Kokkos::parallel_reduce(
      "weighted_inner adjoint", Kokkos::RangePolicy<>(0, threads),
      [=, &copies](const int t, double& sum) {
        double* const mine = copies.mine(x_b.data(), t);
        double total = 0.0;
        for (int i = hand::part(rows, t, threads); i < hand::part(rows, t + 1, threads); ++i) {
          const double* const a = &A(i, 0);
          const double weight = seed * y(i);
          double row = 0.0;
#pragma omp simd reduction(+ : row)
          for (int j = 0; j < columns; ++j) {
            row += a[j] * x(j);
            mine[j] += weight * a[j];
          }
          total += y(i) * row;
          y_b(i) += seed * row;
        }
        sum += total;
      },
      result);
  copies.add_to(x_b.data());
  return result;
}
