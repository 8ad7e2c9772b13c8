// gather; each thread keeps the residuals of three rows in its cache
struct stencil_residual_workspace {
  std::optional<Kokkos::View<double**, Kokkos::LayoutRight>> rows;
  std::size_t memory() const { return rows ? rows->span() * sizeof(double) : 0; }
};

inline double stencil_residual_grad(stencil_residual_workspace& ws, const Kokkos::View<const double**>& u,
                                    const Kokkos::View<const double**>& f, double h,
                                    const Kokkos::View<double**>& u_b, double seed = 1.0) {
  const int nx = u.extent(0), ny = u.extent(1), threads = hand::threads();
  const int length = (ny + 15) / 8 * 8;
  if (!ws.rows || static_cast<int>(ws.rows->extent(1)) != length) ws.rows.emplace("rows", 3 * threads, length);
  const auto rows = *ws.rows;
  const double scale = 1.0 / (h * h);
  const auto fill = [=](double* const r, const int i) {
    if (i < 1 || i >= nx - 1) {
      for (int j = 0; j < ny; ++j) r[j] = 0.0;
      return;
    }
    r[0] = r[ny - 1] = 0.0;
    for (int j = 1; j < ny - 1; ++j) {
      const double c = u(i, j);
      r[j] = c * c * c - scale * (u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) - 4.0 * c) - f(i, j);
    }
  };
  double norm2 = 0.0;
  Kokkos::parallel_reduce(
      "stencil adjoint", Kokkos::RangePolicy<>(0, threads),
      [=](const int t, double& sum) {
        const int first = hand::part(nx, t, threads), last = hand::part(nx, t + 1, threads);
        double *up = &rows(3 * t, 0), *here = &rows(3 * t + 1, 0), *down = &rows(3 * t + 2, 0);
        fill(up, first - 1);
        fill(here, first);
        double total = 0.0;
        for (int i = first; i < last; ++i) {
          fill(down, i + 1);
          u_b(i, 0) -= 2.0 * seed * scale * here[1];
          for (int j = 1; j < ny - 1; ++j) {
            const double c = u(i, j);
            const double around = up[j] + down[j] + here[j - 1] + here[j + 1];
            u_b(i, j) += 2.0 * seed * ((3.0 * c * c + 4.0 * scale) * here[j] - scale * around);
            total += here[j] * here[j];
          }
          u_b(i, ny - 1) -= 2.0 * seed * scale * here[ny - 2];
          double* const free = up;
          up = here;
          here = down;
          down = free;
        }
        sum += total;
      },
      norm2);
  return norm2;
}
