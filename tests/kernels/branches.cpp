// Branches, guards, ternaries, helper functions.

#include <Kokkos_Core.hpp>

#include <cassert>
#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;

KOKKOS_INLINE_FUNCTION void polar(double x, double y, double& r, double& phi) {
  r = hypot(x, y);
  phi = atan2(y, x);
}

KOKKOS_INLINE_FUNCTION double softened(double x) {
  if (x < 0.3) return x * x;
  if (x < 0.6) {
    const double t = 2 * x;
    return t * sin(t);
  }
  return exp(-x);
}

KOKKOS_INLINE_FUNCTION void rotate(double (&v)[2], double angle) {
  const double a = v[0];
  v[0] = cos(angle) * v[0] - sin(angle) * v[1];
  v[1] = sin(angle) * a + cos(angle) * v[1];
}

double out_parameters(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double r, phi;
    polar(x(i), x((i + 1) % n), r, phi);
    polar(r, phi, phi, r);
    sum += r * phi;
  }, result);
  return result;
}

double early_returns_in_helper(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += softened(x(i)) * x(i); }, result);
  return result;
}

double rotated(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double v[2] = {x(i), 1.0};
    for (int k = 0; k < 3; ++k) rotate(v, v[0] * 0.2 + k);
    sum += v[0] * v[1];
  }, result);
  return result;
}

void guard(Vector y, In x, int n) {
  Kokkos::parallel_for(n + 3, KOKKOS_LAMBDA(int i) {
    if (i >= n) return;
    if (x(i) < 0.2) {
      y(i) = -x(i);
      return;
    }
    y(i) = x(i) * x(i);
  });
}

double ternary_out_of_range(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    const double left = i > 0 ? x(i - 1) : 0.0;
    const double right = i + 1 < n ? x(i + 1) : x(i) * 2;
    sum += (right - left) * (right - left);
  }, result);
  return result;
}

double branch_overwrites_array(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[3] = {x(i), 1, 2};
    for (int k = 0; k < 4; ++k) {
      if (x(k) > 0.5)
        a[k % 3] = a[k % 3] * a[0] + x(k);
      else if (x(k) > 0.2) {
        a[1] *= a[1];
        a[2] = a[1] * a[0];
      }
    }
    sum += a[0] * a[1] + a[2];
  }, result);
  return result;
}

double branch_on_active(In x, double threshold, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    if (p * threshold > 0.4) p = p * p * threshold;
    if (p < 0.1) return;
    sum += p;
  }, result);
  return result;
}

double one_sided_branches(In x, In w, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 0, q = 1;
    if (i % 2) {
      p = x(i);
    } else {
      q = x(i) * w(i);
      if (i % 4 == 0) {
        p = q * w(i);
      }
    }
    sum += p * q + p;
  }, result);
  return result;
}

double logic(In x, int n, bool both) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    if ((i > 0 && x(i - 1) < x(i)) || (both && !(i % 2))) sum += x(i) * x(i);
    sum += (i == n - 1 || x(i) > x(i + 1)) ? x(i) : 2 * x(i);
  }, result);
  return result;
}

double nested_ternary(In x, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    const double a = x(i) < 0.3 ? x(i) * x(i) : x(i) < 0.6 ? sin(x(i)) : 1 / x(i);
    sum += a * (i % 2 ? a : 1.0);
  }, result);
  return result;
}

double switched(In x, Kokkos::View<const int*> kind, int n) {
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 0;
    if (kind(i) % 3 == 0) p = x(i);
    else if (kind(i) % 3 == 1) p = x(i) * x(i);
    else p = exp(x(i));
    sum += p;
  }, result);
  return result;
}

double asserted(In x, int n) {
  assert(n > 0 && "there are elements");
  double result = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    assert(x(i) > 0);
    sum += log(x(i));
  }, result);
  return result;
}
