//! A puppet of 17 joints. Lengths are in torsos; x to the picture's right, y up, z away.

use std::f64::consts::{FRAC_PI_2, TAU};

pub type Place = [f64; 3];

/// Where a hand is.
#[derive(Clone, Copy, Debug)]
pub enum Hand {
    /// Relative to its shoulder: outward, up, forward.
    Own(Place),
    /// In space, as far as the arm reaches.
    Held(Place),
}

#[derive(Clone, Copy, Debug)]
pub struct Puppet {
    /// x and z of the hips above the ground.
    pub at: [f64; 2],
    /// 0 looks at the camera, a quarter turn looks to the picture's right.
    pub yaw: f64,
    /// How far the hips are lower than when standing.
    pub drop: f64,
    /// Radians forward.
    pub bend: f64,
    /// Radians to the own left.
    pub lean: f64,
    /// Hips left and forward of the feet.
    pub hip: [f64; 2],
    /// Chest forward of the spine.
    pub chest: f64,
    /// Head left and forward.
    pub head: [f64; 2],
    pub hands: [Hand; 2],
    /// Feet outward, up and forward of where they stand.
    pub feet: [Place; 2],
    /// Stature relative to the usual.
    pub tall: f64,
}

pub fn add(a: Place, b: Place, by: f64) -> Place {
    [a[0] + b[0] * by, a[1] + b[1] * by, a[2] + b[2] * by]
}

pub fn length(a: Place) -> f64 {
    (a[0] * a[0] + a[1] * a[1] + a[2] * a[2]).sqrt()
}

pub fn sway(cycles: f64) -> f64 {
    (TAU * cycles).sin()
}

impl Puppet {
    pub fn standing(x: f64, z: f64, yaw: f64) -> Self {
        Self {
            at: [x, z],
            yaw,
            drop: 0.05,
            bend: 0.0,
            lean: 0.0,
            hip: [0.0; 2],
            chest: 0.0,
            head: [0.0; 2],
            hands: [Hand::Own([0.15, -1.0, 0.1]); 2],
            feet: [[0.0; 3]; 2],
            tall: 1.0,
        }
    }

    pub fn forward(&self) -> Place {
        [self.yaw.sin(), 0.0, -self.yaw.cos()]
    }

    pub fn left(&self) -> Place {
        [self.yaw.cos(), 0.0, self.yaw.sin()]
    }

    /// The middle of the shoulders.
    pub fn shoulders(&self) -> Place {
        let (forward, left) = (self.forward(), self.left());
        let up = add(
            add([0.0, self.bend.cos() * self.lean.cos(), 0.0], forward, self.bend.sin()),
            left,
            self.lean.sin(),
        );
        let spine = add(self.hips(), up, self.tall / length(up));
        add(spine, forward, self.chest)
    }

    /// The middle of the hips.
    pub fn hips(&self) -> Place {
        let stand = [self.at[0], (1.62 - self.drop) * self.tall, self.at[1]];
        add(add(stand, self.left(), self.hip[0]), self.forward(), self.hip[1])
    }

    /// COCO's 17 joints in space.
    pub fn joints(&self) -> [Place; 17] {
        let (forward, left) = (self.forward(), self.left());
        let tall = self.tall;
        let hips = self.hips();
        let chest = self.shoulders();
        let up = {
            let spine = add(chest, hips, -1.0);
            let long = length(spine).max(1e-6);
            spine.map(|v| v / long)
        };
        let head = add(add(add(chest, up, 0.45 * tall), left, self.head[0]), forward, self.head[1]);
        let nose = add(head, forward, 0.2 * tall);
        let mut joints = [[0.0; 3]; 17];
        joints[0] = nose;
        for (side, sign) in [(0, 1.0), (1, -1.0)] {
            let at = |from: Place, out: f64| add(from, left, sign * out * tall);
            joints[1 + side] = at(add(add(nose, up, 0.08 * tall), forward, -0.04), 0.08);
            joints[3 + side] = at(head, 0.16);
            let shoulder = at(chest, 0.38);
            joints[5 + side] = shoulder;
            let target = match self.hands[side] {
                Hand::Own([out, high, front]) => add(
                    add(add(shoulder, left, sign * out * tall), [0.0, tall, 0.0], high),
                    forward,
                    front * tall,
                ),
                Hand::Held(place) => place,
            };
            let reach = add(target, shoulder, -1.0);
            let far = length(reach).max(1e-6);
            let wrist = add(shoulder, reach, (1.12 * tall / far).min(1.0));
            let half = length(add(wrist, shoulder, -1.0)) / 2.0;
            let sag = ((0.6 * tall).powi(2) - half * half).max(0.0).sqrt();
            let middle = add(shoulder, add(wrist, shoulder, -1.0), 0.5);
            joints[7 + side] =
                add(add(middle, [0.0, -1.0, 0.0], 0.8 * sag), left, sign * 0.6 * sag);
            joints[9 + side] = wrist;
            let hip = at(hips, 0.2);
            joints[11 + side] = hip;
            let [out, high, front] = self.feet[side];
            let stand = [self.at[0], 0.1 * tall, self.at[1]];
            let ankle = add(
                add(add(stand, left, sign * (0.2 + out) * tall), [0.0, 1.0, 0.0], high),
                forward,
                front * tall,
            );
            let half = length(add(ankle, hip, -1.0)) / 2.0;
            let knee_out = ((0.79 * tall).powi(2) - half * half).max(0.0).sqrt();
            joints[13 + side] = add(add(hip, add(ankle, hip, -1.0), 0.5), forward, knee_out);
            joints[15 + side] = ankle;
        }
        joints
    }
}

/// A quarter turn.
pub const QUARTER: f64 = FRAC_PI_2;
