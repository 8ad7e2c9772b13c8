double laplace_loops(const int* conn, const double* u, int first, int last) {
  double energy = 0.0;
  for (int e = first; e < last; ++e) {
    const double middle = u[conn[3 * e + 1]];
    const double dx = u[conn[3 * e]] - middle;
    const double dy = u[conn[3 * e + 2]] - middle;
    energy += 0.25 * (dx * dx + dy * dy);
  }
  return energy;
}
