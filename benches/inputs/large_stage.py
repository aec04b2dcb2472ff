"""Writes a stage of 100,001 prims without composition arcs: 1,000 groups of 99 small meshes.

    large_stage.py FILE.usda|FILE.usdc
"""

import sys

from pxr import Gf, Sdf, Vt

GROUPS, MESHES = 1_000, 99
POINTS = Vt.Vec3fArray([Gf.Vec3f(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])
COUNTS = Vt.IntArray([4] * 6)
INDICES = Vt.IntArray([0, 1, 3, 2, 4, 6, 7, 5, 0, 4, 5, 1, 2, 3, 7, 6, 0, 2, 6, 4, 1, 5, 7, 3])


def attribute(prim, name, value_type, value):
    Sdf.AttributeSpec(prim, name, value_type).default = value


def main(path: str) -> None:
    layer = Sdf.Layer.CreateNew(path)
    layer.defaultPrim = "World"
    layer.pseudoRoot.SetInfo("upAxis", "Y")
    layer.pseudoRoot.SetInfo("metersPerUnit", 1.0)
    with Sdf.ChangeBlock():
        world = Sdf.PrimSpec(layer, "World", Sdf.SpecifierDef, "Xform")
        for group in range(GROUPS):
            xform = Sdf.PrimSpec(world, f"Group_{group}", Sdf.SpecifierDef, "Xform")
            attribute(xform, "xformOp:translate", Sdf.ValueTypeNames.Double3, Gf.Vec3d(group, 0, 0))
            attribute(xform, "xformOpOrder", Sdf.ValueTypeNames.TokenArray, Vt.TokenArray(["xformOp:translate"]))
            for number in range(MESHES):
                mesh = Sdf.PrimSpec(xform, f"Mesh_{number}", Sdf.SpecifierDef, "Mesh")
                attribute(mesh, "points", Sdf.ValueTypeNames.Point3fArray, POINTS)
                attribute(mesh, "faceVertexCounts", Sdf.ValueTypeNames.IntArray, COUNTS)
                attribute(mesh, "faceVertexIndices", Sdf.ValueTypeNames.IntArray, INDICES)
                attribute(mesh, "xformOp:translate", Sdf.ValueTypeNames.Double3, Gf.Vec3d(0, number, group))
                attribute(mesh, "xformOpOrder", Sdf.ValueTypeNames.TokenArray, Vt.TokenArray(["xformOp:translate"]))
    layer.Save()


main(sys.argv[1])
