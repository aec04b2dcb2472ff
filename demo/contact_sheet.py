#!/usr/bin/env python3
"""Draws every asset of a library on one sheet: a small software rasteriser, for looking things over.

    python demo/contact_sheet.py OUT.png [--library DIR] [--columns N] [--size PIXELS] [--only WORD]

Needs usd-core and numpy. It draws meshes, implicit shapes, instancers and instances with the base
colour or picture of their material at the first frame; a later release draws with Vitrine itself.
"""

import argparse
import pathlib
import struct
import zlib

import numpy as np
from pxr import Ar, Gf, Usd, UsdGeom, UsdShade

from maker import shapes

VIEW_AZIMUTH, VIEW_ELEVATION = 40.0, 22.0
BACKGROUND = np.array([0.955, 0.955, 0.945])


def read_png(data):
    """Decodes the 8-bit RGB pictures that maker/textures.py writes."""
    width, height = struct.unpack(">II", data[16:24])
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        packed += data[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    return rows[:, 1:].reshape(height, width, 3) / 255.0


def write_png(path, pixels):
    height, width, _ = pixels.shape
    quantised = (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    # Row differences pack better than the rows themselves.
    rows = quantised.reshape(height, -1).astype(np.int16)
    left = np.pad(rows, ((0, 0), (3, 0)))[:, : rows.shape[1]]
    data = np.hstack([np.full((height, 1), 1), (rows - left) % 256]).astype(np.uint8).tobytes()

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def look_of(prim, pictures):
    """(colour, picture or None, opacity) of the material bound to a prim."""
    material = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
    colour, picture, opacity = (0.7, 0.7, 0.7), None, 1.0
    surface = material.ComputeSurfaceSource()[0] if material else None
    if surface:
        wanted = surface.GetInput("diffuseColor")
        source = wanted.GetConnectedSource() if wanted else None
        if source:
            asset = UsdShade.Shader(source[0].GetPrim()).GetInput("file").Get()
            name = asset.resolvedPath
            if name not in pictures:
                pictures[name] = read_png(read_asset(name))
            picture = pictures[name]
        elif wanted and wanted.Get() is not None:
            colour = tuple(wanted.Get())
        if surface.GetInput("opacity"):
            opacity = surface.GetInput("opacity").Get()
    return np.array(colour), picture, opacity


def read_asset(name):
    return bytes(Ar.GetResolver().OpenAsset(Ar.ResolvedPath(name)).GetBuffer())


def implicit(prim):
    """Points and faces of an implicit shape, in its own space."""
    kind = prim.GetTypeName()

    def number(name):
        return prim.GetAttribute(name).Get()

    if kind == "Cube":
        return shapes.box(0, 0, 0, *(3 * [number("size")]))
    if kind == "Sphere":
        return shapes.ball(0, 0, 0, number("radius"), 20)
    axis = number("axis")
    if kind == "Plane":
        made = shapes.box(0, 0, 0, number("width"), 1e-6, number("length"))
    else:
        radius, half = number("radius"), number("height") / 2
        if kind == "Capsule":
            turn = [np.pi / 2 * k / 5 for k in range(6)]
            made = shapes.lathe(
                [
                    (0.0 if k == 0 else radius * np.sin(t), -half - radius * np.cos(t))
                    for k, t in enumerate(turn)
                ]
                + [
                    (0.0 if k == 5 else radius * np.cos(t), half + radius * np.sin(t))
                    for k, t in enumerate(turn)
                ]
            )
        else:
            top = [(radius, half), (0, half)] if kind == "Cylinder" else [(0, half)]
            made = shapes.lathe([(0, -half), (radius, -half)] + top)
    return made if axis == "Y" else made.turned("x", 90) if axis == "Z" else made.turned("z", -90)


def triangles_of(prim, pictures):
    """[(corners [n,3,3], uvs [n,3,2], look)] of one gprim, in its own space."""
    first = Usd.TimeCode.EarliestTime()
    if prim.IsA(UsdGeom.Mesh):
        mesh = UsdGeom.Mesh(prim)
        points = np.array(mesh.GetPointsAttr().Get(first), float)
        counts = np.array(mesh.GetFaceVertexCountsAttr().Get(first))
        indices = np.array(mesh.GetFaceVertexIndicesAttr().Get(first))
        st = UsdGeom.PrimvarsAPI(prim).GetPrimvar("st")
        st = np.array(st.Get()) if st and st.HasValue() else np.zeros((len(indices), 2))
        subsets = [
            (np.array(s.GetIndicesAttr().Get()), s.GetPrim())
            for s in UsdGeom.Subset.GetGeomSubsets(mesh)
        ]
    else:
        shape = implicit(prim)
        points = np.array(shape.points, float)
        counts = np.array([len(f) for f in shape.faces])
        indices = np.array([i for f in shape.faces for i in f])
        st = np.array([uv for face in shape.uvs for uv in face], float)
        subsets = []
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    authored = UsdGeom.Mesh(prim).GetNormalsAttr().Get(first) if prim.IsA(UsdGeom.Mesh) else None
    normals = np.zeros((len(indices), 3))
    if authored is not None:
        normals = np.array(authored, float)
    elif (
        not prim.IsA(UsdGeom.Mesh) or UsdGeom.Mesh(prim).GetSubdivisionSchemeAttr().Get() != "none"
    ):
        faces = [indices[s : s + c].tolist() for s, c in zip(starts, counts)]
        smooth = shapes.corner_normals(shapes.Shape(points.tolist(), faces))
        normals = normals if smooth is None else np.array(smooth)
    groups = []
    for faces, owner in subsets or [(np.arange(len(counts)), prim)]:
        corners = []
        for f in faces:
            corners += [
                (starts[f], starts[f] + k, starts[f] + k + 1) for k in range(1, counts[f] - 1)
            ]
        corners = np.array(corners, int).reshape(-1, 3)
        groups.append(
            (points[indices[corners]], st[corners], look_of(owner, pictures), normals[corners])
        )
    return groups


def gather(prim, matrix, cache, out, pictures):
    """Collects all triangles below a prim; `matrix` takes the prim's parent to the world."""
    if prim.IsA(UsdGeom.Imageable):
        imageable = UsdGeom.Imageable(prim)
        if (
            imageable.GetVisibilityAttr().Get() == "invisible"
            or imageable.GetPurposeAttr().Get() in ("guide", "proxy")
        ):
            return
    local, reset = (
        cache.GetLocalTransformation(prim)[0:2]
        if prim.IsA(UsdGeom.Xformable)
        else (Gf.Matrix4d(1), False)
    )
    world = local * matrix
    if prim.IsA(UsdGeom.PointInstancer):
        instancer = UsdGeom.PointInstancer(prim)
        first = Usd.TimeCode.EarliestTime()
        spots = instancer.ComputeInstanceTransformsAtTime(
            first, first, UsdGeom.PointInstancer.IncludeProtoXform
        )
        targets = instancer.GetPrototypesRel().GetForwardedTargets()
        for number, spot in zip(instancer.GetProtoIndicesAttr().Get(first), spots):
            root = prim.GetStage().GetPrimAtPath(targets[number])
            own = cache.GetLocalTransformation(root)[0]
            gather(root, own.GetInverse() * Gf.Matrix4d(spot) * world, cache, out, pictures)
        return
    if prim.IsA(UsdGeom.Gprim) and not prim.IsA(UsdGeom.Curves):
        m = np.array(world)
        for corners, uvs, look, normals in triangles_of(prim, pictures):
            out.append((corners @ m[:3, :3] + m[3, :3], uvs, look, normals @ m[:3, :3]))
    predicate = Usd.TraverseInstanceProxies(
        Usd.PrimIsActive & Usd.PrimIsLoaded & ~Usd.PrimIsAbstract
    )
    for child in prim.GetFilteredChildren(predicate):
        if child.IsDefined() and child.GetTypeName() != "Scope":
            gather(child, world, cache, out, pictures)


def frame(groups, up_axis, size):
    """Rotates all triangles into the view and fits them into the picture."""
    a, e = np.radians(VIEW_AZIMUTH), np.radians(VIEW_ELEVATION)
    if up_axis == "Z":
        basis = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)  # to Y up
    else:
        basis = np.eye(3)
    yaw = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    view = pitch @ yaw @ basis
    seen = [group[0] @ view.T for group in groups]
    flat = np.concatenate([s.reshape(-1, 3) for s in seen])
    low, high = flat.min(0), flat.max(0)
    scale = 0.86 * size / max(high[0] - low[0], high[1] - low[1])
    centre = (low + high) / 2
    placed = [
        np.stack(
            [
                (s[..., 0] - centre[0]) * scale + size / 2,
                size / 2 - (s[..., 1] - centre[1]) * scale,
                s[..., 2] * scale,
            ],
            -1,
        )
        for s in seen
    ]
    return list(zip(placed, seen, (group[3] @ view.T for group in groups)))


def draw(stage, size, supersample=2):
    """One asset as [size, size, 3] pixels."""
    groups, pictures = [], {}
    cache = UsdGeom.XformCache(Usd.TimeCode.EarliestTime())
    for prim in stage.GetPseudoRoot().GetChildren():
        gather(prim, Gf.Matrix4d(1), cache, groups, pictures)
    side = size * supersample
    image, depth = np.tile(BACKGROUND, (side, side, 1)), np.full((side, side), -np.inf)
    light, fill = np.array([-0.35, 0.75, 0.56]), np.array([0.8, 0.2, 0.4])
    framed = frame(groups, UsdGeom.GetStageUpAxis(stage), side)
    order = sorted(range(len(groups)), key=lambda k: groups[k][2][2] < 1)  # glass last
    for k in order:
        (screen, seen, smooth), (_, uvs, (colour, picture, opacity), _) = framed[k], groups[k]
        flat = np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0])[:, None, :]
        normals = np.where(np.abs(smooth).sum(-1, keepdims=True) > 0, smooth, flat)
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
        normals *= np.where(flat[..., 2:3] < 0, -1, 1)
        shade = 0.38 + 0.62 * np.clip(normals @ light, 0, 1) + 0.16 * np.clip(normals @ fill, 0, 1)
        for t in range(len(screen)):
            fill_triangle(image, depth, screen[t], uvs[t], colour, picture, opacity, shade[t])
    return image.reshape(size, supersample, size, supersample, 3).mean((1, 3))


def fill_triangle(image, depth, p, uv, colour, picture, opacity, shade):
    side = image.shape[0]
    x0, y0 = np.maximum(np.floor(p[:, :2].min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(p[:, :2].max(0)).astype(int) + 1, side)
    area = (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[1, 1] - p[0, 1]) * (p[2, 0] - p[0, 0])
    if x0 >= x1 or y0 >= y1 or abs(area) < 1e-9:
        return
    xs, ys = np.arange(x0, x1) + 0.5, (np.arange(y0, y1) + 0.5)[:, None]
    w1 = ((xs - p[0, 0]) * (p[2, 1] - p[0, 1]) - (ys - p[0, 1]) * (p[2, 0] - p[0, 0])) / area
    w2 = ((p[1, 0] - p[0, 0]) * (ys - p[0, 1]) - (p[1, 1] - p[0, 1]) * (xs - p[0, 0])) / area
    w0 = 1 - w1 - w2
    z = w0 * p[0, 2] + w1 * p[1, 2] + w2 * p[2, 2]
    part = depth[y0:y1, x0:x1]
    inside = (w0 >= -1e-9) & (w1 >= -1e-9) & (w2 >= -1e-9) & (z > part)
    if not inside.any():
        return
    if picture is not None:
        st = w0[inside, None] * uv[0] + w1[inside, None] * uv[1] + w2[inside, None] * uv[2]
        rows, columns = picture.shape[:2]
        colour = picture[
            ((1 - st[:, 1]) % 1 * rows).astype(int) % rows,
            (st[:, 0] % 1 * columns).astype(int) % columns,
        ]
    pixels = image[y0:y1, x0:x1]
    lit = (w0 * shade[0] + w1 * shade[1] + w2 * shade[2])[inside, None]
    pixels[inside] = pixels[inside] * (1 - opacity) + np.clip(colour * lit, 0, 1) * opacity
    if opacity == 1:
        part[inside] = z[inside]


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path, default=here / "library")
    parser.add_argument("--columns", type=int, default=9)
    parser.add_argument("--size", type=int, default=140)
    parser.add_argument("--only", default="", help="draw files whose path holds this")
    parser.add_argument("--skip", default=None, help="leave out files whose path holds this")
    arguments = parser.parse_args()
    files = sorted(
        p for p in arguments.library.rglob("*") if p.suffix in (".usd", ".usda", ".usdc", ".usdz")
    )
    tiles = []
    for file in files:
        path = file.relative_to(arguments.library).as_posix()
        wanted = arguments.only in path and not (arguments.skip and arguments.skip in path)
        stage = Usd.Stage.Open(str(file)) if wanted else None
        if stage and any(
            p.IsA(UsdGeom.Gprim) for p in stage.Traverse(Usd.TraverseInstanceProxies())
        ):
            tiles.append(draw(stage, arguments.size))
            print(len(tiles), path)
    columns = min(arguments.columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.tile(BACKGROUND, (rows * arguments.size, columns * arguments.size, 1))
    for k, tile in enumerate(tiles):
        y, x = k // columns * arguments.size, k % columns * arguments.size
        sheet[y : y + arguments.size, x : x + arguments.size] = tile
    write_png(arguments.out, sheet)


if __name__ == "__main__":
    main()
