//! Films of a scripted picture: a white square goes right over black, `SPEED` pixels a second.

use std::path::{Path, PathBuf};

use opencv::core::{CV_8UC3, Mat, Rect, Scalar, Size};
use opencv::prelude::{VideoWriterTrait, VideoWriterTraitConst};
use opencv::{imgproc, videoio};
use vitrine_footage::Frame;

pub const WIDTH: i32 = 320;
pub const HEIGHT: i32 = 176;
/// Pixels a second.
pub const SPEED: f64 = 60.0;
const SIDE: i32 = 32;
const TOP: i32 = 16;

/// The picture at a time.
pub fn picture(time_s: f64, (width, height): (i32, i32)) -> Mat {
    let black = Scalar::all(0.0);
    let mut picture = Mat::new_rows_cols_with_default(height, width, CV_8UC3, black).unwrap();
    let left = (time_s * SPEED).round() as i32 % (width - SIDE).max(1);
    let square = Rect::new(left, TOP.min(height - 1), SIDE, SIDE);
    imgproc::rectangle(&mut picture, square, Scalar::all(255.0), -1, 8, 0).unwrap();
    picture
}

/// Where the square's left edge is, and its top, in pixels of the frame.
pub fn square_of(frame: &Frame) -> (f64, f64) {
    let (mut sum, mut across, mut down) = (0.0, 0.0, 0.0);
    for (n, pixel) in frame.rgb.chunks_exact(3).enumerate() {
        let light = if pixel[1] > 127 { 1.0 } else { 0.0 };
        sum += light;
        across += light * ((n as u32 % frame.width) as f64 + 0.5);
        down += light * ((n as u32 / frame.width) as f64 + 0.5);
    }
    (across / sum - f64::from(SIDE) / 2.0, down / sum - f64::from(SIDE) / 2.0)
}

/// Writes a film; the name's ending decides the container, `letters` the codec.
pub fn film(folder: &Path, name: &str, letters: &str, rate: f64, frames: u32) -> PathBuf {
    sized_film(folder, name, letters, (rate, frames), (WIDTH, HEIGHT))
}

/// A second of red.
pub fn red_film(folder: &Path, name: &str, letters: &str) -> PathBuf {
    let red = Scalar::new(0.0, 0.0, 255.0, 0.0); // OpenCV's order is blue first.
    let red = Mat::new_rows_cols_with_default(HEIGHT, WIDTH, CV_8UC3, red).unwrap();
    written(&folder.join(name), letters, (30.0, 30), (WIDTH, HEIGHT), &|_| red.clone())
}

pub fn sized_film(
    folder: &Path,
    name: &str,
    letters: &str,
    (rate, frames): (f64, u32),
    size: (i32, i32),
) -> PathBuf {
    let path = folder.join(name);
    written(&path, letters, (rate, frames), size, &|time_s| picture(time_s, size))
}

fn written(
    path: &Path,
    letters: &str,
    (rate, frames): (f64, u32),
    size: (i32, i32),
    picture_at: &dyn Fn(f64) -> Mat,
) -> PathBuf {
    let [a, b, c, d] = <[char; 4]>::try_from(letters.chars().collect::<Vec<_>>()).unwrap();
    let letters = videoio::VideoWriter::fourcc(a, b, c, d).unwrap();
    let name = path.to_str().unwrap();
    let ffmpeg = videoio::CAP_FFMPEG;
    let size = Size::new(size.0, size.1);
    let writer = videoio::VideoWriter::new_with_backend(name, ffmpeg, letters, rate, size, true);
    let mut writer = writer.unwrap();
    assert!(writer.is_opened().unwrap(), "{name}: no encoder");
    for frame in 0..frames {
        writer.write(&picture_at(f64::from(frame) / rate)).unwrap();
    }
    writer.release().unwrap();
    path.to_owned()
}
