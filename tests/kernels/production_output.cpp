// What production codes do beside computing: print, take times, keep numbers in arrays of the caller.
#include <Kokkos_Core.hpp>

#include <cstdio>
#include <iomanip>
#include <iostream>
#include <string>

namespace report {
inline void heading(std::ostream& out, const char* name) { out << "== " << name << std::endl; }

template <class Real>
inline void print_checksum(const std::string& label, const Real checksum, const int iteration) {
  const auto precision{std::cerr.precision()};
  heading(std::cerr, label.c_str());
  std::cerr << std::setprecision(2) << std::fixed << checksum;
  for (int k = 0; k < iteration; ++k) std::cerr << '.';
  std::cerr << std::endl << std::setprecision(precision);
}
}  // namespace report

// output on the host and in the kernel is left out
double checksum(Kokkos::View<const double*> x, int iteration) {
  double sum = 0;
  std::cerr << "begin " << x.extent(0) << "\n";
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, double& s) {
        if (x(i) < 0) printf("negative: %d %g\n", i, x(i));
        s += x(i) * x(i);
      },
      sum);
  if (iteration > 1) report::print_checksum(x.label(), sum, iteration);
  sum *= 0.5;
  std::fprintf(stderr, "%g\n", sum);
  return sum;
}

// a condition with a message
double checked(Kokkos::View<const double*> x, double scale) {
  double sum = 0;
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, double& s) {
        if (!bool((x(i) > -1e30) && "x must be finite")) Kokkos::abort("contract violation");
        s += scale * x(i) * x(i);
      },
      sum);
  return sum;
}

// the result is a measured time: what the function writes counts
double timed(Kokkos::View<const double*> x, Kokkos::View<double*> y, double a, int repeats) {
  Kokkos::Timer timer;
  for (int r = 0; r < repeats; ++r)
    Kokkos::parallel_for(x.extent(0), KOKKOS_LAMBDA(const int i) { y(i) = a * y(i) + x(i); });
  Kokkos::fence();
  return timer.seconds() / repeats;
}

template <class View, class Value>
double timed_extrema(View x, Value& least, Value& total) {
  Kokkos::Timer timer;
  Kokkos::parallel_reduce(
      "extrema", x.extent(0),
      KOKKOS_LAMBDA(const int i, Value& l, Value& t) {
        if (l > x(i)) l = x(i);
        t += x(i) * x(i);
      },
      Kokkos::Min<Value>(least), Kokkos::Sum<Value>(total));
  const double seconds = timer.seconds();
  std::printf("%g s\n", seconds);
  return seconds;
}
template double timed_extrema<Kokkos::View<double*>, double>(Kokkos::View<double*>, double&, double&);

// arrays of integers of the caller that are changed
double flagged(Kokkos::View<const double*> x, const double weight[3], int flags[2], double scale) {
  double sum = 0;
  flags[0] = flags[1] + 2;
  const int power = flags[0];
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += scale * power * x(i) * x(i); }, sum);
  for (int k = 0; k < 2; ++k) flags[k] *= 3;
  return weight[1] * sum;
}

struct Box {
  double length[3];
  int periods[3];

  double scaled(Kokkos::View<const double*> x, int axis) {
    double sum = 0;
    Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += x(i) * x(i); }, sum);
    ++periods[axis];
    return length[1] * sum * periods[axis];
  }
};

// an array behind a pointer: as long as it is used
double periodic(Kokkos::View<const double*> x, int* periods, const double* length) {
  int flags[3];
  for (int d = 0; d < 3; d++) flags[d] = periods[d];
  double sum = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += x(i) * x(i); }, sum);
  periods[1] = 0;
  return sum * (flags[0] * length[0] + flags[1] * length[1]);
}
