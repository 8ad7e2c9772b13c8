// References that functions return, operators, and objects that are changed through them.
#include <Kokkos_Core.hpp>
#include <cmath>

struct Named {
  double x, y, z;
  KOKKOS_INLINE_FUNCTION double& operator[](int i) {
    if (i == 0) return x;
    if (i == 1) return y;
    return z;
  }
  KOKKOS_INLINE_FUNCTION const double& operator[](int i) const { return i == 0 ? x : i == 1 ? y : z; }
  KOKKOS_INLINE_FUNCTION Named& scale(double s) {
    x *= s;
    y *= s;
    z *= s;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION Named& shift(double s) {
    for (int i = 0; i < 3; ++i) (*this)[i] += s;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION double sum() const { return x + y + z; }
  KOKKOS_INLINE_FUNCTION bool operator<(const Named& o) const { return sum() < o.sum(); }
  KOKKOS_INLINE_FUNCTION Named operator-() const { return {-x, -y, -z}; }
  KOKKOS_INLINE_FUNCTION explicit operator double() const { return x * y * z; }
  KOKKOS_INLINE_FUNCTION double operator()(int i, double s) const { return (*this)[i] * s; }
};

template <int R, int C>
struct Matrix {
  double a[R * C];
  static constexpr int rows = R;
  KOKKOS_INLINE_FUNCTION double& operator()(int i, int j) { return a[i * C + j]; }
  KOKKOS_INLINE_FUNCTION double operator()(int i, int j) const { return a[i * C + j]; }
  KOKKOS_INLINE_FUNCTION double* data() { return a; }
};

template <int R, int K, int C>
KOKKOS_INLINE_FUNCTION Matrix<R, C> operator*(const Matrix<R, K>& a, const Matrix<K, C>& b) {
  Matrix<R, C> r{};
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < C; ++j)
      for (int k = 0; k < K; ++k) r(i, j) += a(i, k) * b(k, j);
  return r;
}

KOKKOS_INLINE_FUNCTION double& largest(Named& a) { return a.x < a.y ? a.y : a.x; }

double chosen_members(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Named p;
        for (int d = 0; d < 3; ++d) p[d] = x(i, d);
        p[i % 3] *= p[(i + 1) % 3];
        largest(p) += p[2] * p.x;
        const Named q = p;
        s += q[i % 2] * q.y + static_cast<double>(p);
      },
      r);
  return r;
}

double chained(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Named p{x(i, 0), x(i, 1), x(i, 2)};
        p.scale(x(i, 0)).shift(p.z).scale(2.0);
        Named q = p;
        Named t = q.scale(0.5);
        q = t = -t.shift(x(i, 1));
        if (t < p) p.x = t(1, p.y);
        s += p.sum() * q.y + t.x;
      },
      r);
  return r;
}

double matrices(Kokkos::View<const double* [4]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Matrix<2, 2> m;
        for (int k = 0; k < 4; ++k) m.data()[k] = x(i, k);
        Matrix<2, 1> v{{x(i, 0), 2.0}};
        m(0, 1) -= v(0, 0);
        auto w = m * (m * v);
        for (int k = 0; k < decltype(w)::rows; ++k) s += w(k, 0) * w(k, 0);
      },
      r);
  return r;
}

void in_place(Kokkos::View<double* [3]> u, double a) {
  Kokkos::parallel_for(
      u.extent(0), KOKKOS_LAMBDA(const int i) {
        double& x = u(i, 0);
        double* y = &u(i, 1);
        Named p{x, *y, u(i, 2)};
        p.shift(a);
        x = p.x * p[1];
        *y *= p.sum();
      });
}
