double fe_energy_loops(const double* coords, const int* conn, const double* u, double kappa, int first, int last) {
  double energy = 0.0;
  for (int e = first; e < last; ++e) {
    const int a = conn[3 * e];
    const int b = conn[3 * e + 1];
    const int c = conn[3 * e + 2];
    const double bx = coords[2 * b] - coords[2 * a];
    const double by = coords[2 * b + 1] - coords[2 * a + 1];
    const double cx = coords[2 * c] - coords[2 * a];
    const double cy = coords[2 * c + 1] - coords[2 * a + 1];
    const double db = u[b] - u[a];
    const double dc = u[c] - u[a];
    const double mean = (u[a] + u[b] + u[c]) / 3.0;
    const double det = bx * cy - by * cx;
    const double gx = (cy * db - by * dc) / det;
    const double gy = (bx * dc - cx * db) / det;
    const double gradient2 = gx * gx + gy * gy;
    const double mean2 = mean * mean;
    energy += 0.5 * det * (0.5 * kappa * gradient2 * (1.0 + 0.25 * mean2) + 0.25 * mean2 * mean2);
  }
  return energy;
}
