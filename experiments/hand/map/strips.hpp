// strips of 128 numbers: a loop for each function of libm, then selects instead of branches, in vectors
struct map_workspace {
  std::size_t memory() const { return 0; }
};

inline void map_grad(map_workspace&, const Kokkos::View<const double*>& x, const Kokkos::View<double*>& y,
                     const Kokkos::View<double*>& x_b, const Kokkos::View<double*>& y_b) {
  constexpr int width = 128;
  const int n = x.extent(0);
  Kokkos::parallel_for(
      "map adjoint", (n + width - 1) / width, [=](const int strip) {
        const int first = strip * width, count = n - first < width ? n - first : width;
        const double* const s = x.data() + first;
        double* const __restrict__ value_out = y.data() + first;
        double* const __restrict__ s_b = x_b.data() + first;
        double* const __restrict__ seed = y_b.data() + first;
        double bell[width], sine[width], cosine[width], logarithm[width];
        for (int k = 0; k < count; ++k) bell[k] = std::exp(-0.5 * s[k] * s[k]);
        for (int k = 0; k < count; ++k) {
          sine[k] = std::sin(s[k]);
          cosine[k] = std::cos(s[k]);
        }
        for (int k = 0; k < count; ++k) logarithm[k] = s[k] > 0.0 ? std::log(1.0 + s[k]) : 0.0;
        for (int k = 0; k < count; ++k) {
          const double v = s[k], v2 = v * v;
          const bool positive = v > 0.0, inside = std::fabs(v) < 1.0;
          const double r = 1.0 / (positive ? 1.0 + v : 1.0 + v2);
          const double value = sine[k] * bell[k] + (positive ? logarithm[k] : -v * r);
          const double slope = (cosine[k] - v * sine[k]) * bell[k] + (positive ? r : -(1.0 - v2) * r * r);
          const double root = std::sqrt(1.0 + v2);
          value_out[k] = inside ? value * v : value + root;
          s_b[k] += seed[k] * (inside ? slope * v + value : slope + v / root);
          seed[k] = 0.0;
        }
      });
}
