// The energy of one element and its derivatives, derived on paper.
struct Element {
  double energy, kappa_b;  // kappa_b without the seed
  double x[3], y[3], u[3];  // derivatives with respect to the three nodes
};

template <class Coords, class Conn, class U>
KOKKOS_INLINE_FUNCTION Element element(const Coords& coords, const Conn& conn, const U& u, double kappa, int e) {
  const int n0 = conn(e, 0), n1 = conn(e, 1), n2 = conn(e, 2);
  const double x0 = coords(n0, 0), y0 = coords(n0, 1);
  const double a = coords(n1, 0) - x0, b = coords(n1, 1) - y0;  // first edge
  const double c = coords(n2, 0) - x0, d = coords(n2, 1) - y0;  // second edge
  const double u0 = u(n0), p = u(n1) - u0, q = u(n2) - u0;
  const double mean = u0 / 3.0 + u(n1) / 3.0 + u(n2) / 3.0;
  const double det = a * d - b * c, inverse = 1.0 / det;
  const double gx = (d * p - b * q) * inverse, gy = (a * q - c * p) * inverse;
  const double g2 = gx * gx + gy * gy, m2 = mean * mean, factor = 1.0 + 0.25 * m2;
  const double density = 0.5 * kappa * g2 * factor + 0.25 * m2 * m2;

  // density_b = det / 2; what gx and gy are divided by det is (gx_b, gy_b) / det = kappa factor (gx, gy) / 2
  const double k = 0.5 * kappa * factor, kx = k * gx, ky = k * gy;
  const double det_b = 0.5 * density - (kx * gx + ky * gy);
  const double third = 0.5 * det * (0.25 * kappa * g2 * mean + m2 * mean) / 3.0;
  const double p_b = kx * d - ky * c, q_b = ky * a - kx * b;
  const double a_b = ky * q + det_b * d, b_b = -kx * q - det_b * c;
  const double c_b = -ky * p - det_b * b, d_b = kx * p + det_b * a;
  return {0.5 * det * density,
          0.25 * det * g2 * factor,
          {-a_b - c_b, a_b, c_b},
          {-b_b - d_b, b_b, d_b},
          {third - p_b - q_b, third + p_b, third + q_b}};
}
