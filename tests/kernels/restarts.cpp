// Loops of many iterations inside kernels, and local arrays that such loops overwrite.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using Indices = Kokkos::View<const int*>;

double logistic_map(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), q = 0.3;
    for (int k = 0; k < m; ++k) {
      q = 0.99 * q + 0.01 * p * x(k % n);
      p = p + 0.1 * p * (1 - p) * q;
    }
    sum += p * q;
  }, r);
  return r;
}

double descending_by_three(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (long k = 3l * m; k > 1; k -= 3) p = p + 0.1 * sin(p + k) * x(k % n);
    for (unsigned k = 2; k < unsigned(m); k += 5) p = p * (1 + 0.01 * p * x(k % n));
    sum += p * p;
  }, r);
  return r;
}

double constant_but_long(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < 1030; ++k) p = p + 0.001 * sin(3 * p + x(i) * k);
    sum += p;
  }, r);
  return r;
}

double state_array(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[3] = {x(i), 0.5, 0.2};
    for (int k = 0; k < m; ++k) {
      const double rate = a[0] * a[1] - 0.3 * a[2];
      a[0] += 0.1 * rate * x(k % n);
      a[1] -= 0.1 * rate * a[1];
      a[2] = sin(a[0] + a[2]);
    }
    sum += a[0] * a[1] + a[2];
  }, r);
  return r;
}

// Runge-Kutta with stages in arrays: loops of few iterations inside a long one.
double runge_kutta(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double u[2] = {x(i), 1 - x(i)};
    const double c[3] = {0.5, 0.75, 1.0};
    for (int t = 0; t < m; ++t) {
      double stage[3][2];
      for (int s = 0; s < 3; ++s) {
        double v[2] = {u[0], u[1]};
        for (int d = 0; d < 2; ++d)
          if (s > 0) v[d] += 0.05 * c[s] * stage[s - 1][d];
        stage[s][0] = v[1] * v[0];
        stage[s][1] = -v[0] * v[0] + x(t % n);
      }
      for (int d = 0; d < 2; ++d) u[d] += 0.02 * (stage[0][d] + 2 * stage[1][d] + stage[2][d]);
    }
    sum += u[0] * u[1];
  }, r);
  return r;
}

double array_in_while(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2][2] = {{x(i), 0.1}, {0.2, 0.4}};
    int k = 0;
    double p = 1;
    while (p > 0.05 && k < 40) {
      const int row = k % 2;
      a[row][0] = a[row][0] * a[1 - row][1] + 0.3 * x(k % n);
      a[row][1] = sin(a[row][0]) * a[1 - row][0] + a[row][1];
      p = p * (0.9 - 0.1 * a[0][1] * a[0][1]);
      if (k == m(i) * 9) break;
      ++k;
    }
    sum += p + a[0][0] * a[1][1];
  }, r);
  return r;
}

// The array changes in an outer loop of few iterations, and is read in a long one inside.
double array_read_in_inner_loop(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2] = {x(i), 0.3};
    for (int c = 0; c < 3; ++c) {
      double s = 0;
      for (int k = 0; k < m; ++k) s += a[0] * a[1] * x(k % n) * s * 0.1 + a[c % 2];
      a[c % 2] = a[1] * a[0] + 0.01 * s;
    }
    sum += a[0] * a[1];
  }, r);
  return r;
}

double array_in_branch(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2] = {x(i), 0.3};
    a[1] = a[1] * a[0] + 0.5;
    if (m(i) > 1) {
      for (int k = 0; k < 7 * m(i); ++k) {
        if (k % 3 == 0) a[0] = a[0] * a[1];
        else a[1] = a[1] + 0.1 * a[0] * a[1];
      }
    }
    a[0] = a[0] * a[1];
    sum += a[0];
  }, r);
  return r;
}

double nested_long_loops(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[2] = {x(i), 0.9}, p = 1;
    for (int k = 0; k < m; ++k) {
      int l = 0;
      while (l <= k && p < 4) {
        a[l % 2] += 0.03 * a[0] * a[1];
        p = p + 0.01 * a[1] * a[1];
        l += 2;
      }
      a[0] = a[0] * (0.9 + 0.05 * p);
      if (p > 3.5) break;
    }
    sum += p * a[0] + a[1];
  }, r);
  return r;
}

// Whole numbers as state, and a table that the loop permutes.
double integer_state(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    int order[4] = {0, 1, 2, 3};
    unsigned random = 7u + unsigned(i);
    double p = x(i);
    for (int k = 0; k < m; ++k) {
      random = random * 1103515245u + 12345u;
      const int a = (random >> 16) % 4, b = (random >> 20) % 4;
      const int t = order[a];
      order[a] = order[b];
      order[b] = t;
      p = p + 0.1 * p * x(order[0]) * (1 - p);
    }
    sum += p;
  }, r);
  return r;
}

void time_steps_in_kernel(Vector u, In f, double dt, int n, int m) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    double v = u(i), t = 0;
    for (int k = 0; k < m; ++k) {
      v += dt * (f(i) - v * v * t);
      t += dt;
    }
    u(i) = v;
  });
}

// As long as a View is wide; the kernel has two ranges.
void columns(Kokkos::View<double**> t, Kokkos::View<const double***> rate) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 0}, {t.extent_int(0), t.extent_int(1)}),
      KOKKOS_LAMBDA(int i, int j) {
        double a = t(i, j), carry = 0.1;
        for (int k = 0; k < rate.extent_int(2); k += 2) {
          carry = 0.9 * carry + 0.1 * a * rate(i, j, k);
          a += 0.2 * sin(carry + a);
        }
        t(i, j) = a * carry;
      });
}

// Left early, but never longer than the host says.
double early_exit(In x, int n, int most) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double g = 1 + x(i) * x(i);
    int count = 0;
    for (int k = 0; k < most; ++k) {
      if (g * g - x(i) < 1.05) break;
      g = 0.5 * (g + (1 + x(i) * x(i)) / g) - 0.01 * g * g;
      ++count;
    }
    sum += g * g * (count + 1);
  }, r);
  return r;
}

// The same loop in a host loop, its length changing with the step, in memory that lives for one step.
double steps_of_steps(Vector u, int n, int steps) {
  double r = 0;
  for (int s = 0; s < steps; ++s) {
    Vector v("v", n);
    const int m = 2 * s + 3;
    Kokkos::parallel_for("inner", n, KOKKOS_LAMBDA(int i) {
      double p = u(i);
      for (int k = m; k > 0; --k) p = p + 0.1 * p * (1 - p) * u((i + k) % n);
      v(i) = p;
    });
    Kokkos::parallel_for("outer", n, KOKKOS_LAMBDA(int i) { u(i) = sin(v(i)); });
    double part = 0;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += v(i) * v(i); }, part);
    r += part;
  }
  return r;
}

// The inner loop's length is known to the iteration only, the outer one's to the host.
double triangle(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), w[2] = {0.4, x(i)};
    for (int k = 0; k < m; ++k) {
      for (int l = 0; l < k; ++l) p = p + 0.05 * p * (1 - p) * w[l % 2];
      w[k % 2] = w[k % 2] * p + 0.1 * w[(k + 1) % 2];
    }
    sum += p * w[0] + w[1];
  }, r);
  return r;
}

// Each iteration has a length of its own: the longest is found by a launch.
double ragged(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), c[2] = {0.3, x(i)};
    for (int k = 1; k < 2 * m(i) + i; ++k) {
      p = p + 0.1 * p * (1 - p) * c[0];
      c[0] = 0.9 * c[0] + 0.1 * c[1] * p;
      c[1] = sin(c[0]);
    }
    sum += p * c[1];
  }, r);
  return r;
}
