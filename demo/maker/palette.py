"""The materials of the library, by name."""

from typing import NamedTuple, Optional


class Look(NamedTuple):
    colour: tuple
    roughness: float = 0.6
    metallic: float = 0.0
    texture: Optional[str] = None
    opacity: float = 1.0
    glow: bool = False


PALETTE = {
    "YellowPaint": Look((0.95, 0.68, 0.08), 0.4),
    "OrangePaint": Look((0.93, 0.42, 0.10), 0.45),
    "RedPaint": Look((0.80, 0.11, 0.10), 0.35),
    "BluePaint": Look((0.13, 0.34, 0.66), 0.4),
    "GreenPaint": Look((0.16, 0.48, 0.30), 0.45),
    "TealPaint": Look((0.24, 0.55, 0.56), 0.45),
    "CreamPaint": Look((0.94, 0.90, 0.80), 0.4),
    "WhitePaint": Look((0.93, 0.93, 0.92), 0.4),
    "GreyPaint": Look((0.58, 0.60, 0.62), 0.5),
    "DarkPaint": Look((0.17, 0.18, 0.20), 0.5),
    "Rubber": Look((0.09, 0.09, 0.10), 0.9),
    "BlackPlastic": Look((0.11, 0.11, 0.12), 0.5),
    "GreyPlastic": Look((0.42, 0.44, 0.46), 0.6),
    "WhitePlastic": Look((0.90, 0.90, 0.88), 0.5),
    "Steel": Look((0.62, 0.64, 0.66), 0.35, 0.9),
    "Chrome": Look((0.80, 0.82, 0.84), 0.15, 1.0),
    "Aluminium": Look((0.75, 0.76, 0.78), 0.4, 0.9),
    "CastIron": Look((0.14, 0.14, 0.15), 0.7, 0.6),
    "Brass": Look((0.80, 0.60, 0.28), 0.3, 1.0),
    "Glass": Look((0.72, 0.86, 0.88), 0.05, 0.0, None, 0.35),
    "GreenGlass": Look((0.12, 0.32, 0.18), 0.08, 0.0, None, 0.8),
    "LampGlow": Look((1.00, 0.92, 0.70), 0.5, 0.0, None, 1.0, True),
    "RedGlow": Look((0.90, 0.15, 0.08), 0.5, 0.0, None, 1.0, True),
    "WhiteBand": Look((0.94, 0.94, 0.94), 0.3),
    "BlueFabric": Look((0.16, 0.30, 0.52), 0.95),
    "RedFabric": Look((0.66, 0.14, 0.16), 0.95),
    "GreyFabric": Look((0.38, 0.39, 0.41), 0.95),
    "VestFabric": Look((0.80, 0.90, 0.10), 0.9),
    "Denim": Look((0.18, 0.25, 0.40), 0.95),
    "Skin": Look((0.84, 0.66, 0.54), 0.7),
    "Ceramic": Look((0.95, 0.94, 0.90), 0.25),
    "BlueCeramic": Look((0.30, 0.52, 0.70), 0.25),
    "Terracotta": Look((0.72, 0.38, 0.24), 0.85),
    "Soil": Look((0.20, 0.13, 0.09), 1.0),
    "Leaf": Look((0.20, 0.48, 0.18), 0.7),
    "Apple": Look((0.76, 0.12, 0.10), 0.35),
    "Orange": Look((0.95, 0.52, 0.08), 0.6),
    "Banana": Look((0.95, 0.80, 0.20), 0.6),
    "Toast": Look((0.74, 0.50, 0.26), 0.95),
    "Bark": Look((0.34, 0.22, 0.13), 0.9),
    "Paper": Look((0.93, 0.91, 0.86), 0.9),
    "Coffee": Look((0.22, 0.12, 0.06), 0.3),
    "BookRed": Look((0.62, 0.16, 0.16), 0.8),
    "BookBlue": Look((0.16, 0.28, 0.50), 0.8),
    "BookGreen": Look((0.20, 0.42, 0.30), 0.8),
    "BookOchre": Look((0.80, 0.58, 0.20), 0.8),
    "WallPaint": Look((0.90, 0.88, 0.83), 0.9),
    "RoughWood": Look((0.74, 0.60, 0.42), 0.9, 0.0, "warehouse/textures/rough_wood.png"),
    "Cardboard": Look((0.74, 0.56, 0.36), 0.95, 0.0, "warehouse/textures/cardboard.png"),
    "Hazard": Look((0.60, 0.48, 0.08), 0.6, 0.0, "warehouse/textures/hazard.png"),
    "Concrete": Look((0.58, 0.58, 0.57), 0.95, 0.0, "warehouse/textures/concrete.png"),
    "LightWood": Look((0.76, 0.57, 0.37), 0.6, 0.0, "office/textures/light_wood.png"),
    "Screen": Look((0.20, 0.40, 0.52), 0.2, 0.0, "office/textures/screen.png"),
    "Scribbles": Look((0.95, 0.96, 0.96), 0.3, 0.0, "office/textures/scribbles.png"),
    "Walnut": Look((0.40, 0.25, 0.15), 0.55, 0.0, "kitchen/textures/walnut.png"),
    "Checker": Look((0.62, 0.64, 0.64), 0.5, 0.0, "kitchen/textures/checker.png"),
    "Brushed": Look((0.72, 0.74, 0.76), 0.35, 0.9, "kitchen/textures/brushed.png"),
}
