// The reverse sweep that both share: one gather per step, from one array of adjoints into the other; the ends apart.
Kokkos::View<double*> from = u_b, to = *ws.other;
double kappa_sum = 0.0;
for (int step = steps; step-- > 0;) {
  const double* const __restrict__ state = &states(step, 0);
  const double* const __restrict__ b = from.data();
  double* const __restrict__ next_b = to.data();
  // the adjoint of flux(i), times its derivative with respect to the left (sign 1) or the right point (-1)
  const auto through = [=](const int i, const double sign) {
    const double mean = 0.5 * (state[i - 1] + state[i]), drop = state[i - 1] - state[i];
    return (b[i] - b[i - 1]) * kappa * (mean * drop + sign * (1.0 + mean * mean));
  };
  const int threads = hand::threads();
  double part = 0.0;
  Kokkos::parallel_reduce(
      "step adjoint", Kokkos::RangePolicy<>(0, threads),
      [=](const int t, double& sum) {
        const int first = 1 + hand::part(n - 1, t, threads), last = 1 + hand::part(n - 1, t + 1, threads);
        double mine = 0.0;
        for (int i = first; i < last; ++i) {
          const double mean = 0.5 * (state[i - 1] + state[i]);
          mine += (b[i] - b[i - 1]) * (1.0 + mean * mean) * (state[i - 1] - state[i]);
        }
        for (int i = first; i < (last < n ? last : n - 1); ++i) {
          next_b[i] = b[i] + through(i, -1.0) + through(i + 1, 1.0);
        }
        sum += mine;
      },
      part);
  next_b[0] = b[0] + (n > 1 ? through(1, 1.0) : 0.0);
  if (n > 1) next_b[n - 1] = b[n - 1] + through(n - 1, -1.0);
  kappa_sum += part;
  std::swap(from, to);
}
if (from.data() != u_b.data()) Kokkos::deep_copy(u_b, from);
kappa_b += kappa_sum;
