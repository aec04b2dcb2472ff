//! Joins tracks that broke: somebody left the picture, or was hidden for longer than the gap.

use crate::assign::assign;
use crate::body;
use crate::{Sighting, Track};

/// A join that costs this or more is not made.
const COST_MAX: f64 = 1.0;
/// Sightings at an end of a track that tell place and speed.
const END_SIGHTINGS: usize = 6;

/// Where somebody is at one end of a track.
struct End {
    time_s: f64,
    place: [f64; 2],
    /// Pixels a second.
    speed: [f64; 2],
    height: f64,
}

/// Joins each end with the start it fits, at least cost over all; ids are those of the first parts.
pub(crate) fn join(mut tracks: Vec<Track>, times_s: &[f64], within_s: f64) -> Vec<Track> {
    tracks.sort_by_key(|track| track.id);
    let starts: Vec<Option<End>> =
        tracks.iter().map(|track| end(track.sightings.iter(), times_s)).collect();
    let ends: Vec<Option<End>> =
        tracks.iter().map(|track| end(track.sightings.iter().rev(), times_s)).collect();
    let statures: Vec<Option<f64>> = tracks.iter().map(stature).collect();
    let cost = |a: usize, b: usize| match (&ends[a], &starts[b]) {
        (Some(from), Some(to)) => cost(from, to, within_s) + apart(statures[a], statures[b]),
        _ => f64::MAX,
    };
    let count = tracks.len();
    let costs: Vec<Vec<f64>> =
        (0..count).map(|a| (0..count).map(|b| cost(a, b)).collect()).collect();
    let next = assign(&costs, COST_MAX);
    let mut parts: Vec<Option<Track>> = tracks.into_iter().map(Some).collect();
    let is_later = |at: usize| next.contains(&Some(at));
    let mut joined = Vec::new();
    for first in (0..count).filter(|&at| !is_later(at)) {
        let Some(mut whole) = parts[first].take() else { continue };
        let mut at = first;
        while let Some(part) = next[at].and_then(|later| parts[later].take()) {
            whole.sightings.extend(part.sightings);
            at = next[at].expect("the part was taken by this index");
        }
        joined.push(whole);
    }
    joined
}

fn end<'a>(sightings: impl Iterator<Item = &'a Sighting>, times_s: &[f64]) -> Option<End> {
    let near: Vec<(f64, [f64; 2], f64)> = sightings
        .take(END_SIGHTINGS)
        .filter_map(|sighting| {
            let centre = body::centre(&sighting.person, &body::points(&sighting.person));
            let height = body::height(&sighting.person.bounds);
            Some((*times_s.get(sighting.moment)?, [centre.x, centre.y], height))
        })
        .collect();
    let (&(time_s, place, height), &(far_s, far, _)) = (near.first()?, near.last()?);
    let passed_s = time_s - far_s;
    let speed = |axis: usize| {
        if passed_s.abs() > 0.1 { (place[axis] - far[axis]) / passed_s } else { 0.0 }
    };
    Some(End { time_s, place, speed: [speed(0), speed(1)], height: height.max(1.0) })
}

/// Distance between where both ends point to half-way, in heights, against what the time allows.
fn cost(from: &End, to: &End, within_s: f64) -> f64 {
    let gap_s = to.time_s - from.time_s;
    if gap_s <= 0.0 || gap_s > within_s {
        return f64::MAX;
    }
    let counted_s = (gap_s / 2.0).min(0.4);
    let between = |axis: usize| {
        (from.place[axis] + from.speed[axis] * counted_s)
            - (to.place[axis] - to.speed[axis] * counted_s)
    };
    let away = between(0).hypot(between(1)) / from.height.max(to.height);
    away / (0.3 + 0.3 * gap_s)
}

/// The median stature over a track, in pixels.
fn stature(track: &Track) -> Option<f64> {
    let all = track.sightings.iter().filter_map(|s| body::stature(&body::points(&s.person)));
    median(all.collect())
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// What it costs that two parts differ in stature.
fn apart(a: Option<f64>, b: Option<f64>) -> f64 {
    match (a, b) {
        (Some(a), Some(b)) if a > 0.0 && b > 0.0 => 0.5 * ((a / b).ln().abs() / 0.12),
        _ => 0.2,
    }
}
