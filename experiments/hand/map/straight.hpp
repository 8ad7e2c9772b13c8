// the derivative written down, functions evaluated once
struct map_workspace {
  std::size_t memory() const { return 0; }
};

inline void map_grad(map_workspace&, const Kokkos::View<const double*>& x, const Kokkos::View<double*>& y,
                     const Kokkos::View<double*>& x_b, const Kokkos::View<double*>& y_b) {
  Kokkos::parallel_for(
      "map adjoint", x.extent(0), [=](const int i) {
        const double s = x(i), s2 = s * s;
        const double bell = std::exp(-0.5 * s2), sine = std::sin(s);
        double value = sine * bell, slope = (std::cos(s) - s * sine) * bell;
        if (s > 0.0) {
          value += std::log(1.0 + s);
          slope += 1.0 / (1.0 + s);
        } else {
          const double r = 1.0 / (1.0 + s2);
          value -= s * r;
          slope -= (1.0 - s2) * r * r;
        }
        const double seed = y_b(i);
        if (std::fabs(s) < 1.0) {
          slope = slope * s + value;
          value *= s;
        } else {
          const double root = std::sqrt(1.0 + s2);
          slope += s / root;
          value += root;
        }
        y(i) = value;
        x_b(i) += seed * slope;
        y_b(i) = 0.0;
      });
}
