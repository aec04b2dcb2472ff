//! A couple to vectors: curves on a grid -> numbers -> standardised.

use crate::curve::Grid;
use crate::duo::{Both, duo};
use crate::figure::Figure;
use crate::sheet::Sheet;
use crate::solo::solo;
use crate::standard::standardise;
use crate::{Couple, Dancer, Embeddings, Measures, Track, constants};

/// What the blocks of a dancer weigh, as in `docs/poses.md`: place, spread, angle, speed, trend,
/// travel, together, before, bearing.
const DANCER_WEIGHTS: [f64; 9] = [1.0, 1.0, 1.0, 1.0, 0.2, 0.2, 1.0, 1.0, 1.0];
/// Relation, trend, same, mirrored, speeds of both, lag, compare.
const COUPLE_WEIGHTS: [f64; 7] = [2.0, 0.2, 1.0, 1.0, 0.5, 0.5, 1.0];

/// What each of the 512 numbers of a dancer is, in order.
pub fn dancer_names() -> Vec<String> {
    solo(None).names()
}

/// What each of the 256 numbers of a couple is, in order.
pub fn couple_names() -> Vec<String> {
    duo(None).names()
}

fn span(track: &Track, times_s: &[f64]) -> Option<(f64, f64)> {
    let time = |moment: usize| times_s.get(moment).copied();
    Some((time(track.sightings.first()?.moment)?, time(track.sightings.last()?.moment)?))
}

fn solo_of(dancer: &Dancer, times_s: &[f64]) -> Option<Sheet> {
    let (first_s, last_s) = span(&dancer.track, times_s)?;
    let figure = Figure::of(&dancer.track, times_s, Grid::over(first_s, last_s))?;
    Some(solo(Some(&figure)))
}

/// Over the time that both share.
fn duo_of(lead: &Dancer, follow: &Dancer, times_s: &[f64]) -> Option<Sheet> {
    let (a, b) = (span(&lead.track, times_s)?, span(&follow.track, times_s)?);
    let (first_s, last_s) = (a.0.max(b.0), a.1.min(b.1));
    if last_s < first_s {
        return None;
    }
    let grid = Grid::over(first_s, last_s);
    let lead = Figure::of(&lead.track, times_s, grid)?;
    let follow = Figure::of(&follow.track, times_s, grid)?;
    Some(duo(Some(&Both { lead: &lead, follow: &follow })))
}

struct Sheets {
    lead: Option<Sheet>,
    follow: Option<Sheet>,
    interaction: Option<Sheet>,
}

fn sheets(couple: &Couple) -> Sheets {
    let solo = |dancer: &Option<Dancer>| dancer.as_ref().and_then(|d| solo_of(d, &couple.times_s));
    let both = couple.lead.as_ref().zip(couple.follow.as_ref());
    Sheets {
        lead: solo(&couple.lead),
        follow: solo(&couple.follow),
        interaction: both.and_then(|(lead, follow)| duo_of(lead, follow, &couple.times_s)),
    }
}

pub(crate) fn embeddings(couple: &Couple) -> Embeddings {
    let Sheets { lead, follow, interaction } = sheets(couple);
    let dancer = |sheet: Option<Sheet>| {
        sheet.and_then(|sheet| standardise(&sheet, &constants::DANCER, &DANCER_WEIGHTS))
    };
    Embeddings {
        lead: dancer(lead),
        follow: dancer(follow),
        interaction: interaction
            .and_then(|sheet| standardise(&sheet, &constants::COUPLE, &COUPLE_WEIGHTS)),
    }
}

pub(crate) fn measures(couple: &Couple) -> Measures {
    let Sheets { lead, follow, interaction } = sheets(couple);
    let values = |sheet: Option<Sheet>| sheet.map(|sheet| sheet.values().to_vec());
    Measures { lead: values(lead), follow: values(follow), interaction: values(interaction) }
}
