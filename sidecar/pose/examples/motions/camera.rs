//! A camera and a network that look at puppets, with the mistakes that both make.

use std::f64::consts::TAU;

use fastrand::Rng;
use vitrine_pose::{Bounds, Joint, Moment, Person};

use super::dances::{Dance, pose};
use super::puppet::Puppet;

/// How a clip was taken. The default is without a mistake.
#[derive(Clone, Debug)]
pub struct Take {
    pub duration_s: f64,
    pub frames_per_s: f64,
    /// Cycles of the motion a second, and where in the cycle the clip begins.
    pub cycles_per_s: f64,
    pub begin: f64,
    /// Share by which the time runs faster and slower within the clip.
    pub warp: f64,
    pub size: f64,
    /// Radians the couple is turned on the floor.
    pub turned: f64,
    pub pixels_per_torso: f64,
    /// Pixels: where the couple stands.
    pub middle: [f64; 2],
    /// Share of a torso by which joints are off.
    pub noise: f64,
    /// Share of frames, and of joints, that are lost.
    pub frames_lost: f64,
    pub joints_lost: f64,
    /// Joints that the clip never shows.
    pub never_seen: Vec<usize>,
    pub seed: u64,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            duration_s: 8.0,
            frames_per_s: 15.0,
            cycles_per_s: 0.27,
            begin: 0.0,
            warp: 0.0,
            size: 1.0,
            turned: 0.0,
            pixels_per_torso: 120.0,
            middle: [640.0, 600.0],
            noise: 0.0,
            frames_lost: 0.0,
            joints_lost: 0.0,
            never_seen: Vec::new(),
            seed: 0,
        }
    }
}

impl Take {
    /// A take like those of the evaluation: time-warp within 20 %, zoom, shift, lost frames and
    /// joints, noise, and frame rates of their own.
    pub fn random(seed: u64) -> Self {
        let mut r = Rng::with_seed(seed);
        let mut within = |low: f64, high: f64| low + (high - low) * r.f64();
        let duration_s = within(7.0, 14.0);
        let cycles_per_s = 0.27 * within(0.8, 1.2);
        let begin = within(0.0, 1.0);
        let warp = within(0.0, 0.2);
        let size = within(0.85, 1.15);
        let turned = within(-0.2, 0.2);
        let pixels_per_torso = within(50.0, 220.0);
        let middle = [within(300.0, 1600.0), within(400.0, 900.0)];
        let noise = within(0.01, 0.04);
        let frames_lost = within(0.0, 0.15);
        let joints_lost = within(0.0, 0.08);
        let never_seen = if r.f64() < 0.3 { vec![[3, 4, 15, 16, 9][r.usize(..5)]] } else { vec![] };
        let frames_per_s = [12.0, 15.0, 24.0, 25.0, 29.97, 30.0][r.usize(..6)];
        Self {
            duration_s,
            frames_per_s,
            cycles_per_s,
            begin,
            warp,
            size,
            turned,
            pixels_per_torso,
            middle,
            noise,
            frames_lost,
            joints_lost,
            never_seen,
            seed,
        }
    }
}

/// Moments of a labelled motion.
pub struct Clip {
    pub dance: Dance,
    pub moments: Vec<Moment>,
}

pub fn gauss(r: &mut Rng) -> f64 {
    (-2.0 * r.f64().max(1e-12).ln()).sqrt() * (TAU * r.f64()).cos()
}

/// Films `dance`. People stand in either order in a moment.
pub fn film(dance: Dance, take: &Take) -> Clip {
    let mut r = Rng::with_seed(take.seed ^ 0x5eed);
    let proportions = 1.0 + 0.04 * gauss(&mut r);
    let frames = (take.duration_s * take.frames_per_s) as usize;
    let warp_at = r.f64();
    let mut moments = Vec::with_capacity(frames);
    for frame in 0..frames {
        let time_s = frame as f64 / take.frames_per_s;
        // The rate of time is 1 + warp · cos(…): never off by more than `warp`.
        let slow = TAU * (1.3 * time_s / take.duration_s + warp_at);
        let warped = time_s + take.warp * take.duration_s / (1.3 * TAU) * slow.sin();
        let mut pair = pose(dance, take.begin + take.cycles_per_s * warped, take.size);
        pair[0].tall *= proportions;
        if r.f64() < take.frames_lost {
            continue;
        }
        let mut people: Vec<Person> =
            pair.iter().map(|puppet| look(puppet, take, &mut r)).collect();
        hide(&mut people, &pair, &mut r);
        if r.bool() {
            people.reverse();
        }
        moments.push(Moment { time_s, width: 1920, height: 1080, people });
    }
    Clip { dance, moments }
}

/// What a network says of the puppet.
pub fn look(puppet: &Puppet, take: &Take, r: &mut Rng) -> Person {
    let (sine, cosine) = take.turned.sin_cos();
    let away = puppet.yaw.cos() < -0.2;
    let mut joints = [Joint::default(); 17];
    let mut bounds = Bounds { left: f32::MAX, top: f32::MAX, right: f32::MIN, bottom: f32::MIN };
    for (at, [x, y, z]) in puppet.joints().into_iter().enumerate() {
        let (x, z) = (x * cosine - z * sine, x * sine + z * cosine);
        let scale = take.pixels_per_torso / (1.0 + 0.06 * z);
        let x = take.middle[0] + scale * x + take.pixels_per_torso * take.noise * gauss(r);
        // The camera looks down a little: what is farther is higher.
        let y = take.middle[1] - scale * (y - 1.5 + 0.15 * z)
            + take.pixels_per_torso * take.noise * gauss(r);
        bounds.left = bounds.left.min(x as f32);
        bounds.right = bounds.right.max(x as f32);
        bounds.top = bounds.top.min(y as f32);
        bounds.bottom = bounds.bottom.max(y as f32);
        let lost = r.f64() < take.joints_lost || take.never_seen.contains(&at) || (away && at < 3);
        let score = if lost { 0.05 } else { 0.65 + 0.3 * r.f64() };
        joints[at] = Joint { x: x as f32, y: y as f32, score: score as f32 };
    }
    let margin = 0.15 * take.pixels_per_torso as f32;
    bounds.left -= margin;
    bounds.right += margin;
    bounds.top -= margin;
    bounds.bottom += margin;
    Person { bounds, score: 0.7 + 0.25 * r.f32(), joints, hands: [None, None] }
}

/// Joints that the nearer partner covers are guessed: less sure and less true.
fn hide(people: &mut [Person], pair: &[Puppet; 2], r: &mut Rng) {
    let (back, front) = if pair[0].at[1] > pair[1].at[1] { (0, 1) } else { (1, 0) };
    let cover = people[front].joints;
    let (low, high) = (cover[5].x.min(cover[6].x), cover[5].x.max(cover[6].x));
    let (top, bottom) = (cover[5].y.min(cover[6].y), cover[11].y.max(cover[12].y));
    let off = (bottom - top).abs() * 0.03;
    for joint in &mut people[back].joints {
        if (low..high).contains(&joint.x) && (top..bottom).contains(&joint.y) {
            joint.score *= 0.5;
            joint.x += off * gauss(r) as f32;
            joint.y += off * gauss(r) as f32;
        }
    }
}
