// private copies of coords_b and u_b
#include "fe_energy/element.hpp"

struct fe_energy_workspace {
  hand::Copies coords_copies, u_copies;
  std::size_t memory() const { return coords_copies.bytes() + u_copies.bytes(); }
};

inline double fe_energy_grad(fe_energy_workspace& ws, const Kokkos::View<const double* [2]>& coords,
                             const Kokkos::View<const int* [3]>& conn, const Kokkos::View<const double*>& u,
                             double kappa, const Kokkos::View<double* [2]>& coords_b,
                             const Kokkos::View<double*>& u_b, double& kappa_b, double seed = 1.0) {
  const int elements = conn.extent(0), threads = hand::threads();
  ws.coords_copies.resize(coords_b.span());
  ws.u_copies.resize(u_b.span());
  const auto& coords_copies = ws.coords_copies;
  const auto& u_copies = ws.u_copies;
  double energy = 0.0, kappa_sum = 0.0;
  Kokkos::parallel_reduce(
      "fe_energy adjoint", Kokkos::RangePolicy<>(0, threads),
      [=, &coords_copies, &u_copies](const int t, double& energy_part, double& kappa_part) {
        double* const xy = coords_copies.mine(coords_b.data(), t);
        double* const values = u_copies.mine(u_b.data(), t);
        double energy_sum = 0.0, kappa_sum = 0.0;
        for (int e = hand::part(elements, t, threads); e < hand::part(elements, t + 1, threads); ++e) {
          const Element g = element(coords, conn, u, kappa, e);
          for (int k = 0; k < 3; ++k) {
            const int node = conn(e, k);
            xy[2 * node] += seed * g.x[k];
            xy[2 * node + 1] += seed * g.y[k];
            values[node] += seed * g.u[k];
          }
          energy_sum += g.energy;
          kappa_sum += g.kappa_b;
        }
        energy_part += energy_sum;
        kappa_part += kappa_sum;
      },
      energy, kappa_sum);
  coords_copies.add_to(coords_b.data());
  u_copies.add_to(u_b.data());
  kappa_b += seed * kappa_sum;
  return energy;
}
