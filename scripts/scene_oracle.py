"""Compares the scenes that vitrine-usd makes with what pxr says of the same files.

usage: scene_oracle.py SET SCENE_FACTS [PART-OF-PATH]

SET is a folder of USD files, SCENE_FACTS the built example of that name. Of every file are compared,
at the earliest time, purposes default and render, without subdivision:

* the triangles of all meshes, instances and point instances counted each;
* the world-space box of all of their points that faces use (tolerance 1e-4 of its diagonal:
  positions are single precision, and skinning sums products of four matrices);
* how many triangles each material has, by the material's name;
* how many other things are shown: implicit shapes, curves, points.

Known to differ in the real set: `timeCodesPerSecond_-1.usda` (time runs backwards, the last sample is
the earliest), `weird_matrix_transform.usda` (pxr divides by w, a scene is affine), and `Ball.usd`,
`Ball.maya.usd` (a PxrDisney surface without a colour we can read: `displayColor` is shown).
"""

import collections
import json
import os
import subprocess
import sys

from pxr import Gf, Tf, Usd, UsdGeom, UsdShade, UsdSkel, Vt

TOLERANCE = 1e-4
TIME = Usd.TimeCode.EarliestTime()
SHAPES = (UsdGeom.Cube, UsdGeom.Sphere, UsdGeom.Cylinder, UsdGeom.Cylinder_1, UsdGeom.Cone,
          UsdGeom.Capsule, UsdGeom.Capsule_1, UsdGeom.Plane)
LINES = (UsdGeom.Curves, UsdGeom.Points)


class Found:
    def __init__(self):
        self.box = Gf.Range3d()
        self.materials = collections.Counter()
        self.others = 0

    def add(self, other, matrix):
        """Takes in what a prototype shows."""
        for points, world, parts in other:
            self.mesh(points, world * matrix, parts)


def material_name(prim):
    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial(UsdShade.Tokens.preview)
    if not material:
        return None
    for context in ("", "mtlx", "mdl", "ri"):
        output = material.GetSurfaceOutput(context) if context else material.GetSurfaceOutput()
        if output and output.HasConnectedSource():
            # An output that leads to no shader is no surface.
            for attr in UsdShade.Utils.GetValueProducingAttributes(output):
                if UsdShade.Shader(attr.GetPrim()) and attr.GetName().startswith("outputs:"):
                    return material.GetPrim().GetName()
    return None


def skins(stage):
    """Skinned points by path of the mesh, in the mesh's own space."""
    found = {}
    cache = UsdSkel.Cache()
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()):
        if not prim.IsA(UsdSkel.Root):
            continue
        root = UsdSkel.Root(prim)
        cache.Populate(root, Usd.TraverseInstanceProxies())
        for binding in cache.ComputeSkelBindings(root, Usd.TraverseInstanceProxies()):
            query = cache.GetSkelQuery(binding.GetSkeleton())
            if not query:
                continue
            transforms = query.ComputeSkinningTransforms(TIME)
            skel_to_world = UsdGeom.Xformable(
                binding.GetSkeleton().GetPrim()).ComputeLocalToWorldTransform(TIME)
            for target in binding.GetSkinningTargets():
                mesh = UsdGeom.Mesh(target.GetPrim())
                if not mesh:
                    continue
                points = mesh.GetPointsAttr().Get(TIME)
                if not points:
                    continue
                points = Vt.Vec3fArray(points)
                moved = blended(target, query, points)
                if target.HasJointInfluences() and transforms:
                    own = transforms
                    mapper = target.GetJointMapper()
                    if mapper and not mapper.IsIdentity():
                        own = mapper.RemapTransforms(transforms)
                    to_own = skel_to_world * mesh.ComputeLocalToWorldTransform(TIME).GetInverse()
                    if target.IsRigidlyDeformed():
                        matrix = target.ComputeSkinnedTransform(own, TIME) * to_own
                        points = [matrix.Transform(Gf.Vec3d(p)) for p in points]
                        moved = True
                    elif target.ComputeSkinnedPoints(own, points, TIME):
                        points = [to_own.Transform(Gf.Vec3d(p)) for p in points]
                        moved = True
                if moved:
                    found[str(target.GetPrim().GetPath())] = [Gf.Vec3d(p) for p in points]
    return found


def blended(target, query, points):
    if not target.HasBlendShapes() or not query.GetAnimQuery():
        return False
    weights = query.GetAnimQuery().ComputeBlendShapeWeights(TIME)
    mapper = target.GetBlendShapeMapper()
    if mapper and not mapper.IsIdentity():
        weights = mapper.Remap(weights, 1, 0.0)
    if not weights or not any(weights):
        return False
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(target.GetPrim()))
    sub_weights, shape_indices, sub_indices = shapes.ComputeSubShapeWeights(weights)
    return shapes.ComputeDeformedPoints(
        sub_weights, shape_indices, sub_indices,
        shapes.ComputeBlendShapePointIndices(), shapes.ComputeSubShapePointOffsets(), points)


class Walk:
    def __init__(self, stage):
        self.stage = stage
        self.skins = skins(stage)
        self.geometry = {}

    def mesh(self, prim):
        """Points that faces use, and triangles by material."""
        mesh = UsdGeom.Mesh(prim)
        points = mesh.GetPointsAttr().Get(TIME)
        counts = mesh.GetFaceVertexCountsAttr().Get(TIME)
        indices = mesh.GetFaceVertexIndicesAttr().Get(TIME)
        if not points or not counts or not indices:
            return None
        holes = set(mesh.GetHoleIndicesAttr().Get(TIME) or ())
        points = self.skins.get(str(prim.GetPath()), points)
        whole = material_name(prim)
        of_face = {}
        for child in prim.GetFilteredChildren(Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
            subset = UsdGeom.Subset(child)
            if subset and subset.GetElementTypeAttr().Get() == "face" \
                    and subset.GetFamilyNameAttr().Get() == "materialBind":
                name = material_name(child)
                for face in subset.GetIndicesAttr().Get(TIME) or ():
                    of_face.setdefault(face, name)
        used, parts, start = set(), collections.Counter(), 0
        for face, count in enumerate(counts):
            own = indices[start:start + count]
            start += count
            if len(own) < count:
                break
            if count < 3 or face in holes or not all(0 <= at < len(points) for at in own):
                continue
            used.update(own)
            parts[of_face.get(face, whole)] += count - 2
        if not used:
            return None
        return [Gf.Vec3d(points[at]) for at in used], parts

    def below(self, start, matrix, visible_above, in_prototype, depth, found):
        """Everything shown below `start`, which stands in the space `matrix` leads from."""
        waiting = [(start, matrix, None)]
        while waiting:
            prim, above, purpose = waiting.pop()
            if not prim.IsActive() or (not in_prototype and (not prim.IsDefined() or prim.IsAbstract())):
                continue
            imageable = UsdGeom.Imageable(prim)
            if not imageable and prim.GetTypeName() and Usd.SchemaRegistry.GetTypeFromName(
                    prim.GetTypeName()):
                continue
            here = above
            if imageable:
                if imageable.GetVisibilityAttr().Get(TIME) == "invisible":
                    continue
                authored = imageable.GetPurposeAttr()
                if authored.HasAuthoredValue():
                    purpose = authored.Get()
                xform = UsdGeom.Xformable(prim)
                if xform:
                    local = xform.GetLocalTransformation(TIME)
                    here = local if xform.GetResetXformStack() else local * above
            if purpose in (None, "default", "render"):
                if prim.IsA(UsdGeom.PointInstancer):
                    self.instancer(UsdGeom.PointInstancer(prim), here, depth, found)
                    continue
                if prim.IsA(UsdGeom.Mesh):
                    if prim not in self.geometry:
                        self.geometry[prim] = self.mesh(prim)
                    if self.geometry[prim]:
                        found.append((*self.geometry[prim], here))
                elif any(prim.IsA(shape) for shape in SHAPES):
                    found.append(("other", None, here))
                elif any(prim.IsA(line) for line in LINES):
                    points = UsdGeom.PointBased(prim).GetPointsAttr().Get(TIME)
                    if points and (prim.IsA(UsdGeom.Points) or len(points) > 1):
                        found.append(("other", None, here))
            elif prim.IsA(UsdGeom.PointInstancer):
                continue
            predicate = Usd.PrimIsActive if in_prototype else Usd.PrimDefaultPredicate
            for child in prim.GetFilteredChildren(Usd.TraverseInstanceProxies(predicate)):
                waiting.append((child, here, purpose))

    def instancer(self, instancer, here, depth, found):
        if depth > 8:
            return
        prototypes = []
        for path in instancer.GetPrototypesRel().GetForwardedTargets():
            shown = []
            prim = self.stage.GetPrimAtPath(path)
            if prim:
                self.below(prim, Gf.Matrix4d(1), True, True, depth + 1, shown)
            prototypes.append(shown)
        indices = instancer.GetProtoIndicesAttr().Get(TIME) or []
        matrices = instancer.ComputeInstanceTransformsAtTime(
            TIME, TIME, UsdGeom.PointInstancer.ExcludeProtoXform, UsdGeom.PointInstancer.IgnoreMask)
        mask = instancer.ComputeMaskAtTime(TIME)
        for at, matrix in enumerate(matrices):
            if mask and not mask[at] or indices[at] >= len(prototypes):
                continue
            for points, parts, inner in prototypes[indices[at]]:
                found.append((points, parts, inner * matrix * here))


def pxr_scene(path):
    stage = Usd.Stage.Open(path)
    walk, found = Walk(stage), []
    walk.below(stage.GetPseudoRoot(), Gf.Matrix4d(1), True, False, 0, found)
    low, high = [float("inf")] * 3, [float("-inf")] * 3
    materials, others = collections.Counter(), 0
    for points, parts, matrix in found:
        if points == "other":
            others += 1
            continue
        materials.update(parts)
        for point in points:
            at = matrix.Transform(point)
            for axis in range(3):
                low[axis] = min(low[axis], at[axis])
                high[axis] = max(high[axis], at[axis])
    return {"min": low, "max": high, "materials": dict(materials), "others": others,
            "triangles": sum(materials.values()), "stage": stage}


def our_scene(facts, stage):
    low, high = [float("inf")] * 3, [float("-inf")] * 3
    materials, others = collections.Counter(), 0
    for instance in facts["instances"]:
        prim = stage.GetPrimAtPath(instance["name"])
        if not prim or not prim.IsA(UsdGeom.Mesh):
            others += 1
            continue
        for axis in range(3):
            low[axis] = min(low[axis], instance["min"][axis])
            high[axis] = max(high[axis], instance["max"][axis])
        for material, triangles in instance["parts"]:
            plain = material is None or material == "displayColor"
            materials[None if plain else material.rsplit("/", 1)[-1]] += triangles
    return {"min": low, "max": high, "materials": dict(materials), "others": others,
            "triangles": sum(materials.values())}


def same_box(a, b):
    if a["min"][0] > a["max"][0] or b["min"][0] > b["max"][0]:
        return (a["min"][0] > a["max"][0]) == (b["min"][0] > b["max"][0])
    size = sum((high - low) ** 2 for low, high in zip(b["min"], b["max"])) ** 0.5
    off = max(abs(x - y) for key in ("min", "max") for x, y in zip(a[key], b[key]))
    return off <= TOLERANCE * max(size, 1e-6)


def main():
    root, program = sys.argv[1:3]
    only = sys.argv[3] if len(sys.argv) > 3 else ""
    paths = sorted(
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(root) for name in names
        if name.endswith((".usd", ".usda", ".usdc", ".usdz")))
    paths = [path for path in paths if only in path]
    answer = subprocess.run([program, root], input="\n".join(paths), text=True,
                            capture_output=True, check=True)
    equal, opened, all_equal = collections.Counter(), 0, 0
    refused_by_both = 0
    for line in answer.stdout.splitlines():
        facts = json.loads(line)
        path = facts["path"]
        try:
            theirs = pxr_scene(os.path.join(root, path))
        except Tf.ErrorException as error:
            if "error" in facts:
                refused_by_both += 1
            else:
                print(f"{path}: pxr cannot open it: {str(error).splitlines()[-1][:150]}")
            continue
        if "error" in facts:
            print(f"{path}: ours: {facts['error']}")
            opened += 1
            continue
        opened += 1
        ours = our_scene(facts, theirs["stage"])
        agrees = {
            "triangles": ours["triangles"] == theirs["triangles"],
            "bounds": same_box(ours, theirs),
            "materials": ours["materials"] == theirs["materials"],
            "others": ours["others"] == theirs["others"],
            "check": facts["wrong"] is None,
        }
        for name, yes in agrees.items():
            equal[name] += yes
            if not yes:
                show = {"triangles": "triangles", "materials": "materials", "others": "others"}
                key = show.get(name)
                got = (ours[key], theirs[key]) if key else (
                    (ours["min"], ours["max"], theirs["min"], theirs["max"]) if name == "bounds"
                    else (facts["wrong"],))
                print(f"{path}: {name}: {str(got)[:400]}")
        all_equal += all(agrees.values())
    print(f"{opened} files opened, {refused_by_both} refused by both; equal in everything: {all_equal}")
    for name, count in equal.items():
        print(f"  {name}: {count} of {opened}")
    return 0 if all_equal == opened else 1


if __name__ == "__main__":
    sys.exit(main())
