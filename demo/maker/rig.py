"""Skinned assets: a robot arm and a person, each one skeleton with one animation."""

import math

from pxr import Gf, UsdSkel, Vt

from .asset import Asset
from .shapes import ball, box, lathe, rod, tube


def skinned(a, joints, parts, animation, blend):
    """Binds parts to a skeleton.

    * `joints`: joint path -> place in the model, parents first.
    * `parts`: (mesh name, joint path, shape, look).
    * `animation`: joint path -> [(frame, axis, degrees)]; every joint it names has all frames.
    * `blend`: metres around a joint within which its parent pulls too.
    """
    skeletal = UsdSkel.Root.Define(a.stage, a.full("Rig"))
    skeleton = UsdSkel.Skeleton.Define(a.stage, a.full("Rig/Skeleton"))
    names = list(joints)
    parents = {name: name.rpartition("/")[0] for name in names}
    binds, rests, offsets = [], [], []
    for name in names:
        place = Gf.Vec3d(a.point(joints[name]))
        parent = Gf.Vec3d(a.point(joints[parents[name]])) if parents[name] else Gf.Vec3d(0)
        binds.append(Gf.Matrix4d(1).SetTranslate(place))
        rests.append(Gf.Matrix4d(1).SetTranslate(place - parent))
        offsets.append(Gf.Vec3f(place - parent))
    skeleton.CreateJointsAttr(names)
    skeleton.CreateBindTransformsAttr(Vt.Matrix4dArray(binds))
    skeleton.CreateRestTransformsAttr(Vt.Matrix4dArray(rests))

    moves = UsdSkel.Animation.Define(a.stage, a.full("Rig/Skeleton/Motion"))
    moves.CreateJointsAttr(names)
    moves.CreateTranslationsAttr(offsets)
    moves.CreateScalesAttr([Gf.Vec3h(1)] * len(names))
    rotations = moves.CreateRotationsAttr()
    frames = [frame for frame, _, _ in next(iter(animation.values()))]
    for number, frame in enumerate(frames):
        turns = []
        for name in names:
            _, axis, degrees = (
                animation[name][number] if name in animation else (frame, (0, 1, 0), 0.0)
            )
            turn = Gf.Rotation(Gf.Vec3d(*a.direction(axis)), degrees).GetQuat()
            turns.append(Gf.Quatf(turn))
        rotations.Set(Vt.QuatfArray(turns), frame)
    a.frames(frames[0], frames[-1])
    binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
    binding.CreateAnimationSourceRel().SetTargets([moves.GetPath()])
    UsdSkel.BindingAPI.Apply(skeletal.GetPrim()).CreateSkeletonRel().SetTargets(
        [skeleton.GetPath()]
    )

    for mesh_name, joint, shape, look in parts:
        mesh = a.mesh(f"Rig/{mesh_name}", shape, look)
        own = names.index(joint)
        parent = names.index(parents[joint]) if parents[joint] else own
        indices, weights = [], []
        for p in shape.points:
            near = max(0.0, 1.0 - math.dist(p, joints[joint]) / blend) if parent != own else 0.0
            indices += [own, parent]
            weights += [round(1.0 - 0.5 * near, 4), round(0.5 * near, 4)]
        bound = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
        bound.CreateJointIndicesPrimvar(False, 2).Set(Vt.IntArray(indices))
        bound.CreateJointWeightsPrimvar(False, 2).Set(Vt.FloatArray(weights))
        bound.CreateGeomBindTransformAttr(Gf.Matrix4d(1))


def robot_arm(root):
    a = Asset(
        root,
        "warehouse/robot_arm.usdc",
        "Six-axis manipulator on a pedestal; it swings aside, reaches down and comes back.",
        up="Z",
    )
    base, elbow, wrist = "Base", "Base/Shoulder/Elbow", "Base/Shoulder/Elbow/Wrist"
    joints = {
        base: (0, 0.2, 0),
        "Base/Shoulder": (0, 0.45, 0),
        elbow: (0, 1.1, -0.1),
        wrist: (0, 1.15, 0.6),
    }
    parts = [
        (
            "Pedestal",
            base,
            lathe([(0, 0), (0.28, 0), (0.28, 0.04), (0.2, 0.06), (0.18, 0.2), (0, 0.2)], 26),
            "DarkPaint",
        ),
        (
            "Turret",
            base,
            lathe([(0, 0.2), (0.19, 0.2), (0.19, 0.3), (0.13, 0.36), (0, 0.36)], 24)
            + box(-0.12, 0.42, 0, 0.06, 0.24, 0.2, 0.02)
            + box(0.12, 0.42, 0, 0.06, 0.24, 0.2, 0.02),
            "OrangePaint",
        ),
        (
            "UpperArm",
            "Base/Shoulder",
            tube(
                [(0, 0.42, 0.005), (0, 0.6, -0.02), (0, 0.95, -0.08), (0, 1.13, -0.105)],
                [0.09, 0.1, 0.075, 0.08],
                14,
            )
            + rod((-0.16, 0.45, 0), (0.16, 0.45, 0), 0.085),
            "OrangePaint",
        ),
        (
            "Forearm",
            elbow,
            rod((-0.12, 1.1, -0.1), (0.12, 1.1, -0.1), 0.09)
            + tube([(0, 1.12, -0.2), (0, 1.13, 0.1), (0, 1.15, 0.58)], [0.085, 0.075, 0.05], 14),
            "OrangePaint",
        ),
        ("Motor", elbow, rod((0, 1.12, -0.32), (0, 1.12, -0.2), 0.06), "DarkPaint"),
        (
            "Hand",
            wrist,
            rod((-0.06, 1.15, 0.6), (0.06, 1.15, 0.6), 0.055)
            + rod((0, 1.15, 0.6), (0, 1.15, 0.72), 0.04),
            "DarkPaint",
        ),
        (
            "Gripper",
            wrist,
            box(0, 1.15, 0.735, 0.16, 0.06, 0.03, 0.008)
            + box(-0.065, 1.15, 0.8, 0.02, 0.05, 0.11, 0.005)
            + box(0.065, 1.15, 0.8, 0.02, 0.05, 0.11, 0.005),
            "Steel",
        ),
    ]
    up, side = (0, 1, 0), (1, 0, 0)
    skinned(
        a,
        joints,
        parts,
        {
            base: [(1, up, 0), (24, up, 60), (48, up, 60), (72, up, 0)],
            "Base/Shoulder": [(1, side, 0), (24, side, 10), (48, side, 35), (72, side, 0)],
            elbow: [(1, side, 0), (24, side, 10), (48, side, 30), (72, side, 0)],
            wrist: [(1, side, 0), (24, side, 40), (48, side, 20), (72, side, 0)],
        },
        blend=0.06,
    )
    a.save()


def worker(root):
    a = Asset(
        root,
        "warehouse/worker.usdc",
        "Somebody in a bright vest and a helmet, waving with one arm while stepping on the spot.",
    )
    spine = "Hips/Spine"
    joints = {"Hips": (0, 0.95, 0), spine: (0, 1.12, 0), f"{spine}/Head": (0, 1.5, 0)}
    for name, s in (("Left", 1), ("Right", -1)):
        joints[f"{spine}/{name}Arm"] = (0.2 * s, 1.41, 0)
        joints[f"{spine}/{name}Arm/Forearm"] = (0.26 * s, 1.14, 0)
        joints[f"Hips/{name}Leg"] = (0.1 * s, 0.92, 0)
        joints[f"Hips/{name}Leg/Shin"] = (0.11 * s, 0.5, 0)
    torso = lathe(
        [
            (0, 0.94),
            (0.15, 0.95),
            (0.155, 1.05),
            (0.17, 1.2),
            (0.19, 1.35),
            (0.17, 1.44),
            (0.07, 1.48),
            (0, 1.48),
        ],
        20,
    ).scaled(1, 1, 0.66)
    bands = lathe(
        [(0.162, 1.08), (0.164, 1.08), (0.168, 1.13), (0.165, 1.13), (0.162, 1.08)], 20
    ).scaled(1.02, 1, 0.7)
    parts = [
        (
            "Trousers",
            "Hips",
            lathe([(0, 0.84), (0.13, 0.86), (0.155, 0.95), (0.15, 1.0), (0, 1.0)], 18).scaled(
                1, 1, 0.72
            ),
            "Denim",
        ),
        ("Vest", spine, torso, "VestFabric"),
        ("Bands", spine, bands, "WhiteBand"),
        ("Neck", f"{spine}/Head", rod((0, 1.46, 0), (0, 1.55, 0.01), 0.05), "Skin"),
        ("Face", f"{spine}/Head", ball(0, 1.62, 0.01, 0.1, 16, 1.2), "Skin"),
        (
            "Helmet",
            f"{spine}/Head",
            lathe(
                [
                    (0, 1.78),
                    (0.06, 1.765),
                    (0.105, 1.72),
                    (0.115, 1.67),
                    (0.145, 1.66),
                    (0.145, 1.652),
                    (0, 1.66),
                ],
                20,
            ),
            "WhitePaint",
        ),
    ]
    for name, s in (("Left", 1), ("Right", -1)):
        arm, leg = f"{spine}/{name}Arm", f"Hips/{name}Leg"
        parts += [
            (
                f"{name}Sleeve",
                arm,
                tube(
                    [(0.17 * s, 1.43, 0), (0.21 * s, 1.38, 0), (0.26 * s, 1.14, 0)],
                    [0.065, 0.06, 0.045],
                    10,
                ),
                "OrangePaint",
            ),
            (
                f"{name}Cuff",
                f"{arm}/Forearm",
                tube([(0.26 * s, 1.15, 0), (0.28 * s, 0.92, 0.04)], [0.045, 0.035], 10),
                "OrangePaint",
            ),
            (f"{name}Hand", f"{arm}/Forearm", ball(0.285 * s, 0.87, 0.05, 0.045, 10, 1.4), "Skin"),
            (
                f"{name}Thigh",
                leg,
                tube(
                    [(0.09 * s, 0.9, 0), (0.1 * s, 0.7, 0.01), (0.11 * s, 0.49, 0)],
                    [0.085, 0.08, 0.06],
                    12,
                ),
                "Denim",
            ),
            (
                f"{name}Shin",
                f"{leg}/Shin",
                tube(
                    [(0.11 * s, 0.51, 0), (0.115 * s, 0.3, -0.015), (0.115 * s, 0.09, 0)],
                    [0.06, 0.058, 0.045],
                    12,
                ),
                "Denim",
            ),
            (
                f"{name}Boot",
                f"{leg}/Shin",
                box(0.115 * s, 0.05, 0.05, 0.1, 0.1, 0.28, 0.025),
                "Rubber",
            ),
        ]
    side, front = (1, 0, 0), (0, 0, 1)
    wave = [(f, front, d) for f, d in ((1, 120), (13, 145), (25, 120), (37, 145), (49, 120))]
    skinned(
        a,
        joints,
        parts,
        {
            f"{spine}/LeftArm": wave,
            f"{spine}/LeftArm/Forearm": [
                (f, front, d) for f, d in ((1, 20), (13, 45), (25, 20), (37, 45), (49, 20))
            ],
            "Hips/LeftLeg": [
                (f, side, d) for f, d in ((1, 0), (13, -30), (25, 0), (37, 0), (49, 0))
            ],
            "Hips/LeftLeg/Shin": [
                (f, side, d) for f, d in ((1, 0), (13, 45), (25, 0), (37, 0), (49, 0))
            ],
            "Hips/RightLeg": [
                (f, side, d) for f, d in ((1, 0), (13, 0), (25, 0), (37, -30), (49, 0))
            ],
            "Hips/RightLeg/Shin": [
                (f, side, d) for f, d in ((1, 0), (13, 0), (25, 0), (37, 45), (49, 0))
            ],
        },
        blend=0.09,
    )
    a.save()


ASSETS = [robot_arm, worker]
