// Mathematical functions that are rare, or written with others.

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;
using Float = Kokkos::View<float*>;

double gamma_functions(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += std::tgamma(x(i) + 0.5) * std::lgamma(2 + x(i)) + std::lgamma(20 * x(i)) + std::tgamma(-x(i) - 0.3);
  }, r);
  return r;
}

float gamma_functions_of_floats(Float x, int n) {
  float r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, float& s) { s += std::tgamma(x(i) + 1) * lgammaf(x(i)); }, r);
  return r;
}

double remainders(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += x(i) * std::remainder(7 * x(i), y(i)) + std::fmod(9 * x(i), 0.3 + y(i)) * y(i);
    s += x(i) * std::remainder(-5 * x(i), y(i)) + std::fmod(-9 * x(i), 0.3 + y(i)) * y(i);
  }, r);
  return r;
}

double lengths(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += std::hypot(x(i), y(i), 0.5 * x((i + 1) % n)) * std::hypot(x(i), 0.0, 0.0);
  }, r);
  return r;
}

double clamped(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const double c = std::clamp(x(i) * x(i), 0.1, y(i));
    s += c * c * y(i) + std::clamp(i, 1, 3) * x(i);
  }, r);
  return r;
}

double extrema_of_lists(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += std::max({x(i), y(i), x(i) * y(i) + 0.3}) * std::min({1.5 * x(i), 0.7, y(i)});
    s += x(std::max({i - 1, 0, 2})) * std::min(i, 3);
  }, r);
  return r;
}

// What is not a number, or too large, is left out.
double classified(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const double huge = std::numeric_limits<double>::infinity();
    const double q = i == 2 ? huge - huge : i == 3 ? huge : x(i) * y(i);
    if (std::isnan(q)) s += x(i);
    else if (std::isinf(q)) s += y(i) * y(i);
    else if (std::isfinite(q) && std::isnormal(q)) s += q * q;
    if (!std::signbit(x(i) - 0.5)) s += x(i) * y(i);
    s += static_cast<double>(std::lround(10.0 * i + 0.3)) * x(i);
  }, r);
  return r;
}

double reciprocal_and_steps(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += std::nextafter(x(i), 2.0) * x(i) + std::logb(3 * x(i)) * x(i) + std::fdim(x(i), 0.4) * x(i);
    s += std::cbrt(x(i)) * std::exp2(x(i)) + std::expm1(x(i)) * std::log1p(x(i)) + std::erfc(x(i)) * x(i);
  }, r);
  return r;
}

// Powers of two, whole and fractional parts; all of it again where the exponents vary.
double taken_apart(In x, Vector y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    double whole = 0, sine, cosine;
    int exponent = 0;
    const double part = std::modf(-7 * x(i), &whole);
    s += part * whole * x(i);
    const double half = std::frexp(9 * x(i) * x(i), &exponent);
    s += half * half * exponent;
    sincos(x(i), &sine, &cosine);
    s += sine * cosine * cosine;
    whole = std::modf(x(i) + 3.5, &y(i));  // behind the pointer is an element
    s += whole * y(i) * std::ldexp(x(i), 3) * std::scalbn(x(i), exponent - 5) / std::scalbln(x(i), -2L);
    s += std::ilogb(4 * x(i)) * x(i) * exp10(x(i));
    s += std::frexp(0.0 * i, &exponent);
    s += exponent * x(i);
  }, r);
  return r;
}

float taken_apart_in_floats(Float x, int n) {
  float r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, float& s) {
    float whole, sine, cosine;
    int exponent;
    const float part = modff(5 * x(i), &whole), half = frexpf(x(i), &exponent);
    sincosf(part, &sine, &cosine);
    s += part * half * ldexpf(x(i), exponent) + sine * cosine * whole;
  }, r);
  return r;
}

double compared(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    if (std::isgreater(x(i), y(i)) || std::islessequal(x(i), 0.2)) s += x(i) * x(i);
    if (std::isless(x(i), 0.5f) && std::isgreaterequal(y(i), 0.1)) s += y(i) * x(i);
    if (!std::isunordered(x(i), y(i)) && std::islessgreater(x(i), y(i))) s += y(i) * y(i);
  }, r);
  return r;
}
