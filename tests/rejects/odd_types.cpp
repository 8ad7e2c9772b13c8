// expect: 14:21 a variable of type 'long double' is not supported
// expect: 15:25 a volatile variable is not supported
// expect: 16:15 the pointer variable 'flag' is not supported
// expect: 17:22 a value of type 'long double' is not supported
// expect: 18:21 a variable of type 'std::string' is not supported
// expect: 21:26 a constant of type 'long double' is not supported
#include <Kokkos_Core.hpp>
#include <string>

double odd_types(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        long double t = 1;
        volatile double u = 2;
        bool* flag = nullptr;
        s += t + u + (flag != nullptr);
        std::string text = "a";
        const auto& row = x;
        s += row(i);
        double big[2] = {1.0L, 2.0};
        s += big[0] + sizeof(text);
      },
      r);
  return r;
}
