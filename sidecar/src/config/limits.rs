//! The configured bounds of extraction as the USD reader takes them.

use vitrine_crds::library::Extraction;
use vitrine_usd::Limits;

/// What the reader of USD is told; time and memory are for whoever runs its process.
pub fn limits(extraction: &Extraction) -> Limits {
    let Extraction {
        file_bytes_max,
        unpacked_bytes_max,
        prims_max,
        depth_max,
        layers_max,
        arcs_max,
        timeout_seconds: _,
        memory_bytes_max: _,
    } = extraction;
    // The schema lets no negative number through; if one came, nothing may be read.
    Limits {
        file_bytes_max: u64::try_from(*file_bytes_max).unwrap_or(0),
        unpacked_bytes_max: u64::try_from(*unpacked_bytes_max).unwrap_or(0),
        prims_max: u64::try_from(*prims_max).unwrap_or(0),
        depth_max: u32::try_from(*depth_max).unwrap_or(0),
        layers_max: u32::try_from(*layers_max).unwrap_or(0),
        arcs_max: u32::try_from(*arcs_max).unwrap_or(0),
        // What bounds scenes is not configured: nobody has asked for other numbers yet.
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_configured_is_what_the_reader_would_take_by_itself() {
        assert_eq!(limits(&Extraction::default()), Limits::default());
    }
}
