//! Moments to tracks, one after the other.
//!
//! check the people -> pair them with forecasts -> prolong, begin and end tracks

use crate::assign::assign;
use crate::forecast::{COST_MAX, Forecast};
use crate::{Dropped, Moment, Options, Person, Sighting, Track, Tracks, body, stitch};

/// Two people of one moment whose poses are this alike, in boxes this alike, are one found twice.
const TWICE_LIKENESS_MIN: f64 = 0.9;
const TWICE_OVERLAP_MIN: f64 = 0.75;

/// No clip is longer than eleven days.
const TIME_MAX_S: f64 = 1e6;

/// Follows people from moment to moment. Memory is bounded by [`Options`].
#[derive(Debug)]
pub struct Tracker {
    options: Options,
    times_s: Vec<f64>,
    live: Vec<Live>,
    ended: Vec<Track>,
    sightings: usize,
    next_id: usize,
    dropped: Dropped,
}

#[derive(Debug)]
struct Live {
    track: Track,
    forecast: Forecast,
    last_s: f64,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options: options.sound(),
            times_s: Vec::new(),
            live: Vec::new(),
            ended: Vec::new(),
            sightings: 0,
            next_id: 0,
            dropped: Dropped::default(),
        }
    }

    /// Takes the next moment. Times must rise; what cannot be is dropped and counted.
    pub fn push(&mut self, moment: Moment) {
        let Moment { time_s, width: _, height: _, people } = moment;
        let rises = self.times_s.last().is_none_or(|&last_s| time_s > last_s);
        if !(0.0..=TIME_MAX_S).contains(&time_s) || !rises {
            self.dropped.moments_out_of_order += 1;
            return;
        }
        if self.times_s.len() >= self.options.moments_max {
            self.dropped.moments_over_limit += 1;
            return;
        }
        self.times_s.push(time_s);
        let people = self.keep(people);
        self.end_before(time_s - self.options.gap_s);
        self.pair(people, time_s);
        self.forget_what_is_too_much();
    }

    /// What was not taken so far.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Ends every track and joins those that broke.
    pub fn finish(mut self) -> Tracks {
        self.end_before(f64::INFINITY);
        let tracks = stitch::join(self.ended, &self.times_s, self.options.stitch_s);
        Tracks { times_s: self.times_s, tracks, dropped: self.dropped }
    }

    /// Those people who can be, the surest first, each once.
    fn keep(&mut self, people: Vec<Person>) -> Vec<Person> {
        let mut kept: Vec<Person> = Vec::new();
        for person in people {
            match body::sound(person, self.options.joint_score_min) {
                None => self.dropped.people_invalid += 1,
                Some(person) if person.score < self.options.person_score_min => {
                    self.dropped.people_unsure += 1;
                }
                Some(person) => kept.push(person),
            }
        }
        kept.sort_by(|a, b| b.score.total_cmp(&a.score));
        let most = self.options.people_per_moment_max;
        self.dropped.people_over_limit += kept.len().saturating_sub(most);
        kept.truncate(most);
        let mut once: Vec<Person> = Vec::with_capacity(kept.len());
        for person in kept {
            if once.iter().any(|other| same(other, &person)) {
                self.dropped.people_twice += 1;
            } else {
                once.push(person);
            }
        }
        once
    }

    fn end_before(&mut self, time_s: f64) {
        let (ended, live) =
            std::mem::take(&mut self.live).into_iter().partition(|live| live.last_s < time_s);
        self.live = live;
        let ended: Vec<Live> = ended;
        self.ended.extend(ended.into_iter().map(|live| live.track));
    }

    fn pair(&mut self, people: Vec<Person>, time_s: f64) {
        let costs: Vec<Vec<f64>> = people
            .iter()
            .map(|person| self.live.iter().map(|l| l.forecast.cost(person, time_s)).collect())
            .collect();
        let found = assign(&costs, COST_MAX);
        let moment = self.times_s.len() - 1;
        for (person, found) in people.into_iter().zip(found) {
            self.sightings += 1;
            match found.and_then(|at| self.live.get_mut(at)) {
                Some(live) => {
                    live.forecast.see(&person, time_s);
                    live.last_s = time_s;
                    live.track.sightings.push(Sighting { moment, person });
                }
                None => {
                    let forecast = Forecast::new(&person, time_s);
                    let sightings = vec![Sighting { moment, person }];
                    let track = Track { id: self.next_id, sightings };
                    self.live.push(Live { track, forecast, last_s: time_s });
                    self.next_id += 1;
                }
            }
        }
    }

    /// Forgets the shortest track, one that has ended before one that may go on, until all fits.
    fn forget_what_is_too_much(&mut self) {
        while self.live.len() + self.ended.len() > self.options.tracks_max
            || self.sightings > self.options.sightings_max
        {
            let length = |track: &Track| track.sightings.len();
            let ended = self.ended.iter().enumerate().min_by_key(|(_, track)| length(track));
            let forgotten = if let Some((at, _)) = ended {
                self.ended.remove(at)
            } else if let Some((at, _)) =
                self.live.iter().enumerate().min_by_key(|(_, live)| length(&live.track))
            {
                self.live.remove(at).track
            } else {
                return;
            };
            self.sightings -= forgotten.sightings.len();
            self.dropped.tracks_forgotten += 1;
        }
    }
}

fn same(a: &Person, b: &Person) -> bool {
    let size = 0.6 * body::height(&a.bounds);
    body::overlap(&a.bounds, &b.bounds) >= TWICE_OVERLAP_MIN
        && body::likeness(&body::points(a), &body::points(b), size, 1.0)
            .is_some_and(|alike| alike >= TWICE_LIKENESS_MIN)
}
