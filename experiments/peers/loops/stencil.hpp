double stencil_loops(const double* u, const double* f, double h, int ny, int first, int last) {
  const double scale = 1.0 / (h * h);
  double norm2 = 0.0;
  for (int i = first + 1; i < last + 1; ++i) {
    for (int j = 1; j < ny - 1; ++j) {
      const int k = i * ny + j;
      const double centre = u[k];
      const double laplace = u[k - ny] + u[k + ny] + u[k - 1] + u[k + 1] - 4.0 * centre;
      const double r = centre * centre * centre - scale * laplace - f[k];
      norm2 += r * r;
    }
  }
  return norm2;
}
