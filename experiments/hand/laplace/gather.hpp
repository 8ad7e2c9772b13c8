// element gradients stored, then added up by node
struct laplace_workspace {
  hand::Inverse inverse;
  std::optional<Kokkos::View<double*>> stored;
  std::size_t memory() const { return inverse.bytes() + (stored ? stored->span() * sizeof(double) : 0); }
};

inline double laplace_grad(laplace_workspace& ws, const Kokkos::View<const int* [3]>& conn,
                           const Kokkos::View<const double*>& u, const Kokkos::View<double*>& u_b,
                           double seed = 1.0) {
  const int elements = conn.extent(0), nodes = u.extent(0);
  ws.inverse.build(conn, nodes);
  if (!ws.stored || ws.stored->extent(0) != 3 * std::size_t(elements)) {
    ws.stored.emplace(Kokkos::view_alloc(std::string("stored"), Kokkos::WithoutInitializing), 3 * std::size_t(elements));
  }
  const auto stored = *ws.stored;
  const auto first = *ws.inverse.first, place = *ws.inverse.place;
  double energy = 0.0;
  Kokkos::parallel_reduce(
      "laplace adjoint", elements,
      [=](const int e, double& sum) {
        const double middle = u(conn(e, 1)), dx = u(conn(e, 0)) - middle, dy = u(conn(e, 2)) - middle;
        stored(3 * e) = 0.5 * seed * dx;
        stored(3 * e + 1) = -0.5 * seed * (dx + dy);
        stored(3 * e + 2) = 0.5 * seed * dy;
        sum += 0.25 * (dx * dx + dy * dy);
      },
      energy);
  Kokkos::parallel_for(
      "laplace adjoint, by node", nodes, [=](const int n) {
        double sum = 0.0;
        for (int k = first(n); k < first(n + 1); ++k) sum += stored(place(k));
        u_b(n) += sum;
      });
  return energy;
}
