"""Public Kokkos codes, as they are: what is differentiable, and is the gradient right?"""
