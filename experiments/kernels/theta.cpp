// Least squares for a small model whose 16 parameters are read by every observation: eight saturating
// responses tanh(theta_k x_k) with weights theta_(8+k). All iterations increment the same 16 adjoints.

#include <Kokkos_Core.hpp>

#include <cmath>

double theta_loss(Kokkos::View<const double* [8]> data, Kokkos::View<const double*> target,
                  Kokkos::View<const double[16]> theta) {
  const int observations = data.extent(0);
  double loss = 0.0;
  Kokkos::parallel_reduce(
      "theta_loss", observations,
      KOKKOS_LAMBDA(const int i, double& sum) {
        double model = 0.0;
        for (int k = 0; k < 8; ++k) {
          model += theta(8 + k) * std::tanh(theta(k) * data(i, k));
        }
        const double misfit = model - target(i);
        sum += 0.5 * misfit * misfit;
      },
      loss);
  return loss;
}
