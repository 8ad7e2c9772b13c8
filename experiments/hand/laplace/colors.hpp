// coloring of blocks, an eighth of a thread's share each
struct laplace_workspace {
  hand::Colors colors;
  std::size_t memory() const { return 0; }
};

inline double laplace_grad(laplace_workspace& ws, const Kokkos::View<const int* [3]>& conn,
                           const Kokkos::View<const double*>& u, const Kokkos::View<double*>& u_b,
                           double seed = 1.0) {
  const int elements = conn.extent(0);
  ws.colors.build(conn, u.extent(0), std::max(1, elements / (8 * hand::threads())));
  double energy = 0.0;
  for (const std::vector<int>& blocks : ws.colors.blocks) {
    const int* const block = blocks.data();
    const int size = ws.colors.size;
    double energy_color = 0.0;
    Kokkos::parallel_reduce(
        "laplace adjoint", Kokkos::RangePolicy<Kokkos::Schedule<Kokkos::Dynamic>>(0, blocks.size()),
        [=](const int k, double& part) {
          const int first = block[k] * size, last = first + size < elements ? first + size : elements;
          double sum = 0.0;
          for (int e = first; e < last; ++e) {
            const int a = conn(e, 0), b = conn(e, 1), c = conn(e, 2);
            const double dx = u(a) - u(b), dy = u(c) - u(b);
            u_b(a) += 0.5 * seed * dx;
            u_b(c) += 0.5 * seed * dy;
            u_b(b) -= 0.5 * seed * (dx + dy);
            sum += 0.25 * (dx * dx + dy * dy);
          }
          part += sum;
        },
        energy_color);
    energy += energy_color;
  }
  return energy;
}
