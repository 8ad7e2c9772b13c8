// partial sums of the 16 adjoints on each thread's stack, tanh evaluated once
struct theta_loss_workspace {
  std::size_t memory() const { return 0; }
};

inline double theta_loss_grad(theta_loss_workspace&, const Kokkos::View<const double* [8]>& data,
                              const Kokkos::View<const double*>& target, const Kokkos::View<const double[16]>& theta,
                              const Kokkos::View<double* [8]>& data_b, const Kokkos::View<double*>& target_b,
                              const Kokkos::View<double[16]>& theta_b, double seed = 1.0) {
  const int observations = data.extent(0), threads = hand::threads();
  std::vector<double> partial(static_cast<std::size_t>(16) * threads);
  double* const sums = partial.data();
  double loss = 0.0;
  Kokkos::parallel_reduce(
      "theta adjoint", Kokkos::RangePolicy<>(0, threads),
      [=](const int t, double& sum) {
        double mine[16] = {}, parameter[16], total = 0.0;
        for (int k = 0; k < 16; ++k) parameter[k] = theta(k);
        for (int i = hand::part(observations, t, threads); i < hand::part(observations, t + 1, threads); ++i) {
          double response[8], model = 0.0;
          for (int k = 0; k < 8; ++k) {
            response[k] = std::tanh(parameter[k] * data(i, k));
            model += parameter[8 + k] * response[k];
          }
          const double misfit = model - target(i), weight = seed * misfit;
          total += 0.5 * misfit * misfit;
          target_b(i) -= weight;
          for (int k = 0; k < 8; ++k) {
            const double inner = weight * parameter[8 + k] * (1.0 - response[k] * response[k]);
            mine[8 + k] += weight * response[k];
            mine[k] += inner * data(i, k);
            data_b(i, k) += inner * parameter[k];
          }
        }
        for (int k = 0; k < 16; ++k) sums[16 * t + k] = mine[k];
        sum += total;
      },
      loss);
  for (int t = 0; t < threads; ++t) {
    for (int k = 0; k < 16; ++k) theta_b(k) += sums[16 * t + k];
  }
  return loss;
}
