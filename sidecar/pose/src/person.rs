//! People as networks see them.

/// A joint in pixels of the frame, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Joint {
    /// From the left edge.
    pub x: f32,
    /// From the upper edge.
    pub y: f32,
    /// How sure the network is, 0 to 1; 0 for a joint that was not seen.
    pub score: f32,
}

/// A box in pixels of the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Smallest x.
    pub left: f32,
    /// Smallest y.
    pub top: f32,
    /// Largest x.
    pub right: f32,
    /// Largest y.
    pub bottom: f32,
}

/// Somebody in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Where they are.
    pub bounds: Bounds,
    /// How sure the network is that somebody is there, 0 to 1.
    pub score: f32,
    /// The 17 keypoints of COCO, in its order.
    pub joints: [Joint; 17],
    /// Left and right hand, 21 keypoints each, where a network looked for them and found them.
    pub hands: [Option<Box<[Joint; 21]>>; 2],
}

/// The people of one sampled frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Seconds since the clip's first frame.
    pub time_s: f64,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Who is there, in no order.
    pub people: Vec<Person>,
}
