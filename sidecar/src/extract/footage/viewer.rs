//! Frames to people, tracks, a couple and its vectors: the thread that looks.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use vitrine_footage::{Frame, Header};
use vitrine_people::{LookError, Picture};
use vitrine_pose::{Moment, Options, RoleHint, Tracker};

use super::Film;
use super::program::MediaError;
use super::projector::{Ended, Reel};
use super::sheet::Keeper;
use crate::embed::EmbedError;
use crate::embed::people::Lookers;
use crate::extract::Failed;
use crate::storage::StorageError;

/// Frames that are looked at together.
const BATCH_FRAMES: usize = 8;

/// Whose networks a viewer looks through.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// The networks.
    pub lookers: &'a Lookers,
    /// Which of the viewers this is.
    pub lane: usize,
}

/// Why nobody can look any more. Ends the run.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// Nothing can be decoded.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The store does not give the clips.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The networks are broken.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

/// What somebody who waits for films is given: the tag of a clip, its film or why there is none, and
/// the time it took. Says whether anybody wants more.
pub trait Audience<T> {
    /// What the annotation of a clip says of who leads.
    fn hint(&self, tag: &T) -> RoleHint;
    /// So many more frames of a clip were looked at.
    fn looked(&self, tag: &T, frames: u64);
    /// A clip is done.
    fn done(&mut self, tag: T, film: Result<Box<Film>, Failed>) -> bool;
}

/// Looks at what `reel` shows, clip after clip.
///
/// # Errors
///
/// See [`ViewError`]; what a single clip lacks goes to `audience`.
pub fn view<T>(
    reel: Receiver<Reel<T>>,
    seat: Seat<'_>,
    audience: &mut impl Audience<T>,
) -> Result<(), ViewError> {
    let mut open: Option<(T, Watching)> = None;
    for shown in reel {
        match (shown, &mut open) {
            (Reel::Start(tag), open) => *open = Some((tag, Watching::default())),
            (Reel::Header(header), Some((_, watching))) => watching.header = header,
            (Reel::Again, Some((_, watching))) => *watching = Watching::default(),
            (Reel::Frame(frame), Some((tag, watching))) => {
                watching.waiting.push(frame);
                if watching.waiting.len() >= BATCH_FRAMES {
                    match watching.look(seat) {
                        Ok(()) => audience.looked(tag, BATCH_FRAMES as u64),
                        Err(Unseen::Run(error)) => return Err(error.into()),
                        // Frames that follow find nobody who waits for them.
                        Err(Unseen::Clip(failed)) => {
                            let Some((tag, _)) = open.take() else { continue };
                            if !audience.done(tag, Err(failed)) {
                                return Ok(());
                            }
                        }
                    }
                }
            }
            (Reel::End(ended), open) => {
                let Some((tag, mut watching)) = open.take() else { continue };
                match watching.look(seat) {
                    Ok(()) => {}
                    Err(Unseen::Run(error)) => return Err(error.into()),
                    Err(Unseen::Clip(failed)) => {
                        if !audience.done(tag, Err(failed)) {
                            return Ok(());
                        }
                        continue;
                    }
                }
                let hint = audience.hint(&tag);
                if !audience
                    .done(tag, Ok(Box::new(watching.film(*ended, (&hint, seat.lookers.family())))))
                {
                    return Ok(());
                }
            }
            (Reel::Failed(failed), open) => {
                let Some((tag, _)) = open.take() else { continue };
                if !audience.done(tag, Err(failed)) {
                    return Ok(());
                }
            }
            (Reel::Broken(error), _) => return Err(error.into()),
            (Reel::Unread(error), _) => return Err(error.into()),
            (Reel::Header(_) | Reel::Frame(_) | Reel::Again, None) => {}
        }
    }
    Ok(())
}

/// Why frames could not be looked at.
enum Unseen {
    /// Because of what is on them.
    Clip(Failed),
    /// Because of the networks.
    Run(EmbedError),
}

impl Unseen {
    fn by(error: LookError, seat: Seat<'_>) -> Self {
        let reason = crate::embed::people::with_causes(&error);
        match error {
            LookError::Picture { .. } | LookError::NotFinite { .. } => {
                Self::Clip(Failed { reason, attempts: 1 })
            }
            _ => Self::Run(EmbedError::Model { model: seat.lookers.uri().to_owned(), reason }),
        }
    }
}

/// One clip while it is looked at.
struct Watching {
    header: Header,
    waiting: Vec<Frame>,
    tracker: Tracker,
    keeper: Keeper,
    frames: u64,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            header: Header::default(),
            waiting: Vec::new(),
            tracker: Tracker::new(Options::default()),
            keeper: Keeper::default(),
            frames: 0,
        }
    }
}

impl Watching {
    /// Looks at the frames that wait.
    fn look(&mut self, seat: Seat<'_>) -> Result<(), Unseen> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let broken = |error| Unseen::by(error, seat);
        let pictures: Result<Vec<Picture<'_>>, _> = self
            .waiting
            .iter()
            .map(|frame| Picture::new(frame.width, frame.height, &frame.rgb))
            .collect();
        let found = seat.lookers.take(seat.lane).look(&pictures.map_err(broken)?);
        for (frame, people) in self.waiting.drain(..).zip(found.map_err(broken)?) {
            let Frame { time_s, width, height, .. } = frame;
            self.keeper.show(frame, &people);
            self.tracker.push(Moment { time_s, width, height, people });
            self.frames += 1;
        }
        Ok(())
    }

    fn film(self, ended: Ended, (hint, family): (&RoleHint, &str)) -> Film {
        let Self { header, waiting: _, tracker, keeper, frames } = self;
        let Ended { end, sound, mut remarks, began } = ended;
        let tracks = tracker.finish();
        let couple = tracks.couple(hint);
        let vitrine_pose::Embeddings { lead, follow, interaction } = couple.embeddings();
        if couple.lead.is_none() && couple.follow.is_none() {
            remarks.push("nobody is seen dancing".to_owned());
        } else if couple.lead.is_none() || couple.follow.is_none() {
            remarks.push("one dancer alone is seen".to_owned());
        }
        Film {
            width: header.width,
            height: header.height,
            frame_rate: header.frame_rate.filter(|rate| rate.is_finite()).unwrap_or(0.0),
            duration_s: end.seconds,
            frame_count: frames,
            lead,
            follow,
            interaction,
            quality: couple.quality(),
            family: family.to_owned(),
            roles_from: Some(couple.roles_from),
            tracks: u32::try_from(tracks.tracks().len()).unwrap_or(u32::MAX),
            sound,
            sheet: keeper.sheet(&couple, &tracks),
            remarks,
            took: began.elapsed().max(Duration::from_millis(1)),
        }
    }
}
