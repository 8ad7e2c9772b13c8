// expect: 16:3 the member function basic_istream::operator>> is not supported | read the data before the differentiated function and pass it as a parameter
// expect: 17:3 the function scanf is not supported | read the data before the differentiated function and pass it as a parameter
// expect: 18:16 a variable of type 'std::mt19937' is not supported | draw the random numbers before the differentiated function and pass them in a View
// expect: 19:8 the member function uniform_real_distribution::operator() is not supported | draw the random numbers before the differentiated function and pass them in a View
// expect: 24:21 the function rand is not supported | draw the random numbers before the differentiated function and pass them in a View
// expect: 24:46 the function drand48 is not supported | draw the random numbers before the differentiated function and pass them in a View
// expect: 27:21 the function fopen is not supported | read the data before the differentiated function and pass it as a parameter
// expect: 28:8 the function fread is not supported | read the data before the differentiated function and pass it as a parameter
#include <Kokkos_Core.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
double io_and_rng(Kokkos::View<double*> x, int n) {
  double a = 0;
  std::cin >> a;
  std::scanf("%lf", &a);
  std::mt19937 generator(1);
  a += std::uniform_real_distribution<double>(0, 1)(generator);
  double r = 0;
  Kokkos::parallel_reduce(
      n,
      KOKKOS_LAMBDA(const int i, double& s) {
        s += x(i) * std::rand() / RAND_MAX + drand48() * a;
      },
      r);
  std::FILE* file = std::fopen("r", "r");
  r *= std::fread(&a, 8, 1, file);
  return r;
}
