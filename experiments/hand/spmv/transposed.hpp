// residuals stored, then x_b row by row of the transposed matrix, whose structure was found once
struct spmv_misfit_workspace {
  std::optional<Kokkos::View<int*>> first, place;
  std::optional<Kokkos::View<double*>> residual;
  const void* built_for = nullptr;
  std::size_t memory() const {
    return first ? (first->span() + place->span()) * sizeof(int) + residual->span() * sizeof(double) : 0;
  }
  void build(const Kokkos::View<const int**>& columns, int targets) {
    if (built_for == columns.data()) return;
    built_for = columns.data();
    const int rows = columns.extent(0), entries = columns.extent(1);
    first.emplace("first", targets + 1);
    place.emplace("place", columns.span());
    residual.emplace("residual", rows);
    const auto f = *first, p = *place;
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k < entries; ++k) ++f(columns(i, k) + 1);
    }
    for (int n = 0; n < targets; ++n) f(n + 1) += f(n);
    std::vector<int> next(f.data(), f.data() + targets);
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k < entries; ++k) p(next[columns(i, k)]++) = i * entries + k;
    }
  }
};

inline double spmv_misfit_grad(spmv_misfit_workspace& ws, const Kokkos::View<const double**>& values,
                               const Kokkos::View<const int**>& columns, const Kokkos::View<const double*>& x,
                               const Kokkos::View<const double*>& b, const Kokkos::View<double**>& values_b,
                               const Kokkos::View<double*>& x_b, const Kokkos::View<double*>& b_b,
                               double seed = 1.0) {
  const int rows = values.extent(0), entries = values.extent(1), targets = x.extent(0);
  ws.build(columns, targets);
  const auto first = *ws.first, place = *ws.place;
  const auto residual = *ws.residual;
  double misfit = 0.0;
  Kokkos::parallel_reduce(
      "spmv adjoint", rows,
      [=](const int i, double& sum) {
        double r = -b(i);
        for (int k = 0; k < entries; ++k) r += values(i, k) * x(columns(i, k));
        for (int k = 0; k < entries; ++k) values_b(i, k) += seed * r * x(columns(i, k));
        residual(i) = seed * r;
        b_b(i) -= seed * r;
        sum += 0.5 * r * r;
      },
      misfit);
  Kokkos::parallel_for(
      "spmv adjoint, by column", targets, [=](const int n) {
        double sum = 0.0;
        for (int k = first(n); k < first(n + 1); ++k) {
          const int p = place(k);
          sum += values.data()[p] * residual(p / entries);
        }
        x_b(n) += sum;
      });
  return misfit;
}
