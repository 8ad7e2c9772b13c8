// Reductions other than sums: extrema, products, logic; results in scalars, Views and array elements.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using Index = Kokkos::View<const int*>;
using Number = Kokkos::View<double>;

double largest(In x, double a, int n) {
  double m = 0;
  Kokkos::parallel_reduce("largest", n, KOKKOS_LAMBDA(int i, double& best) {
    const double v = a * x(i) * x(i);
    if (v > best) best = v;
  }, Kokkos::Max<double>(m));
  return m < -1e300 ? a : m * a;
}

double smallest(In x, int n) {
  double m = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) {
    best = fmin(best, sin(3 * x(i)));
  }, Kokkos::Min<double>(m));
  return m;
}

float smallest_float(Kokkos::View<const float*> x, int n) {
  float m = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, float& best) {
    best = x(i) * x(i) < best ? x(i) * x(i) : best;
  }, Kokkos::Min<float>(m));
  return m;
}

// Several candidates per iteration, in loops and branches; empty iterations.
double steepest(In x, Index skip, int n) {
  double m = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<>(1, n - 1), KOKKOS_LAMBDA(int i, double& best) {
    if (skip(i) == 0) return;
    for (int k = -1; k < 2; k += 2) {
      const double slope = std::fabs(x(i + k) - x(i)) * (2 + k);
      if (!(slope <= best)) best = slope;
    }
    best = fmax(best, 0.1 * x(i));
  }, Kokkos::Max<double>(m));
  return m < -1e300 ? 2.0 : m * m;
}

double matrix_max(Matrix A, int n, int m) {
  double r = 0;
  using Policy = Kokkos::MDRangePolicy<Kokkos::Rank<2>>;
  Kokkos::parallel_reduce("max", Policy({1, 0}, {n, m}), KOKKOS_LAMBDA(int i, int j, double& best) {
    if (A(i, j) * A(i - 1, j) > best && i != j) best = A(i, j) * A(i - 1, j);
  }, Kokkos::Max<double>(r));
  return sqrt(r);
}

// Of equal values the first iteration gets the derivative.
double tie(In x, int n) {
  double m = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) {
    best = fmax(best, x(i % 2));
  }, Kokkos::Max<double>(m));
  return m;
}

// The kernel overwrites what the extremum came from.
double update_and_largest(Vector u, In f, double dt, int n) {
  double m = 0;
  Kokkos::parallel_reduce("update", n, KOKKOS_LAMBDA(int i, double& best) {
    const double change = dt * (f(i) - u(i) * u(i));
    u(i) += change;
    best = fmax(best, fabs(change));
  }, Kokkos::Max<double>(m));
  return m;
}

double updated_largest(Vector u, In f, double dt, int n) {
  double m = 0, s = 0;
  Kokkos::parallel_reduce("update", n, KOKKOS_LAMBDA(int i, double& sum, double& best) {
    u(i) = u(i) * f(i) + dt;
    sum += u(i) * u(i);
    best = fmax(best, u(i));
  }, s, Kokkos::Max<double>(m));
  return m * s;
}

// The size of a step depends on the largest speed.
double time_loop(Vector u, double cfl, int n, int steps) {
  double t = 0;
  for (int k = 0; k < steps; ++k) {
    double fastest = 0;
    Kokkos::parallel_reduce("speed", n, KOKKOS_LAMBDA(int i, double& m) {
      m = fmax(m, fabs(u(i)) + 0.1 * i);
    }, Kokkos::Max<double>(fastest));
    const double dt = cfl / fastest;
    Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) -= dt * u(i) * u(i); });
    t += dt;
  }
  return t;
}

// Only a branch depends on the extremum: nothing to differentiate.
double error_as_condition(In x, double tolerance, int n) {
  double error = 0, s = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& e) { e = fmax(e, fabs(x(i))); },
                          Kokkos::Max<double>(error));
  if (error > tolerance) {
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, s);
  }
  return s;
}

double several(In x, In w, int n) {
  double lo = 0, hi = 0, sum = 0;
  int count = 0;
  Kokkos::parallel_reduce("several", n, KOKKOS_LAMBDA(int i, double& a, double& s, double& b, int& c) {
    const double v = x(i) * w(i);
    a = fmin(a, v);
    b = fmax(b, v);
    s += v;
    if (v > 0.2) ++c;
  }, Kokkos::Min<double>(lo), sum, Kokkos::Max<double>(hi), count);
  return (hi - lo) * sum / (count + 1);
}

double product(In x, double a, int n) {
  double p = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& q) { q *= a + x(i); }, Kokkos::Prod<double>(p));
  return p;
}

double product_of_two(In x, Index skip, int n) {
  double p = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& q) {
    if (skip(i) > 2) q = q * x(i);
    for (int k = 0; k < 2; ++k) q *= x(i) - k;
  }, Kokkos::Prod<double>(p));
  return p * p;
}

double shifted_product(Matrix A, double shift, int n, int m) {
  double p = 0;
  Kokkos::parallel_reduce("p", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}),
      KOKKOS_LAMBDA(int i, int j, double& q) { q *= A(i, j) - shift; }, Kokkos::Prod<double>(p));
  return sin(p);
}

double logic(In x, double a, int n) {
  int all = 0, any = 0, bits = 0, common = 0, least = 0;
  Kokkos::parallel_reduce("logic", n, KOKKOS_LAMBDA(int i, int& l, int& o, int& b, int& c, int& m) {
    l = l && x(i) > 0;
    if (x(i) > 0.8) o = 1;
    b |= i;
    c &= (i | 4);
    m = i + 3 < m ? i + 3 : m;
  }, Kokkos::LAnd<int>(all), Kokkos::LOr<int>(any), Kokkos::BOr<int>(bits), Kokkos::BAnd<int>(common),
     Kokkos::Min<int>(least));
  double s = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += a * x(i) * x(i); }, s);
  return s * (all + 2 * any + 3 * bits + 5 * common + 7 * least);
}

double number_result(In x, int n) {
  Number lo("lo");
  double r = 0, s = 0;
  Kokkos::parallel_reduce("min", n, KOKKOS_LAMBDA(int i, double& m) { m = fmin(m, x(i)); },
                          Kokkos::Min<double>(lo));
  Kokkos::parallel_reduce("sum", n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * lo(); }, s);
  Kokkos::parallel_reduce("more", n, KOKKOS_LAMBDA(int i, double& sum) { sum += s * x(i) * x(i); }, r);
  return r;
}

void sum_into_view(Number y, In x, int n) {
  Kokkos::parallel_reduce("sum", n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, y);
  Kokkos::parallel_for("more", 1, KOKKOS_LAMBDA(int) { y() = y() * y() + 1; });
}


KOKKOS_INLINE_FUNCTION void take(double& best, double v) {
  if (best < v) best = v;
}

double through_helper(In x, int n) {
  double m = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) {
    take(best, x(i) * (2 - x(i)));
    double& again = best;
    take(again, 0.3 * i * x(i));
  }, Kokkos::Max<double>(m));
  return m;
}

using MinLoc = Kokkos::MinLoc<double, int>;

double least_at(In x, In w, int n) {
  MinLoc::value_type found;
  Kokkos::parallel_reduce("least", n, KOKKOS_LAMBDA(int i, MinLoc::value_type& best) {
    const double v = x(i) * w(i);
    if (v < best.val) {
      best.val = v;
      best.loc = i;
    }
  }, MinLoc(found));
  return found.loc > n ? 2.0 : found.val * found.loc;
}

// The location is a number of the user's own.
double greatest_at(Matrix A, int n, int m) {
  using Reducer = Kokkos::MaxLoc<double, int>;
  Reducer::value_type found;
  Reducer reducer(found);
  Kokkos::parallel_reduce("greatest", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 1}, {n, m}),
      KOKKOS_LAMBDA(int i, int j, Reducer::value_type& best) {
        if (A(i, j) * A(i, j) > best.val && i != 2) {
          best.val = A(i, j) * A(i, j);
          best.loc = 10 * i + j;
        }
      }, reducer);
  return found.val + 0.1 * found.loc;
}

double spread(In x, double a, int n) {
  Kokkos::MinMax<double>::value_type r;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, Kokkos::MinMaxScalar<double>& both) {
    const double v = sin(a * x(i) + i);
    if (v < both.min_val) both.min_val = v;
    if (v > both.max_val) both.max_val = v;
  }, Kokkos::MinMax<double>(r));
  return (r.max_val - r.min_val) * r.max_val;
}

double spread_at(In x, In w, int n) {
  using Reducer = Kokkos::MinMaxLoc<double, int>;
  Reducer::value_type r;
  double s = 0;
  Kokkos::parallel_reduce("sum", n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, s);
  Kokkos::parallel_reduce("spread", n, KOKKOS_LAMBDA(int i, Reducer::value_type& both) {
    const double v = x(i) * (1 - x(i)) + 0.01 * i;
    if (v < both.min_val) {
      both.min_val = v;
      both.min_loc = i;
    }
    if (v > both.max_val) {
      both.max_val = v;
      both.max_loc = i;
    }
  }, Reducer(r));
  double q = 0;
  const int first = r.min_loc, last = r.max_loc;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) {
    if (i == first || i == last) sum += w(i) * w(i) * s;
  }, q);
  return q + r.max_val - r.min_val;
}

double named_reducer(In x, double cfl, int n) {
  double fastest = 0;
  Kokkos::Max<double> reducer(fastest);
  Kokkos::parallel_reduce("speed", n, KOKKOS_LAMBDA(int i, double& m) { m = fmax(m, 2 + x(i) * i); }, reducer);
  return cfl / fastest;
}

double complex_sum(In x, In y, int n) {
  Kokkos::complex<double> z;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, Kokkos::complex<double>& s) {
    s += Kokkos::complex<double>(x(i) * y(i), x(i) - y(i));
  }, z);
  return z.real() * z.imag();
}

// The results are elements of Views of the host.
double results_in_elements(Kokkos::View<const double*> x, double a, int n) {
  Kokkos::View<double*, Kokkos::HostSpace> r("r", 3);
  r(1) = a;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) { s += a * x(i) * x(i); }, r(0));
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& m) { m = m > x(i) ? m : x(i); }, Kokkos::Max<double>(r(2)));
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) { s += x(i); }, r[1]);
  return r(0) * r(1) + r(2);
}
