double weighted_inner_loops(const double* A, const double* x, const double* y, int columns, int first, int last) {
  double sum = 0.0;
  for (int i = first; i < last; ++i) {
    double row = 0.0;
    for (int j = 0; j < columns; ++j) {
      row += A[i * columns + j] * x[j];
    }
    sum += y[i] * row;
  }
  return sum;
}
