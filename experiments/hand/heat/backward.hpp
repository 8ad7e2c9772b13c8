// The reverse sweep that both share: one gather per step, from one array of adjoints into the other.
Kokkos::View<double*> from = u_b, to = *ws.other;
double kappa_sum = 0.0;
for (int step = steps; step-- > 0;) {
  double part = 0.0;
  Kokkos::parallel_reduce(
      "step adjoint", n,
      [=](const int i, double& sum) {
        const double here = states(step, i), here_b = from(i);
        double total = here_b;
        if (i > 0) {
          const double left = states(step, i - 1), mean = 0.5 * (left + here), drop = left - here;
          const double flux_b = here_b - from(i - 1);
          total += flux_b * kappa * (mean * drop - 1.0 - mean * mean);
          sum += flux_b * (1.0 + mean * mean) * drop;
        }
        if (i < n - 1) {
          const double right = states(step, i + 1), mean = 0.5 * (here + right), drop = here - right;
          total += (from(i + 1) - here_b) * kappa * (mean * drop + 1.0 + mean * mean);
        }
        to(i) = total;
      },
      part);
  kappa_sum += part;
  std::swap(from, to);
}
if (from.data() != u_b.data()) Kokkos::deep_copy(u_b, from);
kappa_b += kappa_sum;
