// Loops that are left early, or whose trip count is not known before; jumps out of branches; switch.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;
using Indices = Kokkos::View<const int*>;

double newton(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce("newton", n, KOKKOS_LAMBDA(int i, double& sum) {
    double y = 1 + x(i);
    double change = 1;
    while (fabs(change) > 1e-12) {
      change = (y * y * y - x(i)) / (3 * y * y);
      y -= change;
    }
    sum += y;
  }, r);
  return r;
}

// Zero to five trips, by the data.
double while_counter(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    int k = 0;
    while (k < m(i)) {
      p = p * x(k) + 0.1 * p * p;
      ++k;
    }
    sum += p * k;
  }, r);
  return r;
}

double do_loop(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), last;
    int k = 0;
    do {
      last = p * p;
      p = last * x(k) + 0.5;
      ++k;
    } while (k < m(i));
    sum += p + last;
  }, r);
  return r;
}

double break_in_for(In x, In w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double s = 0;
    for (int k = 0; k < m; ++k) {
      s = s * s * 0.3 + x(k) * w(i);
      if (s > 0.6) break;
      s += 0.05;
    }
    sum += s * s;
  }, r);
  return r;
}

double break_constant_bounds(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < 6; ++k) {
      p = p * p + 0.2;
      if (p > 0.8) break;
    }
    sum += p;
  }, r);
  return r;
}

double break_descending(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = m - 1; k >= 0; k -= 2) {
      p = p * x(k) + x(i);
      if (p > 1.1) break;
    }
    sum += p * p;
  }, r);
  return r;
}

double break_strided(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (size_t k = 1; k < size_t(m); k += 2) {
      if (p * x(k) > 0.7) break;
      p += p * x(k);
    }
    sum += p;
  }, r);
  return r;
}

double break_and_continue(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = 1;
    for (int k = 0; k < n; ++k) {
      if (m(k) == 0) continue;
      if (k == m(i)) {
        p *= x(k);
        if (p > 0.5) {
          p = p * p;
          break;
        }
        p += 0.2;
      }
      p = p * (1 + x(k) * x(i));
    }
    sum += p;
  }, r);
  return r;
}

double break_outer_index(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    int k;
    double p = x(i);
    for (k = 0; k < m; ++k) {
      p = p * p + 0.3 * x(k);
      if (p > 0.9) break;
    }
    sum += p * (k + 1);
    for (k = m; k > 2; k -= 2) sum += x(i) * x(k - 1);
    sum += k * x(i);
  }, r);
  return r;
}

KOKKOS_INLINE_FUNCTION double first_above(In x, double limit, int n) {
  for (int k = 0; k < n; ++k) {
    if (x(k) > limit) return x(k) * limit;
    if (k > 3) {
      const double half = 0.5 * x(k);
      if (half > limit) return half;
      limit += 0.01;
    }
  }
  return -limit * limit;
}

double return_from_loop(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += first_above(x, y(i), n); }, r);
  return r;
}

KOKKOS_INLINE_FUNCTION double search(In x, double a, int n) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      if (x(i) * x(j) > a) return x(i) * a + x(j) * x(j);
      if (j > i) break;
    }
  }
  return 0;
}

double return_from_nested_loops(In x, In y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += search(x, y(i), n) * y(i); }, r);
  return r;
}

double return_from_kernel(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < 4; ++k) {
      p *= 1 + x(k);
      if (p > 1.5) {
        sum += p * p;
        return;
      }
    }
    sum += p;
  }, r);
  return r;
}

double endless_with_return(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (;;) {
      p = p * p + 0.3;
      if (p > 0.7) {
        sum += p;
        return;
      }
      p += 0.1 * x(i);
    }
  }, r);
  return r;
}

double partial_exit(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), q;
    if (m(i) > 1) {
      p = p * p;
      if (m(i) > 3) {
        sum += 3 * p;
        return;
      }
      q = p * 2;
    } else {
      q = 1 + p;
    }
    sum += p * q;
  }, r);
  return r;
}

double general_for(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 1; k < m; k *= 2) p = p * x(k) + 0.2 * p * p;
    for (double t = 0; t < 1; t += 0.25) p += t * p * x(i);
    for (int k = 0; 2 * k < m; ++k) {
      p = p * (1 + 0.1 * x(k));
      if (k == 1) ++k;
    }
    for (int k = 0, l = m - 1; k < l; ++k, --l) p += x(k) * x(l) * p;
    sum += p;
  }, r);
  return r;
}

double bound_changes(In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    int end = m;
    for (int k = 0; k < end; ++k) {
      p = p * p + 0.1 * x(k);
      if (p > 0.4) end = k + 2;
    }
    sum += p * p;
  }, r);
  return r;
}

double nested_while(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    int k = 0;
    while (k < m(i)) {
      double q = p;
      int l = 0;
      while (q > 0.1 && l < 4) {
        q = q * q * x(l);
        ++l;
      }
      p += q + 0.3 * sin(p);
      if (p > 3) break;
      ++k;
    }
    sum += p * p;
  }, r);
  return r;
}

double zero_trips_while(In x, int n, int none) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    int k = 0;
    while (k < none) {
      p = p * p * x(k);
      ++k;
    }
    sum += p * x(i);
  }, r);
  return r;
}

// The loop itself is linear: nothing of the iterations has to be known again but how many there were.
void writes_until(In x, Vector y, Indices m, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    int k = i;
    double s = 0;
    while (m(k) > 0) {
      s += x(k) * x(i);
      if (k == n - 1) break;
      ++k;
    }
    y(i) = s * s;
  });
}

double switch_cases(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    switch (m(i)) {
      case 0:
        p = p * p;
        break;
      case 1:
      case 2:
        if (p > 0.5) break;
        p = sin(p);
        // falls through
      case 3:
        p *= x(0);
        break;
      default:
        sum += p;
        return;
      case 4:
        p += 1;
    }
    sum += p * p;
  }, r);
  return r;
}

double switch_in_loop(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i);
    for (int k = 0; k < 5; ++k) {
      switch (k % 4) {
        case 0: p = p * x(k); break;
        case 1: continue;
        case 2: { p += 0.5 * p * p; break; }
        case 3: if (p > 0.6) break; p = 2 * p;
      }
      p += 0.1 * x(k);
    }
    sum += p;
  }, r);
  return r;
}

double range_for(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a[3] = {x(i), 2 * x(i), x(0)};
    for (double& v : a) v = v * v + 0.1;
    double p = 1;
    for (const double& v : a) p *= v;
    for (double v : a) {
      v += p;
      if (v > 1.4) break;
      p += v * v;
    }
    for (int k : {1, 3, 0}) p = p * x(k) + 0.5;
    sum += p;
  }, r);
  return r;
}

double host_return(In x, double a, int n) {
  double s = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, s);
  if (s > 100) return a * s;
  for (int k = 0; k < 5; ++k) {
    if (s > 3.5) return s * a;
    s = s * (1 + a);
    if (k > 3) {
      a = a * s;
      if (s > 3) return a;
    }
  }
  return s * s * a;
}

double convergence(In v, Vector x, double tolerance, int n) {
  Vector y("y", n);
  double lambda = 1, change = 1;
  while (change > tolerance) {
    Kokkos::parallel_for("apply", n, KOKKOS_LAMBDA(int i) { y(i) = v(i) * x(i) + 0.3 * x((i + 1) % n); });
    double norm = 0;
    Kokkos::parallel_reduce("norm", n, KOKKOS_LAMBDA(int i, double& s) { s += y(i) * y(i); }, norm);
    const double next = std::sqrt(norm);
    change = std::fabs(next - lambda);
    lambda = next;
    Kokkos::parallel_for("scale", n, KOKKOS_LAMBDA(int i) { x(i) = y(i) / next; });
  }
  return lambda;
}

void relaxation(Vector u, In f, double tolerance, int n, int most) {
  Vector v("v", n);
  int steps = 0;
  double residual = 0;
  do {
    Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { v(i) = u(i) - 0.5 * (u(i) * u(i) - f(i)); });
    Kokkos::parallel_reduce("residual", n, KOKKOS_LAMBDA(int i, double& s) { s += fabs(v(i) - u(i)); }, residual);
    Kokkos::deep_copy(u, v);
    ++steps;
    if (steps == most) break;
  } while (residual > tolerance);
  Kokkos::parallel_for("last", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * u(i) * steps; });
}

// A host loop that is left early, inside another one.
double nested_convergence(Vector u, In f, double a, int n, int steps) {
  double total = 0;
  for (int t = 0; t < steps; ++t) {
    double r = 1;
    for (int k = 0; k < 10; ++k) {
      Kokkos::parallel_for("u", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * (1 - 0.3 * a * u(i)) + 0.1 * f(i); });
      double s = 0;
      Kokkos::parallel_reduce("s", n, KOKKOS_LAMBDA(int i, double& sum) { sum += u(i) * u(i) * (t + 1); }, s);
      r = r * 0.5 + s;
      if (r > 1.4 && k > t) break;
      if (k == 2) continue;
      a = a * 0.99;
    }
    total += r * a;
  }
  return total;
}

// Values that exist on the paths that read them only.
double assigned_on_the_way(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double a, b;
    int step;
    if (m(i) < 2) { a = x(i); step = 1; }
    if (m(i) >= 2) { a = 2 * x(i) * x(i); step = 2; }
    for (int k = 0; k < 4; k += step) {
      if (k == 0) b = a;
      else b *= a + x(k);
    }
    double last;
    int k = 0;
    while (k <= m(i)) {
      last = b * x(k);
      ++k;
    }
    sum += last;
  }, r);
  return r;
}

// Side effects inside expressions.
double effects(In x, Indices m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    double p = x(i), q, t = 1;
    int k = 0, tries = m(i), last;
    p += x(k++) * x(i);
    p *= x(++k);
    q = t = 0.5 * p;
    while (tries-- > 0) p = p * x(k) + q;
    while ((t = t * t + 0.1) > 0.15 && ++tries < 3) p += t * x(i);
    if (m(i) > 2 && (last = m(i)) < 5) p += x(last);
    if ((k += 2) > 3 || ++k > 0) p = p * k;
    p = m(i) > 1 ? (q += p, q * q) : x(2) * k--;
    for (size_t j = n; j-- > 0;) p += x(j) * x(j) * 0.1;
    double a[3] = {};
    int at = 0;
    a[at++] = p;
    a[at++] = q * p;
    sum += a[0] * a[1] + p * q + t * k;
  }, r);
  return r;
}
