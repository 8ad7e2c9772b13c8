// one reduction of loss and adjoints together, observation by observation
struct theta_loss_workspace {
  std::size_t memory() const { return 0; }
};

struct ThetaSums {
  double loss = 0.0, theta[16] = {};
};

struct ThetaAdjoint {
  using value_type = ThetaSums;
  Kokkos::View<const double* [8]> data;
  Kokkos::View<const double*> target;
  Kokkos::View<const double[16]> theta;
  Kokkos::View<double* [8]> data_b;
  Kokkos::View<double*> target_b;
  double seed;

  KOKKOS_INLINE_FUNCTION void init(ThetaSums& sums) const { sums = ThetaSums(); }
  static void add(ThetaSums& sums, const double loss, const double* const part) {
    sums.loss += loss;
    for (int k = 0; k < 16; ++k) sums.theta[k] += part[k];
  }
  KOKKOS_INLINE_FUNCTION void join(ThetaSums& sums, const ThetaSums& others) const { add(sums, others.loss, others.theta); }
#if KOKKOS_VERSION < 30700
  void join(volatile ThetaSums& sums, const volatile ThetaSums& others) const {
    const ThetaSums& from = const_cast<const ThetaSums&>(others);
    add(const_cast<ThetaSums&>(sums), from.loss, from.theta);
  }
#endif
  KOKKOS_INLINE_FUNCTION void operator()(const int i, ThetaSums& sums) const {
    double response[8], model = 0.0;
    for (int k = 0; k < 8; ++k) {
      response[k] = std::tanh(theta(k) * data(i, k));
      model += theta(8 + k) * response[k];
    }
    const double misfit = model - target(i), weight = seed * misfit;
    sums.loss += 0.5 * misfit * misfit;
    target_b(i) -= weight;
    for (int k = 0; k < 8; ++k) {
      const double inner = weight * theta(8 + k) * (1.0 - response[k] * response[k]);
      sums.theta[8 + k] += weight * response[k];
      sums.theta[k] += inner * data(i, k);
      data_b(i, k) += inner * theta(k);
    }
  }
};

inline double theta_loss_grad(theta_loss_workspace&, const Kokkos::View<const double* [8]>& data,
                              const Kokkos::View<const double*>& target, const Kokkos::View<const double[16]>& theta,
                              const Kokkos::View<double* [8]>& data_b, const Kokkos::View<double*>& target_b,
                              const Kokkos::View<double[16]>& theta_b, double seed = 1.0) {
  ThetaSums sums;
  Kokkos::parallel_reduce(
      "theta adjoint", data.extent(0), ThetaAdjoint{data, target, theta, data_b, target_b, seed}, sums);
  for (int k = 0; k < 16; ++k) theta_b(k) += sums.theta[k];
  return sums.loss;
}
