// parallel_scan: inclusive, exclusive, in place, with a total, of integers, several in a loop.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;

void inclusive(Vector y, In x, int n) {
  Kokkos::parallel_scan("inclusive", n, KOKKOS_LAMBDA(const int i, double& sum, const bool final) {
    sum += x(i) * x(i);
    if (final) y(i) = sum;
  });
}

void exclusive(Vector y, In x, int n) {
  Kokkos::parallel_scan("exclusive", Kokkos::RangePolicy<>(0, n),
      KOKKOS_LAMBDA(const int i, double& sum, const bool final) {
        if (final) y(i) = sin(sum) * x(i);
        sum += x(i);
      });
}

double exclusive_with_total(Vector y, In x, double a, int n) {
  double total = 0;
  Kokkos::parallel_scan("scan", n, KOKKOS_LAMBDA(const int i, double& sum, const bool final) {
    const double before = sum;
    const double own = a * x(i);
    sum += own;
    if (final) y(i) = before * own;
  }, total);
  return total * total;
}

void scan_in_place(Vector u, int n) {
  Kokkos::parallel_scan(Kokkos::RangePolicy<>(1, n), KOKKOS_LAMBDA(const int i, double& sum, bool final) {
    const double own = u(i);
    sum += own;
    if (final) u(i) = sum * sum;
  });
}

// Which elements are kept does not depend on the sums; where they go does.
double compaction(Vector y, In x, Kokkos::View<int*> where, int n) {
  int kept = 0;
  Kokkos::parallel_scan("offsets", n, KOKKOS_LAMBDA(int i, int& count, bool final) {
    const bool keep = x(i) > 0.4;
    if (final) where(i) = count;
    if (keep) ++count;
  }, kept);
  Kokkos::parallel_for("compact", n, KOKKOS_LAMBDA(int i) {
    if (x(i) > 0.4) y(where(i)) = x(i) * x(i);
  });
  double r = 0;
  Kokkos::parallel_reduce(kept, KOKKOS_LAMBDA(int i, double& s) { s += y(i) * (i + 1); }, r);
  return r;
}

void direct_compaction(Vector y, In x, int n) {
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, int& count, bool final) {
    if (x(i) > 0.4) {
      if (final) y(count) = x(i) * x(i);
      count++;
    }
  });
}

// Several terms per iteration, with a branch and a loop.
void row_sums(Vector y, In x, int n, int m) {
  Kokkos::parallel_scan("rows", Kokkos::RangePolicy<>(2, n), KOKKOS_LAMBDA(int i, double& sum, bool final) {
    for (int k = 0; k < m; ++k) sum += x((i + k) % n) * k;
    if (x(i) > 0.5) {
      sum -= x(i) * x(i);
    } else {
      sum = sum + 2;
    }
    if (final) y(i) = exp(-sum);
  });
}

double scan_loop(Vector u, double dt, int n, int steps) {
  double r = 0;
  for (int k = 0; k < steps; ++k) {
    double total = 0;
    Kokkos::parallel_scan("flux", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
      sum += u(i) * u(i);
      if (final) u(i) = u(i) + dt * sum;
    }, total);
    r += total * k;
  }
  return r;
}

float scan_floats(Kokkos::View<float*> y, Kokkos::View<const float*> x, int n) {
  float total = 0;
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(unsigned i, float& sum, bool final) {
    if (final) y(i) = sum;
    sum += x(i) * 0.5;
  }, total);
  return total;
}

KOKKOS_INLINE_FUNCTION void add_to(double& sum, double v) { sum += v; }

void scanned_twice(Vector y, Vector z, In x, int n) {
  Kokkos::parallel_scan("first", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
    add_to(sum, x(i));
    if (final) y(i) = sum;
  });
  Kokkos::parallel_scan("second", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
    const double v = y(i) * x(i);
    if (final) {
      z(i) = sum;
      y(i) = 0.5 * sum * v;
    }
    sum += v;
  });
}

// What is stored in both passes is the same in both.
double stored_terms(Vector t, In x, int n) {
  Kokkos::View<double> r("r");
  double q = 0;
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
    t(i) = x(i) * x(i) * x(i);
    sum += t(i);
    if (final && i == n - 1) r() = sum;
  });
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * r(); }, q);
  return q;
}
