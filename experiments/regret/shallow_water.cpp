// The larger space of this experiment: squared fluxes of the shallow water equations over the edges of a uniform
// triangulation. `conn` holds the three nodes of each triangle; water height and momentum are a View each, so that
// the increments of three adjoints are combined in ways of their own.

#include <Kokkos_Core.hpp>

#include <cmath>

double shallow_water(Kokkos::View<const int* [3]> conn, Kokkos::View<const double*> h, Kokkos::View<const double*> hu,
                     Kokkos::View<const double*> hv) {
  double total = 0.0;
  Kokkos::parallel_reduce(
      "shallow_water", static_cast<int>(conn.extent(0)),
      KOKKOS_LAMBDA(const int e, double& sum) {
        const double nx[3] = {0.0, 0.8, -0.6};
        const double ny[3] = {-1.0, 0.6, 0.8};
        double normal[3];  // velocities, normal to the edge that begins at the node
        double speed[3];   // of the fastest wave there
        for (int k = 0; k < 3; ++k) {
          const int n = conn(e, k);
          normal[k] = (hu(n) * nx[k] + hv(n) * ny[k]) / h(n);
          speed[k] = fabs(normal[k]) + sqrt(9.81 * h(n));
        }
        for (int k = 0; k < 3; ++k) {
          const int a = conn(e, k);
          const int b = conn(e, (k + 1) % 3);
          const double wave = fmax(speed[k], speed[(k + 1) % 3]);
          const double mass = h(a) * normal[k] + h(b) * normal[(k + 1) % 3] - wave * (h(b) - h(a));
          const double momentum = hu(a) * normal[k] + hu(b) * normal[(k + 1) % 3] - wave * (hu(b) - hu(a));
          sum += 0.25 * (mass * mass + momentum * momentum);
        }
      },
      total);
  return total;
}
