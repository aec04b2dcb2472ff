//! Sizes of reduced frames.

/// Width and height so reduced that the longer side is at most `side_max` pixels; their ratio is kept
/// to the nearest pixel, and no side becomes 0. Frames are never enlarged.
pub fn reduced(width: u32, height: u32, side_max: Option<u32>) -> (u32, u32) {
    let longest = width.max(height);
    let Some(side) = side_max.map(|side| side.max(1)).filter(|side| *side < longest) else {
        return (width, height);
    };
    let scaled = |length: u32| {
        let rounded = (u64::from(length) * u64::from(side) * 2 + u64::from(longest))
            / (u64::from(longest) * 2);
        u32::try_from(rounded).unwrap_or(side).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_is_reduced_and_the_ratio_kept() {
        #[rustfmt::skip]
        let cases = [
            // because                   width  height side_max  becomes
            ("no side is asked for",     1920,  1080,  None,      (1920, 1080)),
            ("it is small enough",        640,   360,  Some(640), (640, 360)),
            ("it is wide",               1920,  1080,  Some(640), (640, 360)),
            ("it is tall",               1080,  1920,  Some(640), (360, 640)),
            ("halves are rounded up",      10,     5,  Some(5),   (5, 3)),
            ("a line keeps a pixel",     9000,     1,  Some(16),  (16, 1)),
            ("numbers may be large",  u32::MAX, u32::MAX, Some(7), (7, 7)),
        ];
        for (because, width, height, side_max, expected) in cases {
            assert_eq!(reduced(width, height, side_max), expected, "{because}");
        }
    }
}
