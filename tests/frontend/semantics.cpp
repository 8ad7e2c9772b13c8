// One C++ subtlety per function, all with one signature, so that one program can run them all.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <limits>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using Indices = Kokkos::View<const int*>;
#define ARGS Vector x, Matrix A, Indices idx, int n, double a

constexpr double weights[3] = {0.25, 0.5, 1.0 / 3.0};
constexpr int order = 2 * 2;
const double third = 1.0 / 3;
enum Corner { low, high = 3 };

namespace helpers {

template <class T>
KOKKOS_INLINE_FUNCTION T cube(T value, int extra = 1) {
  if constexpr (sizeof(T) == 8) {
    return value * value * value + extra;
  } else {
    return value;
  }
}

KOKKOS_INLINE_FUNCTION double branchy(double value) {
  if (value < 0.5) {
    if (value < 0.25) return -value;
    return 2 * value;
  }
  const double square = value * value;
  if (square > 0.8)
    return square;
  else
    value += 1;
  return value;
}

KOKKOS_INLINE_FUNCTION void invert(const double (&J)[2][2], double (&K)[2][2], double& det, double* trace) {
  det = J[0][0] * J[1][1] - J[0][1] * J[1][0];
  K[0][0] = J[1][1] / det;
  K[1][1] = J[0][0] / det;
  K[0][1] = -J[0][1] / det;
  K[1][0] = -J[1][0] / det;
  *trace = J[0][0] + J[1][1];
}

KOKKOS_INLINE_FUNCTION double norm(const double* values, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i] * values[i];
  return sqrt(sum);
}

KOKKOS_INLINE_FUNCTION void add_to(double& target, const double& amount) { target += amount; }

KOKKOS_INLINE_FUNCTION void scatter(const Vector& target, int i, double amount) {
  Kokkos::atomic_add(&target(i), amount);
}

}  // namespace helpers

double conversions(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        const float f = x(i);        // double -> float
        const int k = 10 * x(i);     // truncation
        const unsigned u = i - 3;    // wraps
        short h = 32767;
        h += i;                      // int arithmetic, narrowed
        double d = k / 4 + k / 4.0 + i % 3;
        d += f * 2 + 0.1f;
        d *= u > 5 ? 1 : 2;
        int m = 7;
        m *= 0.5;                    // computed in double
        m -= 1.5;
        float g = 1;
        g += 1e-9;                   // computed in double, rounded to float
        s += d + m + g + h * 1e-3 + (long)(-2.7) + bool(k) + static_cast<int>(3.9) + -7 / 2 + -7 % 2;
      },
      r);
  return r;
}

double constants(ARGS) {
  double r = 0;
  static constexpr double local[2][2] = {{1, 2}, {3}};
  Kokkos::parallel_reduce(
      "constants", n, KOKKOS_LAMBDA(const int i, double& s) {
        double nodes[2][3] = {{1.0, 2.0}, {x(i)}};
        double flat[2][2] = {1, 2, 3, 4};
        double empty[4] = {};
        for (int k = 0; k < 3; ++k) s += weights[k] * nodes[i % 2][k] + local[1][k % 2];
        s += order + third + high + sizeof(double) + std::numeric_limits<double>::epsilon() + flat[1][0] + empty[3];
      },
      r);
  return r;
}

double loops(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      Kokkos::RangePolicy<>(1, n), KOKKOS_LAMBDA(const int i, double& s) {
        double t = 1;
        for (int k = i; k >= 0; --k) t = 0.5 * t + x(k);
        for (int k = 0; k <= i; k += 2) t = 0.9 * t - x(k);
        for (int k = n - 1; k > 1; k -= 3) t = 0.7 * t + k * x(k);
        for (int k = 1; k > 3; k -= 2) t += 100;
        for (size_t k = 0; k != x.extent(0); k++) t += x[k] * k;
        for (int k = i - 2; k < x.extent_int(0); ++k) t += 0.125;
        for (int k = i - 2; k < x.extent(0); ++k) t += 0.25;
        for (unsigned k = 5; k > 2; --k) t += k;
        for (int k = 0; n > k; k = k + 1) {
          if (k == i) continue;
          for (int l = k; l < n; ++l) {
            if (l % 2) {
              t += 0.01 * l;
              continue;
            }
            t -= 0.02;
          }
        }
        s += t;
      },
      r);
  return r;
}

double branches(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double t;
        if (x(i) > 0.5) {
          t = x(i);
          double unused = 3;
          unused += t;
        } else if (x(i) > 0.25) {
          t = 2;
        } else {
          t = -1;
        }
        double v = x(i);
        if (i > 1 && x(i - 1) > 0.3) v = x(i - 1);
        if (i == 0 || 1 / i > 0) v += 10;
        if (!(i < 2) && i < 4) v *= 2;
        const double pick = i > 2 ? x(i) * t : i > 1 ? v : 0.5;
        const int j = i > 2 ? i : 1;
        if (double q = pick * 2; q > 1) t += q;
        if (i == 3) return;
        if (i == 4) {
          s += 1;
          return;
        } else {
          s += 0.5;
        }
        s += t + v * pick + j;
      },
      r);
  return r;
}

double functions(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      "functions", n, KOKKOS_LAMBDA(const int i, double& s) {
        double J[2][2] = {{x(i) + 1, 0.3}, {0.1, 2}}, K[2][2];
        double det, trace = 0;
        helpers::invert(J, K, det, &trace);
        double v[3] = {x(i), 2.0, trace};
        helpers::add_to(det, helpers::branchy(x(i)));
        helpers::add_to(s, det);
        helpers::add_to(v[1], v[0]);
        s += K[0][1] * helpers::norm(v, 3) + helpers::cube(x(i)) + helpers::cube<float>(x(i), 4);
        s += helpers::cube(helpers::cube(x(i), 0), 2);
      },
      r);
  return r;
}

double math(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        const double v = x(i) + 0.25;
        s += std::sin(v) + cos(v) + std::pow(v, 3) + std::pow(v, 0.5) + std::sqrt(i) + ::exp(-v) + std::fabs(-v);
        s += std::abs(i - 2) + abs(2 - i) + std::max(v, 0.5) + std::min(i, 2) + fmax(v, i) + std::hypot(v, 2.0);
        s += sqrtf(2.0f) + std::atan2(v, a) + std::floor(7 * v) + std::tanh(v) + std::cbrt(v) + std::log1p(v);
        s += std::fma(v, v, v) + std::fmod(5 * v, 1.5) + std::erf(v) + std::copysign(v, -1.0);
      },
      r);
  return r;
}

void integers(ARGS) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        int k = idx(i);
        k <<= 2;
        k ^= 5;
        k |= 1 << (i % 4);
        k %= 13;
        unsigned u = ~0u >> 28;
        u &= k;
        long big = 1L << 40;
        ++k;
        k--;
        x(i) = k + 100.0 * u + (big >> 38) + (k == 3) + (~k & 7) + -k + +k;
      });
}

void increments(ARGS) {
  Vector y("y", n);
  Kokkos::parallel_for(
      "increments", Kokkos::RangePolicy<Kokkos::DefaultExecutionSpace, Kokkos::IndexType<int>>(0, n),
      KOKKOS_LAMBDA(const size_t i) {
        Kokkos::atomic_add(&A(idx(i), 0), x(i));
        Kokkos::atomic_sub(&A(idx(i), 1), 2.0);
        Kokkos::atomic_increment(&A(0, 1));
        helpers::scatter(y, idx(i), 0.5 * a);
        A(i, 2) += a;
        A(i, 2) -= 0.25;
        A(i, 2) = A(i, 2) + i;
        A(i, 2) = i * 0.5 + A(i, 2);
        A(i, 2) = A(i, 2) - 0.125;
        A(i, 2) *= 2;
        A(i, 2) /= a;
      });
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        A(i, 0) = 1 - A(i, 0);
        ++A(i, 1);
        x(i) += y(i);
      });
}

double references(ARGS) {
  double r = 0;
  double scale = 2;
  double& alias = scale;
  alias *= a;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        const double& here = x(i);
        double& there = A(i, 0);
        double local = 1;
        double& same = local;
        there = 2 * here;
        x(i) = 7;
        same += here + there;
        const double& temporary = here * 2;
        x(i) = 8;
        s += local * scale + temporary + here;
      },
      r);
  alias = r;
  return scale + 1;
}

void multidimensional(ARGS) {
  using Policy = Kokkos::MDRangePolicy<Kokkos::Rank<2>>;
  const int columns = A.extent(1);
  Policy all({0, 0}, {n, columns});
  Kokkos::parallel_for("all", all, KOKKOS_LAMBDA(int i, int j) { A(i, j) += i * 10 + j; });
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 0}, {n - 1, columns}, {2, 2}), KOKKOS_LAMBDA(int i, int j) {
        A(i, j) *= 2;
        i += 1;
        if (j == 0) x(i) = i;
      });
  double total = 0;
  Kokkos::parallel_reduce("sum", all, KOKKOS_LAMBDA(const int i, const int j, double& s) { s += A(i, j); }, total);
  Kokkos::parallel_for(1, KOKKOS_LAMBDA(int) { x(0) = total; });
}

double host(ARGS) {
  Vector y("y", n + 1), z(Kokkos::view_alloc("z", Kokkos::WithoutInitializing), x.extent(0));
  auto w = y;
  Kokkos::View<const double*> c = w;
  Kokkos::View<double[3]> fixed("fixed");
  Kokkos::deep_copy(z, x);
  Kokkos::deep_copy(fixed, a);
  double time = 0, energy = 1;
  int steps = 0;
  for (int step = 0; step < 3; ++step) {
    const double dt = step == 1 ? 0.5 : 0.25;
    if (time > 0.3) {
      Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { w(i) += dt * z(i) + fixed(i % 3); });
    } else {
      Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) += time + energy; });
    }
    Kokkos::fence();
    double part = 5;
    Kokkos::parallel_reduce(
        "part", n, KOKKOS_LAMBDA(int i, double& s) { s += c(i) * z(i); }, Kokkos::Sum<double>(part));
    energy = part / n;
    time += dt;
    steps++;
  }
  int count;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, int& k) { if (x(i) > 0.5) k += 1; }, count);
  if (n > 1000) return -1;
  return energy + time + steps + count + y.size() + fixed.extent(0);
}

double captured(ARGS) {
  double scale = 2;
  double r = 1, q = 0;
  double table[2] = {3, 4};
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += scale * x(i) + table[i % 2]; }, r);
  scale = 3;
  table[0] = r;
  {
    const double scale = 0.5;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s -= scale * x(i) + table[i % 2]; }, q);
  }
  return r + q + scale;
}

double uninitialised(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(int i, double& s) {
        double t, last = 0;
        int k;
        for (k = 0; k < n; ++k) {
          t = x(k) * i;
          last = t;
        }
        s += last;
      },
      r);
  return r;
}

namespace helpers {

template <int N>
KOKKOS_INLINE_FUNCTION double power(double value) {
  double result = 1;
  for (int k = 0; k < N; ++k) result *= value;
  return result * N;
}

KOKKOS_INLINE_FUNCTION bool locate(const Vector& x, double value, int& where, double* weight) {
  where = -1;
  for (int k = 0; k < x.extent_int(0); ++k) {
    if (x(k) > value) continue;
    where = k;
    *weight += 0.5 * x(k);
  }
  return where >= 0;
}

KOKKOS_INLINE_FUNCTION double limited(double value) {
  if (value > 0.6) [[unlikely]] {
    return 0.6;
  }
  return value;
}

KOKKOS_INLINE_FUNCTION void fill(double (&a)[2][3], double* b, const int (&c)[3]) {
  for (int k = 0; k < 2; ++k)
    for (int l = 0; l < 3; ++l) a[k][l] = c[l] + 10 * k;
  b[1] = a[1][2];
}

}  // namespace helpers

double more_helpers(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        int where = 5;
        double weight = 1;
        const bool found = helpers::locate(x, 0.3 * i, where, &weight);
        if (found) s += x(where) + weight;
        s += helpers::power<3>(x(i)) + helpers::limited(x(i)) + where;
        double a2[2][3], b2[4] = {};
        const int c2[3] = {1, -2, 3};
        helpers::fill(a2, b2, c2);
        s += a2[0][1] + b2[1] + b2[3];
        double& entry = a2[1][1];
        entry *= 3;
        entry -= a2[1][1] / 2;
        s += a2[1][1];
      },
      r);
  return r;
}

double loop_bounds(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double t = 0;
        for (int k = i - 2; k != x.extent(0); ++k) t += 1;
        for (unsigned k = 0; k < long(i - 3); ++k) t += 100;
        for (unsigned k = i; k < x.extent(0); k += 2) t += 1e4;
        for (int k = i - 2; k <= x.size() - 2; ++k) t += 1e6;
        for (short k = 0; k < i; k++) t += 1e-2 * k;
        for (long k = n; k >= i; k -= 2) t += 1e-4 * k;
        for (int k = n; i < k; --k) t += 1e-6 * k;
        for (int k = 0; k < (i > 2 ? 3 : i); ++k) t *= 1.5;
        for (int k = idx(i); k < idx(i) + 2; ++k) t += k;
#pragma unroll
        for (int k = 0; k < 3; ++k) {
          if (k == 1) [[likely]] {
            continue;
          }
          t += 1 / 3.0f;
        }
        int last = 0, before = 0;
        double a1 = 1, b1 = 2;
        for (int k = 0; k < 5; ++k) {
          const double swap = a1;
          a1 = b1;
          b1 = swap;
          before = last;
          if (k % 2 == 0) last = k;
        }
        s += t + last + 10 * before + 100 * a1 + b1;
      },
      r);
  return r;
}

double floats(ARGS) {
  Kokkos::View<float*> f("f", n);
  Kokkos::View<float***> cube("cube", n, 2, 2);
  Kokkos::View<double> sum("sum");
  Kokkos::View<bool*> mask("mask", n);
  Kokkos::View<unsigned char*> bytes("bytes", n);
  float scale = 0.1;
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        f(i) = x(i) / 3;
        f(i) += 1.1;
        f(i) *= scale;
        f(i) += scale;
        mask(i) = x(i) > 0.4;
        bytes(i) = 300 * i;
        bytes(i) += 7;
        for (int j = 0; j < 2; ++j)
          for (int k = 0; k < 2; ++k) cube(i, j, k) = f(i) * (j + 2 * k) + std::sin(f(i));
      });
  float single = 0;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<3>>({0, 0, 0}, {n, 2, 2}),
      KOKKOS_LAMBDA(int i, int j, int k, float& s) {
        if (mask(i)) s += cube(i, j, k) + std::pow(f(i), 2.0f);
        s -= 0.001;
      },
      single);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += f(i) + bytes(i); }, r);
  Kokkos::parallel_for(1, KOKKOS_LAMBDA(int) { sum() = r; });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = sum() + f(i); });
  return single + r;
}

double conditions(ARGS) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        int hits = 0;
        if (i < n - 1 && x(i + 1) > 0.2 && (x(i) > 0.1 || idx(i) % 2 == 0)) ++hits;
        if (i && !(x(i) > 0.5)) hits += 2;
        bool flag = x(i);
        flag = flag && i > 1;
        if (bool big = x(i) > 0.6; big || flag) hits += 4;
        hits += (i > 2) + (x(i) > 0.3 ? 8 : 16);
        const bool even = i % 2 == 0, third = i % 3 == 0;
        if (even != third) hits *= 2;
        else if (even)
          hits -= 1;
        double value = even ? third ? 1.0 : x(i) : -x(i);
        value = value < 0 ? value : value * value;
        if constexpr (order == 4) value += 1;
        if constexpr (order != 4) value += 1000;
        {
          double value = 3;
          value += hits;
          s += value;
        }
        ;
        s += hits + value;
      },
      r);
  return r;
}
