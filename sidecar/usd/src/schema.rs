//! What the schemas of USD say of prim types: which are shapes, lights, bounded.
//!
//! # Source
//!
//! The schema definitions of OpenUSD 26: usdGeom, usdVol, usdLux, usdSkel, usdShade, usdRender,
//! usdPhysics, usdMedia, usdUI, usdProc.

/// How a prim takes part in bounds and transforms, weakest to strongest ability.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Family {
    /// No type, or one that no schema defines.
    Unknown,
    /// A type that has no place in space: materials, shaders, settings.
    Typed,
    /// Has a purpose and a visibility, but no transform.
    Imageable,
    /// Has a transform.
    Xformable,
    /// Has bounds of its own, which stand for everything below.
    Boundable(Shape),
}

/// How the bounds of a boundable prim are found where no extent is authored.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Shape {
    Cube,
    Sphere,
    Cylinder,
    Cylinder1,
    Cone,
    Capsule,
    Capsule1,
    Plane,
    Mesh,
    PointBased,
    Curves,
    Points,
    PointInstancer,
    SkelRoot,
    Skeleton,
    CylinderLight,
    DiskLight,
    PortalLight,
    RectLight,
    SphereLight,
    /// Only an authored extent tells.
    Opaque,
}

/// The family of a type.
pub(crate) fn family(type_name: &str) -> Family {
    use Family::{Boundable, Imageable, Typed, Unknown, Xformable};
    match type_name {
        "Xform" | "Camera" | "DistantLight" | "DomeLight" | "DomeLight_1" | "GeometryLight"
        | "PluginLight" | "LightFilter" | "PluginLightFilter" | "FieldAsset" | "OpenVDBAsset"
        | "Field3DAsset" | "SpatialAudio" => Xformable,
        "Cube" => Boundable(Shape::Cube),
        "Sphere" => Boundable(Shape::Sphere),
        "Cylinder" => Boundable(Shape::Cylinder),
        "Cylinder_1" => Boundable(Shape::Cylinder1),
        "Cone" => Boundable(Shape::Cone),
        "Capsule" => Boundable(Shape::Capsule),
        "Capsule_1" => Boundable(Shape::Capsule1),
        "Plane" => Boundable(Shape::Plane),
        "Mesh" => Boundable(Shape::Mesh),
        "TetMesh" | "NurbsPatch" => Boundable(Shape::PointBased),
        "BasisCurves" | "NurbsCurves" | "HermiteCurves" => Boundable(Shape::Curves),
        "Points" => Boundable(Shape::Points),
        "PointInstancer" => Boundable(Shape::PointInstancer),
        "SkelRoot" => Boundable(Shape::SkelRoot),
        "Skeleton" => Boundable(Shape::Skeleton),
        "CylinderLight" => Boundable(Shape::CylinderLight),
        "DiskLight" => Boundable(Shape::DiskLight),
        "PortalLight" => Boundable(Shape::PortalLight),
        "RectLight" => Boundable(Shape::RectLight),
        "SphereLight" => Boundable(Shape::SphereLight),
        "Volume" | "GenerativeProcedural" | "ParticleField" | "ParticleField3DGaussianSplat" => {
            Boundable(Shape::Opaque)
        }
        "Scope"
        | "PhysicsJoint"
        | "PhysicsRevoluteJoint"
        | "PhysicsPrismaticJoint"
        | "PhysicsSphericalJoint"
        | "PhysicsDistanceJoint"
        | "PhysicsFixedJoint" => Imageable,
        "Material"
        | "Shader"
        | "NodeGraph"
        | "GeomSubset"
        | "SkelAnimation"
        | "BlendShape"
        | "RenderSettings"
        | "RenderProduct"
        | "RenderVar"
        | "RenderPass"
        | "RenderDenoisePass"
        | "PhysicsScene"
        | "PhysicsCollisionGroup"
        | "Backdrop"
        | "HydraGenerativeProcedural" => Typed,
        _ => Unknown,
    }
}

/// API schemas that a type applies by itself, with instance names.
pub(crate) fn builtin_apis(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "DistantLight" | "DomeLight" | "DomeLight_1" | "GeometryLight" | "CylinderLight"
        | "DiskLight" | "PortalLight" | "RectLight" | "SphereLight" => {
            &["LightAPI", "CollectionAPI:lightLink", "CollectionAPI:shadowLink"]
        }
        "PluginLight" => {
            &["NodeDefAPI", "LightAPI", "CollectionAPI:lightLink", "CollectionAPI:shadowLink"]
        }
        "LightFilter" => &["CollectionAPI:filterLink"],
        "PhysicsCollisionGroup" => &["CollectionAPI:colliders"],
        "PluginLightFilter" => &["NodeDefAPI", "CollectionAPI:filterLink"],
        "RenderPass" => &[
            "CollectionAPI:renderVisibility",
            "CollectionAPI:cameraVisibility",
            "CollectionAPI:prune",
            "CollectionAPI:matte",
        ],
        "Shader" => &["NodeDefAPI"],
        "ParticleField3DGaussianSplat" => &[
            "ParticleFieldPositionAttributeAPI",
            "ParticleFieldPositionBaseAPI",
            "ParticleFieldOrientationAttributeAPI",
            "ParticleFieldScaleAttributeAPI",
            "ParticleFieldOpacityAttributeAPI",
            "ParticleFieldKernelGaussianEllipsoidAPI",
            "ParticleFieldKernelBaseAPI",
            "ParticleFieldSphericalHarmonicsAttributeAPI",
            "ParticleFieldRadianceBaseAPI",
        ],
        _ => &[],
    }
}

/// API schemas that an applied one brings along.
pub(crate) fn included_apis(api: &str) -> &'static [&'static str] {
    match api {
        "MeshLightAPI" | "VolumeLightAPI" => {
            &["LightAPI", "CollectionAPI:lightLink", "CollectionAPI:shadowLink"]
        }
        "LightAPI" => &["CollectionAPI:lightLink", "CollectionAPI:shadowLink"],
        "ParticleFieldKernelConstantSurfletAPI"
        | "ParticleFieldKernelGaussianEllipsoidAPI"
        | "ParticleFieldKernelGaussianSurfletAPI" => &["ParticleFieldKernelBaseAPI"],
        "ParticleFieldPositionAttributeAPI" => &["ParticleFieldPositionBaseAPI"],
        "ParticleFieldSphericalHarmonicsAttributeAPI" => &["ParticleFieldRadianceBaseAPI"],
        _ => &[],
    }
}

/// The extent that the schema of a type gives where none is authored: half sizes.
pub(crate) fn fallback_extent(shape: Shape) -> Option<[f64; 3]> {
    match shape {
        Shape::Cube | Shape::Sphere | Shape::Cylinder | Shape::Cylinder1 | Shape::Cone => {
            Some([1.0, 1.0, 1.0])
        }
        Shape::Capsule | Shape::Capsule1 => Some([0.5, 0.5, 1.0]),
        Shape::Plane => Some([1.0, 1.0, 0.0]),
        _ => None,
    }
}
