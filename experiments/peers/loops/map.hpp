void map_loops(const double* x, double* y, int first, int last) {
  for (int i = first; i < last; ++i) {
    const double s = x[i];
    double value = std::sin(s) * std::exp(-0.5 * s * s);
    if (s > 0.0) {
      value += std::log(1.0 + s);
    } else {
      value -= s / (1.0 + s * s);
    }
    y[i] = std::fabs(s) < 1.0 ? value * s : value + std::sqrt(1.0 + s * s);
  }
}
