// expect: 16:18 throw is not supported
// expect: 26:14 a variable of type 'std::ostream &' is not supported | remove output from the differentiated function
// expect: 30:3 output is not supported | remove output from the differentiated function
// expect: 31:3 output is not supported | remove output from the differentiated function
// expect: 32:23 the function printf is not supported | remove output from the differentiated function
#include <Kokkos_Core.hpp>
#include <cstdio>
#include <iostream>

inline void count(std::ostream& out, int& calls) { out << ++calls; }
inline double logged(double value) {
  std::printf("%g\n", value);
  return 2 * value;
}
inline void stop(double value) {
  if (value < 0) throw value;
  std::cout << value;
}
inline void fill(Kokkos::View<double*> x, double value) {
  std::cout << value;
  x(0) = value;
}

double output_with_effects(Kokkos::View<double*> x, double a) {
  int calls = 0;
  count(std::cout, calls);
  a = logged(a);
  stop(a);
  fill(x, a);
  std::cout << calls++ << std::endl;
  std::cout << (a *= calls) << std::endl;
  const int written = std::printf("%g\n", a);
  double sum = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += a * x(i); }, sum);
  return sum * written;
}
