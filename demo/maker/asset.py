"""Authors one USD file from shapes: units, up axis, materials, placement, lights, cameras.

All callers speak metres, Y up, front towards +Z; an `Asset` writes them in its own unit and axis.
"""

import os

from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdLux, UsdShade, Vt

from . import shapes
from .package import write_package
from .palette import PALETTE

# path -> (up axis, metres per unit) of every file made so far, to place one inside another.
CONVENTIONS = {}


class Asset:
    def __init__(self, root, path, doc, up="Y", unit=1.0, kind=Kind.Tokens.component, text=None):
        """`text` decides what is inside a `.usd` file: True for usda, False for usdc."""
        self.path, self.up, self.unit = path, up, unit
        self.file = root / path
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.unlink(missing_ok=True)
        arguments = {} if text is None else {"format": "usda" if text else "usdc"}
        self.layer = Sdf.Layer.CreateNew(str(self.file), arguments)
        self.stage = Usd.Stage.Open(self.layer)
        CONVENTIONS[path] = (up, unit)
        UsdGeom.SetStageUpAxis(self.stage, up)
        UsdGeom.SetStageMetersPerUnit(self.stage, unit)
        self.layer.documentation = doc
        self.layer.customLayerData = {"creator": "Vitrine demo library", "licence": "CC0-1.0"}
        words = self.file.stem.replace("-", " ").replace("_", " ").split()
        self.name = "".join(c for c in "".join(w.capitalize() for w in words) if c.isascii())
        self.top = f"/{self.name}"
        prim = UsdGeom.Xform.Define(self.stage, self.top).GetPrim()
        self.stage.SetDefaultPrim(prim)
        prim.SetDocumentation(doc)
        model = Usd.ModelAPI(prim)
        model.SetKind(kind)
        model.SetAssetName(self.name)
        model.SetAssetVersion("1.0")
        model.SetAssetIdentifier(Sdf.AssetPath(self.file.name))

    def save(self):
        self.layer.Save()

    def save_package(self, pictures=()):
        """Saves, then replaces the file by a `.usdz` that holds it and the pictures it names."""
        self.save()
        members = [(self.file.name, self.file.read_bytes())]
        here = os.path.dirname(self.path)
        for picture in pictures:
            source = self.file.parent / os.path.relpath(picture, here)
            members.append((os.path.relpath(picture, here), source.read_bytes()))
        write_package(self.file.with_suffix(".usdz"), members)
        self.file.unlink()
        CONVENTIONS[os.path.splitext(self.path)[0] + ".usdz"] = CONVENTIONS.pop(self.path)

    def prim(self):
        return self.stage.GetPrimAtPath(self.top)

    def full(self, path):
        return path if path.startswith("/") else f"{self.top}/{path}"

    def point(self, p):
        """A point in this file's axis and unit."""
        return Gf.Vec3f(*(round(v / self.unit, 5) for v in self.direction(p)))

    def direction(self, p):
        return (p[0], p[1], p[2]) if self.up == "Y" else (p[0], -p[2], p[1])

    # Materials

    def material(self, name):
        """Defines a material of the palette once and returns it."""
        look = PALETTE[name]
        path = f"{self.top}/Materials/{name}"
        if self.stage.GetPrimAtPath(path):
            return UsdShade.Material.Get(self.stage, path)
        if not self.stage.GetPrimAtPath(f"{self.top}/Materials"):
            UsdGeom.Scope.Define(self.stage, f"{self.top}/Materials")
        material = UsdShade.Material.Define(self.stage, path)
        surface = UsdShade.Shader.Define(self.stage, f"{path}/Surface")
        surface.CreateIdAttr("UsdPreviewSurface")
        colour = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
        surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(look.roughness)
        surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(look.metallic)
        if look.opacity < 1:
            surface.CreateInput("opacity", Sdf.ValueTypeNames.Float).Set(look.opacity)
        if look.glow:
            surface.CreateInput("emissiveColor", Sdf.ValueTypeNames.Color3f).Set(
                Gf.Vec3f(*look.colour)
            )
        if look.texture is None:
            colour.Set(Gf.Vec3f(*look.colour))
        else:
            reader = UsdShade.Shader.Define(self.stage, f"{path}/Coordinates")
            reader.CreateIdAttr("UsdPrimvarReader_float2")
            reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
            reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
            picture = UsdShade.Shader.Define(self.stage, f"{path}/Picture")
            picture.CreateIdAttr("UsdUVTexture")
            picture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(self.relative(look.texture))
            picture.CreateInput("wrapS", Sdf.ValueTypeNames.Token).Set("repeat")
            picture.CreateInput("wrapT", Sdf.ValueTypeNames.Token).Set("repeat")
            picture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(
                reader.ConnectableAPI(), "result"
            )
            picture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3)
            colour.ConnectToSource(picture.ConnectableAPI(), "rgb")
        surface.CreateOutput("surface", Sdf.ValueTypeNames.Token)
        material.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
        return material

    def bind(self, prim, name):
        UsdShade.MaterialBindingAPI.Apply(prim).Bind(self.material(name))

    def relative(self, path):
        """A library path as this file writes it."""
        here = os.path.dirname(self.path)
        found = os.path.relpath(path, here)
        return found if found.startswith(".") else f"./{found}"

    # Geometry

    def mesh(self, path, shape, look=None, subdivide=False, extent=True, purpose=None):
        mesh = UsdGeom.Mesh.Define(self.stage, self.full(path))
        points = [self.point(p) for p in shape.points]
        mesh.CreatePointsAttr(points)
        mesh.CreateFaceVertexCountsAttr([len(f) for f in shape.faces])
        mesh.CreateFaceVertexIndicesAttr([i for f in shape.faces for i in f])
        mesh.CreateSubdivisionSchemeAttr("catmullClark" if subdivide else "none")
        if not subdivide:
            normals = shapes.corner_normals(shape)
            if normals is not None:
                mesh.CreateNormalsAttr(
                    [Gf.Vec3f(*(round(v, 3) for v in self.direction(n))) for n in normals]
                )
                mesh.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
        if extent:
            mesh.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
        if purpose:
            mesh.CreatePurposeAttr(purpose)
        if look is not None:
            self.bind(mesh.GetPrim(), look)
            if PALETTE[look].texture is not None:
                self.coordinates(mesh, shape)
            else:
                mesh.CreateDisplayColorAttr([Gf.Vec3f(*PALETTE[look].colour)])
        return mesh

    def coordinates(self, mesh, shape):
        values = [Gf.Vec2f(round(u, 4), round(v, 4)) for face in shape.uvs for u, v in face]
        UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
            "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying
        ).Set(Vt.Vec2fArray(values))

    def parts(self, path, parts, extent=True):
        """One mesh whose parts [(name, shape, look)] are GeomSubsets with materials of their own."""
        whole = shapes.joined(shape for _, shape, _ in parts)
        mesh = self.mesh(path, whole, None, extent=extent)
        if any(PALETTE[look].texture is not None for _, _, look in parts):
            self.coordinates(mesh, whole)
        first = 0
        for name, shape, look in parts:
            numbers = list(range(first, first + len(shape.faces)))
            first += len(shape.faces)
            subset = UsdGeom.Subset.CreateGeomSubset(
                mesh, name, UsdGeom.Tokens.face, Vt.IntArray(numbers), UsdShade.Tokens.materialBind
            )
            self.bind(subset.GetPrim(), look)
        return mesh

    def solid(self, kind, path, look, at=(0, 0, 0), axis="Y", **sizes):
        """An implicit prim (Cube, Sphere, Cylinder, Cone, Capsule, Plane); sizes in metres."""
        schema = getattr(UsdGeom, kind)
        prim = schema.Define(self.stage, self.full(path))
        if kind not in ("Cube", "Sphere"):
            named = {"Y": ("Y", "Z"), "Z": ("Z", "Y"), "X": ("X", "X")}[axis]
            prim.CreateAxisAttr(named[0] if self.up == "Y" else named[1])
        for name, value in sizes.items():
            getattr(prim, f"Create{name.capitalize()}Attr")(round(value / self.unit, 5))
        prim.CreateExtentAttr(schema.ComputeExtentFromPlugins(prim, Usd.TimeCode.Default()))
        if look is not None:
            self.bind(prim.GetPrim(), look)
            prim.CreateDisplayColorAttr([Gf.Vec3f(*PALETTE[look].colour)])
        if any(at):
            UsdGeom.XformCommonAPI(prim).SetTranslate(Gf.Vec3d(self.point(at)))
        return prim

    def group(self, path, at=(0, 0, 0), turn=None, kind=None):
        """An Xform at a place, turned by (axis, degrees)."""
        xform = UsdGeom.Xform.Define(self.stage, self.full(path))
        self.put(xform, at, turn)
        if kind:
            Usd.ModelAPI(xform.GetPrim()).SetKind(kind)
        return xform

    def put(self, xform, at=(0, 0, 0), turn=None):
        if any(at):
            xform.AddTranslateOp().Set(Gf.Vec3d(self.point(at)))
        if turn is not None:
            self.rotate_op(xform, turn[0]).Set(self.angle(*turn))

    def rotate_op(self, xform, axis):
        """The rotation about a model axis; the caller sets degrees through `angle`."""
        if self.up == "Y":
            return getattr(xform, f"AddRotate{axis.upper()}Op")()
        return getattr(xform, f"AddRotate{ {'x': 'X', 'y': 'Z', 'z': 'Y'}[axis] }Op")()

    def angle(self, axis, degrees):
        # In a Z-up file the model's Z axis is -Y.
        return -degrees if self.up == "Z" and axis == "z" else degrees

    # Composition

    def use(self, path, other, at=(0, 0, 0), yaw=0.0, payload=False, instance=False, choose=None):
        """Places another file of the library here, corrected for its up axis and unit."""
        xform = UsdGeom.Xform.Define(self.stage, self.full(path))
        prim = xform.GetPrim()
        target = self.relative(other)
        if payload:
            prim.GetPayloads().AddPayload(target)
        else:
            prim.GetReferences().AddReference(target)
        self.put(xform, at, ("y", yaw) if yaw else None)
        up, unit = CONVENTIONS[other]
        if up != self.up:
            xform.AddRotateXOp(opSuffix="upAxis").Set(90.0 if self.up == "Z" else -90.0)
        if unit != self.unit:
            factor = unit / self.unit
            xform.AddScaleOp(opSuffix="unit").Set(Gf.Vec3f(factor, factor, factor))
        for name, chosen in (choose or {}).items():
            prim.GetVariantSets().GetVariantSet(name).SetVariantSelection(chosen)
        if instance:
            prim.SetInstanceable(True)
        return xform

    def variants(self, name, options, default):
        """Authors one variant per option; `options[name]()` runs inside the variant."""
        chosen = self.prim().GetVariantSets().AddVariantSet(name)
        for option, author in options.items():
            chosen.AddVariant(option)
            chosen.SetVariantSelection(option)
            with chosen.GetVariantEditContext():
                author()
        chosen.SetVariantSelection(default)

    # Lights and cameras

    def light(self, kind, path, at=(0, 3, 0), turn=None, intensity=500.0, **sizes):
        light = getattr(UsdLux, kind).Define(self.stage, self.full(path))
        light.CreateIntensityAttr(intensity)
        for name, value in sizes.items():
            getattr(light, f"Create{name.capitalize()}Attr")(round(value / self.unit, 5))
        self.put(UsdGeom.Xformable(light), at, turn)
        return light

    def camera(self, path, at, yaw, pitch, focal=24.0):
        """A camera at a place; yaw 0 looks towards -Z of the model, pitch up is positive."""
        camera = UsdGeom.Camera.Define(self.stage, self.full(path))
        camera.CreateFocalLengthAttr(focal)
        camera.CreateClippingRangeAttr(Gf.Vec2f(0.1 / self.unit, 1000 / self.unit))
        camera.AddTranslateOp().Set(Gf.Vec3d(self.point(at)))
        if self.up == "Z":
            camera.AddRotateZOp().Set(yaw)
            camera.AddRotateXOp().Set(pitch + 90.0)
        else:
            camera.AddRotateYOp().Set(yaw)
            camera.AddRotateXOp().Set(pitch)
        return camera

    def frames(self, start, end, per_second=24.0):
        self.stage.SetStartTimeCode(start)
        self.stage.SetEndTimeCode(end)
        self.stage.SetTimeCodesPerSecond(per_second)
        self.stage.SetFramesPerSecond(per_second)
