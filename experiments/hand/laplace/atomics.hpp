// atomics
struct laplace_workspace {
  std::size_t memory() const { return 0; }
};

inline double laplace_grad(laplace_workspace& ws, const Kokkos::View<const int* [3]>& conn,
                           const Kokkos::View<const double*>& u, const Kokkos::View<double*>& u_b,
                           double seed = 1.0) {
  (void)ws;
  double energy = 0.0;
  Kokkos::parallel_reduce(
      "laplace adjoint", conn.extent(0),
      [=](const int e, double& sum) {
        const int a = conn(e, 0), b = conn(e, 1), c = conn(e, 2);
        const double dx = u(a) - u(b), dy = u(c) - u(b);
        Kokkos::atomic_add(&u_b(a), 0.5 * seed * dx);
        Kokkos::atomic_add(&u_b(c), 0.5 * seed * dy);
        Kokkos::atomic_add(&u_b(b), -0.5 * seed * (dx + dy));
        sum += 0.25 * (dx * dx + dy * dy);
      },
      energy);
  return energy;
}
