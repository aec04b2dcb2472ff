//! A contact sheet of a clip: some of its frames, with the dancers drawn in.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{overlay, thumbnail};
use image::{ExtendedColorType, Rgb, RgbImage};
use vitrine_footage::Frame;
use vitrine_pose::{Couple, Dancer, Joint, Person, Tracks};

/// Frames of a sheet.
const SHOWN: usize = 6;
/// Frames of a row.
const COLUMNS: usize = 3;
/// Width of one of them, in pixels.
const CELL_WIDTH: u32 = 280;
/// Height of one of them at most, in pixels.
const CELL_HEIGHT_MAX: u32 = 320;
/// Pixels between two.
const GAP: u32 = 4;
/// Frames kept while a clip is looked at: when there are more, every second goes.
const KEPT_MAX: usize = 12;
/// Of 100.
const JPEG_QUALITY: u8 = 78;
/// Joints of a lower score are not drawn.
const SCORE_MIN: f32 = 0.3;

const LEAD: Rgb<u8> = Rgb([255, 145, 40]);
const FOLLOW: Rgb<u8> = Rgb([60, 190, 255]);
const OTHER: Rgb<u8> = Rgb([150, 150, 150]);
const GROUND: Rgb<u8> = Rgb([24, 26, 30]);

/// Pairs of COCO's joints that a line connects.
const BONES: [(usize, usize); 16] = [
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 6),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
];

/// Keeps some frames of a clip, evenly, however long it is.
#[derive(Default)]
pub(super) struct Keeper {
    seen: u64,
    /// Each so many frames one is kept; 0 before the first.
    every: u64,
    kept: Vec<Kept>,
}

/// A frame, made small.
struct Kept {
    time_s: f64,
    picture: RgbImage,
    /// Pixels of the small one for one of the frame.
    scale: f32,
    people: Vec<Person>,
}

impl Keeper {
    /// Takes the next frame, and who is in it.
    pub(super) fn show(&mut self, frame: Frame, people: &[Person]) {
        self.every = self.every.max(1);
        let is_kept = self.seen.is_multiple_of(self.every);
        self.seen += 1;
        if !is_kept {
            return;
        }
        let Frame { time_s, width, height, rgb, .. } = frame;
        let Some(whole) = RgbImage::from_raw(width, height, rgb) else { return };
        let scale = (CELL_WIDTH as f32 / width.max(1) as f32)
            .min(CELL_HEIGHT_MAX as f32 / height.max(1) as f32);
        let side = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let picture = thumbnail(&whole, side(width), side(height));
        self.kept.push(Kept { time_s, picture, scale, people: people.to_vec() });
        if self.kept.len() > KEPT_MAX {
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// The sheet as JPEG; none where there was no frame.
    pub(super) fn sheet(self, couple: &Couple, tracks: &Tracks) -> Option<Vec<u8>> {
        let count = self.kept.len();
        let shown: Vec<&Kept> = match count {
            0 => return None,
            few if few <= SHOWN => self.kept.iter().collect(),
            _ => (0..SHOWN).map(|at| &self.kept[at * (count - 1) / (SHOWN - 1)]).collect(),
        };
        let cell = shown.iter().fold((1, 1), |(width, height), kept| {
            (width.max(kept.picture.width()), height.max(kept.picture.height()))
        });
        let columns = COLUMNS.min(shown.len()) as u32;
        let rows = shown.len().div_ceil(COLUMNS) as u32;
        let span = |count: u32, side: u32| count * (side + GAP) - GAP;
        let mut sheet = RgbImage::from_pixel(span(columns, cell.0), span(rows, cell.1), GROUND);
        for (at, kept) in shown.into_iter().enumerate() {
            let (column, row) = ((at % COLUMNS) as u32, (at / COLUMNS) as u32);
            let drawn = kept.drawn(couple, tracks);
            overlay(
                &mut sheet,
                &drawn,
                i64::from(column * (cell.0 + GAP)),
                i64::from(row * (cell.1 + GAP)),
            );
        }
        let mut jpeg = Vec::new();
        let (width, height) = sheet.dimensions();
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
            .encode(sheet.as_raw(), width, height, ExtendedColorType::Rgb8)
            .ok()?;
        Some(jpeg)
    }
}

impl Kept {
    fn drawn(&self, couple: &Couple, tracks: &Tracks) -> RgbImage {
        let mut picture = self.picture.clone();
        // The moments that were taken are some of those that were shown, at the very same times.
        let moment = tracks.times_s().binary_search_by(|time_s| time_s.total_cmp(&self.time_s));
        let seen = |dancer: &Option<Dancer>| -> Option<Person> {
            let sightings = &dancer.as_ref()?.track.sightings;
            let moment = moment.ok()?;
            let at = sightings.binary_search_by_key(&moment, |sighting| sighting.moment).ok()?;
            Some(sightings[at].person.clone())
        };
        let (lead, follow) = (seen(&couple.lead), seen(&couple.follow));
        let is_dancer = |person: &Person| {
            [&lead, &follow].into_iter().flatten().any(|dancer| dancer.bounds == person.bounds)
        };
        for person in self.people.iter().filter(|person| !is_dancer(person)) {
            draw(&mut picture, &person.joints, self.scale, OTHER);
        }
        for (dancer, colour) in [(lead, LEAD), (follow, FOLLOW)] {
            if let Some(person) = dancer {
                draw(&mut picture, &person.joints, self.scale, colour);
            }
        }
        picture
    }
}

fn draw(picture: &mut RgbImage, joints: &[Joint; 17], scale: f32, colour: Rgb<u8>) {
    let place = |joint: &Joint| (joint.x * scale, joint.y * scale);
    let is_seen =
        |joint: &Joint| joint.score >= SCORE_MIN && joint.x.is_finite() && joint.y.is_finite();
    for (from, to) in BONES {
        let (from, to) = (&joints[from], &joints[to]);
        if is_seen(from) && is_seen(to) {
            line(picture, place(from), place(to), colour);
        }
    }
    for joint in joints.iter().filter(|joint| is_seen(joint)) {
        dot(picture, place(joint), 2, colour);
    }
}

fn line(picture: &mut RgbImage, from: (f32, f32), to: (f32, f32), colour: Rgb<u8>) {
    // Joints of a network may lie far outside: no more steps than a sheet is wide and high.
    let longest = (to.0 - from.0).abs().max((to.1 - from.1).abs());
    let steps = longest.clamp(1.0, (CELL_WIDTH + CELL_HEIGHT_MAX) as f32) as u32;
    for step in 0..=steps {
        let share = step as f32 / steps as f32;
        let at = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        dot(picture, at, 1, colour);
    }
}

/// A square of `2 · radius` pixels.
fn dot(picture: &mut RgbImage, (x, y): (f32, f32), radius: i64, colour: Rgb<u8>) {
    let (x, y) = (x.round() as i64, y.round() as i64);
    for (dx, dy) in (-radius..radius).flat_map(|dx| (-radius..radius).map(move |dy| (dx, dy))) {
        let at = (u32::try_from(x.saturating_add(dx)), u32::try_from(y.saturating_add(dy)));
        if let (Ok(x), Ok(y)) = at
            && x < picture.width()
            && y < picture.height()
        {
            picture.put_pixel(x, y, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use vitrine_pose::{Moment, Options, RoleHint, Tracker};

    use super::*;

    #[test]
    fn a_sheet_shows_frames_from_all_over_a_clip_of_any_length() {
        for frames in [1, 5, 200, 5_000_u32] {
            let mut keeper = Keeper::default();
            let mut tracker = Tracker::new(Options::default());
            for number in 0..frames {
                let time_s = f64::from(number) / 15.0;
                let (width, height) = (32, 18);
                let level = (number * 255 / frames.max(1)) as u8;
                let rgb = vec![level; (width * height * 3) as usize];
                let frame = Frame { index: 0, time_s, width, height, rgb };
                keeper.show(frame, &[]);
                tracker.push(Moment { time_s, width, height, people: Vec::new() });
            }
            assert!(keeper.kept.len() <= KEPT_MAX, "{frames}: {}", keeper.kept.len());
            let last = keeper.kept.last().unwrap().time_s * 15.0;
            assert!(last >= f64::from(frames - 1) * 0.8, "{frames}: {last}");
            let tracks = tracker.finish();
            let couple = tracks.couple(&RoleHint::default());
            let jpeg = keeper.sheet(&couple, &tracks).unwrap();
            let sheet = image::load_from_memory(&jpeg).unwrap();
            let columns = frames.min(COLUMNS as u32);
            assert_eq!(sheet.width(), columns * (CELL_WIDTH + GAP) - GAP, "{frames}");
        }
    }

    #[test]
    fn joints_far_outside_cost_no_time() {
        let mut picture = RgbImage::new(8, 8);
        let far = Joint { x: 1e30, y: -1e30, score: 1.0 };
        let mut joints = [far; 17];
        joints[5] = Joint { x: f32::NAN, ..far };
        draw(&mut picture, &joints, 1.0, LEAD);
    }
}
