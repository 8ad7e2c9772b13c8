// atomics
#include "fe_energy/element.hpp"

struct fe_energy_workspace {
  std::size_t memory() const { return 0; }
};

inline double fe_energy_grad(fe_energy_workspace& ws, const Kokkos::View<const double* [2]>& coords,
                             const Kokkos::View<const int* [3]>& conn, const Kokkos::View<const double*>& u,
                             double kappa, const Kokkos::View<double* [2]>& coords_b,
                             const Kokkos::View<double*>& u_b, double& kappa_b, double seed = 1.0) {
  (void)ws;
  double energy = 0.0, kappa_sum = 0.0;
  Kokkos::parallel_reduce(
      "fe_energy adjoint", conn.extent(0),
      [=](const int e, double& energy_part, double& kappa_part) {
        const Element g = element(coords, conn, u, kappa, e);
        for (int k = 0; k < 3; ++k) {
          const int node = conn(e, k);
          Kokkos::atomic_add(&coords_b(node, 0), seed * g.x[k]);
          Kokkos::atomic_add(&coords_b(node, 1), seed * g.y[k]);
          Kokkos::atomic_add(&u_b(node), seed * g.u[k]);
        }
        energy_part += g.energy;
        kappa_part += g.kappa_b;
      },
      energy, kappa_sum);
  kappa_b += seed * kappa_sum;
  return energy;
}
