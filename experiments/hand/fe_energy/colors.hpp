// coloring of blocks, an eighth of a thread's share each
#include "fe_energy/element.hpp"

struct fe_energy_workspace {
  hand::Colors colors;
  std::size_t memory() const { return 0; }
};

inline double fe_energy_grad(fe_energy_workspace& ws, const Kokkos::View<const double* [2]>& coords,
                             const Kokkos::View<const int* [3]>& conn, const Kokkos::View<const double*>& u,
                             double kappa, const Kokkos::View<double* [2]>& coords_b,
                             const Kokkos::View<double*>& u_b, double& kappa_b, double seed = 1.0) {
  const int elements = conn.extent(0);
  ws.colors.build(conn, u.extent(0), std::max(1, elements / (8 * hand::threads())));
  double energy = 0.0, kappa_total = 0.0;
  for (const std::vector<int>& blocks : ws.colors.blocks) {
    const int* const block = blocks.data();
    const int size = ws.colors.size;
    double energy_color = 0.0, kappa_color = 0.0;
    Kokkos::parallel_reduce(
        "fe_energy adjoint", Kokkos::RangePolicy<Kokkos::Schedule<Kokkos::Dynamic>>(0, blocks.size()),
        [=](const int b, double& energy_part, double& kappa_part) {
          const int first = block[b] * size, last = first + size < elements ? first + size : elements;
          double energy_sum = 0.0, kappa_sum = 0.0;
          for (int e = first; e < last; ++e) {
            const Element g = element(coords, conn, u, kappa, e);
            for (int k = 0; k < 3; ++k) {
              const int node = conn(e, k);
              coords_b(node, 0) += seed * g.x[k];
              coords_b(node, 1) += seed * g.y[k];
              u_b(node) += seed * g.u[k];
            }
            energy_sum += g.energy;
            kappa_sum += g.kappa_b;
          }
          energy_part += energy_sum;
          kappa_part += kappa_sum;
        },
        energy_color, kappa_color);
    energy += energy_color;
    kappa_total += kappa_color;
  }
  kappa_b += seed * kappa_total;
  return energy;
}
