// Kernels whose iterations are independent for sensible values of scalars: the gradient checks these values.

#include <Kokkos_Core.hpp>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using Rank3 = Kokkos::MDRangePolicy<Kokkos::Rank<3>>;

// Two time levels of one View: right if they are two.
void leap(Matrix p, In c, int now, int old) {
  Kokkos::parallel_for(
      "leap", Kokkos::RangePolicy<>(1, p.extent(0) - 1), KOKKOS_LAMBDA(const int i) {
        p(i, old) = 2.0 * p(i, now) - p(i, old) + c(i) * (p(i - 1, now) + p(i + 1, now)) * p(i, now);
      });
}

// The same in a time loop that exchanges the numbers.
void leaps(Matrix p, In c, int steps) {
  int now = 0, old = 1;
  for (int step = 0; step < steps; ++step) {
    leap(p, c, now, old);
    const int other = now;
    now = old;
    old = other;
  }
}

// A flat array with a halo: row and plane must be as long as what is written of them.
void padded(Vector u, In v, int nx, int ny, int nz, int halo) {
  Kokkos::parallel_for(
      Rank3({0, 0, 0}, {nz, nx, ny}), KOKKOS_LAMBDA(const int k, const int i, const int j) {
        const int at = (nz + 2 * halo) * (ny + 2 * halo) * (i + halo) + (nz + 2 * halo) * (j + halo) + k + halo;
        u(at) = u(at) * v(nz * ny * i + nz * j + k);
      });
}

// Strides of the caller's.
void strided(Vector u, In v, int n, int m, int first, int second) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        for (int j = 0; j < m; ++j) u(i * first + j * second) = v(i) * v(j);
      });
}

struct Grid {
  int nx, ghost, jmin, jmax, boundary;
};

// Ghost cells from the interior, three ways: right if the interior is at least as wide as they are.
void ghosts(Grid grid, Kokkos::View<double***> U, int iterations) {
  Kokkos::parallel_for(
      "ghosts", iterations, KOKKOS_LAMBDA(const int index) {
        const int j = index / grid.ghost;
        const int i = index - j * grid.ghost;
        if (j >= grid.jmin && j <= grid.jmax && i >= 0 && i < grid.ghost) {
          int from = 0;
          for (int v = 0; v < 2; ++v) {
            double sign = 1.0;
            if (grid.boundary == 1) {
              from = 2 * grid.ghost - 1 - i;
              if (v == 1) sign = -1.0;
            } else if (grid.boundary == 2) {
              from = grid.ghost;
            } else {
              from = grid.nx + i;
            }
            U(i, j, v) = U(from, j, v) * U(from, j, v) * sign;
          }
        }
      });
}

// A halo of rows in a flat array, mirrored.
void mirrored_rows(int x, int y, int depth, int halo, Vector u) {
  Kokkos::parallel_for(
      y * depth, KOKKOS_LAMBDA(const int index) {
        const int flip = index % depth;
        const int lines = index / depth;
        const int to = lines * (x - depth) + halo - depth + index;
        const int from = to + 2 * (depth - flip) - 1;
        u(to) = u(from) * u(from);
      });
}

// Rows of the halo below the interior.
void mirrored_below(int x, int depth, int halo, Vector u) {
  Kokkos::parallel_for(
      x * depth, KOKKOS_LAMBDA(const int index) {
        const int from = x * halo + index;
        u(from - (1 + index / x * 2) * x) = sin(u(from));
      });
}

// Either shift is enough.
void shifted(Matrix u, int n, int m, int down, int right) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}),
      KOKKOS_LAMBDA(const int i, const int j) { u(i + down, j) = u(i, j + right) * u(i, j + right); });
}

// A source at one place: a range of one iteration.
void source(Matrix p, In amplitude, int x, int y, int step) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({x, y}, {x + 1, y + 1}),
      KOKKOS_LAMBDA(const int i, const int j) { p(i * 2 + j, 0) += amplitude(step) * p(i, 1); });
}
