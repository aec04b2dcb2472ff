//! Real videos, against what FFmpeg and a detector's reference found in them.

use crate::asking::{probe, real, watch};

#[test]
fn real_videos_give_the_frames_that_the_reference_decoded() {
    #[rustfmt::skip]
    let cases = [
        // file             frames  rate  width height  samples
        ("duo_dev.mp4",     240,    24.0,  900,  576,   150),
        ("pose_1.mp4",      120,    30.0,  576,  576,    60),
        ("pose_squats.mp4",  65,     5.0,  720, 1280,    65),
        ("vtest.avi",       795,    10.0,  768,  576,   795),
    ];
    for (name, frames, rate, width, height, samples) in cases {
        let Some(path) = real(name) else { return };
        let answer = watch(&path, 15.0, Some(320));
        let header = answer.header.as_ref().unwrap();
        assert_eq!((header.width, header.height), (width, height), "{name}");
        assert_eq!(answer.end().frames_read, frames, "{name}");
        assert_eq!((answer.frames.len(), answer.end().is_truncated), (samples, false), "{name}");
        let times = answer.times();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
        for frame in &answer.frames {
            let expected = frame.index as f64 / rate;
            assert!(
                (frame.time_s - expected).abs() < 0.002,
                "{name}: {} at {expected}",
                frame.time_s
            );
        }
        let brightest = answer.frames.iter().flat_map(|frame| &frame.rgb).max();
        assert!(brightest > Some(&100), "{name} is dark");
        assert_eq!(probe(&path).header.as_ref(), Some(header), "{name}");
    }
}
