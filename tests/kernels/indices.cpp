// Gathers, scatters, stencils: which increments meet.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using Indices = Kokkos::View<const int*>;

double gather(In x, Indices idx, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(idx(i)) * x(i); }, r);
  return r;
}

void scatter_permutation(Vector y, In x, Indices perm, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(perm(i)) = x(i) * x(perm(i)); });
}

void in_place_permutation(Vector y, In x, Indices perm, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(perm(i)) = y(perm(i)) * x(i) + y(perm(i)) * y(perm(i)); });
}

void scatter_atomic(Vector y, In x, Indices idx, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    Kokkos::atomic_add(&y(idx(i)), x(i) * x(i));
    Kokkos::atomic_sub(&y(idx(i)), sin(x(i)));
  });
}

// The primal writes y(perm(i)) in every iteration, so x(perm(i)) is exclusive, but x(other(i)) is not.
void two_index_arrays(Vector y, In x, Indices perm, Indices idx, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(perm(i)) = x(perm(i)) * x(idx(i)); });
}

void conditional_permutation(Vector y, In x, In z, Indices idx, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    const double v = x(idx(i)) * z(idx(i));
    if (i == idx(i)) y(idx(i)) = v;
  });
}

double connectivity(Matrix c, In u, Kokkos::View<const int* [3]> conn, int ne) {
  double r = 0;
  Kokkos::parallel_reduce(ne, KOKKOS_LAMBDA(int e, double& s) {
    double area[2] = {0, 0};
    for (int a = 0; a < 3; ++a) {
      const int p = conn(e, a), q = conn(e, (a + 1) % 3);
      area[0] += c(p, 0) * c(q, 1);
      area[1] += c(q, 0) * c(p, 1) * u(q);
    }
    s += (area[0] - area[1]) * (area[0] - area[1]) * u(conn(e, 0));
  }, r);
  return r;
}

void stencil(Vector y, In x, int n) {
  Kokkos::parallel_for(Kokkos::RangePolicy<>(1, n - 1), KOKKOS_LAMBDA(int i) {
    y(i) = x(i - 1) * x(i) + x(i) * x(i + 1) * x(i);
  });
}

void even_odd(Vector u, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    u(2 * i) = u(2 * i) * u(2 * i + 1);
    u(2 * i + 1) = sin(u(2 * i + 1)) + 0.5 * i;
  });
}

// The same element by different expressions, different elements by similar ones.
double offsets(In x, int n, int k) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    s += x(2 * i) * x(i + i + 1) + x(n + i - n) * x(2 * i + k);
  }, r);
  return r;
}

double divided(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i / 2) * x(i % 3) * x(n - 1 - i); }, r);
  return r;
}

double narrowed(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const unsigned char at = static_cast<unsigned char>(64 * i);
    s += x(at / 64) * x(at);
  }, r);
  return r;
}

double narrowed_plain(In x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const unsigned char at = static_cast<unsigned char>(i);
    s += x(at) * x(at) * (1 + i % 2);
  }, r);
  return r;
}

double rounded(In x, In t, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const int at = static_cast<int>(i * 0.5 + t(0));
    s += x(at) * x(at);
  }, r);
  return r;
}

void grid(Matrix y, Matrix x, int n, int m) {
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 1}, {n - 1, m - 1}), KOKKOS_LAMBDA(int i, int j) {
    y(i, j) = x(i, j) * (x(i - 1, j) + x(i + 1, j)) - x(i, j - 1) * x(i, j + 1);
  });
}

void transposed(Matrix y, Matrix x, int n, int m) {
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}), KOKKOS_LAMBDA(int i, int j) {
    y(j, i) = x(i, j) * x(i, j) + x(i, 0);
  });
}

double flattened(Matrix x, Vector w, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce(n * m, KOKKOS_LAMBDA(int k, double& s) {
    const int i = k / m, j = k % m;
    s += x(i, j) * x(i, j) * w(j);
  }, r);
  return r;
}

double cube(Kokkos::View<double***> a, Vector w, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<3>>({0, 0, 1}, {n, 2, 3}),
      KOKKOS_LAMBDA(int i, int j, int k, double& s) { s += a(i, j, k) * a(i, j, k - 1) * w(i); }, r);
  return r;
}

double theta(Matrix data, Vector theta, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    double z = 0;
    for (int k = 0; k < 4; ++k) z += data(i, k) * theta(k);
    s += z * z * theta(0);
  }, r);
  return r;
}

void reversed(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(n - 1 - i) = x(n - 1 - i) * x(i) * y(n - 1 - i); });
}

// y's element is added to, then read: x's adjoints depend on what the same iteration adds to y's adjoint.
double added_then_read(Vector y, Vector x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    y(2 * i) += x(i) * x(i + 1);
    s += 3 * y(2 * i) + y(2 * i + 1) * y(2 * i + 3);
  }, r);
  return r;
}

// Unsigned ranges that end before they begin.
double unsigned_stencil(Vector x) {
  double r = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<>(1, x.extent(0) - 1), KOKKOS_LAMBDA(std::size_t i, double& s) {
    s += x(i) * x(i - 1) * x(i + 1);
  }, r);
  return r;
}

double unsigned_shift(Vector x, std::size_t first, std::size_t last) {
  double r = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<>(first, last), KOKKOS_LAMBDA(std::size_t i, double& s) {
    s += x(i - 2) * x(i - 1) * x(i - 2);
  }, r);
  return r;
}

void grid_in_place(Matrix y, Matrix x, int n, int m) {
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 1}, {n - 1, m - 1}), KOKKOS_LAMBDA(int i, int j) {
    y(i, j) = y(i, j) * x(i + 1, j - 1) + x(i - 1, j) * x(i, j) * y(i, j);
  });
}

void grid_transposed(Matrix y, Matrix x, int n, int m) {
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}), KOKKOS_LAMBDA(int i, int j) {
    y(i, j) += x(j, i) * x(j + 1, i) + sin(x(j, i + 1));
  });
}

double wide_stencil(In x, In w, int n) {
  double r = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<>(3, n - 4), KOKKOS_LAMBDA(int i, double& s) {
    double t = x(i) * w(i);
    for (int k = 0; k < 3; ++k) t = t * x(i + 4) + w(i + k);
    s += x(i - 3) * t;
  }, r);
  return r;
}

// One row per index, several columns: the row alone tells iterations apart.
void permuted_rows(Kokkos::View<double**> A, Kokkos::View<const double*> x, Kokkos::View<const int*> idx, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        const int row = idx(i);
        for (int k = 0; k < 2; ++k) A(row, k) += x(i) * (k + 1.0);
        A(row, 2) = x(i) * x(i);
      });
}

// The entries of a compressed row belong to its iteration.
void compressed_rows(Kokkos::View<double*> entries, Kokkos::View<const double*> x, Kokkos::View<const int*> row,
                     Kokkos::View<const int*> column, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        for (int k = row(i); k < row(i + 1); ++k) entries(k) += x(i) * x(column(k));
      });
}

// A grid in a vector.
void flat_grid(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n, int m) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}), KOKKOS_LAMBDA(const int i, const int j) {
        y(i * m + j) = y(m * i + j) * x(i * m + j) + x((i * m + j + 1) % (n * m));
      });
}

// A flat range that finds its row and column.
void rows_and_columns(Kokkos::View<double**> A, Kokkos::View<const double*> x, int m) {
  Kokkos::parallel_for(
      x.extent(0), KOKKOS_LAMBDA(const int k) {
        const int row = k / m, column = k % m;
        A(row, column) = A(row, column) * x(k);
      });
}

// Three consecutive elements per iteration.
void element_blocks(Kokkos::View<double*> corner, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        for (int k = 0; k < 3; ++k) corner(3 * i + k) *= x(i) + k;
        corner(3 * i + 1) += x(i) * x(i);
      });
}

void flat_cube(Kokkos::View<double*> y, int n, int m, int l) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<3>>({0, 0, 0}, {n, m, l}),
      KOKKOS_LAMBDA(const int i, const int j, const int k) { y((i * m + j) * l + k) *= y((i * m + j) * l + k); });
}

// The halo mirrors the interior of the same View, from a flat range.
void mirrored_halo(Kokkos::View<double**> u, int rows, int depth) {
  Kokkos::parallel_for(
      rows * depth, KOKKOS_LAMBDA(const int lid) {
        const int row = lid / depth, offset = lid % depth;
        u(row, depth - 1 - offset) = 0.5 * u(row, offset + depth) * u(row, offset + depth);
      });
}

// A buffer of columns: that there is a k proves that depth is not 0.
void columns_of_a_buffer(Kokkos::View<double*> buffer, Kokkos::View<const double**> field, int n, int depth, int offset) {
  for (int k = 0; k < depth; ++k) {
    Kokkos::parallel_for(
        n, KOKKOS_LAMBDA(const int j) {
          const int index = offset + k + (j + depth - 1) * depth;
          buffer(index) = field(j, k) * field(j, k);
        });
  }
}

// Particles between points: where they are decides which elements they read, and how many.
double interpolated(In field, In position, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const int cell = static_cast<int>(position(i));
    const double weight = position(i) - cell;
    const double here = (1.0 - weight) * field(cell) + weight * field(cell + 1);
    s += here * here;
    if (weight > 0.5) s += std::sin(field(cell + 1));
  }, r);
  return r;
}

// A force has three components: a record of contributions that need not be a power of two apart.
double springs(Kokkos::View<const double* [3]> x, Kokkos::View<const int* [2]> ends, int n) {
  double energy = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int k, double& sum) {
    const int a = ends(k, 0), b = ends(k, 1);
    double square = 0;
    for (int d = 0; d < 3; ++d) square += (x(a, d) - x(b, d)) * (x(a, d) - x(b, d));
    sum += (square - 1.0) * (square - 1.0);
  }, energy);
  return energy;
}
