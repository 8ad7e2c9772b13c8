// gather; the residuals of the point and its neighbours computed anew
struct stencil_residual_workspace {
  std::size_t memory() const { return 0; }
};

inline double stencil_residual_grad(stencil_residual_workspace&, const Kokkos::View<const double**>& u,
                                    const Kokkos::View<const double**>& f, double h,
                                    const Kokkos::View<double**>& u_b, double seed = 1.0) {
  const int nx = u.extent(0), ny = u.extent(1);
  const double scale = 1.0 / (h * h);
  const auto residual = [=](const int i, const int j) {
    const double c = u(i, j);
    return c * c * c - scale * (u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) - 4.0 * c) - f(i, j);
  };
  const auto inside = [=](const int i, const int j) {
    return i >= 1 && i < nx - 1 && j >= 1 && j < ny - 1 ? residual(i, j) : 0.0;
  };
  double norm2 = 0.0;
  Kokkos::parallel_reduce(
      "stencil adjoint", nx,
      [=](const int i, double& sum) {
        const auto edge = [&](const int j) {
          const double c = u(i, j), r = inside(i, j);
          const double around = inside(i - 1, j) + inside(i + 1, j) + inside(i, j - 1) + inside(i, j + 1);
          u_b(i, j) += 2.0 * seed * ((3.0 * c * c + 4.0 * scale) * r - scale * around);
          return r * r;
        };
        double total = 0.0;
        if (i >= 2 && i < nx - 2) {
          for (int j = 0; j < 2; ++j) total += edge(j);
          for (int j = 2; j < ny - 2; ++j) {
            const double c = u(i, j), r = residual(i, j);
            const double around = residual(i - 1, j) + residual(i + 1, j) + residual(i, j - 1) + residual(i, j + 1);
            u_b(i, j) += 2.0 * seed * ((3.0 * c * c + 4.0 * scale) * r - scale * around);
            total += r * r;
          }
          for (int j = ny - 2; j < ny; ++j) total += edge(j);
        } else {
          for (int j = 0; j < ny; ++j) total += edge(j);
        }
        sum += total;
      },
      norm2);
  return norm2;
}
