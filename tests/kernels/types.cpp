// Precisions, ranks, static extents, math functions.

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;
using Float = Kokkos::View<float*>;

float single(Float x, float a, int n) {
  float r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, float& s) { s += x(i) * x(i) * a + sinf(x(i)); }, r);
  return r;
}

double mixed(Float x, Vector y, float a, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const float p = x(i) * a;
    const double q = p * y(i);
    s += q * q + static_cast<float>(q) * x(i);
  }, r);
  return r;
}

void mixed_store(Float y, In x, double a, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * x(i) + a; });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= y(i); });
}

double rank_zero(Kokkos::View<double> a, In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * a() * a(); }, r);
  return r;
}

double rank_zero_fill(Kokkos::View<double> a, Kokkos::View<double> b, In x, double c, int n) {
  double r = 0, q = 0;
  Kokkos::deep_copy(b, a);
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += b() * b() * x(i); }, r);
  Kokkos::deep_copy(b, c * r);
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += b() * x(i) * a() * b(); }, q);
  return q;
}

double rank_four(Kokkos::View<double****> t, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    for (int j = 0; j < 2; ++j)
      for (int k = 0; k < 2; ++k)
        for (int l = 0; l < 2; ++l) s += t(i, j, k, l) * t((i + 1) % n, k, l, j);
  }, r);
  return r;
}

void static_extents(Kokkos::View<double* [3]> y, Kokkos::View<const double[3]> w, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    for (int k = 0; k < 3; ++k) y(i, k) = y(i, k) * w(k) + w(k) * w(k);
  });
}

void layouts(Kokkos::View<double**, Kokkos::LayoutLeft> y, Kokkos::View<const double**, Kokkos::LayoutRight> x, int n, int m) {
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}), KOKKOS_LAMBDA(int i, int j) {
    y(i, j) *= x(i, j) * x(i, 0);
  });
}

double extents(Vector x, Kokkos::View<double**> A) {
  double r = 0;
  Kokkos::parallel_reduce(A.extent(0), KOKKOS_LAMBDA(std::size_t i, double& s) {
    for (std::size_t j = 0; j < A.extent(1); ++j) s += A(i, j) * x(j) * x(j);
  }, r);
  return r / x.extent(0);
}

double powers(In x, double p, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += pow(x(i), 3) + std::pow(x(i), 2.5) + pow(x(i), p) + pow(2.0, x(i)) + pow(x(i), 2) + pow(x(i), x(i)) + pow(x(i), -1);
    s += pow(-x(i), 3) + pow(x(i) - 0.5, 2) + pow(x(i), i);
  }, r);
  return r;
}

double extrema(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const double a = x(i) - 0.5;
    s += fabs(a) * fmax(a, 0.1 * x(0)) + fmin(a * a, x((i + 1) % n)) + std::max(a, 0.0) * std::min(a, 0.2) + std::abs(a * a * a);
  }, r);
  return r;
}

double math(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const double a = x(i);
    s += sin(a) + cos(a) + tan(a) + asin(a) + acos(a) + atan(a) + sinh(a) + cosh(a) + tanh(a) + asinh(a);
    s += acosh(1 + a) + atanh(a) + exp(a) + exp2(a) + expm1(a) + log(a) + log2(a) + log10(a) + log1p(a);
    s += sqrt(a) + cbrt(a) + erf(a) + erfc(a) + atan2(a, 1 + a) + hypot(a, 2.0) + fma(a, a, a);
    s += floor(a) * a + ceil(a) * a + trunc(4 * a) * a + fmod(5 * a, 0.7) + fmod(7.1, a) + copysign(a, -a);
  }, r);
  return r;
}

double gamma_function(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += tgamma(1 + x(i)) + x(i); }, r);
  return r;
}

double positive_difference(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += fdim(x(i), 0.4) + x(i); }, r);
  return r;
}

double scalars(double a, float b, int n) {
  double r = 0;
  const double c = a * b;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += c * a * i + b * b; }, r);
  return r * c;
}

double integer_bits(In x, Kokkos::View<const long*> key, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const long h = (key(i) * 7 + 3) & 3;
    s += x(h) * x((key(i) >> 1) % n) * static_cast<double>(h ^ 5);
  }, r);
  return r;
}

// Parameters that promise to overlap nothing: the gradient checks that they do not.
using Apart = Kokkos::View<double*, Kokkos::MemoryTraits<Kokkos::Restrict>>;
using Fetched = Kokkos::View<const double*, Kokkos::MemoryTraits<Kokkos::RandomAccess | Kokkos::Restrict>>;
using Lent = Kokkos::View<double*, Kokkos::MemoryTraits<Kokkos::Unmanaged | Kokkos::Restrict | Kokkos::Aligned>>;

KOKKOS_INLINE_FUNCTION void multiply_add(double* KOKKOS_RESTRICT to, const double* __restrict__ from, double a) {
  *to += a * *from * *from;
}

void restricted(Apart y, Fetched x, Lent z, double a, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * x(i) + a * x(n - 1 - i) * z(i); });
  Apart same = z;  // says nothing new: this is z
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    same(i) *= y(i);
    multiply_add(&y(i), &z(i), a);
  });
}
