"""The warehouse pack: vehicles, storage, packaging, safety."""

# Laid out by hand: one line is one part of a thing, which a formatter would break into columns.
# fmt: off

import math

from pxr import Gf, Kind, Sdf, UsdGeom, UsdShade

from .asset import Asset
from .shapes import ball, box, extrude, joined, lathe, ring, rod, tube


def wheel(radius, width, hub=0.55):
    """A tyre and its hub, the axle along X."""
    half = width / 2
    tyre = lathe(
        [(radius * hub, -half), (radius * 0.92, -half), (radius, -half * 0.7), (radius, half * 0.7),
         (radius * 0.92, half), (radius * hub, half), (radius * hub, -half)], 22)
    disc = lathe([(0, -half * 0.7), (radius * hub, -half * 0.7), (radius * hub, half * 0.7),
                  (radius * 0.25, half * 0.7), (radius * 0.2, half * 0.9), (0, half * 0.9)], 22)
    return tyre.turned("z", -90), disc.turned("z", -90)


def forklift(root):
    a = Asset(root, "warehouse/forklift.usdc",
              "Counterbalance truck with a two-stage mast. The carriage rises during the animation.", up="Z")
    a.parts("Body", [
        ("Chassis", extrude([(-0.95, 0.25), (0.78, 0.25), (0.78, 0.9), (0.6, 1.0), (0.5, 0.55),
                             (-0.05, 0.52), (-0.1, 0.95), (-0.95, 0.95)], -0.5, 0.5, "x"), "YellowPaint"),
        ("Counterweight", extrude([(-1.22, 0.4), (-1.25, 0.85), (-1.1, 1.05), (-0.7, 1.08), (-0.7, 0.95),
                                   (-0.95, 0.95), (-0.95, 0.3)], -0.54, 0.54, "x"), "DarkPaint"),
        ("Seat", box(0, 1.04, -0.4, 0.5, 0.16, 0.5, 0.05)
         + box(0, 1.36, -0.66, 0.48, 0.6, 0.12, 0.05).bent(lambda x, y, z: (x, y, z - (y - 1.1) * 0.2)),
         "Rubber"),
        ("Wheel", ring(0, 1.2, 0.28, 0.17, 0.018).turned("x", 0), "BlackPlastic"),
        ("Column", rod((0, 0.9, 0.55), (0, 1.19, 0.28), 0.03), "BlackPlastic"),
        ("Beacon", lathe([(0, 2.16), (0.07, 2.16), (0.06, 2.27), (0, 2.3)], 14).at(0, 0, -0.6), "OrangePaint"),
        ("Lamps", ball(-0.42, 1.92, 0.62, 0.07, 12, 0.8) + ball(0.42, 1.92, 0.62, 0.07, 12, 0.8), "LampGlow"),
    ])
    guard = [tube([(x, 0.9, 0.66), (x, 1.5, 0.6), (x, 2.12, 0.4), (x, 2.14, -0.75), (x, 1.5, -0.95),
                   (x, 0.95, -1.0)], 0.035) for x in (-0.46, 0.46)]
    guard += [box(0, 2.13, z, 0.92, 0.03, 0.05) for z in (0.36, 0.18, 0.0, -0.18, -0.36, -0.54, -0.72)]
    a.mesh("Guard", joined(guard), "DarkPaint")
    tyres, discs = [], []
    for x, z, radius in ((-0.48, 0.45, 0.33), (0.48, 0.45, 0.33), (-0.47, -0.78, 0.27), (0.47, -0.78, 0.27)):
        tyre, disc = wheel(radius, 0.24)
        tyres.append(tyre.at(x, radius, z))
        discs.append((disc if x > 0 else disc.turned("y", 180)).at(x, radius, z))
    a.mesh("Tyres", joined(tyres), "Rubber")
    a.mesh("Hubs", joined(discs), "WhitePaint")
    rails = [box(x, 1.12, 0.9, 0.09, 2.1, 0.14) for x in (-0.34, 0.34)]
    rails += [box(0, y, 0.87, 0.68, 0.09, 0.06) for y in (0.2, 1.2, 2.1)]
    rails += [rod((0.12 * s, 0.15, 0.86), (0.12 * s, 1.9, 0.86), 0.035) for s in (-1, 1)]
    a.mesh("Mast", joined(rails), "Steel")
    carriage = a.group("Carriage", kind=Kind.Tokens.subcomponent)
    lift = carriage.AddTranslateOp(opSuffix="lift")
    for frame, height in ((1, 0.0), (40, 0.9), (60, 0.9), (96, 0.0)):
        lift.Set(Gf.Vec3d(a.point((0, height, 0))), frame)
    a.frames(1, 96)
    forks = [extrude([(1.0, 0.08), (2.12, 0.08), (2.15, 0.1), (1.05, 0.13), (1.05, 0.62), (1.0, 0.62)],
                     x - 0.06, x + 0.06, "x") for x in (-0.25, 0.25)]
    a.mesh("Carriage/Forks", joined(forks), "Steel")
    rest = [box(0, y, 0.99, 0.98, 0.09, 0.04) for y in (0.25, 0.55, 1.1)]
    rest += [box(x, 0.7, 0.99, 0.03, 0.9, 0.03) for x in (-0.47, -0.24, 0, 0.24, 0.47)]
    a.mesh("Carriage/Backrest", joined(rest), "DarkPaint")

    def carry():
        a.use("Carriage/Cargo", "warehouse/loaded_pallet.usda", (0, 0.0, 1.6), yaw=90, payload=True)

    a.variants("cargo", {"none": lambda: None, "goods": carry}, "none")
    a.save()


def pump_truck(root):
    a = Asset(root, "warehouse/pump_truck.usda",
              "Walk-behind hydraulic trolley; pump the handle and the tines come up by 12 cm.", unit=0.01)
    tines = [box(x, 0.12, 0.55, 0.16, 0.06, 1.1, 0.015) for x in (-0.19, 0.19)]
    frame = joined(tines) + box(0, 0.2, -0.05, 0.54, 0.24, 0.12, 0.02) + box(0, 0.42, -0.09, 0.14, 0.3, 0.1, 0.02)
    a.mesh("Frame", frame, "RedPaint")
    handle = tube([(0, 0.4, -0.14), (0, 0.95, -0.35)], 0.025)
    loop = tube([(0, 0.93, -0.345), (-0.09, 1.03, -0.38), (-0.1, 1.18, -0.44), (0.1, 1.18, -0.44),
                 (0.09, 1.03, -0.38)], 0.018, closed=True)
    a.mesh("Handle", handle + loop, "DarkPaint")
    a.solid("Capsule", "Grip", "Rubber", (0, 1.18, -0.44), "X", radius=0.022, height=0.15)
    a.solid("Cylinder", "Pump", "Steel", (0, 0.38, -0.16), radius=0.05, height=0.3)
    for number, (x, z, radius) in enumerate(((-0.07, -0.15, 0.09), (0.07, -0.15, 0.09), (-0.19, 0.98, 0.045), (0.19, 0.98, 0.045))):
        a.solid("Cylinder", f"Roller{number}", "Rubber", (x, radius, z), "X", radius=radius, height=0.06)
    a.save()


def shelving_rack(root):
    a = Asset(root, "warehouse/shelving_rack.usdc",
              "Bolted steel storage bay, 2.7 m wide and 1.1 m deep, with plank decks.", up="Z")
    posts, bracing = [], []
    for x in (-1.35, 1.35):
        posts += [box(x, 2.0, z, 0.1, 4.0, 0.08) for z in (-0.5, 0.5)]
        for k in range(6):
            y = 0.3 + 0.6 * k
            s = 1 if k % 2 else -1
            bracing.append(rod((x, y, 0.5 * s), (x, y + 0.6, -0.5 * s), 0.02, segments=6))
    a.mesh("Posts", joined(posts), "BluePaint")
    a.mesh("Bracing", joined(bracing), "Steel")
    a.mesh("Feet", joined(box(x, 0.01, z, 0.18, 0.02, 0.16) for x in (-1.35, 1.35) for z in (-0.5, 0.5)), "Steel")

    def levels(heights):
        def author():
            beams = [box(0, y, z, 2.6, 0.12, 0.05) for y in heights for z in (-0.5, 0.5)]
            decks = [box(-1.08 + 0.36 * k, y + 0.075, 0, 0.3, 0.03, 1.08) for y in heights for k in range(7)]
            a.mesh("Beams", joined(beams), "OrangePaint")
            a.mesh("Decks", joined(decks), "RoughWood")
        return author

    a.variants("levels", {"two": levels([1.2, 2.6]), "three": levels([0.5, 1.8, 3.1])}, "three")
    a.save()


def pallet(root):
    a = Asset(root, "warehouse/pallet.usda", "Europe-size platform of rough planks, 1200 x 800 x 144 mm.", up="Z")
    # The boards inherit their look and material from one class.
    board = a.stage.CreateClassPrim("/_class_Board")
    board.SetDocumentation("What every board of the platform shares.")
    a.stage.GetPrimAtPath("/_class_Board").CreateAttribute("demo:species", Sdf.ValueTypeNames.String).Set("spruce")
    sets = {
        "TopBoards": [box(0, 0.133, z, 1.2, 0.022, w) for z, w in ((-0.33, 0.14), (-0.17, 0.1), (0, 0.14), (0.17, 0.1), (0.33, 0.14))],
        "Stringers": [box(x, 0.111, 0, 0.14, 0.022, 0.8) for x in (-0.53, 0, 0.53)],
        "Blocks": [box(x, 0.061, z, 0.14, 0.078, w) for x in (-0.53, 0, 0.53) for z, w in ((-0.35, 0.1), (0, 0.14), (0.35, 0.1))],
        "Runners": [box(0, 0.011, z, 1.2, 0.022, w) for z, w in ((-0.35, 0.1), (0, 0.14), (0.35, 0.1))],
    }
    for name, boards in sets.items():
        mesh = a.mesh(name, joined(boards), "RoughWood")
        mesh.GetPrim().GetInherits().AddInherit("/_class_Board")
    a.save()


def cardboard_box(root):
    a = Asset(root, "warehouse/cardboard_box.usdc", "Closed shipping carton, taped and labelled.")
    carton = box(0, 0.15, 0, 0.4, 0.3, 0.3)
    a.mesh("Carton", carton, "Cardboard")
    flaps = box(0, 0.303, 0.076, 0.398, 0.005, 0.146) + box(0, 0.303, -0.076, 0.398, 0.005, 0.146)
    a.mesh("Flaps", flaps, "Cardboard")
    a.save()


def loaded_pallet(root):
    a = Asset(root, "warehouse/loaded_pallet.usda", "A stack of goods strapped down and ready to ship.", kind=Kind.Tokens.assembly)
    a.use("Base", "warehouse/pallet.usda")
    number = 0
    for layer in range(3):
        for x in (-0.4, 0.0, 0.4):
            for z in (-0.24, 0.09):
                if layer == 2 and x == 0.4:
                    continue
                number += 1
                a.use(f"Goods/Carton{number}", "warehouse/cardboard_box.usdc", (x, 0.144 + 0.308 * layer, z + 0.07),
                      yaw=180 if number % 3 == 0 else 0, payload=number > 12, instance=number <= 12)
    strap = tube([(-0.2, 0.14, 0.48), (-0.2, 1.07, 0.48), (-0.2, 1.07, -0.34), (-0.2, 0.14, -0.34)], 0.006, 4)
    a.mesh("Strap", strap, "BluePaint", extent=False)
    a.save()


def barrel(root):
    a = Asset(root, "warehouse/barrel.usd", "200 litre drum of ribbed sheet steel with two bungs.", up="Z", text=True)
    body = lathe([(0, 0.02), (0.285, 0.02), (0.29, 0.0), (0.295, 0.02), (0.29, 0.28), (0.302, 0.3), (0.29, 0.32),
                  (0.29, 0.57), (0.302, 0.59), (0.29, 0.61), (0.29, 0.87), (0.295, 0.89), (0.285, 0.89), (0.28, 0.865), (0, 0.865)], 20)
    mesh = a.mesh("Body", body, None)
    a.solid("Cylinder", "Bung", "Steel", (0.14, 0.87, 0.1), radius=0.035, height=0.02)
    a.solid("Cylinder", "SmallBung", "Steel", (-0.16, 0.87, -0.1), radius=0.02, height=0.02)
    # The paints specialize one base material: what the base says later still reaches them.
    base = a.material("BluePaint").GetPrim()
    for name, colour in (("GreenDrum", (0.10, 0.42, 0.26)), ("RedDrum", (0.72, 0.14, 0.10))):
        paint = UsdShade.Material.Define(a.stage, f"{a.top}/Materials/{name}")
        paint.GetPrim().GetSpecializes().AddSpecialize(base.GetPath())
        surface = a.stage.OverridePrim(f"{a.top}/Materials/{name}/Surface")
        UsdShade.Shader(surface).CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*colour))

    def paint(name):
        def author():
            UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(UsdShade.Material.Get(a.stage, f"{a.top}/Materials/{name}"))
        return author

    a.variants("paint", {"blue": paint("BluePaint"), "green": paint("GreenDrum"), "red": paint("RedDrum")}, "blue")
    a.save()


def conveyor(root):
    a = Asset(root, "warehouse/conveyor.usdc", "Powered roller track on legs; a parcel travels along it.", unit=0.01)
    rails = [box(0, 0.75, z, 3.0, 0.14, 0.04) for z in (-0.33, 0.33)]
    legs = [box(x, 0.35, z, 0.06, 0.7, 0.06) for x in (-1.3, 0, 1.3) for z in (-0.3, 0.3)]
    legs += [box(x, 0.2, 0, 0.04, 0.04, 0.6) for x in (-1.3, 0, 1.3)]
    a.mesh("Frame", joined(rails + legs), "GreenPaint")
    a.mesh("Motor", box(0.5, 0.58, 0, 0.4, 0.18, 0.24, 0.03) + rod((0.5, 0.58, 0.12), (0.5, 0.58, 0.3), 0.05), "GreyPlastic")
    roller = rod((0, 0, -0.31), (0, 0, 0.31), 0.045, segments=12)
    a.mesh("Prototypes/Roller", roller, "Steel")
    a.stage.GetPrimAtPath(a.full("Prototypes")).SetSpecifier(Sdf.SpecifierOver)
    rollers = UsdGeom.PointInstancer.Define(a.stage, a.full("Rollers"))
    rollers.CreatePrototypesRel().AddTarget(a.full("Prototypes/Roller"))
    spots = [(-1.43 + 0.13 * k, 0.78, 0) for k in range(23)]
    rollers.CreateProtoIndicesAttr([0] * len(spots))
    rollers.CreatePositionsAttr([a.point(p) for p in spots])
    turns = rollers.CreateOrientationsAttr()
    for frame in (1, 25, 49, 73, 97):
        half = math.radians(-90 * (frame - 1) / 24) / 2
        turns.Set([Gf.Quath(math.cos(half), 0, 0, math.sin(half))] * len(spots), frame)
    parcel = a.use("Parcel", "warehouse/cardboard_box.usdc")
    travel = parcel.AddTranslateOp(opSuffix="travel")
    parcel.SetXformOpOrder([travel] + [op for op in parcel.GetOrderedXformOps() if op.GetName() != travel.GetName()])
    for frame, x in ((1, -1.2), (97, 1.2)):
        travel.Set(Gf.Vec3d(a.point((x, 0.825, 0))), frame)
    a.frames(1, 97)
    a.save()


def step_ladder(root):
    a = Asset(root, "warehouse/step_ladder.usda", "Folding A-frame of aluminium, seven treads, red top cap.", unit=0.01)
    front = [box(x, 0.95, 0.35, 0.06, 1.92, 0.035).bent(lambda px, y, z: (px * (1.25 - 0.2 * y), y, z - y * 0.16)) for x in (-0.24, 0.24)]
    back = [box(x, 0.92, -0.5, 0.045, 1.86, 0.03).bent(lambda px, y, z: (px * (1.25 - 0.2 * y), y, z + y * 0.27)) for x in (-0.24, 0.24)]
    treads = []
    for k in range(7):
        y = 0.25 + 0.25 * k
        treads.append(box(0, y, 0.35 - 0.16 * y, 0.48 * (1.25 - 0.2 * y), 0.025, 0.09))
    bars = [rod((-0.24 * (1.25 - 0.2 * y), y, -0.5 + 0.27 * y), (0.24 * (1.25 - 0.2 * y), y, -0.5 + 0.27 * y), 0.012, segments=8) for y in (0.4, 0.9, 1.4)]
    a.mesh("Rails", joined(front + back), "Aluminium")
    a.mesh("Treads", joined(treads + bars), "Aluminium")
    a.mesh("Cap", box(0, 1.9, 0.02, 0.5, 0.05, 0.2, 0.015), "RedPaint")
    a.mesh("Feet", joined(box(x, 0.02, z, 0.07, 0.05, 0.05) for x in (-0.3, 0.3) for z in (-0.5, 0.35)), "Rubber")
    a.save()


def traffic_cone(root):
    a = Asset(root, "warehouse/traffic_cone.usda", "Bright marker with a reflective sleeve that keeps people away from a spot.")
    base = a.solid("Cube", "Base", "Rubber", size=1.0)
    common = UsdGeom.XformCommonAPI(base)
    common.SetTranslate(Gf.Vec3d(0, 0.015, 0))
    common.SetScale(Gf.Vec3f(0.36, 0.03, 0.36))
    a.solid("Cone", "Body", "OrangePaint", (0, 0.37, 0), radius=0.14, height=0.68)
    for name, y in (("LowerSleeve", 0.3), ("UpperSleeve", 0.45)):
        low, high = y - 0.045, y + 0.045
        wide, narrow = (0.14 * (0.71 - h) / 0.68 + 0.004 for h in (low, high))
        a.mesh(name, lathe([(0, low), (wide, low), (narrow, high), (0, high)], 20), "WhiteBand")
    a.save()


def fire_extinguisher(root):
    a = Asset(root, "warehouse/fire_extinguisher.usdc", "Portable pressurised bottle with hose and squeeze grip, 6 kg of powder.", unit=0.01)
    a.parts("Bottle", [
        ("Shell", lathe([(0, 0.02), (0.07, 0.02), (0.08, 0.03), (0.08, 0.36), (0.072, 0.41), (0.05, 0.44), (0.028, 0.455), (0.028, 0.475), (0, 0.475)], 24), "RedPaint"),
        ("Foot", lathe([(0, 0), (0.082, 0), (0.082, 0.03), (0, 0.03)], 24), "BlackPlastic"),
        ("Label", lathe([(0, 0.17), (0.0812, 0.17), (0.0812, 0.3), (0, 0.3)], 24), "Paper"),
        ("Valve", rod((0, 0.47, 0), (0, 0.52, 0), 0.024) + rod((0, 0.495, 0), (0, 0.495, 0.05), 0.016), "Brass"),
        ("Grip", box(0, 0.515, -0.05, 0.02, 0.012, 0.13, 0.004)
         + box(0, 0.55, -0.045, 0.02, 0.01, 0.13, 0.003).bent(lambda x, y, z: (x, y - z * 0.2, z)), "DarkPaint"),
        ("Hose", tube([(0, 0.495, 0.05), (0.03, 0.49, 0.085), (0.09, 0.44, 0.09), (0.115, 0.36, 0.05), (0.115, 0.2, 0.02)], 0.012)
         + rod((0.115, 0.21, 0.021), (0.115, 0.1, 0.01), 0.013, 0.026), "Rubber"),
    ])
    a.save()


def hand_truck(root):
    a = Asset(root, "warehouse/sack_barrow.usdc", "Upright two-wheeled carrier with a toe plate and bent grips.", up="Z", unit=0.01)
    frame = [tube([(x, 0.12, 0.02), (x, 1.0, -0.06), (x, 1.16, -0.1), (x, 1.22, -0.22)], 0.016) for x in (-0.2, 0.2)]
    frame += [rod((-0.2, y, 0.02 - 0.09 * (y - 0.12)), (0.2, y, 0.02 - 0.09 * (y - 0.12)), 0.013, segments=8) for y in (0.35, 0.6, 0.85, 1.0)]
    frame += [tube([(x, 0.75, -0.04), (x, 0.4, -0.2), (x, 0.14, -0.16)], 0.012) for x in (-0.17, 0.17)]
    a.mesh("Frame", joined(frame), "BluePaint")
    a.mesh("ToePlate", box(0, 0.012, 0.14, 0.46, 0.012, 0.25) + box(0, 0.08, 0.02, 0.46, 0.14, 0.012), "Steel")
    tyres, discs = [], []
    for x in (-0.27, 0.27):
        tyre, disc = wheel(0.13, 0.08)
        tyres.append(tyre.at(x, 0.13, -0.15))
        discs.append((disc if x > 0 else disc.turned("y", 180)).at(x, 0.13, -0.15))
    a.mesh("Tyres", joined(tyres), "Rubber")
    a.mesh("Hubs", joined(discs) + rod((-0.3, 0.13, -0.15), (0.3, 0.13, -0.15), 0.012, segments=8), "Steel")
    a.mesh("Grips", joined(rod((x, 1.19, -0.16), (x, 1.225, -0.24), 0.021, segments=10) for x in (-0.2, 0.2)), "Rubber")
    a.save()


def safety_barrier(root):
    a = Asset(root, "warehouse/safety_barrier.usda", "Crash protection that keeps vehicles off walkways and machines.", up="Z")
    a.mesh("Rails", box(0, 0.8, 0, 1.9, 0.16, 0.06, tile=0.35) + box(0, 0.42, 0, 1.9, 0.16, 0.06, tile=0.35), "Hazard")
    a.stage.CreateClassPrim(f"{a.top}/_class_Post")
    a.solid("Cylinder", "_class_Post/Pipe", "YellowPaint", (0, 0.5, 0), radius=0.06, height=1.0)
    a.solid("Sphere", "_class_Post/Cap", "YellowPaint", (0, 1.0, 0), radius=0.06)
    a.mesh("_class_Post/Plate", box(0, 0.01, 0, 0.24, 0.02, 0.24), "Steel")
    for number, x in enumerate((-0.95, 0.95), 1):
        a.group(f"Post{number}", (x, 0, 0)).GetPrim().GetInherits().AddInherit(f"{a.top}/_class_Post")
    a.save()


def hard_hat(root):
    a = Asset(root, "warehouse/hard_hat.usdc", "Moulded shell with ridges, worn on the head.", up="Z", unit=0.01)
    shell = lathe([(0, 0.155), (0.05, 0.15), (0.09, 0.125), (0.115, 0.08), (0.122, 0.03), (0.128, 0.02), (0.135, 0.012),
                   (0.135, 0.006), (0.118, 0.014), (0.11, 0.07), (0.085, 0.115), (0.05, 0.138), (0, 0.143)], 28)
    peak = extrude([(-0.09, 0.09), (-0.06, 0.17), (0.0, 0.19), (0.06, 0.17), (0.09, 0.09)], 0.006, 0.013, "y")
    peak = peak.bent(lambda x, y, z: (x, y - 0.12 * (z - 0.09) - 1.5 * x * x, z))
    # Three ribs from brow to nape, laid over the shell's own curve.
    ribs = []
    for x in (-0.03, 0.0, 0.03):
        curve = [(0.121, 0.04), (0.115, 0.08), (0.104, 0.105), (0.09, 0.125), (0.05, 0.148)]
        over = [(x, y - x * x * 5, math.sqrt(r * r - x * x)) for r, y in curve] + [(x, 0.156 - x * x * 5, 0)]
        over += [(px, y, -z) for px, y, z in reversed(over[:-1])]
        ribs.append(tube(over, 0.007, 6))
    a.mesh("Shell", (shell + joined(ribs)).scaled(1, 1, 1.18), "YellowPaint")
    a.mesh("Peak", peak, "YellowPaint")
    a.save()


def big_fan(root):
    a = Asset(root, "warehouse/drum_fan.usd", "Turns on its stand and keeps the air moving on hot days.", unit=0.01, text=False)
    a.mesh("Drum", lathe([(0.4, -0.14), (0.42, -0.15), (0.44, -0.14), (0.44, 0.14), (0.42, 0.15), (0.4, 0.14), (0.4, -0.14)], 28).turned("x", 90).at(0, 0.6, 0), "YellowPaint")
    guard = [ring(0, 0.6, 0.15, r, 0.006, 24, "z") for r in (0.12, 0.21, 0.3)]
    guard += [rod((0.05 * math.cos(t), 0.6 + 0.05 * math.sin(t), 0.15), (0.42 * math.cos(t), 0.6 + 0.42 * math.sin(t), 0.14), 0.005, segments=5) for t in (k * math.pi / 4 for k in range(8))]
    a.mesh("Guard", joined(guard), "Steel")
    a.mesh("Stand", tube([(-0.5, 0.02, 0.3), (-0.5, 0.02, -0.3), (-0.48, 0.6, 0), (-0.5, 0.02, 0.3)], 0.018) + tube([(0.5, 0.02, 0.3), (0.5, 0.02, -0.3), (0.48, 0.6, 0), (0.5, 0.02, 0.3)], 0.018)
           + rod((-0.5, 0.02, 0.3), (0.5, 0.02, 0.3), 0.018) + rod((-0.5, 0.02, -0.3), (0.5, 0.02, -0.3), 0.018), "DarkPaint")
    rotor = a.group("Rotor", (0, 0.6, 0), kind=Kind.Tokens.subcomponent)
    spin = a.rotate_op(rotor, "z")
    for frame, angle in ((1, 0.0), (25, 360.0), (49, 720.0)):
        spin.Set(a.angle("z", angle), frame)
    blades = [box(0.2, 0, 0, 0.32, 0.15, 0.012, 0.004).bent(lambda x, y, z: (x, y * (0.6 + x * 1.2), z + y * 0.35)).turned("z", 72 * k) for k in range(5)]
    a.mesh("Rotor/Blades", joined(blades), "GreyPaint")
    a.solid("Cylinder", "Rotor/Hub", "DarkPaint", axis="Z", radius=0.07, height=0.14)
    a.frames(1, 49)
    a.save()


def dock_door(root):
    a = Asset(root, "warehouse/dock_door.usda", "Sectional gate where lorries are unloaded. Its motor is kept elsewhere, and missing here on purpose.", up="Z")
    a.mesh("Frame", box(-1.6, 1.6, 0, 0.2, 3.2, 0.3, tile=0.6) + box(1.6, 1.6, 0, 0.2, 3.2, 0.3, tile=0.6)
           + box(0, 3.3, 0, 3.4, 0.2, 0.3, tile=0.6), "Hazard")
    a.mesh("Panels", joined(box(0, 0.3 + 0.58 * k, 0, 3.0, 0.56, 0.06, 0.02) for k in range(5)), "GreyPaint")
    a.mesh("Windows", joined(box(-1.0 + k, 1.46, 0.035, 0.7, 0.28, 0.01) for k in range(3)), "Glass")
    a.mesh("Bumpers", joined(box(x, 0.35, 0.25, 0.2, 0.5, 0.2, 0.03) for x in (-1.6, 1.6)), "Rubber")
    motor = a.group("Motor", (0, 3.55, 0))
    motor.GetPrim().GetReferences().AddReference("./parts/gate_motor.usda")
    a.save()


ASSETS = [cardboard_box, pallet, loaded_pallet, forklift, pump_truck, shelving_rack, barrel, conveyor, step_ladder,
          traffic_cone, fire_extinguisher, hand_truck, safety_barrier, hard_hat, big_fan, dock_door]
