// Views whose elements are complex numbers, small vectors or structs.
#include <Kokkos_Core.hpp>
#include <cmath>

using Complex = Kokkos::complex<double>;

struct Vec {
  double v[3];
  KOKKOS_INLINE_FUNCTION double& operator[](int d) { return v[d]; }
  KOKKOS_INLINE_FUNCTION const double& operator[](int d) const { return v[d]; }
  KOKKOS_INLINE_FUNCTION Vec& operator+=(const Vec& o) {
    for (int d = 0; d < 3; ++d) v[d] += o.v[d];
    return *this;
  }
};

struct Atom {
  Vec position;
  double charge, mass;
};

double spectrum(Kokkos::View<const Complex*> z) {
  double r = 0;
  Kokkos::parallel_reduce(
      z.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        const Complex w = z(i) * z(i) + 1.0;
        s += w.real() * w.imag() + Kokkos::abs(z(i));
      },
      r);
  return r;
}

void rotated(Kokkos::View<Complex*> z, Kokkos::View<const Complex*> w, double a) {
  Kokkos::View<Complex*> t("t", z.extent(0));
  const Complex phase(std::cos(a), std::sin(a));
  Kokkos::parallel_for(
      z.extent(0), KOKKOS_LAMBDA(const int i) {
        t(i) = z(i) * phase;
        t(i) += w(i);
      });
  Kokkos::parallel_for(
      z.extent(0), KOKKOS_LAMBDA(const int i) {
        z(i) = t(i) * t(i) - z(i);
        z(i).real() *= 2.0;
      });
}

double forces(Kokkos::View<const Vec*> x, Kokkos::View<Vec*> f) {
  const int n = static_cast<int>(x.extent(0));
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        Vec sum{{0.0, 0.0, 0.0}};
        for (int j = 0; j < n; ++j) {
          double r2 = 0.1;
          for (int d = 0; d < 3; ++d) r2 += (x(i)[d] - x(j)[d]) * (x(i)[d] - x(j)[d]);
          for (int d = 0; d < 3; ++d) sum[d] += (x(i)[d] - x(j)[d]) / r2;
        }
        f(i) += sum;
      });
  double e = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) { s += f(i)[0] * f(i)[0] + f(i).v[2] * x(i).v[1]; }, e);
  return e;
}

void in_place_objects(Kokkos::View<Atom* [2]> atoms, Kokkos::View<const int*> partner) {
  Kokkos::parallel_for(
      atoms.extent(0), KOKKOS_LAMBDA(const int i) {
        Atom& first = atoms(i, 0);
        const Atom second = atoms(i, 1);
        for (int d = 0; d < 3; ++d) first.position[d] *= second.charge;
        first.mass = second.mass * first.position[partner(i) % 3];
        atoms(i, 1).position = first.position;
      });
}

void scattered(Kokkos::View<const Complex*> z, Kokkos::View<const int*> to, Kokkos::View<double*> y) {
  Kokkos::parallel_for(
      z.extent(0), KOKKOS_LAMBDA(const int i) {
        const Complex w = z(to(i)) * z(i);
        y(i) = w.real() - 2.0 * w.imag();
      });
}
