// std::array, Kokkos::Array, pairs and structured values as small vectors and matrices.
#include <Kokkos_Core.hpp>
#include <array>
#include <cmath>
#include <utility>

using Vec = std::array<double, 3>;
using Mat = Kokkos::Array<Kokkos::Array<double, 2>, 2>;

KOKKOS_INLINE_FUNCTION Vec scaled(const Vec& a, double s) {
  Vec r;
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = s * a[i];
  return r;
}

KOKKOS_INLINE_FUNCTION Vec sum(Vec a, const Vec& b) {
  for (int i = 0; i < 3; ++i) a[i] += b[i];
  return a;
}

KOKKOS_INLINE_FUNCTION double determinant(const Mat& m) { return m[0][0] * m[1][1] - m[0][1] * m[1][0]; }

double std_array(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Vec a = {x(i, 0), x(i, 1), x(i, 2)}, b{};
        std::array<double, 2> c = {{a[0], 2.0}};
        b[1] = a.front() * a.back();
        b.at(2) += c[0] * c[1];
        const Vec d = sum(scaled(a, a[1]), b);
        a = d;
        a[0] *= d[2];
        for (int k = 0; k < 3; ++k) s += a[k] * d[k] * b.data()[k];
      },
      r);
  return r;
}

double kokkos_array(Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Mat m = {{{x(i, 0), 2.0}, {x(i, 1), x(i, 0) * x(i, 1)}}};
        Kokkos::Array<double, 2> row = m[1];
        row[0] += m[0][0];
        m[0] = row;
        Kokkos::Array<double, 2>& second = m[1];
        second[1] = row[0] * row[1];
        s += determinant(m) + m[0][1];
      },
      r);
  return r;
}

struct Stencil {
  std::array<double, 3> weight;
  Kokkos::Array<int, 3> offset;
};

void array_members(Kokkos::View<const double*> x, Kokkos::View<double*> y, double a) {
  const int n = static_cast<int>(x.extent(0));
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        Stencil stencil[2] = {{{a, -2.0 * a, a}, {-1, 0, 1}}, {{0.5, a * a, 0.5}, {-2, 0, 2}}};
        double sum = 0;
        for (int which = 0; which < 2; ++which) {
          const Stencil& s = stencil[which];
          for (int k = 0; k < 3; ++k) {
            const int j = i + s.offset[k];
            if (j >= 0 && j < n) sum += s.weight[k] * x(j) * x(j);
          }
        }
        y(i) = sum;
      });
}

KOKKOS_INLINE_FUNCTION Kokkos::pair<double, double> extremes(double a, double b) {
  return a < b ? Kokkos::pair<double, double>(a, b) : Kokkos::make_pair(b, a);
}

double pairs(Kokkos::View<const double*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Kokkos::pair<double, double> p = extremes(x(i), 0.5);
        std::pair<double, int> q{p.first * p.second, 2};
        p.second *= q.first;
        std::pair<double, double> t = std::make_pair(p.second, x(i));
        s += p.first + q.first * q.second + t.first * t.second;
      },
      r);
  return r;
}

double rows_of_matrices(Kokkos::View<const double* [2]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double m[2][2] = {{x(i, 0), x(i, 1)}, {1.0, x(i, 0)}};
        double(&row)[2] = m[1];
        row[0] *= m[0][1];
        const double* first = m[0];
        double v[2] = {row[0] + first[1], x(i, 1)};
        s += v[0] * v[1] * m[1][0];
      },
      r);
  return r;
}

// Arrays of the host that loops fill, with derivatives.
struct Series {
  double c[4], scale;
};
double filled_by_loops(Kokkos::View<const double*> x, double a, double b) {
  Series series;
  series.scale = a * b;
  for (int k = 0; k < 4; ++k) series.c[k] = series.scale / (k + 1);
  double power[3];
  power[0] = 1;
  for (int k = 1; k < 3; ++k) power[k] = power[k - 1] * a;
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        double p = series.c[3];
        for (int k = 2; k >= 0; --k) p = p * x(i) + series.c[k];
        s += p * power[i % 3];
      },
      r);
  return r + power[2];
}
