"""Whole rooms composed of the packs' assets: instances, an instancer, sublayers, cameras, lights."""

from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdLux

from .asset import Asset
from .shapes import box, joined


def instancer(a, path, prototypes, placed):
    """A point instancer; `placed` is [(prototype number, place, yaw in degrees)]."""
    points = UsdGeom.PointInstancer.Define(a.stage, a.full(path))
    targets = []
    for name, other in prototypes:
        a.use(f"{path}/Prototypes/{name}", other)
        targets.append(a.full(f"{path}/Prototypes/{name}"))
    points.CreatePrototypesRel().SetTargets(targets)
    points.CreateProtoIndicesAttr([number for number, _, _ in placed])
    points.CreatePositionsAttr([a.point(place) for _, place, _ in placed])
    turns = [Gf.Rotation(Gf.Vec3d(*a.direction((0, 1, 0))), yaw).GetQuat() for _, _, yaw in placed]
    points.CreateOrientationsAttr([Gf.Quath(turn) for turn in turns])
    return points


def aisle_lighting(root):
    """Lights alone, in a layer that the aisle lies on."""
    a = Asset(
        root,
        "warehouse/aisle_lighting.usda",
        "Light for the aisle: six tubes under the roof and a soft sky.",
        up="Z",
        kind=Kind.Tokens.group,
    )
    for number in range(6):
        tube = a.light(
            "RectLight",
            f"Lighting/Tube{number}",
            (0, 5.5, -7.5 + 3 * number),
            ("x", -90.0),
            900.0,
            width=0.3,
            height=1.5,
        )
        tube.CreateColorAttr(Gf.Vec3f(1.0, 0.97, 0.9))
    UsdLux.DomeLight.Define(a.stage, a.full("Lighting/Sky")).CreateIntensityAttr(120.0)
    # The aisle lays its own prims over the same root.
    edit = Sdf.BatchNamespaceEdit()
    edit.Add(a.top, "/Aisle")
    a.layer.Apply(edit)
    a.layer.defaultPrim = "Aisle"
    a.save()


def aisle(root):
    a = Asset(
        root,
        "warehouse/aisle.usda",
        "Two rows of storage bays with a driving lane between them.",
        up="Z",
        kind=Kind.Tokens.assembly,
    )
    a.layer.subLayerPaths.append("./aisle_lighting.usda")
    a.mesh("Floor", box(0, -0.05, 0, 9.0, 0.1, 18.0, tile=2.0), "Concrete")
    a.mesh(
        "Lane",
        joined(box(x, 0.001, 0, 0.1, 0.002, 17.0) for x in (-1.7, 1.7)),
        "YellowPaint",
        extent=False,
    )
    placed = []
    for side, x in (("Left", -2.6), ("Right", 2.6)):
        for bay in range(5):
            z = -5.8 + 2.9 * bay
            a.use(
                f"Racks/{side}{bay}",
                "warehouse/shelving_rack.usdc",
                (x, 0, z),
                yaw=90,
                instance=True,
            )
            for level, y in enumerate((0.595, 1.895, 3.195)):
                for slot, shift in enumerate((-0.65, 0.65)):
                    mixed = (bay * 5 + level * 3 + slot * 2 + (7 if x > 0 else 0)) % 6
                    if mixed < 5:
                        placed.append(((1, 1, 0, 2, 1)[mixed], (x, y, z + shift), 90.0))
    goods = [
        ("Empty", "warehouse/pallet.usda"),
        ("Full", "warehouse/loaded_pallet.usda"),
        ("Drum", "warehouse/barrel.usd"),
    ]
    instancer(a, "Goods", goods, placed)
    a.use("Truck", "warehouse/forklift.usdc", (0.2, 0, 1.0), yaw=-25)
    a.use("Driver", "warehouse/worker.usdc", (-1.0, 0, 4.6), yaw=20, payload=True)
    for number, (x, z) in enumerate(((-1.5, 7.0), (0.0, 7.4), (1.5, 7.0))):
        a.use(f"Cones/Cone{number}", "warehouse/traffic_cone.usda", (x, 0, z), instance=True)
    a.use("Extinguisher", "warehouse/fire_extinguisher.usdc", (-3.4, 0, 7.6))
    a.use("Guard", "warehouse/safety_barrier.usda", (2.6, 0, 7.7))
    # Where people may walk: a planner's guide, not part of the picture.
    a.mesh(
        "Walkway",
        box(-1.45, 0.003, 0, 0.4, 0.002, 16.0),
        "GreenPaint",
        purpose=UsdGeom.Tokens.guide,
    )
    a.camera("Cameras/Overview", (5.5, 5.0, 13.0), 25, -18, 28.0)
    a.camera("Cameras/DriverEye", (0.2, 1.9, 0.9), 155, -5, 20.0)
    a.save()


def meeting_room(root):
    a = Asset(
        root,
        "office/meeting room.usda",
        "Six metres long, with a table for six, something to write on and a plant in the corner.",
        unit=0.01,
        kind=Kind.Tokens.assembly,
    )
    a.solid("Plane", "Carpet", "GreyFabric", axis="Y", width=6.0, length=4.5)
    a.mesh(
        "Walls", box(0, 1.35, -2.3, 6.2, 2.7, 0.1) + box(-3.05, 1.35, 0, 0.1, 2.7, 4.5), "WallPaint"
    )
    a.mesh("Window", box(-2.995, 1.5, 0.3, 0.02, 1.3, 2.0), "Glass", extent=False)
    a.use("Tables/Left", "office/desk.usdc", (-0.8, 0, 0), instance=True)
    a.use("Tables/Right", "office/desk.usdc", (0.8, 0, 0), instance=True)
    for number, (x, z, yaw, colour) in enumerate(
        (
            (-1.0, 0.85, 180, "blue"),
            (0.1, 0.95, 165, "blue"),
            (1.1, 0.85, 190, "red"),
            (-1.1, -0.85, 0, "blue"),
            (0.0, -0.85, 10, "grey"),
            (1.0, -0.9, -8, "blue"),
        )
    ):
        a.use(
            f"Seats/Seat{number}",
            "office/swivel_seat.usda",
            (x, 0, z),
            yaw=yaw,
            instance=True,
            choose={"colour": colour},
        )
    a.use("Board", "office/whiteboard.usda", (0.6, 0, -2.05))
    a.use("Plant", "office/rubber_tree.usdc", (-2.6, 0, -1.8))
    a.use("Fan", "office/ceiling_fan.usda", (0, 2.1, 0), payload=True)
    a.use("Bin", "office/paper_bin.usda", (2.4, 0, -1.9))
    a.use("Shelves", "office/bookcase.usdc", (-1.6, 0, -2.05))
    a.light("RectLight", "Lights/Panel", (0, 2.65, 0), ("x", -90.0), 800.0, width=1.2, height=0.6)
    UsdLux.DistantLight.Define(a.stage, a.full("Lights/Sun")).CreateIntensityAttr(900.0)
    a.camera("Cameras/Doorway", (3.6, 1.7, 4.0), 40, -10, 22.0)
    a.save()


def breakfast(root):
    a = Asset(
        root,
        "kitchen/breakfast.usda",
        "A small room in the morning, with the table laid for two.",
        kind=Kind.Tokens.assembly,
    )
    a.mesh("Tiles", box(0, -0.02, 0.4, 3.6, 0.04, 3.2, tile=1.2), "Checker")
    a.mesh(
        "Walls",
        box(0, 1.25, -1.25, 3.6, 2.5, 0.1) + box(-1.85, 1.25, 0.4, 0.1, 2.5, 3.3),
        "WallPaint",
    )
    a.use("Fridge", "kitchen/fridge.usdc", (1.4, 0, -0.85))
    a.use("Cooker", "kitchen/stove.usdc", (0.75, 0, -0.87))
    a.use("Sink", "kitchen/sink.usdc", (-0.08, 0, -0.87))
    a.mesh(
        "Counter",
        box(-1.2, 0.43, -0.87, 1.2, 0.86, 0.58) + box(-1.2, 0.88, -0.86, 1.22, 0.04, 0.62, 0.006),
        "LightWood",
    )
    a.use("Kettle", "kitchen/whistler.usdc", (0.61, 0.931, -1.0))
    a.use("Pan", "kitchen/skillet.usdc", (0.89, 0.931, -0.74), yaw=-60)
    a.use("Toaster", "kitchen/toaster.usda", (-1.5, 0.9, -0.9), yaw=15)
    a.use("Scales", "kitchen/kitchen_scales.usdz", (-1.1, 0.9, -1.0))
    a.use("Knife", "kitchen/chef_knife.usda", (-0.85, 0.9, -0.72), yaw=30)
    a.use("Table", "kitchen/café table.usda", (-0.4, 0, 0.9))
    for number, (x, z, yaw) in enumerate(((-1.1, 0.95, 90), (0.3, 0.9, -95))):
        a.use(f"Chairs/Chair{number}", "kitchen/ladderback.usda", (x, 0, z), yaw=yaw, instance=True)
    for number, (x, dx) in enumerate(((-0.6, 0.02), (-0.18, -0.02))):
        a.use(f"Table_laid/Plate{number}", "kitchen/plate.usdc", (x, 0.73, 0.95), instance=True)
        a.use(
            f"Table_laid/Cup{number}",
            "kitchen/cup.usda",
            (x + dx, 0.73, 0.74),
            yaw=60 + 80 * number,
            instance=True,
        )
    a.use("Fruit", "kitchen/fruit_bowl.usda", (-0.4, 0.73, 1.1), payload=True)
    a.use("Wine", "kitchen/bordeaux.usdc", (-1.0, 0.9, -1.0))
    lamp = a.light(
        "DiskLight", "Lights/Ceiling", (-0.4, 2.4, 0.9), ("x", -90.0), 300.0, radius=0.25
    )
    lamp.CreateColorAttr(Gf.Vec3f(1.0, 0.98, 0.94))
    a.light("DistantLight", "Lights/Morning", (0, 3, 0), ("x", -35.0), 1500.0)
    a.camera("Cameras/Door", (2.6, 1.8, 4.0), 32, -14, 24.0)
    a.save()


def supper(root):
    """The same room, changed by a layer on top."""
    layer = Sdf.Layer.CreateNew(str(root / "kitchen/supper.usda"))
    layer.subLayerPaths.append("./breakfast.usda")
    stage = Usd.Stage.Open(layer)
    UsdGeom.SetStageUpAxis(stage, "Y")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    layer.documentation = (
        "The breakfast room after dark: warm light, and somebody left the fridge open."
    )
    layer.defaultPrim = "Breakfast"
    layer.customLayerData = {
        "creator": "Vitrine demo library",
        "licence": "CC0-1.0",
        "moodOf": "breakfast.usda",
    }
    fridge = stage.OverridePrim("/Breakfast/Fridge")
    fridge.GetVariantSets().GetVariantSet("door").SetVariantSelection("open")
    morning = UsdLux.DistantLight.Get(stage, "/Breakfast/Lights/Morning")
    morning.GetPrim().SetActive(False)
    ceiling = UsdLux.DiskLight.Get(stage, "/Breakfast/Lights/Ceiling")
    ceiling.CreateColorAttr(Gf.Vec3f(1.0, 0.72, 0.42))
    layer.Save()


ASSETS = [aisle_lighting, aisle, meeting_room, breakfast, supper]
