// element gradients stored, then added up by node
#include "fe_energy/element.hpp"

struct fe_energy_workspace {
  hand::Inverse inverse;
  std::optional<Kokkos::View<double* [3]>> stored;
  std::size_t memory() const { return inverse.bytes() + (stored ? stored->span() * sizeof(double) : 0); }
};

inline double fe_energy_grad(fe_energy_workspace& ws, const Kokkos::View<const double* [2]>& coords,
                             const Kokkos::View<const int* [3]>& conn, const Kokkos::View<const double*>& u,
                             double kappa, const Kokkos::View<double* [2]>& coords_b,
                             const Kokkos::View<double*>& u_b, double& kappa_b, double seed = 1.0) {
  const int elements = conn.extent(0), nodes = u.extent(0);
  ws.inverse.build(conn, nodes);
  if (!ws.stored || ws.stored->extent(0) != 3 * std::size_t(elements)) {
    ws.stored.emplace(Kokkos::view_alloc(std::string("stored"), Kokkos::WithoutInitializing), 3 * std::size_t(elements));
  }
  const auto stored = *ws.stored;
  const auto first = *ws.inverse.first, place = *ws.inverse.place;
  double energy = 0.0, kappa_sum = 0.0;
  Kokkos::parallel_reduce(
      "fe_energy adjoint", elements,
      [=](const int e, double& energy_part, double& kappa_part) {
        const Element g = element(coords, conn, u, kappa, e);
        for (int k = 0; k < 3; ++k) {
          stored(3 * e + k, 0) = seed * g.x[k];
          stored(3 * e + k, 1) = seed * g.y[k];
          stored(3 * e + k, 2) = seed * g.u[k];
        }
        energy_part += g.energy;
        kappa_part += g.kappa_b;
      },
      energy, kappa_sum);
  Kokkos::parallel_for(
      "fe_energy adjoint, by node", nodes, [=](const int n) {
        double x = 0.0, y = 0.0, value = 0.0;
        for (int k = first(n); k < first(n + 1); ++k) {
          const int s = place(k);
          x += stored(s, 0);
          y += stored(s, 1);
          value += stored(s, 2);
        }
        coords_b(n, 0) += x;
        coords_b(n, 1) += y;
        u_b(n) += value;
      });
  kappa_b += seed * kappa_sum;
  return energy;
}
