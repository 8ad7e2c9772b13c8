// Energy of a nonlinear scalar field u on an unstructured mesh of linear triangles:
// the sum over elements of area * (kappa/2 |grad u|^2 (1 + m^2/4) + m^4/4), m the mean of u on the element.
// `coords` holds the nodes, `conn` the three nodes of each element. Reverse mode scatters every element's
// contribution to its nodes, through the connectivity, for the coordinates as well as for the field.

#include <Kokkos_Core.hpp>

KOKKOS_INLINE_FUNCTION double determinant(double a, double b, double c, double d) { return a * d - b * c; }

KOKKOS_INLINE_FUNCTION double energy_density(double gradient2, double mean, double kappa) {
  const double mean2 = mean * mean;
  return 0.5 * kappa * gradient2 * (1.0 + 0.25 * mean2) + 0.25 * mean2 * mean2;
}

double fe_energy(Kokkos::View<const double* [2]> coords, Kokkos::View<const int* [3]> conn,
                 Kokkos::View<const double*> u, double kappa) {
  const int elements = conn.extent(0);
  double energy = 0.0;
  Kokkos::parallel_reduce(
      "fe_energy", elements,
      KOKKOS_LAMBDA(const int e, double& sum) {
        const int origin = conn(e, 0);
        double J[2][2];  // edge vectors from the first node
        double du[2];    // differences of u along them
        double mean = u(origin) / 3.0;
        for (int k = 0; k < 2; ++k) {
          const int node = conn(e, k + 1);
          for (int d = 0; d < 2; ++d) {
            J[k][d] = coords(node, d) - coords(origin, d);
          }
          du[k] = u(node) - u(origin);
          mean += u(node) / 3.0;
        }
        const double det = determinant(J[0][0], J[0][1], J[1][0], J[1][1]);
        const double gx = (J[1][1] * du[0] - J[0][1] * du[1]) / det;  // grad u = J^-1 du
        const double gy = (J[0][0] * du[1] - J[1][0] * du[0]) / det;
        sum += 0.5 * det * energy_density(gx * gx + gy * gy, mean, kappa);
      },
      energy);
  return energy;
}
