#!/usr/bin/env python3
"""Draws a terminal session as SVG, for the README: text on stdin, SVG on stdout.

    make demo | scripts/session_svg.py > docs/session.svg

Lines that start with `$ ` are what a person typed. East Asian characters take two columns.
"""

import html
import sys
import unicodedata

COLUMNS_MAX, LINE, COLUMN, MARGIN = 110, 18, 8.43, 16


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fitted(line: str) -> str:
    while columns(line) > COLUMNS_MAX:
        line = line[:-2] + "…"
    return line


def main() -> None:
    lines = [fitted(line.rstrip("\n")) for line in sys.stdin]
    while lines and not lines[0].startswith("$"):
        lines.pop(0)  # Set-up and building are not what the picture is about.
    width = 2 * MARGIN + COLUMN * max(map(columns, lines))
    height = 2 * MARGIN + LINE * len(lines)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img" '
          'aria-label="A terminal session: cataloguing the demo library and searching it">')
    print('<rect width="100%" height="100%" rx="8" fill="#16181d"/>')
    print('<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14" '
          'fill="#c8ccd4" xml:space="preserve" style="white-space:pre">')
    for number, line in enumerate(lines):
        style = ' fill="#ffffff" font-weight="bold"' if line.startswith("$ ") else ""
        if line:
            print(f'<text x="{MARGIN}" y="{MARGIN + LINE * (number + 0.8):.0f}"{style}>{html.escape(line)}</text>')
    print("</g>\n</svg>")


main()
