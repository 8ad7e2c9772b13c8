// Kokkos::complex as a local value.
#include <Kokkos_Core.hpp>
#include <cmath>

using Complex = Kokkos::complex<double>;

KOKKOS_INLINE_FUNCTION Complex horner(const Complex& z, const double* c, int n) {
  Complex sum(0.0, 0.0);
  for (int k = n - 1; k >= 0; --k) sum = sum * z + c[k];
  return sum;
}

double polynomial(Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        const double c[4] = {1.0, x(i, 0), -2.0, 0.5};
        const Complex z(x(i, 0), x(i, 1));
        const Complex w = horner(z, c, 4);
        s += w.real() * w.real() + w.imag() * w.imag() + Kokkos::real(z * Kokkos::conj(w));
      },
      r);
  return r;
}

double quotients(Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Complex z(x(i, 0), x(i, 1)), w = 2.0;
        w += z * 0.5;
        w /= z - 3.0;
        z = Kokkos::exp(-w) / w;
        z *= Complex(0.5, x(i, 0));
        w.real() += z.imag();
        w.imag(2.0 * z.real());
        s += Kokkos::abs(z) + w.real() * w.imag();
      },
      r);
  return r;
}

double roots(Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        const Complex z(x(i, 0), x(i, 1));
        const Complex w = Kokkos::sqrt(z) + Kokkos::pow(z, 3.0);
        s += Kokkos::real(w) * Kokkos::imag(w);
      },
      r);
  return r;
}

void iterated(Kokkos::View<const double* [2]> x, Kokkos::View<double*> y) {
  Kokkos::parallel_for(
      y.extent(0), KOKKOS_LAMBDA(const int i) {
        Complex z(0.0, 0.0), previous = z;
        const Complex c(x(i, 0) - 0.5, x(i, 1) - 0.5);
        for (int k = 0; k < 5; ++k) {
          previous = z * 0.25;
          z = z * z + c;
          std::swap(z, previous);
          z += previous;
        }
        y(i) = z.real() + z.imag() * previous.real();
      });
}

double single(Kokkos::View<const float*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Kokkos::complex<float> z(x(i), 0.5f);
        z = z * z;
        Kokkos::complex<double> w(z);
        s += Kokkos::abs(w * w);
      },
      r);
  return r;
}

// complex scalars as parameters
double phased(Complex a, const Kokkos::complex<float>& b, Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        const Complex z = a * Complex(x(i, 0), x(i, 1)) / Kokkos::exp(a);
        s += z.real() * b.imag() + z.imag() * b.real();
      },
      r);
  return r;
}
