//! Which two of all tracks are the dancers, and who of them leads.
//!
//! A track's worth is coverage · confidence · size · movement; the two whose worth together is
//! greatest, who are there at the same time and near each other, are the couple.

use crate::body;
use crate::stitch::median;
use crate::{RoleHint, RolesFrom, Side, Sighting, Track, Tracks};

/// Tracks of the greatest worth that are compared in pairs.
const CANDIDATES_MAX: usize = 12;
/// Share of the moments that a dancer must be seen in, and the couple together.
const COVERAGE_MIN: f64 = 0.1;
/// Heights that differ by less are equal.
const HEIGHT_TIE: f64 = 0.02;
/// Seconds at the start of what both share, over which the sides are told.
const SIDES_S: f64 = 0.5;

/// The dancers as indices of tracks, lead first.
#[derive(Debug, PartialEq)]
pub(crate) struct Chosen {
    pub(crate) lead: Option<usize>,
    pub(crate) follow: Option<usize>,
    pub(crate) roles_from: RolesFrom,
}

/// A track in numbers.
struct Candidate {
    at: usize,
    coverage: f64,
    confidence: f64,
    height: f64,
    /// Heights a second that joints and body move.
    movement: f64,
}

pub(crate) fn choose(tracks: &Tracks, hint: RoleHint) -> Chosen {
    let nobody = Chosen { lead: None, follow: None, roles_from: RolesFrom::Nobody };
    let mut candidates: Vec<Candidate> = tracks
        .tracks
        .iter()
        .enumerate()
        .map(|(at, track)| candidate(at, track, &tracks.times_s))
        .filter(|candidate| candidate.coverage >= COVERAGE_MIN)
        .collect();
    let most =
        |value: &dyn Fn(&Candidate) -> f64| candidates.iter().map(value).fold(1e-9, f64::max);
    let (tallest, liveliest) = (most(&|c| c.height), most(&|c| c.movement));
    let worth = |c: &Candidate| {
        let moves = 0.3 + 0.7 * c.movement / liveliest;
        c.coverage * c.confidence * (c.height / tallest) * moves
    };
    candidates.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.at.cmp(&b.at)));
    candidates.truncate(CANDIDATES_MAX);
    let Some(first) = candidates.first() else { return nobody };

    let mut best: Option<(f64, [usize; 2])> = None;
    for (index, a) in candidates.iter().enumerate() {
        for b in &candidates[index + 1..] {
            let both = [a.at, b.at].map(|at| &tracks.tracks[at]);
            let Some(togetherness) = togetherness(both, tracks.times_s.len()) else { continue };
            let value = (worth(a) * worth(b)).sqrt() * togetherness;
            if best.is_none_or(|(most, _)| value > most) {
                best = Some((value, [a.at, b.at]));
            }
        }
    }
    match best {
        None => Chosen { lead: Some(first.at), follow: None, roles_from: RolesFrom::Rule },
        Some((_, pair)) => lead_first(tracks, pair, hint),
    }
}

fn candidate(at: usize, track: &Track, times_s: &[f64]) -> Candidate {
    let heights = track.sightings.iter().map(|s| body::height(&s.person.bounds));
    let height = median(heights.collect()).unwrap_or(1.0).max(1.0);
    let (mut moved, mut passed_s) = (0.0, 0.0);
    // Over a third of a second, so that the trembling of keypoints counts for little.
    let (mut from, mut to) = (0, 1);
    while let (Some(a), Some(b)) = (track.sightings.get(from), track.sightings.get(to)) {
        let (Some(a_s), Some(b_s)) = (times_s.get(a.moment), times_s.get(b.moment)) else { break };
        if b_s - a_s < 1.0 / 3.0 {
            to += 1;
            continue;
        }
        let (p, q) = (body::points(&a.person), body::points(&b.person));
        let ways = p.iter().zip(&q).filter(|(p, q)| p.seen() && q.seen());
        if let Some(way) = median(ways.map(|(p, q)| p.far_from(q)).collect()) {
            moved += way / height;
            passed_s += b_s - a_s;
        }
        (from, to) = (to, to + 1);
    }
    Candidate {
        at,
        coverage: track.sightings.len() as f64 / times_s.len().max(1) as f64,
        confidence: f64::from(track.confidence()),
        height,
        movement: if passed_s > 0.0 { moved / passed_s } else { 0.0 },
    }
}

/// The sightings of both in the moments that show both.
pub(crate) fn shared<'a>(a: &'a Track, b: &'a Track) -> Vec<[&'a Sighting; 2]> {
    let mut pairs = Vec::new();
    let mut others = b.sightings.iter().peekable();
    for sighting in &a.sightings {
        while others.next_if(|other| other.moment < sighting.moment).is_some() {}
        if let Some(other) = others.next_if(|other| other.moment == sighting.moment) {
            pairs.push([sighting, other]);
        }
    }
    pairs
}

fn middle_x(sighting: &Sighting) -> f64 {
    body::centre(&sighting.person, &body::points(&sighting.person)).x
}

/// 0 to 1: more for two who share many moments and are near each other.
fn togetherness(both: [&Track; 2], moments: usize) -> Option<f64> {
    let shared = shared(both[0], both[1]);
    let share = shared.len() as f64 / moments.max(1) as f64;
    if share < COVERAGE_MIN {
        return None;
    }
    let away = shared.iter().map(|pair| {
        let heights = pair.map(|s| body::height(&s.person.bounds));
        let [a, b] = pair.map(|s| body::centre(&s.person, &body::points(&s.person)));
        a.far_from(&b) / heights[0].max(heights[1]).max(1.0)
    });
    let away = median(away.collect())?;
    Some((0.5 + 0.5 * share) * (0.4 + 0.6 * (-(away - 0.8).max(0.0) / 1.5).exp()))
}

fn lead_first(tracks: &Tracks, pair: [usize; 2], hint: RoleHint) -> Chosen {
    let shared = shared(&tracks.tracks[pair[0]], &tracks.tracks[pair[1]]);
    let time_s = |s: &Sighting| tracks.times_s.get(s.moment).copied().unwrap_or_default();
    let start_s = shared.first().map_or(0.0, |both| time_s(both[0]));
    let first: Vec<_> =
        shared.iter().take_while(|both| time_s(both[0]) <= start_s + SIDES_S).collect();
    let x = |who: usize| first.iter().map(|both| middle_x(both[who])).sum::<f64>();
    let [left, right] = if x(0) <= x(1) { pair } else { [pair[1], pair[0]] };
    let (lead, roles_from) = match hint {
        RoleHint::LeadOn(Side::Left) => (left, RolesFrom::Annotation),
        RoleHint::LeadOn(Side::Right) => (right, RolesFrom::Annotation),
        RoleHint::Unsaid => {
            let height = |who: usize| {
                let all = shared.iter().map(|both| body::height(&both[who].person.bounds));
                median(all.collect()).unwrap_or(1.0)
            };
            let ratio = height(0) / height(1).max(1.0);
            let lead = if (ratio - 1.0).abs() < HEIGHT_TIE {
                left
            } else if ratio > 1.0 {
                pair[0]
            } else {
                pair[1]
            };
            (lead, RolesFrom::Rule)
        }
    };
    let follow = if lead == pair[0] { pair[1] } else { pair[0] };
    Chosen { lead: Some(lead), follow: Some(follow), roles_from }
}
