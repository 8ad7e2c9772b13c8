// expect: 22:15 a variable of type 'Mixed' is not supported
// expect: 24:15 a variable of type 'Flags' is not supported
// expect: 26:29 a variable of type 'std::vector<double>' is not supported
// expect: 28:14 the virtual function 'area' is called
#include <Kokkos_Core.hpp>
#include <vector>
union Mixed {
  double a;
  float b;
};
struct Flags {
  int a : 3;
};
struct Shape {
  virtual double area() const { return 1.0; }
};

double classes(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        Mixed m;
        m.a = x(i);
        Flags f;
        s += m.a + f.a;
        std::vector<double> list(3);
        Shape shape;
        s += shape.area() + list[1];
      },
      r);
  return r;
}
