double spmv_loops(const double* values, const int* columns, const double* x, const double* b, int entries, int first,
                  int last) {
  double misfit = 0.0;
  for (int i = first; i < last; ++i) {
    double r = -b[i];
    for (int k = 0; k < entries; ++k) {
      r += values[i * entries + k] * x[columns[i * entries + k]];
    }
    misfit += 0.5 * r * r;
  }
  return misfit;
}
