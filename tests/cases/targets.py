"""Instances of templates, member functions, parameters of class type."""

from tests.cases import Case, N

_NEXT = [1, 2, 3, 4, 5, 0]
_MESH = {
    "mesh_x": (N,),
    "mesh_next": _NEXT,
    "mesh_weights_0": 0.3,
    "mesh_weights_1": 0.7,
    "mesh_weights_2": 1.1,
}
_MATERIAL = {"material_kappa": 1.3, "material_rho": 0.5}

CASES = (
    Case("targets", "model::weighted<double>", {"x": (N,), "a": 0.7}),
    Case("targets", "weighted<float>", {"x": (N,), "a": 0.7}, floats=frozenset({"x"})),
    Case("targets", "repeated<2, Kokkos::View<double*>>", {"y": (N,), "x": (N,)}),
    Case("targets", "by_reference", {**_MESH, **_MATERIAL, "a": 0.7}, wrt=("mesh", "material.kappa", "a")),
    Case("targets", "by_reference", {**_MESH, **_MATERIAL, "a": 0.7}, wrt=("mesh.x",), note="mesh.x"),
    Case(
        "targets",
        "by_pointer",
        {"s_mesh_x": (N,), "s_material_kappa": 0.4, "s_material_steps": 3, "s_u": (N,), "dt": 0.3},
    ),
    Case("targets", "Model::energy", {"u": (N,), "stiffness": 1.5, "shift": 0.4}),
    Case("targets", "advance", {"u": (N,), "stiffness": 1.5, "dt": 0.4}),
    Case("targets", "scaled", {"u": (N,), "stiffness": 1.5}),
    Case("targets", "Model::total", {"v": (N,)}),
    Case("targets", "Solver<double, 2>::sweep", {"x": (N,), "omega": 0.8, "b": (N,)}),
    Case("targets", "with_status", {"y": (N,), "unused_4": 3}),
)

COMPILED = ("model::weighted<double>", "by_reference", "by_pointer", "Model::energy")
