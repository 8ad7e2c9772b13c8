// Derivatives that the user gives: adjoints, tangents, functions that count as constants, functions whose bodies
// cannot be read.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;

// The derivative of the iteration, not of its steps.
KOKKOS_INLINE_FUNCTION double square_root(double a) {
  double x = 1;
  for (int k = 0; k < 30; ++k) x = 0.5 * (x + a / x);
  return x;
}
KOKKOS_INLINE_FUNCTION void kad_square_root_adjoint(double a, double seed, double& a_b) {
  a_b += seed / (2 * square_root(a));
}

double roots(In x, double a, int n) {
  double r = 0;
  Kokkos::parallel_reduce("roots", n, KOKKOS_LAMBDA(int i, double& s) {
    s += square_root(a + x(i)) * x(i);
  }, r);
  return square_root(r);
}

// Not readable: it jumps.
KOKKOS_INLINE_FUNCTION double softplus(double x) {
  if (x > 30) goto large;
  return std::log1p(std::exp(x));
large:
  return x;
}
KOKKOS_INLINE_FUNCTION double kad_softplus_tangent(double x, double x_d) { return x_d / (1 + exp(-x)); }

void activate(Vector y, In x, In w, int n) {
  Kokkos::parallel_for("activate", n, KOKKOS_LAMBDA(int i) {
    y(i) = softplus(w(i) * x(i)) * softplus(y(i));
  });
}

namespace material {
KOKKOS_INLINE_FUNCTION double stiffness(double strain, int kind) {
  const char* unread = "text";
  return strain * strain * strain + kind + 0 * (unread == nullptr);
}
KOKKOS_INLINE_FUNCTION void kad_stiffness_adjoint(double strain, int kind, double seed, double& strain_b) {
  strain_b = 3 * strain * strain * seed + 0 * kind;
}
KOKKOS_INLINE_FUNCTION double blend(double a, float b, double c) { return a * b + c * c; }
KOKKOS_INLINE_FUNCTION void kad_blend_adjoint(double a, float b, double c, double s, double& a_b, float& b_b,
                                              double& c_b) {
  a_b += b * s;
  b_b += a * s;
  c_b += 2 * c * s;
}
}  // namespace material

double energy(In x, double a, int n) {
  double r = 0;
  Kokkos::parallel_reduce("energy", n, KOKKOS_LAMBDA(int i, double& s) {
    const double strain = a * x(i);
    for (int k = 0; k < 3; ++k) s += material::stiffness(strain * k, k);
    s += material::blend(strain, 0.75f, a);
  }, r);
  return r;
}

// The weight counts as a constant, although it is computed from the data.
KOKKOS_INLINE_FUNCTION double weight(double x) { return x > 0.5 ? 2.0 : 0.5; }
constexpr bool kad_weight_inactive = true;
KOKKOS_INLINE_FUNCTION int bucket(double x) { return static_cast<int>(10 * x); }
constexpr bool kad_bucket_inactive = true;
KOKKOS_INLINE_FUNCTION void report(double x) {
  if (x > 1e300) Kokkos::abort("too large");
}
constexpr bool kad_report_inactive = true;

double weighted(In x, In table, int n) {
  double r = 0;
  Kokkos::parallel_reduce("weighted", n, KOKKOS_LAMBDA(int i, double& s) {
    report(x(i));
    s += weight(x(i)) * x(i) * x(i) + table(bucket(x(i))) * x(i);
  }, r);
  return r;
}
