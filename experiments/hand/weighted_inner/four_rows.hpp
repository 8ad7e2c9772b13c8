// private copies of x_b, four rows at a time: x and x_b are read once for four, and the sums do not wait for each other
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
        int i = hand::part(rows, t, threads);
        const int last = hand::part(rows, t + 1, threads);
        for (; i + 4 <= last; i += 4) {
          double row[4] = {};
          for (int j = 0; j < columns; ++j) {
            double add = 0.0;
            for (int k = 0; k < 4; ++k) {
              const double a = A(i + k, j);
              row[k] += a * x(j);
              add += seed * y(i + k) * a;
            }
            mine[j] += add;
          }
          for (int k = 0; k < 4; ++k) {
            total += y(i + k) * row[k];
            y_b(i + k) += seed * row[k];
          }
        }
        for (; i < last; ++i) {
          double row = 0.0;
          for (int j = 0; j < columns; ++j) {
            row += A(i, j) * x(j);
            mine[j] += seed * y(i) * A(i, j);
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
