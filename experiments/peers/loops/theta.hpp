double theta_loops(const double* data, const double* target, const double* theta, int first, int last) {
  double loss = 0.0;
  for (int i = first; i < last; ++i) {
    double model = 0.0;
    for (int k = 0; k < 8; ++k) {
      model += theta[8 + k] * std::tanh(theta[k] * data[8 * i + k]);
    }
    const double misfit = model - target[i];
    loss += 0.5 * misfit * misfit;
  }
  return loss;
}
