// How increments of few elements combine: in registers, in sums of the launch, in copies of a team.
#include <Kokkos_Core.hpp>

// The element is the same for all turns of the loop; without a turn there is none (first(i) is -1).
void same_in_loop(Kokkos::View<double*> y, Kokkos::View<const double*> x, Kokkos::View<const double*> w,
                  Kokkos::View<const int*> row, Kokkos::View<const int*> first, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double sum = 0;
        for (int k = row(i); k < row(i + 1); ++k) {
          sum += w(k) * x(first(i)) * x(first(i));
          for (int m = 0; m < 2; ++m) sum += x(first(i)) * w(m);
        }
        y(i) = sum;
      });
}

// A table of materials, looked up through an index array.
double from_table(Kokkos::View<const double*> strain, Kokkos::View<const double[3][2]> table,
                  Kokkos::View<const int*> kind, double scale) {
  double energy = 0;
  Kokkos::parallel_reduce(
      "from_table", strain.extent(0),
      KOKKOS_LAMBDA(const int i, double& sum) {
        const double stiffness = table(kind(i), 0);
        sum += scale * stiffness * strain(i) * strain(i) + table(kind(i), 1) * strain(i);
      },
      energy);
  return energy;
}

// More places than the View has elements: those beyond are never touched.
void polynomial(Kokkos::View<double*> y, Kokkos::View<const double*> x, Kokkos::View<const float*> c,
                Kokkos::View<const double> shift, int terms) {
  Kokkos::parallel_for(
      "polynomial", Kokkos::RangePolicy<>(0, x.extent(0)), KOKKOS_LAMBDA(const int i) {
        double value = shift();
        double power = 1;
        for (int k = 0; k < 20; ++k) {
          if (k < terms) {
            value += c(k) * power;
            power *= x(i);
          }
        }
        y(i) = value;
      });
}

// Few elements and many: two answers in one kernel.
double weighted_mesh(Kokkos::View<const double*> u, Kokkos::View<const double[2]> weight,
                     Kokkos::View<const int* [3]> conn) {
  double energy = 0;
  Kokkos::parallel_reduce(
      "weighted_mesh", conn.extent(0),
      KOKKOS_LAMBDA(const int e, double& sum) {
        const double a = u(conn(e, 0)), b = u(conn(e, 1)), c = u(conn(e, 2));
        sum += weight(0) * (a - b) * (a - b) + weight(1) * b * c;
      },
      energy);
  return energy;
}

// Over several ranges.
double scaled_grid(Kokkos::View<const double**> x, Kokkos::View<const double*> scale) {
  double total = 0;
  Kokkos::parallel_reduce(
      "scaled_grid", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {x.extent(0), x.extent(1)}),
      KOKKOS_LAMBDA(const int i, const int j, double& sum) { sum += (scale(1) * x(i, j) + scale(2)) * x(i, j); },
      total);
  return total;
}
