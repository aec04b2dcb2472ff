"""Zips files into a .usdz: stored, data at multiples of 64 bytes, no clock in it."""

import zipfile

ALIGNMENT = 64
NAME_START = 30  # A local header's fixed part; the name and the padding follow it.


def write_package(path, members):
    """`members`: [(name inside, bytes)], the layer to open first."""
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        for name, data in members:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            start = package.fp.tell() + NAME_START + len(name.encode())
            padding = -start % ALIGNMENT
            if 0 < padding < 4:  # An extra field has a head of four bytes.
                padding += ALIGNMENT
            if padding:
                # Header id 0x1986 is what other usdz writers use for padding.
                entry.extra = (
                    (0x1986).to_bytes(2, "little")
                    + (padding - 4).to_bytes(2, "little")
                    + bytes(padding - 4)
                )
            package.writestr(entry, data)
