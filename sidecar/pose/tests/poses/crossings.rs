//! People who cross keep their tracks.

use std::collections::BTreeMap;

use fastrand::Rng;
use vitrine_pose::{Moment, Options, Tracker, Tracks};

use crate::motions::camera::{Take, film, look};
use crate::motions::dances::Dance;
use crate::motions::puppet::{Puppet, QUARTER, sway};

/// Where everybody is at a time; who they are is their index.
type Script = fn(f64) -> Vec<Puppet>;

fn walker(x: f64, z: f64, yaw: f64, time_s: f64, tall: f64) -> Puppet {
    let mut puppet = Puppet::standing(x, z, yaw);
    let swing = 0.3 * sway(time_s);
    puppet.feet = [[0.0, 0.0, swing], [0.0, 0.0, -swing]];
    puppet.tall = tall;
    puppet
}

fn pass(t: f64) -> Vec<Puppet> {
    let x = -3.0 + 1.5 * t;
    vec![walker(x, 0.0, QUARTER, t, 1.0), walker(-x, 0.6, -QUARTER, t, 0.92)]
}

fn pass_as_twins(t: f64) -> Vec<Puppet> {
    let x = -3.0 + 1.5 * t;
    vec![walker(x, 0.0, QUARTER, t, 1.0), walker(-x, 0.5, -QUARTER, t + 0.3, 1.0)]
}

fn pass_slowly(t: f64) -> Vec<Puppet> {
    let x = -1.6 + 0.8 * t;
    vec![walker(x, 0.6, QUARTER, t, 0.92), walker(-x, 0.0, -QUARTER, t, 1.0)]
}

fn pass_one_who_spins(t: f64) -> Vec<Puppet> {
    let x = -3.0 + 1.5 * t;
    vec![walker(x, 0.5, QUARTER, t, 0.95), walker(0.0, 0.0, 5.0 * t, t, 1.0)]
}

fn orbit(t: f64) -> Vec<Puppet> {
    let angle = 2.5 * t;
    let (x, z) = (0.8 * angle.cos(), 0.8 * angle.sin());
    vec![walker(x, z, -angle - QUARTER, t, 1.0), walker(-x, -z, QUARTER - angle, t + 0.5, 0.92)]
}

fn touch_and_part(t: f64) -> Vec<Puppet> {
    let x = 0.45 + 0.6 * (t - 2.0).abs();
    vec![walker(-x, 0.0, QUARTER, t, 1.0), walker(x, 0.1, -QUARTER, t, 0.95)]
}

fn cross_before_a_bystander(t: f64) -> Vec<Puppet> {
    let mut all = pass(t);
    all.push(walker(0.4, 2.5, 0.0, 0.0, 0.97));
    all
}

fn weave_of_three(t: f64) -> Vec<Puppet> {
    let x = -3.0 + 1.5 * t;
    vec![
        walker(x, 0.0, QUARTER, t, 1.0),
        walker(-x, 0.6, -QUARTER, t, 0.92),
        walker(0.6 * x - 0.7, 1.2, QUARTER, t, 0.85),
    ]
}

struct Filmed {
    moments: Vec<Moment>,
    /// By moment and the left edge of the box: who it is.
    truth: BTreeMap<(usize, u32), usize>,
    hidden: usize,
}

/// Those behind somebody are not found; those partly behind lose the joints on that side.
fn shoot(script: Script, take: &Take) -> Filmed {
    let mut r = Rng::with_seed(take.seed);
    let mut filmed = Filmed { moments: Vec::new(), truth: BTreeMap::new(), hidden: 0 };
    for frame in 0..(4.0 * take.frames_per_s) as usize {
        let time_s = frame as f64 / take.frames_per_s;
        if r.f64() < take.frames_lost {
            continue;
        }
        let puppets = script(time_s);
        let mut people = Vec::new();
        for (who, puppet) in puppets.iter().enumerate() {
            let mut person = look(puppet, take, &mut r);
            let covers: Vec<f64> = puppets
                .iter()
                .enumerate()
                .filter(|(other, front)| *other != who && front.at[1] < puppet.at[1])
                .map(|(_, front)| front.at[0] - puppet.at[0])
                .collect();
            if covers.iter().any(|aside| aside.abs() < 0.4) {
                filmed.hidden += 1;
                continue;
            }
            for aside in covers.iter().filter(|aside| aside.abs() < 0.9) {
                let edge = (person.bounds.left + person.bounds.right) / 2.0;
                for joint in &mut person.joints {
                    if (f64::from(joint.x - edge)) * aside.signum() > 0.1 * take.pixels_per_torso {
                        joint.score = 0.05;
                    }
                }
                let cut = 0.2 * (person.bounds.right - person.bounds.left);
                if *aside > 0.0 {
                    person.bounds.right -= cut;
                } else {
                    person.bounds.left += cut;
                }
            }
            filmed.truth.insert((filmed.moments.len(), person.bounds.left.to_bits()), who);
            people.push(person);
        }
        r.shuffle(&mut people);
        filmed.moments.push(Moment { time_s, width: 1920, height: 1080, people });
    }
    filmed
}

fn track(moments: Vec<Moment>) -> Tracks {
    let mut tracker = Tracker::new(Options::default());
    moments.into_iter().for_each(|moment| tracker.push(moment));
    tracker.finish()
}

/// How often somebody is on another track than the moment before.
fn switches(tracks: &Tracks, truth: &BTreeMap<(usize, u32), usize>) -> usize {
    let mut seen: Vec<(usize, usize, usize)> = Vec::new();
    for track in tracks.tracks() {
        for sighting in &track.sightings {
            let who = truth[&(sighting.moment, sighting.person.bounds.left.to_bits())];
            seen.push((who, sighting.moment, track.id));
        }
    }
    seen.sort_unstable();
    seen.windows(2).filter(|two| two[0].0 == two[1].0 && two[0].2 != two[1].2).count()
}

/// Switches over twelve clips of each script.
fn switches_of(scripts: &[(&str, Script)]) -> usize {
    let mut all = 0;
    for &(name, script) in scripts {
        let (mut total, mut hidden, mut sightings) = (0, 0, 0);
        for seed in 0..12 {
            let take = Take {
                frames_per_s: [15.0, 12.0, 30.0][seed as usize % 3],
                noise: [0.01, 0.02, 0.03][seed as usize / 4],
                frames_lost: 0.1,
                joints_lost: 0.05,
                seed,
                ..Take::default()
            };
            let filmed = shoot(script, &take);
            hidden += filmed.hidden;
            sightings += filmed.truth.len();
            total += switches(&track(filmed.moments), &filmed.truth);
        }
        println!("{name}: {total} switches, {hidden} hidden, {sightings} sightings in 12 clips");
        all += total;
    }
    all
}

#[test]
fn two_who_cross_hide_spin_and_touch_keep_their_identity() {
    let all = switches_of(&[
        ("pass", pass),
        ("pass as twins", pass_as_twins),
        ("pass slowly", pass_slowly),
        ("pass one who spins", pass_one_who_spins),
        ("orbit", orbit),
        ("touch and part", touch_and_part),
    ]);
    assert_eq!(all, 0, "identities were switched");
}

/// Two of three hidden at once is not solved: seven switches in 24 clips when this was written.
#[test]
fn three_who_hide_each_other_switch_seldom() {
    let all = switches_of(&[
        ("cross before a bystander", cross_before_a_bystander),
        ("weave of three", weave_of_three),
    ]);
    assert!(all <= 7, "{all} identities were switched");
}

#[test]
fn dancers_keep_their_identity_in_every_dance() {
    let mut all = 0;
    for dance in Dance::ALL {
        let mut total = 0;
        for seed in 0..4 {
            let take = Take::random(70_000 + seed);
            let moments = film(dance, &take).moments;
            // The follow is a tenth smaller, but the surest truth is the shape: one clip, two tracks.
            let tracks = track(moments);
            total += tracks.tracks().len() - 2;
        }
        println!("{dance:?}: {total} tracks too many in 4 clips");
        all += total;
    }
    assert_eq!(all, 0, "tracks broke");
}
