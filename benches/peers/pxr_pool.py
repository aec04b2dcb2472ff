"""The peer: pxr gathers the document's fields of USD files, in a pool of processes.

    pxr_pool.py set ROOT JOBS LIST     reads all files of LIST, once for each line on stdin;
                                       answers each line with the seconds it took
    pxr_pool.py one FILE               seconds, CPU seconds and peak memory of one file, as JSON

Reads what Vitrine's document holds, by the calls a pxr user would choose: one traversal with
instance proxies, bounds by BBoxCache, dependencies by UsdUtils. Start-up is not measured.
"""

import collections
import json
import multiprocessing
import os
import resource
import sys
import time

os.environ["PXR_WORK_THREAD_LIMIT"] = "1"  # The pool has the cores; threads inside would fight.


def inspect(path: str) -> dict:
    from pxr import Sdf, Tf, Usd, UsdGeom, UsdLux, UsdShade, UsdSkel, UsdUtils

    try:
        stage = Usd.Stage.Open(path, Usd.Stage.LoadAll)
    except Tf.ErrorException as error:
        return {"error": str(error)}
    layer = stage.GetRootLayer()
    types, kinds, applied = collections.Counter(), collections.Counter(), collections.Counter()
    points = faces = instances = 0
    cameras, lights, skeletons, materials, variants = [], [], [], set(), []
    animated = False
    earliest = Usd.TimeCode.EarliestTime()

    def count(value):
        try:
            return 0 if value is None else len(value)
        except TypeError:
            return 0

    # What follows from type and applied schemas alone is asked once for each such pair.
    roles = {}
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()):
        type_name, schemas = prim.GetTypeName(), tuple(prim.GetAppliedSchemas())
        role = roles.get((type_name, schemas))
        if role is None:
            role = roles[type_name, schemas] = (
                next((one for one in (UsdGeom.Mesh, UsdGeom.PointInstancer, UsdGeom.Camera, UsdSkel.Skeleton)
                      if prim.IsA(one)), None),
                prim.HasAPI(UsdLux.LightAPI),
                prim.HasAPI(UsdShade.MaterialBindingAPI),
            )
        geometry, is_light, is_bound = role
        types[type_name or "(untyped)"] += 1
        for name in schemas:
            applied[name.split(":")[0]] += 1
        kind = prim.GetMetadata("kind")
        if kind:
            kinds[kind] += 1
        instances += prim.IsInstance()
        if geometry is UsdGeom.Mesh:
            points += count(prim.GetAttribute("points").Get(earliest))
            faces += count(prim.GetAttribute("faceVertexCounts").Get(earliest))
        elif geometry is UsdGeom.PointInstancer:
            instances += count(prim.GetAttribute("protoIndices").Get(earliest))
        elif geometry is UsdGeom.Camera:
            cameras.append(str(prim.GetPath()))
        elif geometry is UsdSkel.Skeleton:
            skeletons.append(str(prim.GetPath()))
        if is_light:
            lights.append(str(prim.GetPath()))
        if prim.HasVariantSets():
            sets = prim.GetVariantSets()
            for name in sets.GetNames():
                one = sets.GetVariantSet(name)
                variants.append((name, one.GetVariantNames(), one.GetVariantSelection()))
        if is_bound:
            materials.add(str(UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0].GetPath()))
        if not animated:
            animated = any(one.ValueMightBeTimeVarying() for one in prim.GetAuthoredAttributes())
    purposes = [UsdGeom.Tokens.default_, UsdGeom.Tokens.render]
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), purposes, False)
    bounds = cache.ComputeWorldBound(stage.GetPseudoRoot()).ComputeAlignedRange()
    layers, assets, missing = UsdUtils.ComputeAllDependencies(Sdf.AssetPath(path))
    return {
        "default_prim": layer.defaultPrim,
        "up_axis": str(UsdGeom.GetStageUpAxis(stage)),
        "time": [stage.GetStartTimeCode(), stage.GetEndTimeCode()],
        "rate": [stage.GetFramesPerSecond(), stage.GetTimeCodesPerSecond()],
        "documentation": layer.documentation,
        "custom_data_keys": sorted(layer.customLayerData),
        "prims": types, "kinds": kinds, "applied": applied, "points": points, "faces": faces,
        "instances": instances, "cameras": cameras, "lights": lights, "skeletons": skeletons,
        "materials": sorted(materials), "variant_sets": variants, "has_animation": animated,
        "bounds": [list(bounds.GetMin()), list(bounds.GetMax())],
        "dependencies": [one.identifier for one in layers] + list(assets), "missing": list(missing),
    }


def warm(path: str) -> None:
    inspect(path)


def measure_set(root: str, jobs: int, listing: str) -> None:
    with open(listing, encoding="utf-8") as lines:
        paths = [os.path.join(root, line.rstrip("\n")) for line in lines]
    with multiprocessing.Pool(jobs) as pool:
        pool.map(warm, paths[:1] * jobs * 4, chunksize=1)  # Every process has its plug-ins loaded.
        print("ready", flush=True)
        for _ in sys.stdin:
            started = time.perf_counter()
            for _ in pool.imap_unordered(inspect, paths, chunksize=4):
                pass
            print(time.perf_counter() - started, flush=True)


def measure_one(path: str) -> dict:
    from pxr import Usd, UsdGeom, UsdLux, UsdShade, UsdSkel, UsdUtils  # noqa: F401

    UsdUtils.ComputeAllDependencies  # Loaded now, so that the clock sees the file alone.
    Usd.Stage.CreateInMemory()
    started, cpu_started = time.perf_counter(), time.process_time()
    inspect(path)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": took, "cpu_seconds": cpu, "peak_mb": peak / 1024}


if __name__ == "__main__":
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # pxr's warnings are not part of the work.
    if sys.argv[1] == "set":
        measure_set(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        print(json.dumps(measure_one(sys.argv[2])))
