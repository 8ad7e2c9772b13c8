// atomics, each row read twice while it is in the cache
struct spmv_misfit_workspace {
  std::size_t memory() const { return 0; }
};

inline double spmv_misfit_grad(spmv_misfit_workspace& ws, const Kokkos::View<const double**>& values,
                               const Kokkos::View<const int**>& columns, const Kokkos::View<const double*>& x,
                               const Kokkos::View<const double*>& b, const Kokkos::View<double**>& values_b,
                               const Kokkos::View<double*>& x_b, const Kokkos::View<double*>& b_b,
                               double seed = 1.0) {
  const int rows = values.extent(0), entries = values.extent(1), threads = hand::threads();
  (void)ws;
  double misfit = 0.0;
  Kokkos::parallel_reduce(
      "spmv adjoint", Kokkos::RangePolicy<>(0, threads),
      [=](const int t, double& part) {
        double total = 0.0;
        for (int i = hand::part(rows, t, threads); i < hand::part(rows, t + 1, threads); ++i) {
          const double* const a = &values(i, 0);
          const int* const column = &columns(i, 0);
          double* const a_b = &values_b(i, 0);
          double r = -b(i);
          for (int k = 0; k < entries; ++k) r += a[k] * x(column[k]);
          const double weight = seed * r;
          for (int k = 0; k < entries; ++k) {
            a_b[k] += weight * x(column[k]);
            Kokkos::atomic_add(&x_b(column[k]), weight * a[k]);
          }
          b_b(i) -= weight;
          total += 0.5 * r * r;
        }
        part += total;
      },
      misfit);
  return misfit;
}
