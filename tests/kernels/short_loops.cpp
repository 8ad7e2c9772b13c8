// Loops of constant length that are written out, local arrays whose elements become scalars, and loops over one
// range that may or must not be joined.
#include <Kokkos_Core.hpp>
#include <cmath>


using Input = Kokkos::View<const double*>;
using Matrix = Kokkos::View<const double**>;

double backwards(Kokkos::View<const double* [4]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double horner = 0.5;
        for (int k = 3; k >= 0; --k) horner = horner * x(i, k) + 0.1 * k;
        for (int k = 1; k < 4; k += 2) horner += std::sin(horner * x(i, k));
        for (int k = 2; k < 2; ++k) horner *= 7.0;
        s += horner;
      },
      r);
  return r;
}

// The result of an inner loop is carried by the outer one; a long loop around short ones.
double nested_results(Input x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double a = x(i);
        for (int step = 0; step < n; ++step) {
          double b = 0.3;
          for (int k = 0; k < 3; ++k) {
            for (int l = 0; l < 2; ++l) b = b * a + 0.2 * l;
            a += 0.1 * b;
          }
          a = std::tanh(a * b);
        }
        s += a;
      },
      r);
  return r;
}

// Elements at constant and at variable places, set again, added to, and changed in branches.
double mixed_places(Input x, Kokkos::View<const int*> idx) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double a[3] = {};
        double b[2][2] = {{1.0, 2.0}, {3.0, x(i)}};
        for (int k = 0; k < 3; ++k) a[k] += x(i) * (k + 1);
        a[idx(i) % 3] = std::exp(a[1]);
        a[2] *= a[0];
        if (x(i) > 0.5) a[1] = a[1] * a[1];
        for (int k = 0; k < 2; ++k) b[k][1] += a[k] * b[1][k];
        a[0] = a[0] * b[0][1];
        s += a[0] * a[1] + a[2] * b[1][1] + b[idx(i) % 2][1];
      },
      r);
  return r;
}

// One pass over A serves the product and its adjoint.
double joined(Matrix A, Input x, Input y) {
  double r = 0;
  const int columns = A.extent(1);
  Kokkos::parallel_reduce(
      A.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double row = 0;
        for (int j = 0; j < columns; ++j) row += A(i, j) * x(j);
        s += y(i) * row;
      },
      r);
  return r;
}

// The adjoint needs the whole sum first: two passes.
double kept_apart(Matrix A, Input x) {
  double r = 0;
  const int columns = A.extent(1);
  Kokkos::parallel_reduce(
      A.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double row = 0;
        for (int j = 0; j < columns; ++j) row += A(i, j) * x(j);
        s += row * row;
      },
      r);
  return r;
}

// The second loop reads what the first has written further on; one in between changes what the third reads.
void through_memory(Kokkos::View<double**> u, Kokkos::View<double**> v, Matrix x) {
  const int n = x.extent(1);
  Kokkos::parallel_for(
      x.extent(0), KOKKOS_LAMBDA(const int i) {
        for (int k = 0; k < n; ++k) u(i, k) = x(i, k) * (1.0 + std::sin(x(i, k)));
        for (int k = 0; k < n; ++k) v(i, k) = x(i, k) * x(i, k) + u(i, n - 1 - k);
        u(i, 0) -= x(i, 1);
        for (int k = 0; k < n; ++k) v(i, k) += std::sin(x(i, k)) + u(i, k);
      });
}
