// Loops inside kernels: carried values, nests, dynamic trip counts, local arrays that loops overwrite.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;

double carried_product(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce("product", n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = 0; k < 4; ++k) p *= x(i) + 0.1 * k;
    sum += p;
  }, r);
  return r;
}

double carried_product_dynamic(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = 0; k < m; ++k) p = p * sin(x(i) + k) + x(k);
    sum += p * p;
  }, r);
  return r;
}

// The running sum is used in the iteration that adds to it: its adjoint loop must run backwards.
double prefix_sum(Matrix x, In w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double s = 0;
    for (int k = 0; k < m; ++k) {
      s += x(i, k);
      sum += s * w(k);
    }
  }, r);
  return r;
}

double prefix_sum_before(Matrix x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double s = 0;
    for (int k = 0; k < 4; ++k) {
      sum += s * (k + 1);
      s += x(i, k);
    }
  }, r);
  return r;
}

double prefix_sum_active_weights(Matrix x, Vector w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double s = 0;
    for (int k = 0; k < m; ++k) {
      s += x(i, k);
      sum += s * w(k);
    }
  }, r);
  return r;
}

double two_carried_swap(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a = x(i), b = 1.5;
    for (int k = 0; k < 5; ++k) {
      const double t = a;
      a = b;
      b = t * b;
    }
    sum += a + 2 * b;
  }, r);
  return r;
}

double fibonacci_linear(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a = x(i), b = 1.5;
    for (int k = 0; k < m; ++k) {
      const double t = a + b;
      a = b;
      b = t + x(k);
    }
    sum += a + 2 * b;
  }, r);
  return r;
}

double nested_carried(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < m; ++k) {
      double q = p;
      for (int l = 0; l <= k; ++l) q = q * 0.9 + cos(p) * x(l);
      p = p * q + 0.1;
    }
    sum += p;
  }, r);
  return r;
}

double nested_constant_in_dynamic(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < m; ++k) {
      for (int l = 0; l < 3; ++l) p = p * x(l) + 0.3 * p * p;
    }
    sum += p;
  }, r);
  return r;
}

double nested_dynamic_in_constant(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < 3; ++k) {
      for (int l = 0; l < m; ++l) p = p * x(l) + 0.3 * p * p;
      p = sin(p);
    }
    sum += p;
  }, r);
  return r;
}

double descending_steps(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = 5; k >= 0; k -= 2) p = p * x(k) + x(i);
    for (int k = 1; k < 6; k += 3) p = p * x(k) - x(i) * p * p;
    sum += p;
  }, r);
  return r;
}

double descending_dynamic(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = m - 1; k >= 0; --k) p = p * x(k) + x(i);
    for (int k = m - 1; k > 0; k -= 2) p = p * x(k) - 0.2 * p * p;
    sum += p;
  }, r);
  return r;
}

double zero_trips(In x, int n, int none) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < none; ++k) p = p * p * x(k);
    for (int k = 3; k < 3; ++k) p = p * p;
    sum += p * x(i);
  }, r);
  return r;
}

double local_array_horner(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[4];
    for (int k = 0; k < 4; ++k) a[k] = x(i) * (k + 1);
    for (int sweep = 0; sweep < 3; ++sweep)
      for (int k = 1; k < 4; ++k) a[k] = a[k] * a[k - 1] + 0.1 * sweep;
    for (int k = 0; k < 4; ++k) sum += a[k] * a[k];
  }, r);
  return r;
}

double local_matrix_inverse(Matrix A, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double J[2][2] = {{2 + A(i, 0), A(i, 1)}, {A(i, 2), 3 + A(i, 3)}};
    const double det = J[0][0] * J[1][1] - J[0][1] * J[1][0];
    const double t = J[0][0] / det;
    J[0][0] = J[1][1] / det;
    J[1][1] = t;
    J[0][1] = -J[0][1] / det;
    J[1][0] /= -det;
    for (int a = 0; a < 2; ++a)
      for (int b = 0; b < 2; ++b) sum += J[a][b] * J[b][a] * (1 + a);
  }, r);
  return r;
}

double array_in_loop(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < m; ++k) {
      double a[2] = {p, x(k)};
      a[0] = a[0] * a[1];
      a[1] = sin(a[0]) * a[1];
      p = a[0] + a[1] * p;
    }
    sum += p;
  }, r);
  return r;
}

double array_dynamic_index(In x, Kokkos::View<const int*> idx, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[3] = {x(i), 1.0, 2.0};
    for (int k = 0; k < 5; ++k) a[idx(k) % 3] *= x(k) + a[(idx(k) + 1) % 3];
    sum += a[0] + a[1] * a[2];
  }, r);
  return r;
}

// Linear in the array: nothing has to be recorded although the trip count is dynamic.
double array_accumulated_dynamic(In x, In w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2] = {};
    for (int k = 0; k < m; ++k) {
      a[k % 2] += w(k) * x(i) * x(k);
      a[(k + 1) % 2] = 0.5 * a[k % 2] + a[(k + 1) % 2];
    }
    sum += a[0] * a[1];
  }, r);
  return r;
}

double array_reset_in_loop(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2];
    a[1] = x(i);
    for (int k = 0; k < 3; ++k) {
      a[0] = x(k) * a[1];
      a[1] = a[0] * a[0] + x(i);
      a[0] = 0;
    }
    sum += a[0] + a[1];
  }, r);
  return r;
}

double integer_carried(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    int at = i;
    double p = 1;
    for (int k = 0; k < 4; ++k) {
      p = p * x(at) + 0.5;
      at = (at * 2 + 1) % n;
    }
    sum += p;
  }, r);
  return r;
}

double loop_in_branch_in_loop(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < m; ++k) {
      if (k % 2 == 0) {
        double q = 1;
        for (int l = 0; l < k; ++l) q *= p + x(l);
        p = q * 0.5 + p;
      } else {
        p = p * p;
      }
    }
    sum += p;
  }, r);
  return r;
}

double bounds_from_view(In x, Kokkos::View<const int*> row, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = row(i); k < row(i + 1); ++k) p *= x(k);
    sum += p;
  }, r);
  return r;
}

// As prefix_sum, with the variable's name that generated temporaries have.
double prefix_sum_named_t(Matrix x, In w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double t = 0;
    for (int k = 0; k < m; ++k) {
      t += x(i, k);
      sum += t * w(k);
    }
  }, r);
  return r;
}
