"""Polygon shapes: metres, Y up, front towards +Z. Every closed shape faces outwards.

A shape is points, faces (index lists) and one texture coordinate per face corner.
"""

import math


class Shape:
    def __init__(self, points, faces, uvs=None):
        self.points = [tuple(p) for p in points]
        self.faces = [list(f) for f in faces]
        self.uvs = uvs if uvs is not None else [[(0.0, 0.0)] * len(f) for f in self.faces]

    def __add__(self, other):
        shift = len(self.points)
        moved = [[i + shift for i in face] for face in other.faces]
        return Shape(self.points + other.points, self.faces + moved, self.uvs + other.uvs)

    def at(self, x=0.0, y=0.0, z=0.0):
        return self._mapped(lambda p: (p[0] + x, p[1] + y, p[2] + z))

    def scaled(self, x, y, z):
        return self._mapped(lambda p: (p[0] * x, p[1] * y, p[2] * z))

    def turned(self, axis, degrees):
        """Turns about an axis ("x", "y" or "z") through the origin, counter-clockwise."""
        a = "xyz".index(axis)
        i, j = (a + 1) % 3, (a + 2) % 3
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

        def turn(p):
            q = list(p)
            q[i], q[j] = p[i] * cos - p[j] * sin, p[i] * sin + p[j] * cos
            return tuple(q)

        return self._mapped(turn)

    def bent(self, change):
        """Moves every point by `change(x, y, z)`."""
        return self._mapped(lambda p: change(*p))

    def _mapped(self, change):
        return Shape([change(p) for p in self.points], self.faces, self.uvs)


def joined(shapes):
    total = Shape([], [])
    for shape in shapes:
        total = total + shape
    return total


def sub(a, b):
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(a):
    length = math.sqrt(dot(a, a)) or 1.0
    return (a[0] / length, a[1] / length, a[2] / length)


def face_normal(points, face):
    """Newell's normal; its length is twice the face's area."""
    n = [0.0, 0.0, 0.0]
    for k, i in enumerate(face):
        p, q = points[i], points[face[(k + 1) % len(face)]]
        n[0] += (p[1] - q[1]) * (p[2] + q[2])
        n[1] += (p[2] - q[2]) * (p[0] + q[0])
        n[2] += (p[0] - q[0]) * (p[1] + q[1])
    return tuple(n)


def _closed(points, faces, uvs=None):
    """A closed shape, turned inside out if its signed volume is negative."""
    volume = 0.0
    for face in faces:
        for k in range(1, len(face) - 1):
            a, b, c = (points[face[i]] for i in (0, k, k + 1))
            volume += dot(a, cross(b, c))
    if volume < 0:
        faces = [f[::-1] for f in faces]
        uvs = [u[::-1] for u in uvs] if uvs is not None else None
    return Shape(points, faces, uvs)


def planar_uvs(shape, tile=None):
    """Projects each face along its main axis: the whole shape is one tile, or `tile` metres."""
    low = [min(p[i] for p in shape.points) for i in range(3)]
    size = [max(max(p[i] for p in shape.points) - low[i], 1e-9) for i in range(3)]
    uvs = []
    for face in shape.faces:
        normal = [abs(v) for v in face_normal(shape.points, face)]
        u, v = {0: (2, 1), 1: (0, 2), 2: (0, 1)}[normal.index(max(normal))]
        corners = []
        for i in face:
            p = shape.points[i]
            if tile is None:
                corners.append(((p[u] - low[u]) / size[u], (p[v] - low[v]) / size[v]))
            else:
                corners.append((p[u] / tile, p[v] / tile))
        uvs.append(corners)
    return Shape(shape.points, shape.faces, uvs)


def box(x, y, z, sx, sy, sz, bevel=0.0, tile=None):
    """A box of size (sx, sy, sz) around (x, y, z); `bevel` cuts its edges off."""
    half = (sx / 2, sy / 2, sz / 2)
    signs = [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    if bevel <= 0:
        points = [tuple(s[i] * half[i] for i in range(3)) for s in signs]
        faces = [[i for i, s in enumerate(signs) if s[a] == v] for a in range(3) for v in (-1, 1)]
    else:
        points, where = [], {}
        for s in signs:
            for main in range(3):
                where[s, main] = len(points)
                points.append(
                    tuple(s[i] * (half[i] - (0 if i == main else bevel)) for i in range(3))
                )
        faces = [[where[s, a] for s in signs if s[a] == v] for a in range(3) for v in (-1, 1)]
        faces += [[where[s, 0], where[s, 1], where[s, 2]] for s in signs]
        for along in range(3):
            i, j = (along + 1) % 3, (along + 2) % 3
            for a in (-1, 1):
                for b in (-1, 1):
                    ends = [s for s in signs if s[i] == a and s[j] == b]
                    faces.append([where[s, m] for s in ends for m in (i, j)])
    faces = [_convex_order(points, f) for f in faces]
    return planar_uvs(Shape(points, faces), tile).at(x, y, z)


def _convex_order(points, face):
    """Sorts the corners of a convex face around its centre, outwards from the origin."""
    centre = tuple(sum(points[i][k] for i in face) / len(face) for k in range(3))
    a, b, c = (points[i] for i in face[:3])
    normal = unit(cross(sub(b, a), sub(c, a)))
    if dot(normal, centre) < 0:
        normal = tuple(-v for v in normal)
    u = unit(sub(a, centre))
    v = cross(normal, u)

    def angle(i):
        return math.atan2(dot(sub(points[i], centre), v), dot(sub(points[i], centre), u))

    return sorted(face, key=lambda i: round(angle(i), 9))


def lathe(profile, segments=24):
    """Turns a profile of (radius, height) about the Y axis; it starts and ends on the axis,
    or meets itself (then name the first point again at the end)."""
    ring_shape = profile[0] == profile[-1]
    rows = profile[:-1] if ring_shape else profile
    points, start = [], []
    for radius, height in rows:
        start.append(len(points))
        if radius == 0:
            points.append((0.0, height, 0.0))
        else:
            for k in range(segments):
                angle = 2 * math.pi * k / segments
                points.append((radius * math.sin(angle), height, radius * math.cos(angle)))
    lengths = [0.0]
    for (r0, h0), (r1, h1) in zip(profile, profile[1:]):
        lengths.append(lengths[-1] + math.hypot(r1 - r0, h1 - h0))
    faces, uvs = [], []
    count = len(rows) if ring_shape else len(rows) - 1
    for i in range(count):
        j = (i + 1) % len(rows)
        v0, v1 = lengths[i] / lengths[-1], lengths[i + 1] / lengths[-1]
        for k in range(segments):
            n = (k + 1) % segments
            u0, u1 = k / segments, (k + 1) / segments
            low_is_point, high_is_point = rows[i][0] == 0, rows[j][0] == 0
            if low_is_point and high_is_point:
                continue
            if low_is_point:
                faces.append([start[i], start[j] + n, start[j] + k])
                uvs.append([(u0, v0), (u1, v1), (u0, v1)])
            elif high_is_point:
                faces.append([start[i] + k, start[i] + n, start[j]])
                uvs.append([(u0, v0), (u1, v0), (u0, v1)])
            else:
                faces.append([start[i] + k, start[i] + n, start[j] + n, start[j] + k])
                uvs.append([(u0, v0), (u1, v0), (u1, v1), (u0, v1)])
    return _closed(points, faces, uvs)


def ball(x, y, z, radius, segments=16, squash=1.0):
    rows = segments // 2
    profile = [
        (
            0.0 if k in (0, rows) else radius * math.sin(math.pi * k / rows),
            -radius * squash * math.cos(math.pi * k / rows),
        )
        for k in range(rows + 1)
    ]
    return lathe(profile, segments).at(x, y, z)


def tube(path, radius, segments=8, closed=False):
    """A round bar along a path of points; `radius` is one number or one per point."""
    count = len(path)
    radii = [radius] * count if isinstance(radius, (int, float)) else list(radius)
    rings, points = [], []
    side = None
    for k in range(count):
        before = path[k - 1] if closed or k > 0 else path[k]
        after = path[(k + 1) % count] if closed or k < count - 1 else path[k]
        ahead = unit(sub(after, before))
        if side is None:
            helper = (0.0, 1.0, 0.0) if abs(ahead[1]) < 0.9 else (1.0, 0.0, 0.0)
            side = unit(cross(helper, ahead))
        along = dot(side, ahead)
        side = unit(tuple(side[i] - along * ahead[i] for i in range(3)))
        up = cross(ahead, side)
        # A bend is cut along its bisector: widen there, so that the bar keeps its width.
        widen = 1.0
        if 0 < k < count - 1 or closed:
            half = dot(unit(sub(path[k], before)), ahead)
            widen = 1.0 / max(half, 0.5)
        rings.append(len(points))
        bend = None
        if widen > 1.001:
            bend = unit(sub(unit(sub(after, path[k])), unit(sub(path[k], before))))
        for s in range(segments):
            angle = 2 * math.pi * s / segments
            offset = tuple(
                radii[k] * (math.cos(angle) * side[i] + math.sin(angle) * up[i]) for i in range(3)
            )
            if bend is not None:
                extra = dot(offset, bend) * (widen - 1.0)
                offset = tuple(offset[i] + extra * bend[i] for i in range(3))
            points.append(tuple(path[k][i] + offset[i] for i in range(3)))
    faces, uvs = [], []
    for k in range(count if closed else count - 1):
        a, b = rings[k], rings[(k + 1) % count]
        for s in range(segments):
            n = (s + 1) % segments
            faces.append([a + s, a + n, b + n, b + s])
            u0, u1 = s / segments, (s + 1) / segments
            uvs.append(
                [(u0, k / count), (u1, k / count), (u1, (k + 1) / count), (u0, (k + 1) / count)]
            )
    if not closed:
        first, last = rings[0], rings[-1]
        faces.append([first + s for s in reversed(range(segments))])
        faces.append([last + s for s in range(segments)])
        uvs += [[(0.5, 0.5)] * segments] * 2
    return _closed(points, faces, uvs)


def rod(start, end, radius, end_radius=None, segments=14):
    """A straight round bar; a second radius makes it a cone."""
    return tube([start, end], [radius, radius if end_radius is None else end_radius], segments)


def ring(x, y, z, radius, thickness, segments=24, axis="y"):
    """A torus around (x, y, z), its hole along `axis`."""
    path = [
        (
            radius * math.sin(2 * math.pi * k / segments),
            0.0,
            radius * math.cos(2 * math.pi * k / segments),
        )
        for k in range(segments)
    ]
    shape = tube(path, thickness, 8, closed=True)
    if axis == "x":
        shape = shape.turned("z", 90)
    elif axis == "z":
        shape = shape.turned("x", 90)
    return shape.at(x, y, z)


def arc(centre, radius, start, end, steps, plane="xy"):
    """Points of a circle in a plane, degrees from the plane's first axis to its second."""
    i, j = ("xyz".index(a) for a in plane)
    points = []
    for k in range(steps + 1):
        angle = math.radians(start + (end - start) * k / steps)
        p = list(centre)
        p[i] += radius * math.cos(angle)
        p[j] += radius * math.sin(angle)
        points.append(tuple(p))
    return points


def extrude(outline, near, far, axis="z"):
    """A prism: a flat outline of (a, b) pushed from `near` to `far` along an axis.

    The outline lies in (x, y) for axis z, in (z, y) for axis x, in (x, z) for axis y.
    """
    place = {
        "z": lambda a, b, c: (a, b, c),
        "x": lambda a, b, c: (c, b, a),
        "y": lambda a, b, c: (a, c, b),
    }[axis]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, outline[1:] + outline[:1]))
    if area < 0:
        outline = outline[::-1]
    count = len(outline)
    points = [place(a, b, near) for a, b in outline] + [place(a, b, far) for a, b in outline]
    faces = [[k, (k + 1) % count, count + (k + 1) % count, count + k] for k in range(count)]
    for caps in _convex_pieces(outline):
        faces.append(caps[::-1])
        faces.append([count + i for i in caps])
    return planar_uvs(_closed(points, faces))


def _convex_pieces(outline):
    """The outline itself when convex, else its ears, so that any renderer can draw it."""

    def turn(i, j, k):
        (ax, ay), (bx, by), (cx, cy) = outline[i], outline[j], outline[k]
        return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)

    left = list(range(len(outline)))
    size = len(left)
    if all(turn(left[k - 1], left[k], left[(k + 1) % size]) >= -1e-12 for k in range(size)):
        return [left]
    pieces = []
    while len(left) > 3:
        for k in range(len(left)):
            i, j, n = left[k - 1], left[k], left[(k + 1) % len(left)]
            if turn(i, j, n) <= 0:
                continue
            others = [m for m in left if m not in (i, j, n)]
            if any(
                turn(i, j, m) >= 0 and turn(j, n, m) >= 0 and turn(n, i, m) >= 0 for m in others
            ):
                continue
            pieces.append([i, j, n])
            left.pop(k)
            break
        else:
            raise ValueError("outline crosses itself")
    pieces.append(left)
    return pieces


def corner_normals(shape, crease_degrees=38.0):
    """One normal per face corner, smooth across edges flatter than the crease; None when the
    shape is all facets, for then the faces say it already."""
    normals = [face_normal(shape.points, f) for f in shape.faces]
    units = [unit(n) for n in normals]
    around = {}
    for number, face in enumerate(shape.faces):
        for i in face:
            around.setdefault(i, []).append(number)
    least = math.cos(math.radians(crease_degrees))
    out, smooth = [], False
    for number, face in enumerate(shape.faces):
        for i in face:
            total = [0.0, 0.0, 0.0]
            for other in around[i]:
                if dot(units[number], units[other]) >= least:
                    for k in range(3):
                        total[k] += normals[other][k]
            normal = unit(tuple(total))
            smooth = smooth or dot(normal, units[number]) < 0.9999
            out.append(normal)
    return out if smooth else None
