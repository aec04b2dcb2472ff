"""The office pack: furniture, devices, things on and around a desk."""

# Laid out by hand: one line is one part of a thing, which a formatter would break into columns.
# fmt: off

import math

from pxr import Kind, UsdGeom

from .asset import Asset
from .shapes import ball, box, extrude, joined, lathe, rod, tube


def desk(root):
    a = Asset(root, "office/desk.usdc", "Work surface of 160 x 80 cm on a steel frame, with a drawer unit.", up="Z", unit=0.01)
    a.mesh("Top", box(0, 0.735, 0, 1.6, 0.03, 0.8, 0.006), "LightWood")
    frame = [box(x, 0.36, z, 0.05, 0.72, 0.05) for x in (-0.74, 0.74) for z in (-0.34, 0.34)]
    frame += [box(x, 0.7, 0, 0.05, 0.04, 0.68) for x in (-0.74, 0.74)] + [box(0, 0.7, -0.34, 1.48, 0.04, 0.05)]
    a.mesh("Frame", joined(frame), "DarkPaint")
    a.mesh("Drawers", box(0.48, 0.42, -0.02, 0.4, 0.54, 0.62) + joined(box(0.48, y, 0.297, 0.38, 0.16, 0.02, 0.004) for y in (0.25, 0.43, 0.6)), "WhitePaint")
    a.mesh("Pulls", joined(box(0.48, y + 0.03, 0.315, 0.14, 0.015, 0.02) for y in (0.25, 0.43, 0.6)), "Steel")
    a.save()


def office_chair(root):
    a = Asset(root, "office/swivel_seat.usda", "Height-adjustable, on five castors, with armrests and a padded back.", up="Y", unit=0.01)
    spokes, castors = [], []
    for k in range(5):
        angle = 2 * math.pi * k / 5
        x, z = math.sin(angle), math.cos(angle)
        spokes.append(tube([(0.03 * x, 0.12, 0.03 * z), (0.3 * x, 0.085, 0.3 * z)], [0.03, 0.018], 6))
        castors.append(rod((0.3 * x - 0.03 * z, 0.035, 0.3 * z + 0.03 * x), (0.3 * x + 0.03 * z, 0.035, 0.3 * z - 0.03 * x), 0.035, segments=10))
    a.mesh("Base", joined(spokes) + rod((0, 0.08, 0), (0, 0.4, 0), 0.028), "DarkPaint")
    a.mesh("Castors", joined(castors), "Rubber")
    arms = [tube([(x * 0.7, 0.42, 0), (x, 0.44, 0), (x, 0.64, -0.02)], 0.018, 6) for x in (-0.29, 0.29)]
    arms += [box(x, 0.66, 0.03, 0.06, 0.03, 0.26, 0.012) for x in (-0.29, 0.29)]
    arms.append(tube([(0, 0.41, -0.1), (0, 0.43, -0.28), (0, 0.62, -0.3)], 0.025, 8))
    a.mesh("Arms", joined(arms), "BlackPlastic")
    cushion = a.mesh("Cushion", box(0, 0.46, 0, 0.5, 0.09, 0.48, 0.04), None)
    back = a.mesh("Back", box(0, 0.84, -0.25, 0.46, 0.6, 0.08, 0.035).bent(lambda x, y, z: (x, y, z - 0.12 * (y - 0.6) + x * x * 0.6)), None)

    def cloth(look):
        def author():
            for mesh in (cushion, back):
                a.bind(mesh.GetPrim(), look)
        return author

    a.variants("colour", {"blue": cloth("BlueFabric"), "red": cloth("RedFabric"), "grey": cloth("GreyFabric")}, "blue")
    a.save()


def desk_lamp(root):
    a = Asset(root, "office/reading_lamp.usda", "Jointed arm on a round foot; the head nods while the animation plays.", unit=0.01)
    a.mesh("Foot", lathe([(0, 0), (0.1, 0), (0.1, 0.012), (0.03, 0.025), (0, 0.025)], 24), "RedPaint")
    a.mesh("Arm", rod((0, 0.02, 0), (0, 0.3, -0.14), 0.009) + rod((0, 0.3, -0.14), (0, 0.5, 0.06), 0.009)
           + rod((-0.02, 0.3, -0.14), (0.02, 0.3, -0.14), 0.018) + rod((-0.02, 0.5, 0.06), (0.02, 0.5, 0.06), 0.018), "Chrome")
    head = a.group("Head", (0, 0.5, 0.06), kind=Kind.Tokens.subcomponent)
    nod = a.rotate_op(head, "x")
    for frame, angle in ((1, 0.0), (24, 25.0), (48, 0.0)):
        nod.Set(angle, frame)
    shade = lathe([(0.0, 0.03), (0.022, 0.03), (0.03, 0.0), (0.075, -0.1), (0.071, -0.1), (0.026, -0.004), (0, -0.004)], 22)
    a.mesh("Head/Shade", shade.turned("x", -40).at(0, -0.02, 0.03), "RedPaint")
    a.solid("Sphere", "Head/Bulb", "LampGlow", (0, -0.06, 0.065), radius=0.026)
    cable = UsdGeom.BasisCurves.Define(a.stage, a.full("Cable"))
    points = [a.point(p) for p in ((0.0, 0.01, -0.09), (0.05, 0.005, -0.2), (-0.1, 0.004, -0.25), (-0.05, 0.004, -0.4))]
    cable.CreateTypeAttr("cubic")
    cable.CreateBasisAttr("bezier")
    cable.CreateCurveVertexCountsAttr([4])
    cable.CreatePointsAttr(points)
    cable.CreateWidthsAttr([0.5])
    cable.SetWidthsInterpolation(UsdGeom.Tokens.constant)
    cable.CreateExtentAttr(UsdGeom.Curves.ComputeExtent(points, [0.5]))
    a.bind(cable.GetPrim(), "BlackPlastic")
    a.light("SphereLight", "Head/Light", (0, -0.06, 0.065), intensity=3000.0, radius=0.027)
    a.frames(1, 48)
    a.save()


def monitor(root):
    """A package: the layer and its picture are zipped into one .usdz."""
    a = Asset(root, "office/display.usdc", "24 inch flat panel on a stand, showing a desktop with a chart.", unit=0.01)
    a.mesh("Housing", box(0, 0.34, 0, 0.56, 0.34, 0.025, 0.006) + box(0, 0.34, -0.02, 0.3, 0.2, 0.03, 0.01), "BlackPlastic")
    a.mesh("Panel", box(0, 0.345, 0.012, 0.53, 0.3, 0.004), "Screen")
    a.mesh("Stand", rod((0, 0.015, -0.04), (0, 0.34, -0.03), 0.018) + box(0, 0.008, -0.03, 0.24, 0.014, 0.18, 0.005), "Aluminium")
    a.save_package(["office/textures/screen.png"])


def keyboard(root):
    a = Asset(root, "office/keyboard.usda", "Compact layout with 15 keys in each of five rows.", unit=0.01)
    a.mesh("Case", box(0, 0.009, 0, 0.33, 0.018, 0.13, 0.005), "GreyPlastic")
    cap = a.stage.CreateClassPrim(f"{a.top}/_class_Key")
    cap.SetDocumentation("One key cap; every key of the same size is an instance of it.")
    a.mesh("_class_Key/Cap", box(0, 0.004, 0, 0.0175, 0.008, 0.0175, 0.002), "WhitePlastic")
    a.mesh("SpaceBar", box(0, 0.022, 0.044, 0.115, 0.008, 0.0175, 0.002), "WhitePlastic")
    for row in range(5):
        for column in range(15):
            if row == 4 and 4 <= column <= 9:
                continue
            key = a.group(f"Keys/Row{row}Key{column}", (-0.1435 + 0.0205 * column, 0.018, -0.043 + 0.0218 * row))
            key.GetPrim().GetInherits().AddInherit(f"{a.top}/_class_Key")
            key.GetPrim().SetInstanceable(True)
    a.save()


def bookshelf(root):
    a = Asset(root, "office/bookcase.usdc", "Five open compartments, most of them filled.", up="Z")
    case = [box(x, 0.95, 0, 0.025, 1.9, 0.3) for x in (-0.44, 0.44)]
    case += [box(0, y, 0, 0.86, 0.025, 0.3) for y in (0.06, 0.42, 0.78, 1.14, 1.5, 1.885)] + [box(0, 0.95, -0.145, 0.88, 1.9, 0.01)]
    a.mesh("Case", joined(case), "LightWood")
    looks = ["BookRed", "BookBlue", "BookGreen", "BookOchre"]
    volumes = {look: [] for look in looks}
    for shelf, y in enumerate((0.0725, 0.4325, 0.7925, 1.1525, 1.5125)):
        x, number = -0.42, 0
        while x < (0.4 if shelf % 2 else 0.22):
            mixed = (shelf * 7 + number * 13) % 11
            width, height = 0.025 + 0.003 * (mixed % 7), 0.2 + 0.012 * mixed
            volumes[looks[(mixed + number) % 4]].append(box(x + width / 2, y + height / 2, 0.02, width - 0.002, height, 0.2))
            x, number = x + width, number + 1
    a.parts("Volumes", [(look, joined(shapes), look) for look, shapes in volumes.items()])
    a.save()


def whiteboard(root):
    a = Asset(root, "office/whiteboard.usda", "Magnetic writing panel with marker drawings from the last meeting.", up="Z")
    a.mesh("Panel", box(0, 1.5, 0, 1.5, 1.0, 0.015), "Scribbles")
    rim = [box(0, y, 0.005, 1.54, 0.03, 0.03) for y in (0.99, 2.01)] + [box(x, 1.5, 0.005, 0.03, 1.05, 0.03) for x in (-0.76, 0.76)]
    a.mesh("Rim", joined(rim) + box(0, 0.975, 0.05, 0.6, 0.012, 0.07), "Aluminium")
    for number, look in enumerate(("RedPaint", "BluePaint", "GreenPaint")):
        a.mesh(f"Marker{number}", rod((-0.2 + 0.15 * number, 0.99, 0.06), (-0.08 + 0.15 * number, 0.99, 0.06), 0.008, segments=8), look)
    a.mesh("Easel", joined(rod((x, 0, 0.0), (x, 2.0, -0.03), 0.02, segments=8) + rod((x, 0.03, -0.3), (x, 0.03, 0.3), 0.02, segments=8) for x in (-0.7, 0.7)), "GreyPaint")
    a.save()


def filing_cabinet(root):
    a = Asset(root, "office/filing_cabinet.usd", "Lockable, four drawers for hanging folders.", unit=0.01, text=False)
    a.mesh("Body", box(0, 0.66, 0, 0.46, 1.32, 0.6, 0.005), "GreyPaint")
    a.mesh("Fronts", joined(box(0, 0.18 + 0.32 * k, 0.305, 0.43, 0.3, 0.02, 0.005) for k in range(4)), "WhitePaint")
    a.mesh("Handles", joined(tube([(-0.06, y, 0.31), (-0.06, y, 0.34), (0.06, y, 0.34), (0.06, y, 0.31)], 0.006, 6)
                             for y in (0.22 + 0.32 * k for k in range(4))), "Chrome")
    a.mesh("Tags", joined(box(0, 0.27 + 0.32 * k, 0.317, 0.08, 0.035, 0.004) for k in range(4)), "Paper")
    a.solid("Cylinder", "Lock", "Chrome", (0.17, 1.29, 0.305), "Z", radius=0.011, height=0.012)
    a.save()


def potted_plant(root):
    a = Asset(root, "office/rubber_tree.usdc", "Broad-leaved, in a clay pot on a saucer; needs water once a week.", up="Z")
    a.parts("Pot", [
        ("Clay", lathe([(0, 0.02), (0.13, 0.02), (0.17, 0.27), (0.185, 0.27), (0.19, 0.32), (0.17, 0.32), (0.16, 0.28), (0, 0.28)], 22), "Terracotta"),
        ("Earth", lathe([(0, 0.285), (0.158, 0.285), (0.15, 0.297), (0, 0.3)], 18), "Soil"),
        ("Saucer", lathe([(0, 0), (0.17, 0), (0.2, 0.03), (0.19, 0.03), (0.16, 0.012), (0, 0.012)], 22), "Terracotta"),
    ])
    stems, leaves = [], []
    for k in range(11):
        turn, height = 137.5 * k, 0.5 + 0.085 * k
        outline = [(0.0, 0.02), (0.35, 0.32), (0.7, 0.3), (1.0, 0.0), (0.7, -0.3), (0.35, -0.32), (0.0, -0.02)]
        leaf = extrude(outline, 0, 0.012, "y").scaled(0.34, 1, 0.34).bent(lambda x, y, z: (x, y + 0.25 * x - 1.1 * x * x + abs(z) * 0.4, z))
        leaves.append(leaf.at(0.08, 0, 0).turned("y", turn).at(0, height, 0))
        c, s = math.cos(math.radians(turn)), -math.sin(math.radians(turn))
        stems.append(rod((0, height - 0.08, 0), (0.1 * c, height + 0.02, 0.1 * s), 0.006, segments=5))
    a.mesh("Stems", joined(stems) + tube([(0, 0.28, 0), (0.01, 0.8, 0.01), (0, 1.38, 0)], [0.022, 0.016, 0.008], 8), "GreenPaint")
    # What renders, and what stands for it while somebody moves things about.
    a.mesh("Leaves", joined(leaves), "Leaf", purpose=UsdGeom.Tokens.render)
    a.solid("Sphere", "LeavesProxy", "Leaf", (0, 0.95, 0), radius=0.4).CreatePurposeAttr(UsdGeom.Tokens.proxy)
    a.save()


def waste_bin(root):
    a = Asset(root, "office/paper_bin.usda", "Round, open at the top, 18 litres.", unit=0.01)
    a.mesh("Bucket", lathe([(0, 0.005), (0.11, 0.005), (0.145, 0.31), (0.152, 0.315), (0.152, 0.32), (0.141, 0.32), (0.107, 0.012), (0, 0.012)], 24), "TealPaint")
    crumpled = [ball(x, y, z, 0.045, 8).bent(lambda px, py, pz: (px * (1 + 0.12 * math.sin(90 * py)), py * (1 + 0.1 * math.cos(80 * px)), pz))
                for x, y, z in ((0.03, 0.27, 0.04), (-0.05, 0.28, 0.01), (0.02, 0.29, -0.06))]
    a.mesh("Litter", joined(crumpled), "Paper", extent=False)
    a.save()


def ceiling_fan(root):
    a = Asset(root, "office/ceiling_fan.usda", "Hangs from above; four wooden blades go round.", unit=0.01)
    a.solid("Cylinder", "Stem", "Brass", (0, 0.42, 0), radius=0.012, height=0.36)
    a.mesh("Rose", lathe([(0, 0.56), (0.05, 0.56), (0.08, 0.6), (0, 0.6)], 20), "Brass")
    rotor = a.group("Rotor", (0, 0.2, 0), kind=Kind.Tokens.subcomponent)
    spin = a.rotate_op(rotor, "y")
    for frame, angle in ((1, 0.0), (49, 360.0)):
        spin.Set(angle, frame)
    a.mesh("Rotor/Hub", lathe([(0, -0.08), (0.06, -0.07), (0.11, -0.02), (0.11, 0.03), (0.03, 0.06), (0, 0.06)], 24), "Brass")
    a.mesh("Rotor/Blades", joined(box(0.4, 0, 0, 0.5, 0.01, 0.13, 0.004).bent(lambda x, y, z: (x, y + z * 0.18, z * (0.7 + x * 0.6))).turned("y", 90 * k) for k in range(4)), "LightWood")
    a.frames(1, 49)
    a.save()


def workstation(root):
    a = Asset(root, "office/workstation.usda", "Everything one person needs for a day at the screen.", kind=Kind.Tokens.assembly)
    a.use("Desk", "office/desk.usdc")
    a.use("Seat", "office/swivel_seat.usda", (-0.05, 0, 0.65), yaw=165, payload=True, choose={"colour": "grey"})
    a.use("Display", "office/display.usdz", (-0.1, 0.75, -0.15))
    a.use("Keyboard", "office/keyboard.usda", (-0.1, 0.75, 0.16))
    a.use("Lamp", "office/reading_lamp.usda", (-0.62, 0.75, -0.2), yaw=35, payload=True)
    a.mesh("Papers", box(0.42, 0.756, 0.05, 0.21, 0.012, 0.297), "Paper")
    a.save()


ASSETS = [desk, office_chair, desk_lamp, monitor, keyboard, bookshelf, whiteboard, filing_cabinet, potted_plant,
          waste_bin, ceiling_fan, workstation]
