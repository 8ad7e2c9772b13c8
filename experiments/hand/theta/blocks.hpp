// partial sums on each thread's stack, eight observations at a time: what is not tanh runs in vectors
struct theta_loss_workspace {
  std::size_t memory() const { return 0; }
};

inline double theta_loss_grad(theta_loss_workspace&, const Kokkos::View<const double* [8]>& data,
                              const Kokkos::View<const double*>& target, const Kokkos::View<const double[16]>& theta,
                              const Kokkos::View<double* [8]>& data_b, const Kokkos::View<double*>& target_b,
                              const Kokkos::View<double[16]>& theta_b, double seed = 1.0) {
  constexpr int width = 8;
  const int observations = data.extent(0), threads = hand::threads();
  std::vector<double> partial(static_cast<std::size_t>(16) * threads);
  double* const sums = partial.data();
  double loss = 0.0;
  Kokkos::parallel_reduce(
      "theta adjoint", Kokkos::RangePolicy<>(0, threads),
      [=](const int t, double& sum) {
        double mine[16] = {}, parameter[16], total = 0.0;
        for (int k = 0; k < 16; ++k) parameter[k] = theta(k);
        const int last = hand::part(observations, t + 1, threads);
        for (int first = hand::part(observations, t, threads); first < last; first += width) {
          const int count = last - first < width ? last - first : width;
          double response[width][8], weight[width];
          for (int o = 0; o < count; ++o) {
            for (int k = 0; k < 8; ++k) response[o][k] = std::tanh(parameter[k] * data(first + o, k));
          }
          for (int o = 0; o < count; ++o) {
            double model = 0.0;
            for (int k = 0; k < 8; ++k) model += parameter[8 + k] * response[o][k];
            const double misfit = model - target(first + o);
            weight[o] = seed * misfit;
            total += 0.5 * misfit * misfit;
            target_b(first + o) -= weight[o];
          }
          for (int o = 0; o < count; ++o) {
            for (int k = 0; k < 8; ++k) {
              const double inner = weight[o] * parameter[8 + k] * (1.0 - response[o][k] * response[o][k]);
              mine[8 + k] += weight[o] * response[o][k];
              mine[k] += inner * data(first + o, k);
              data_b(first + o, k) += inner * parameter[k];
            }
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
