#!/usr/bin/env python3
"""Makes the demo library. Needs usd-core (PyPI); nothing else needs Python to use the result.

python demo/make_library.py            writes demo/library
python demo/make_library.py --check    says whether the committed files are what this script makes
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import zipfile

from pxr import Sdf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from maker import kitchen, office, rig, scenes, textures, warehouse  # noqa: E402

LIBRARY = pathlib.Path(__file__).resolve().parent / "library"


def make(root):
    textures.write_all(root)
    for pack in (warehouse, rig, office, kitchen, scenes):
        for author in pack.ASSETS:
            author(root)


def content(path):
    """What must be equal: pictures and text as bytes, crate files as the text they stand for,
    because another release of usd-core may pack the same content differently."""
    data = path.read_bytes()
    if data.startswith(b"PXR-USDC"):
        return Sdf.Layer.FindOrOpen(str(path)).ExportToString()
    if path.suffix == ".usdz":
        with zipfile.ZipFile(path) as package:
            pictures = {n: package.read(n) for n in package.namelist() if not n.endswith(".usdc")}
        return Sdf.Layer.FindOrOpen(str(path)).ExportToString(), pictures
    return data


def check(committed, fresh):
    """Returns a line per difference."""
    names = {
        side: {p.relative_to(side).as_posix() for p in side.rglob("*") if p.is_file()}
        for side in (committed, fresh)
    }
    lines = [f"missing: {n}" for n in sorted(names[fresh] - names[committed])]
    lines += [f"not made by the script: {n}" for n in sorted(names[committed] - names[fresh])]
    for name in sorted(names[committed] & names[fresh]):
        if content(committed / name) != content(fresh / name):
            lines.append(f"differs: {name}")
    return lines


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=pathlib.Path, default=LIBRARY, help="folder to write")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    if arguments.check:
        with tempfile.TemporaryDirectory() as folder:
            fresh = pathlib.Path(folder) / "library"
            make(fresh)
            differences = check(arguments.out.resolve(), fresh)
        print("\n".join(differences) or "the committed library is what the script makes")
        return 1 if differences else 0
    if arguments.out.exists():
        shutil.rmtree(arguments.out)
    make(arguments.out.resolve())
    files = [p for p in arguments.out.rglob("*") if p.is_file()]
    print(f"{len(files)} files, {sum(p.stat().st_size for p in files)} bytes in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
