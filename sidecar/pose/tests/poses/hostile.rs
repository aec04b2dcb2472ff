//! What cannot be is dropped and counted, and what is kept is bounded.

use fastrand::Rng;
use vitrine_pose::{Bounds, Joint, Moment, Options, Person, RoleHint, Tracker};

use crate::motions::camera::{Take, film};
use crate::motions::dances::Dance;

fn somebody(x: f32) -> Person {
    let joints = std::array::from_fn(|at| Joint { x, y: 10.0 * at as f32, score: 0.9 });
    let bounds = Bounds { left: x - 20.0, top: 0.0, right: x + 20.0, bottom: 170.0 };
    Person { bounds, score: 0.9, joints, hands: [None, None] }
}

fn moment(time_s: f64, people: Vec<Person>) -> Moment {
    Moment { time_s, width: 640, height: 480, people }
}

fn is_sound(vector: &Option<Vec<f32>>) -> bool {
    vector.as_ref().is_none_or(|v| {
        let norm: f32 = v.iter().map(|n| n * n).sum();
        v.iter().all(|n| n.is_finite()) && (norm - 1.0).abs() < 1e-4
    })
}

#[test]
fn times_that_cannot_be_and_people_who_cannot_be_are_counted() {
    let mut tracker = Tracker::new(Options::default());
    for time_s in [0.0, f64::NAN, f64::INFINITY, -1.0, 0.0, 0.1, 0.05] {
        tracker.push(moment(time_s, vec![somebody(100.0)]));
    }
    assert_eq!(tracker.dropped().moments_out_of_order, 5);

    let mut flat = somebody(0.0);
    flat.bounds.right = flat.bounds.left;
    let mut turned = somebody(0.0);
    turned.bounds.bottom = -5.0;
    let mut huge = somebody(0.0);
    huge.bounds.right = 1e30;
    let mut unsure = somebody(0.0);
    unsure.score = 0.01;
    let mut unknown = somebody(0.0);
    unknown.score = f32::NAN;
    let mut blind = somebody(0.0);
    blind.joints = [Joint { x: f32::NAN, y: f32::INFINITY, score: 1.0 }; 17];
    tracker.push(moment(0.2, vec![flat, turned, huge, unsure, unknown, blind]));
    assert_eq!(tracker.dropped().people_invalid, 5);
    assert_eq!(tracker.dropped().people_unsure, 1);

    tracker.push(moment(0.3, vec![somebody(100.0), somebody(100.5)]));
    assert_eq!(tracker.dropped().people_twice, 1);
    assert_eq!(tracker.finish().times_s(), [0.0, 0.1, 0.2, 0.3]);
}

#[test]
fn ten_thousand_people_in_a_moment_are_the_few_surest() {
    let mut tracker = Tracker::new(Options::default());
    for frame in 0..3 {
        let people = (0..10_000).map(|at| somebody(at as f32 * 90.0)).collect();
        tracker.push(moment(f64::from(frame), people));
    }
    assert_eq!(tracker.dropped().people_over_limit, 3 * (10_000 - 32));
    let tracks = tracker.finish();
    assert!(tracks.tracks().len() <= 256);
}

#[test]
fn what_is_kept_stays_within_the_options() {
    let options =
        Options { tracks_max: 8, sightings_max: 100, moments_max: 200, ..Options::default() };
    let mut tracker = Tracker::new(options);
    let mut r = Rng::with_seed(1);
    for frame in 0..300 {
        let people = (0..6).map(|_| somebody(r.f32() * 5000.0)).collect();
        tracker.push(moment(f64::from(frame) / 15.0, people));
    }
    assert_eq!(tracker.dropped().moments_over_limit, 100);
    assert!(tracker.dropped().tracks_forgotten > 0);
    let tracks = tracker.finish();
    assert!(tracks.tracks().len() <= 8);
    assert!(tracks.tracks().iter().map(|track| track.sightings.len()).sum::<usize>() <= 100);
    assert!(is_sound(&tracks.couple(&RoleHint::Unsaid).embeddings().lead));
}

#[test]
fn broken_numbers_anywhere_give_sound_vectors_or_none() {
    let mut r = Rng::with_seed(3);
    let odd =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 0.0, 9e5, f32::MIN_POSITIVE];
    for round in 0..60 {
        let take = Take { duration_s: 2.0, ..Take::random(round) };
        let mut moments = film(Dance::ALL[round as usize % 16], &take).moments;
        for moment in &mut moments {
            for person in &mut moment.people {
                for joint in &mut person.joints {
                    match r.u8(..40) {
                        0 => joint.x = odd[r.usize(..odd.len())],
                        1 => joint.y = odd[r.usize(..odd.len())],
                        2 => joint.score = odd[r.usize(..odd.len())],
                        _ => {}
                    }
                }
                match r.u8(..60) {
                    0 => person.bounds.left = odd[r.usize(..odd.len())],
                    1 => person.bounds.bottom = odd[r.usize(..odd.len())],
                    2 => person.score = odd[r.usize(..odd.len())],
                    _ => {}
                }
            }
            if r.u8(..20) == 0 {
                moment.time_s = f64::from(odd[r.usize(..odd.len())]);
            }
        }
        // From the whole clip down to a single moment.
        moments.truncate([usize::MAX, 5, 2, 1][round as usize % 4]);
        let mut tracker = Tracker::new(Options::default());
        moments.into_iter().for_each(|moment| tracker.push(moment));
        let couple = tracker.finish().couple(&RoleHint::Unsaid);
        let vectors = couple.embeddings();
        for vector in [&vectors.lead, &vectors.follow, &vectors.interaction] {
            assert!(is_sound(vector), "round {round}");
        }
        let quality = couple.quality();
        assert!((0.0..=1.0).contains(&quality.score), "{quality:?}");
    }
}
