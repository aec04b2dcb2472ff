"""The kitchen pack: dishes, tools, appliances, food, seats."""

# Laid out by hand: one line is one part of a thing, which a formatter would break into columns.
# fmt: off

import math

from pxr import Kind

from .asset import Asset
from .shapes import arc, box, extrude, joined, lathe, ring, rod, tube


def cup(root):
    a = Asset(root, "kitchen/cup.usda", "Holds a quarter of a litre; a smooth subdivided body with a looped handle.", unit=0.01)
    body = lathe([(0, 0.0), (0.026, 0.0), (0.034, 0.006), (0.04, 0.05), (0.042, 0.09), (0.042, 0.094), (0.038, 0.094), (0.036, 0.05), (0.03, 0.012), (0, 0.01)], 16)
    a.mesh("Body", body, "BlueCeramic", subdivide=True)
    handle = tube(arc((0.038, 0.05, 0), 0.025, -95, 95, 8, "xy"), 0.006, 8)
    a.mesh("Handle", handle, "BlueCeramic", subdivide=True)
    a.mesh("Drink", lathe([(0, 0.075), (0.0365, 0.075), (0.037, 0.078), (0, 0.078)], 20), "Coffee")
    a.save()


def plate(root):
    a = Asset(root, "kitchen/plate.usdc", "Flat dinner dish with a raised rim.", unit=0.01)
    a.mesh("Dish", lathe([(0, 0.0), (0.07, 0.0), (0.075, 0.004), (0.13, 0.02), (0.13, 0.024), (0.12, 0.024), (0.078, 0.01), (0, 0.007)], 28), "Ceramic", subdivide=True)
    a.mesh("Line", lathe([(0.117, 0.0232), (0.123, 0.0245), (0.123, 0.0258), (0.117, 0.0245), (0.117, 0.0232)], 32), "BlueCeramic")
    a.save()


def kettle(root):
    a = Asset(root, "kitchen/whistler.usdc", "Put it on the flame and it sings when the water boils.", up="Z", unit=0.01)
    a.mesh("Body", lathe([(0, 0.0), (0.1, 0.0), (0.112, 0.015), (0.112, 0.06), (0.095, 0.12), (0.06, 0.155), (0.045, 0.16), (0, 0.16)], 28), "RedPaint")
    a.mesh("Lid", lathe([(0, 0.158), (0.05, 0.158), (0.046, 0.172), (0.015, 0.182), (0.009, 0.19), (0.016, 0.2), (0.012, 0.21), (0, 0.212)], 24), "Chrome")
    a.mesh("Spout", tube([(0.085, 0.08, 0), (0.13, 0.12, 0), (0.155, 0.155, 0)], [0.03, 0.02, 0.016], 14), "RedPaint")
    a.mesh("Grip", tube([(-0.085, 0.13, 0), (-0.09, 0.2, 0)] + arc((0, 0.2, 0), 0.075, 160, 40, 6, "xy") + [(0.085, 0.2, 0), (0.08, 0.135, 0)], 0.009, 8), "BlackPlastic")
    a.save()


def frying_pan(root):
    a = Asset(root, "kitchen/skillet.usdc", "Cast in one piece, 28 cm across, seasoned with oil.", unit=0.01)
    a.mesh("Pan", lathe([(0, 0.0), (0.11, 0.0), (0.14, 0.045), (0.146, 0.048), (0.137, 0.05), (0.107, 0.008), (0, 0.006)], 30), "CastIron")
    a.mesh("Handle", tube([(0.135, 0.04, 0), (0.2, 0.055, 0), (0.3, 0.065, 0), (0.33, 0.066, 0)], [0.016, 0.012, 0.016, 0.014], 8).scaled(1, 1, 1.1), "CastIron")
    a.save()


def knife(root):
    a = Asset(root, "kitchen/chef_knife.usda", "Forged, 20 cm long, with a riveted grip.", unit=0.01)
    outline = [(0.0, 0.0), (0.1, 0.001), (0.16, 0.01), (0.2, 0.034), (0.12, 0.04), (0.0, 0.042)]
    edge = extrude(outline, -0.001, 0.001, "z").bent(lambda x, y, z: (x, y, z * (0.15 + min(y, 0.04) * 21)))
    a.mesh("Edge", edge.turned("x", -90).at(0, 0.012, 0.02), "Steel")
    a.mesh("Bolster", box(-0.006, 0.012, 0.0, 0.016, 0.014, 0.03, 0.003), "Steel")
    a.mesh("Grip", box(-0.068, 0.012, 0.0, 0.11, 0.02, 0.026, 0.006), "Walnut")
    for number in range(3):
        a.solid("Cylinder", f"Rivet{number}", "Brass", (-0.035 - 0.033 * number, 0.0225, 0), "Y", radius=0.003, height=0.002)
    a.save()


def cafe_table(root):
    a = Asset(root, "kitchen/café table.usda", "Round top on a turned iron column, for two.", up="Y")
    a.mesh("Top", lathe([(0, 0.7), (0.33, 0.7), (0.345, 0.71), (0.345, 0.725), (0.335, 0.73), (0, 0.73)], 32), "Walnut")
    a.mesh("Column", lathe([(0, 0.06), (0.05, 0.06), (0.03, 0.12), (0.024, 0.4), (0.035, 0.45), (0.024, 0.5), (0.024, 0.66), (0.1, 0.7), (0, 0.7)], 18), "CastIron")
    a.mesh("Feet", joined(tube([(0, 0.1, 0), (0.16, 0.09, 0), (0.27, 0.02, 0)], [0.03, 0.02, 0.014], 8).turned("y", 120 * k + 30) for k in range(3)), "CastIron")
    a.save()


def wooden_chair(root):
    a = Asset(root, "kitchen/ladderback.usda", "Plain seat for the dining table, four legs and three slats behind.", up="Z")
    a.stage.CreateClassPrim(f"{a.top}/_class_Leg")
    a.mesh("_class_Leg/Turned", lathe([(0, 0), (0.014, 0), (0.022, 0.1), (0.018, 0.14), (0.022, 0.3), (0.02, 0.44), (0, 0.44)], 12), "Walnut")
    for name, x, z in (("FrontLeft", -0.19, 0.19), ("FrontRight", 0.19, 0.19), ("BackLeft", -0.17, -0.18), ("BackRight", 0.17, -0.18)):
        a.group(name, (x, 0, z)).GetPrim().GetInherits().AddInherit(f"{a.top}/_class_Leg")
    a.mesh("Seat", box(0, 0.455, 0, 0.44, 0.03, 0.43, 0.01), "Walnut")
    back = [tube([(x, 0.45, -0.18), (x, 0.7, -0.2), (x, 0.96, -0.26)], 0.017, 8) for x in (-0.17, 0.17)]
    back += [box(0, y, -0.2 - (y - 0.7) * 0.22, 0.32, 0.07, 0.014, 0.005).bent(lambda x, py, z: (x, py, z - 0.03 * math.cos(x * 9))) for y in (0.62, 0.76, 0.9)]
    a.mesh("Back", joined(back), "Walnut")
    a.mesh("Rungs", joined([rod((-0.19, 0.2, 0.19), (0.19, 0.2, 0.19), 0.01, segments=6)] + [rod((x, 0.16, -0.18), (x * 1.1, 0.16, 0.19), 0.01, segments=6) for x in (-0.17, 0.17)]), "Walnut")
    a.save()


def fridge(root):
    a = Asset(root, "kitchen/fridge.usdc", "Two compartments; the lower one freezes. Retro shape with rounded edges.", up="Z", unit=0.01)
    a.parts("Cabinet", [
        ("Shell", box(-0.29, 0.9, -0.03, 0.03, 1.7, 0.6) + box(0.29, 0.9, -0.03, 0.03, 1.7, 0.6) + box(0, 1.74, -0.03, 0.61, 0.04, 0.6, 0.015)
         + box(0, 0.09, -0.03, 0.6, 0.1, 0.6) + box(0, 0.9, -0.32, 0.6, 1.7, 0.03) + box(0, 0.66, -0.03, 0.56, 0.05, 0.56), "TealPaint"),
        ("Shelves", joined(box(0, y, -0.04, 0.55, 0.012, 0.5) for y in (0.95, 1.2, 1.45)), "Glass"),
        ("Plinth", box(0, 0.025, -0.05, 0.54, 0.05, 0.5), "BlackPlastic"),
        ("FreezerDoor", box(0, 0.4, 0.3, 0.6, 0.5, 0.06, 0.02), "TealPaint"),
        ("FreezerGrip", tube([(0.2, 0.56, 0.33), (0.2, 0.56, 0.37), (0.0, 0.56, 0.37), (0.0, 0.56, 0.33)], 0.01, 8), "Chrome"),
    ])
    door = a.group("Door", (-0.3, 0, 0.27))
    a.mesh("Door/Panel", box(0.3, 1.2, 0.03, 0.6, 1.06, 0.06, 0.02), "TealPaint")
    a.mesh("Door/Grip", tube([(0.53, 0.95, 0.06), (0.53, 0.95, 0.1), (0.53, 1.3, 0.1), (0.53, 1.3, 0.06)], 0.01, 8), "Chrome")
    hinge = a.rotate_op(door, "y")

    def closed():
        hinge.Set(0.0)

    def open_wide():
        hinge.Set(a.angle("y", -95.0))
        a.mesh("Milk", box(-0.1, 1.09, 0.02, 0.09, 0.26, 0.09), "WhitePlastic")
        a.solid("Sphere", "Orange", "Orange", (0.1, 1.0, 0.05), radius=0.045)

    a.variants("door", {"closed": closed, "open": open_wide}, "closed")
    a.save()


def stove(root):
    a = Asset(root, "kitchen/stove.usdc", "Four gas burners over an oven with a window; 60 cm wide.", up="Z")
    burners = [(x, z) for x in (-0.14, 0.14) for z in (-0.13, 0.13)]
    a.parts("Cooker", [
        ("Body", box(0, 0.45, 0, 0.6, 0.86, 0.6, 0.008), "WhitePaint"),
        ("Hob", box(0, 0.887, 0, 0.6, 0.015, 0.6, 0.004) + box(0, 0.99, -0.285, 0.6, 0.2, 0.02), "Brushed"),
        ("Window", box(0, 0.42, 0.3, 0.4, 0.24, 0.012), "BlackPlastic"),
        ("Rail", tube([(-0.23, 0.6, 0.3), (-0.23, 0.6, 0.345), (0.23, 0.6, 0.345), (0.23, 0.6, 0.3)], 0.01, 8), "Chrome"),
        ("Burners", joined(lathe([(0, 0.893), (0.045, 0.893), (0.045, 0.91), (0, 0.914)], 16).at(x, 0, z) for x, z in burners), "BlackPlastic"),
        ("Grates", joined(box(x, 0.925, z, 0.2, 0.012, 0.012) + box(x, 0.925, z, 0.012, 0.012, 0.2)
                          + ring(x, 0.925, z, 0.07, 0.006, 18) for x, z in burners), "CastIron"),
        ("Knobs", joined(rod((-0.2 + 0.1 * k, 0.77, 0.3), (-0.2 + 0.1 * k, 0.77, 0.335), 0.024) for k in range(5)), "DarkPaint"),
    ])
    a.save()


def sink(root):
    a = Asset(root, "kitchen/sink.usdc", "Bowl and drainer in a cupboard, with a swan-neck tap.", up="Z")
    a.mesh("Cupboard", box(0, 0.35, 0, 1.0, 0.7, 0.58) + box(0, 0.78, 0.28, 1.0, 0.16, 0.02)
           + box(0, 0.78, -0.28, 1.0, 0.16, 0.02) + box(-0.49, 0.78, 0, 0.02, 0.16, 0.54) + box(0.49, 0.78, 0, 0.02, 0.16, 0.54)
           + box(-0.25, 0.43, 0.295, 0.48, 0.8, 0.02, 0.006) + box(0.25, 0.43, 0.295, 0.48, 0.8, 0.02, 0.006), "CreamPaint")
    top = [box(0, 0.885, z, 1.02, 0.03, d) for z, d in ((-0.26, 0.1), (0.26, 0.1))]
    top += [box(-0.485, 0.885, 0, 0.05, 0.03, 0.42), box(0.27, 0.885, 0, 0.48, 0.03, 0.42)]
    top += [box(-0.215, 0.79, z, 0.49, 0.18, 0.01) for z in (-0.21, 0.21)] + [box(x, 0.79, 0, 0.01, 0.18, 0.42) for x in (-0.46, 0.03)]
    top += [box(-0.215, 0.705, 0, 0.49, 0.01, 0.42)] + [box(0.1 + 0.06 * k, 0.903, 0, 0.012, 0.008, 0.36) for k in range(6)]
    a.mesh("Basin", joined(top), "Brushed")
    a.mesh("Plughole", lathe([(0, 0.71), (0.04, 0.71), (0.036, 0.715), (0, 0.712)], 16).at(-0.215, 0, 0), "DarkPaint")
    a.mesh("Tap", tube([(-0.215, 0.9, -0.26), (-0.215, 1.12, -0.26)] + arc((-0.215, 1.12, -0.17), 0.09, 180, 10, 7, "zy") + [(-0.215, 1.06, -0.08)], 0.014, 10)
           + rod((-0.215, 0.94, -0.26), (-0.13, 0.97, -0.24), 0.009), "Chrome")
    a.mesh("Pulls", joined(rod((x, 0.55, 0.32), (x, 0.7, 0.32), 0.008, segments=8) for x in (-0.06, 0.06)), "Steel")
    a.save()


def toaster(root):
    a = Asset(root, "kitchen/toaster.usda", "Two slots, one lever; browns slices of bread.", unit=0.01)
    a.mesh("Shell", box(0, 0.1, 0, 0.28, 0.17, 0.16, 0.03), "CreamPaint")
    a.mesh("Slots", joined(box(0, 0.184, z, 0.19, 0.006, 0.026) for z in (-0.03, 0.03)), "BlackPlastic")
    slice_outline = [(-0.05, 0.0), (0.05, 0.0), (0.05, 0.08), (0.06, 0.1), (0.05, 0.12), (-0.05, 0.12), (-0.06, 0.1), (-0.05, 0.08)]
    a.mesh("Slices", joined(extrude(slice_outline, z - 0.008, z + 0.008, "z").at(0, 0.12, 0) for z in (-0.03, 0.03)), "Toast")
    a.mesh("Lever", box(0.15, 0.13, 0, 0.03, 0.015, 0.05, 0.005) + rod((0.138, 0.06, 0.045), (0.152, 0.06, 0.045), 0.016), "BlackPlastic")
    a.mesh("Feet", joined(lathe([(0, 0), (0.014, 0), (0.014, 0.02), (0, 0.02)], 10).at(x, 0, z) for x in (-0.1, 0.1) for z in (-0.05, 0.05)), "Rubber")
    a.save()


def apple(root):
    a = Asset(root, "kitchen/apple.usdc", "Ripe and red, with its stalk and one leaf.", unit=0.01)
    flesh = [(0, 0.012), (0.012, 0.003), (0.022, 0.0), (0.034, 0.014), (0.04, 0.035), (0.038, 0.055), (0.028, 0.068), (0.014, 0.07), (0.004, 0.062), (0, 0.058)]
    a.mesh("Flesh", lathe(flesh, 20), "Apple")
    a.mesh("Stalk", tube([(0, 0.058, 0), (0.002, 0.07, 0), (0.008, 0.082, 0)], 0.0016, 6), "Bark")
    a.mesh("Leaf", extrude([(0, 0), (0.012, 0.008), (0.028, 0.0), (0.012, -0.008)], 0, 0.001, "y").turned("z", 20).at(0.003, 0.073, 0), "Leaf")
    a.save()


def fruit_bowl(root):
    a = Asset(root, "kitchen/fruit_bowl.usda", "Apples, oranges and bananas heaped for everybody.", kind=Kind.Tokens.assembly, unit=0.01)
    a.mesh("Bowl", lathe([(0, 0.0), (0.06, 0.0), (0.07, 0.01), (0.12, 0.04), (0.15, 0.085), (0.145, 0.09), (0.112, 0.045), (0.06, 0.015), (0, 0.012)], 28), "Walnut")
    for number, (x, y, z) in enumerate(((-0.05, 0.04, 0.05), (0.06, 0.04, 0.04), (0.0, 0.085, 0.0))):
        a.use(f"Apple{number}", "kitchen/apple.usdc", (x, y, z), yaw=70 * number, instance=True)
    for number, (x, y, z) in enumerate(((-0.06, 0.075, -0.03), (0.07, 0.075, -0.035))):
        a.solid("Sphere", f"Orange{number}", "Orange", (x, y, z), radius=0.037)
    for number in range(3):
        path = arc((0, 0.2, -0.05 - 0.025 * number), 0.11, 215, 325, 9, "xy")
        banana = tube(path, [0.005, 0.012, 0.016, 0.018, 0.018, 0.018, 0.018, 0.016, 0.012, 0.004], 6)
        a.mesh(f"Banana{number}", banana, "Banana", extent=False)
    a.save()


def bottle(root):
    a = Asset(root, "kitchen/bordeaux.usdc", "Dark green, corked, three quarters of a litre.", unit=0.01)
    a.mesh("Flask", lathe([(0, 0.006), (0.02, 0.003), (0.034, 0.0), (0.037, 0.005), (0.037, 0.19), (0.03, 0.22), (0.015, 0.24), (0.0135, 0.285), (0.0155, 0.29), (0.0155, 0.298), (0, 0.298)], 26), "GreenGlass")
    a.mesh("Label", lathe([(0.0372, 0.07), (0.0376, 0.07), (0.0376, 0.15), (0.0372, 0.15), (0.0372, 0.07)], 26), "Paper")
    a.mesh("Capsule", lathe([(0, 0.25), (0.0152, 0.25), (0.0148, 0.286), (0.0165, 0.29), (0.0165, 0.3), (0, 0.301)], 20), "BookRed")
    a.save()


def scales(root):
    """A second package: usda inside, no picture."""
    a = Asset(root, "kitchen/kitchen_scales.usda", "For flour and sugar; a dial shows grams.", unit=0.01)
    a.mesh("Case", extrude([(-0.1, 0.0), (0.1, 0.0), (0.07, 0.17), (-0.07, 0.17)], -0.07, 0.05, "z"), "RedPaint")
    a.mesh("Dial", rod((0, 0.085, 0.049), (0, 0.085, 0.056), 0.062, segments=28), "WhitePlastic")
    marks = [box(0, 0.052, 0.057, 0.003, 0.01, 0.002).turned("z", 30 * k).at(0, 0.085, 0) for k in range(12)]
    a.mesh("Marks", joined(marks), "DarkPaint")
    a.mesh("Pointer", extrude([(-0.004, 0), (0.004, 0), (0, 0.048)], 0.058, 0.06, "z").turned("z", -40).at(0, 0.085, 0), "RedGlow")
    a.mesh("Tray", rod((0, 0.17, -0.01), (0, 0.19, -0.01), 0.02) + lathe([(0, 0.19), (0.07, 0.19), (0.12, 0.225), (0.123, 0.222), (0.12, 0.23), (0.07, 0.196), (0, 0.196)], 28).at(0, 0, -0.01), "Steel")
    a.save_package()


ASSETS = [cup, plate, kettle, frying_pan, knife, cafe_table, wooden_chair, fridge, stove, sink, toaster, apple,
          fruit_bowl, bottle, scales]
