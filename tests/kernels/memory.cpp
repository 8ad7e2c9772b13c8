// Views that kernels overwrite: in place, several times, from one another.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;

void in_place(Vector u, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i)) * u(i); });
}

void in_place_thrice(Vector u, double a, int n) {
  Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i)); });
  Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) *= a + u(i); });
  Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) = exp(-u(i)) * a; });
}

void increment(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) += x(i) * x(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) -= cos(x(i)); });
}

void multiply(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= x(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) /= 2 + x(i); });
}

void overwrite_constant(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = 3.0; });
  Kokkos::parallel_for(n - 1, KOKKOS_LAMBDA(int i) { y(i) = x(i) * y(i); });
}

void ping_pong(Vector u, Vector v, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = u(i) * u((i + 1) % n); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = v(i) + v((i + 1) % n) * u(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = sin(u(i)) * v(i); });
}

double local_reused(In x, int n) {
  Vector t("t", n);
  double r = 0, q = 0;
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) { t(i) = x(i) * x(i); });
  Kokkos::parallel_reduce("first", n, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i); }, r);
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) { t(i) = cos(t(i)); });
  Kokkos::parallel_reduce("second", n, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i) * t(i); }, q);
  return r * q;
}

// The slice that fills t also adds to y: running it again must leave y alone.
void filler_with_side_effect(Vector y, In x, int n) {
  Vector t("t", n);
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) {
    t(i) = x(i) * x(i);
    y(i) += x(i);
  });
  Kokkos::parallel_for("square", n, KOKKOS_LAMBDA(int i) { t(i) = sin(t(i)); });
  Kokkos::parallel_for("add", n, KOKKOS_LAMBDA(int i) { y(i) += t(i) * t(i); });
}

void filler_with_atomic_side_effect(Vector y, In x, Kokkos::View<const int*> idx, int n) {
  Vector t("t", n);
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) {
    t(i) = x(i) * x(i);
    Kokkos::atomic_add(&y(idx(i)), x(i));
  });
  Kokkos::parallel_for("square", n, KOKKOS_LAMBDA(int i) { t(i) = sin(t(i)); });
  Kokkos::parallel_for("add", n, KOKKOS_LAMBDA(int i) { y(i) += t(i) * t(i); });
}

// Filled by deep_copy, so that it could be filled again, but it is the caller's View.
void parameter_refilled(Vector y, In x, int n) {
  Kokkos::deep_copy(y, 0.5);
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) { y(i) += x(i) * x(i); });
  Kokkos::parallel_for("sine", n, KOKKOS_LAMBDA(int i) { y(i) = sin(y(i)) * x(i); });
}

double local_refilled(In x, int n) {
  Vector t("t", n);
  double r = 0, q = 0;
  Kokkos::parallel_for("fill", n, KOKKOS_LAMBDA(int i) { t(i) = x(i) * x(i); });
  Kokkos::parallel_reduce("first", n, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i); }, r);
  Kokkos::deep_copy(t, r);
  Kokkos::parallel_for("more", n, KOKKOS_LAMBDA(int i) { t(i) *= x(i); });
  Kokkos::parallel_for("sine", n, KOKKOS_LAMBDA(int i) { t(i) = sin(t(i)); });
  Kokkos::parallel_reduce("second", n, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i); }, q);
  return r * q;
}

void copies(Vector y, Vector z, In x, double a, int n) {
  Vector t("t", n);
  Kokkos::deep_copy(t, x);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { z(i) = t(i) * t(i); });
  Kokkos::deep_copy(t, a);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { z(i) += t(i) * t(i) * x(i); });
  Kokkos::deep_copy(y, z);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= y(i); });
  Kokkos::deep_copy(z, y);
  Kokkos::deep_copy(y, 2.0);
}

// After the first store the same iteration updates its element again, linearly; the neighbours' elements are
// shared. An increment must be seen by the next read of the same adjoint element.
void own_element_twice(Vector u, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    for (int k = 0; k < 2; ++k) u(2 * i) = 0.5 * u(2 * i) + u(2 * i + 1) + u(2 * i + 3);
  });
}

void own_element_branch(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    if (x(i) > 0.5) y(i) = x(i) * x(i);
    y(i) = 3 * y(i) + x(i);
  });
}

double store_then_read(Vector y, In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    y(i) = x(i) * x(i);
    s += y(i) * y(i);
    y(i) = sin(y(i)) * x(i);
    s += y(i);
  }, r);
  return r;
}

double read_after_branch_store(Vector y, In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    if (x(i) > 0.5) y(i) = x(i) * x(i);
    s += 3 * y(i);
  }, r);
  return r;
}

double overwritten_after_reduction(Vector u, In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += u(i) * u(i) * x(i);
    u(i) = x(i) * u(i);
  }, r);
  return r;
}

void matrix_rows(Matrix A, int n, int m) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    double norm = 0;
    for (int j = 0; j < m; ++j) norm += A(i, j) * A(i, j);
    for (int j = 0; j < m; ++j) A(i, j) = A(i, j) / sqrt(norm);
  });
}

void several_fills(Vector y, In x, int n) {
  Vector t("t", n), s("s", n);
  Kokkos::parallel_for("a", n, KOKKOS_LAMBDA(int i) { t(i) = x(i) * 2; });
  Kokkos::parallel_for("b", n, KOKKOS_LAMBDA(int i) { s(i) = t(i) * t(i); });
  Kokkos::parallel_for("c", n, KOKKOS_LAMBDA(int i) { t(i) = s(i) * sin(t(i)); });
  Kokkos::parallel_for("d", n, KOKKOS_LAMBDA(int i) { s(i) = t(i) * s(i); });
  Kokkos::parallel_for("e", n, KOKKOS_LAMBDA(int i) { t(i) = s(i) * t(i); });
  Kokkos::parallel_for("f", n, KOKKOS_LAMBDA(int i) { y(i) = s(i) * t(i) * y(i); });
}

// Elements that are changed and read again by the same iteration.
double updated_and_read(Kokkos::View<double*> x, Kokkos::View<double*> r, double a, int n) {
  double sum = 0;
  Kokkos::parallel_reduce(
      n,
      KOKKOS_LAMBDA(const int i, double& s) {
        x(i) += a * r(i);
        r(i) -= a * x(i) * x(i);
        s += r(i) * r(i) * x(i);
      },
      sum);
  return sum;
}

void updated_in_branches(Kokkos::View<double*> x, Kokkos::View<double*> y, double a, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        if (i % 2 == 0) {
          x(i) *= a * x(i);
        } else if (i % 3 == 0) {
          x(i) = sin(x(i)) + y(i);
        }
        y(i) += x(i) * x(i);
        if (y(i) > 0.5) y(i) *= y(i);
      });
}

void updated_in_loops(Kokkos::View<double**> A, Kokkos::View<double*> x, int n, int m) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        for (int k = 0; k < m; ++k) x(i) *= 1.0 + 0.1 * x(i) * k;
        for (int d = 0; d < 3; ++d) {
          A(i, d) += 0.5 * x(i);
          x(i) += 0.1 * A(i, d) * A(i, d);
        }
        x(i) = cos(x(i));
      });
}

void updated_until(Kokkos::View<double*> x, double a, int n, int m) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        for (int k = 0; k < m; ++k) {
          x(i) += a * x(i) * x(i);
          if (x(i) > 1.5) break;
        }
      });
}
