// private copies of u_b
struct laplace_workspace {
  hand::Copies copies;
  std::size_t memory() const { return copies.bytes(); }
};

inline double laplace_grad(laplace_workspace& ws, const Kokkos::View<const int* [3]>& conn,
                           const Kokkos::View<const double*>& u, const Kokkos::View<double*>& u_b,
                           double seed = 1.0) {
  const int elements = conn.extent(0), threads = hand::threads();
  ws.copies.resize(u_b.span());
  const auto& copies = ws.copies;
  double energy = 0.0;
  Kokkos::parallel_reduce(
      "laplace adjoint", Kokkos::RangePolicy<>(0, threads),
      [=, &copies](const int t, double& part) {
        double* const mine = copies.mine(u_b.data(), t);
        double sum = 0.0;
        for (int e = hand::part(elements, t, threads); e < hand::part(elements, t + 1, threads); ++e) {
          const int a = conn(e, 0), b = conn(e, 1), c = conn(e, 2);
          const double dx = u(a) - u(b), dy = u(c) - u(b);
          mine[a] += 0.5 * seed * dx;
          mine[c] += 0.5 * seed * dy;
          mine[b] -= 0.5 * seed * (dx + dy);
          sum += 0.25 * (dx * dx + dy * dy);
        }
        part += sum;
      },
      energy);
  copies.add_to(u_b.data());
  return energy;
}
