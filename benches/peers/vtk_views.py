"""VTK by Mesa's processor renderer (llvmpipe, one thread): the peer of `benches/render.py`.

`vtk_views.py TRIANGLES PICTURE`: for each line on stdin eight views of the ball, answered by their
milliseconds as JSON. Views are 512 × 512 with 4 samples a pixel, physically based shading under three
lights, read back as bytes; the mesh is made before, so that reading counts for nothing.
"""

import json
import os
import pathlib
import sys
import time

# Before anything loads Mesa.
os.environ.update(LP_NUM_THREADS="0", LIBGL_ALWAYS_SOFTWARE="1", GALLIUM_DRIVER="llvmpipe")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "inputs"))

import ball  # noqa: E402
import numpy  # noqa: E402
import vtk  # noqa: E402
from vtk.util import numpy_support  # noqa: E402

VIEWS, SIZE = 8, 512
# As near as our turntable: the ball then covers as many pixels as in our pictures.
DOLLY = 1.6


def mesh(triangles: int) -> vtk.vtkPolyData:
    points, uvs, faces = (numpy.array(values) for values in ball.shape(triangles))
    data = vtk.vtkPolyData()
    vertices = vtk.vtkPoints()
    vertices.SetData(numpy_support.numpy_to_vtk(points.astype(numpy.float32), deep=True))
    data.SetPoints(vertices)
    cells = vtk.vtkCellArray()
    ends = numpy.arange(0, 3 * len(faces) + 1, 3)
    cells.SetData(
        numpy_support.numpy_to_vtkIdTypeArray(ends, deep=True),
        numpy_support.numpy_to_vtkIdTypeArray(faces.ravel(), deep=True),
    )
    data.SetPolys(cells)
    data.GetPointData().SetTCoords(numpy_support.numpy_to_vtk(uvs.astype(numpy.float32), deep=True))
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(data)
    normals.SplittingOff()
    normals.Update()
    return normals.GetOutput()


def window(data: vtk.vtkPolyData, picture: str) -> tuple:
    reader = vtk.vtkPNGReader()
    reader.SetFileName(picture)
    texture = vtk.vtkTexture()
    texture.SetInputConnection(reader.GetOutputPort())
    texture.MipmapOn()
    texture.InterpolateOn()
    texture.UseSRGBColorSpaceOn()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetInterpolationToPBR()
    actor.GetProperty().SetBaseColorTexture(texture)
    actor.GetProperty().SetRoughness(0.5)
    actor.GetProperty().SetMetallic(0.0)
    renderer = vtk.vtkRenderer()
    renderer.AddActor(actor)
    renderer.SetBackground(0.92, 0.92, 0.92)
    renderer.AutomaticLightCreationOff()
    for place in ((-0.5, 0.62, 0.7), (0.85, 0.05, 0.55), (0.3, 0.55, -0.78)):
        light = vtk.vtkLight()
        light.SetLightTypeToCameraLight()
        light.SetPosition(place)
        renderer.AddLight(light)
    shown = vtk.vtkRenderWindow()
    shown.SetOffScreenRendering(1)
    shown.SetMultiSamples(4)
    shown.SetSize(SIZE, SIZE)
    shown.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.SetViewAngle(35)
    camera.Elevation(20)
    renderer.ResetCamera()
    camera.Dolly(DOLLY)
    renderer.ResetCameraClippingRange()
    shown.Render()
    return shown, renderer, (reader, texture, mapper, actor)


def main() -> None:
    shown, renderer, kept = window(mesh(int(sys.argv[1])), sys.argv[2])
    lines = shown.ReportCapabilities().splitlines()
    device = next((line.split(":", 1)[1].strip() for line in lines if "renderer string" in line), "unknown")
    print("ready", flush=True)
    pixels = vtk.vtkUnsignedCharArray()
    for _ in sys.stdin:
        started = time.perf_counter()
        for _ in range(VIEWS):
            renderer.GetActiveCamera().Azimuth(360 / VIEWS)
            shown.Render()
            shown.GetRGBACharPixelData(0, 0, SIZE - 1, SIZE - 1, 1, pixels)
        took = (time.perf_counter() - started) * 1e3
        seen = numpy_support.vtk_to_numpy(pixels).reshape(SIZE, SIZE, -1)[:, :, :3]
        covered = float((numpy.abs(seen.astype(int) - seen[0, 0]).max(axis=2) > 2).mean())
        print(json.dumps({"views": took, "covered": covered, "device": device}), flush=True)
    del kept


main()
