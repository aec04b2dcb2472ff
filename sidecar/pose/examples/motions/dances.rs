//! Labelled motions of a couple: not art, but each of its own kind.

use std::f64::consts::{PI, TAU};

use super::puppet::{Hand, Puppet, QUARTER, add, sway};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dance {
    SideBasic,
    ForwardBasic,
    FollowTurn,
    LeadTurn,
    CoupleSpin,
    Dip,
    BodyWave,
    Shadow,
    Cuddle,
    OpenBreak,
    SideBySide,
    CrossBody,
    HipRoll,
    Comb,
    HeadRoll,
    Hammerlock,
}

impl Dance {
    pub const ALL: [Self; 16] = [
        Self::SideBasic,
        Self::ForwardBasic,
        Self::FollowTurn,
        Self::LeadTurn,
        Self::CoupleSpin,
        Self::Dip,
        Self::BodyWave,
        Self::Shadow,
        Self::Cuddle,
        Self::OpenBreak,
        Self::SideBySide,
        Self::CrossBody,
        Self::HipRoll,
        Self::Comb,
        Self::HeadRoll,
        Self::Hammerlock,
    ];
}

/// 0 to 1 and back, smoothly, within the part of the cycle from `from` to `to`.
fn bump(cycle: f64, from: f64, to: f64) -> f64 {
    let share = (cycle.rem_euclid(1.0) - from) / (to - from);
    if (0.0..=1.0).contains(&share) { (PI * share).sin().powi(2) } else { 0.0 }
}

/// 0 before the part, 1 after it, smooth within.
fn ramp(cycle: f64, from: f64, to: f64) -> f64 {
    let share = ((cycle.rem_euclid(1.0) - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// Both in a hold: the lead looks along `yaw`, the follow back.
fn hold(x: f64, z: f64, yaw: f64, gap: f64) -> [Puppet; 2] {
    let mut lead = Puppet::standing(x - yaw.sin() * gap / 2.0, z + yaw.cos() * gap / 2.0, yaw);
    let mut follow =
        Puppet::standing(x + yaw.sin() * gap / 2.0, z - yaw.cos() * gap / 2.0, yaw + PI);
    follow.tall = 0.9;
    embrace(&mut lead, &mut follow);
    [lead, follow]
}

/// Hands as in a closed position.
fn embrace(lead: &mut Puppet, follow: &mut Puppet) {
    let between =
        add(add(lead.shoulders(), follow.shoulders(), 1.0), [0.0; 3], 0.0).map(|v| v / 2.0);
    let joined = add(add(between, lead.left(), 0.8), [0.0, 1.0, 0.0], 0.1);
    let back = add(add(follow.shoulders(), follow.left(), 0.15), [0.0, 1.0, 0.0], -0.3);
    let shoulder = add(lead.shoulders(), lead.left(), -0.38);
    lead.hands = [Hand::Held(joined), Hand::Held(back)];
    follow.hands = [Hand::Held(shoulder), Hand::Held(joined)];
}

/// Feet that step twice a half cycle, the lead's left with the follow's right.
fn steps(pair: &mut [Puppet; 2], cycle: f64, out: f64, front: f64) {
    for (who, puppet) in pair.iter_mut().enumerate() {
        for side in 0..2 {
            let beat = 4.0 * cycle + if side == who { 0.0 } else { 0.5 };
            let lift = sway(beat).max(0.0);
            puppet.feet[side] = [out * lift, 0.18 * lift, front * lift];
        }
        puppet.hip[0] = 0.06 * sway(4.0 * cycle) * if who == 0 { 1.0 } else { -1.0 };
    }
}

/// Lead and follow at `cycle` of the motion; a cycle is eight counts. `size` scales how far it goes.
pub fn pose(dance: Dance, cycle: f64, size: f64) -> [Puppet; 2] {
    let c = cycle;
    let side = size * 0.8 * sway(c);
    match dance {
        Dance::SideBasic => {
            let mut pair = hold(0.0, 0.9 * side, QUARTER, 1.0);
            for p in &mut pair {
                p.at[0] += 0.9 * side;
            }
            steps(&mut pair, c, 0.2, 0.0);
            let [a, b] = &mut pair;
            embrace(a, b);
            pair
        }
        Dance::ForwardBasic => {
            let mut pair = hold(size * 1.1 * sway(c), 0.0, QUARTER, 1.1);
            steps(&mut pair, c, 0.0, 0.35);
            for (p, sign) in pair.iter_mut().zip([1.0, -1.0]) {
                p.bend = 0.12 * size * sway(c + 0.25) * sign;
            }
            pair
        }
        Dance::FollowTurn => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 1.5);
            follow.yaw += TAU * ramp(c, 0.1, 0.8);
            let raised = add(follow.shoulders(), [0.0, 1.0, 0.0], 0.95);
            let up = ramp(c, 0.0, 0.15) - ramp(c, 0.8, 0.95);
            let low = add(lead.shoulders(), lead.forward(), 0.7);
            let joined = add(low.map(|v| v * (1.0 - up)), raised, up);
            lead.hands = [Hand::Held(joined), Hand::Own([0.2, -0.9, 0.2])];
            follow.hands = [Hand::Own([0.5, -0.7, 0.3]), Hand::Held(joined)];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.05, 0.15);
            pair
        }
        Dance::LeadTurn => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 1.7);
            lead.yaw -= TAU * ramp(c, 0.2, 0.75);
            let joined = add(lead.shoulders(), [0.0, 1.0, 0.0], 0.9);
            lead.hands = [Hand::Own([0.4, -0.6, 0.3]), Hand::Held(joined)];
            follow.hands = [Hand::Held(joined), Hand::Own([0.3, -0.9, 0.1])];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.1, 0.1);
            pair
        }
        Dance::CoupleSpin => {
            let mut pair = hold(0.0, 0.0, QUARTER + TAU * c * 2.0, 0.9);
            steps(&mut pair, 2.0 * c, 0.1, 0.1);
            pair
        }
        Dance::Dip => {
            let down = size * bump(c, 0.2, 0.9);
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 0.9);
            lead.bend = 0.5 * down;
            lead.drop += 0.3 * down;
            lead.feet[0] = [0.3 * down, 0.0, 0.5 * down];
            follow.bend = -1.1 * down;
            follow.drop += 0.45 * down;
            follow.head = [0.0, -0.2 * down];
            follow.feet[1] = [0.0, 0.5 * down, 0.7 * down];
            embrace(&mut lead, &mut follow);
            follow.hands[0] = Hand::Own([0.4, 0.3 + 0.5 * down, -0.3 * down]);
            [lead, follow]
        }
        Dance::BodyWave => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 0.8);
            for (p, late) in [(&mut lead, 0.0), (&mut follow, 0.08)] {
                let w = 2.0 * c - late;
                p.head[1] = 0.15 * size * sway(w);
                p.chest = 0.22 * size * sway(w - 0.15);
                p.hip[1] = 0.25 * size * sway(w - 0.35);
                p.drop = 0.12 + 0.1 * size * sway(w - 0.5);
            }
            embrace(&mut lead, &mut follow);
            [lead, follow]
        }
        Dance::Shadow => {
            let mut lead = Puppet::standing(-0.15 + side, 0.5, 0.1);
            let mut follow = Puppet::standing(0.15 + side, -0.1, 0.05);
            follow.tall = 0.9;
            let hips = follow.hips();
            lead.hands = [
                Hand::Held(add(hips, follow.left(), 0.3)),
                Hand::Held(add(hips, follow.left(), -0.3)),
            ];
            let raised = 0.3 + 0.5 * sway(c);
            follow.hands = [Hand::Own([0.5, raised, 0.0]), Hand::Own([0.5, raised, 0.0])];
            lead.lean = 0.12 * size * sway(c + 0.2);
            follow.lean = lead.lean;
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.25, 0.0);
            pair
        }
        Dance::Cuddle => {
            let wrapped = ramp(c, 0.1, 0.4) - ramp(c, 0.6, 0.9);
            let mut lead = Puppet::standing(-0.5, 0.1, 0.6);
            let mut follow =
                Puppet::standing(1.1 - 1.1 * wrapped * size, 0.0, -0.8 + 3.9 * wrapped);
            follow.tall = 0.9;
            let joined =
                add(follow.hips(), [0.0, 1.0, 0.0], 0.35 + 0.5 * wrapped * (1.0 - wrapped));
            lead.hands = [Hand::Held(joined), Hand::Held(add(joined, follow.left(), -0.35))];
            follow.hands = [Hand::Held(add(joined, follow.left(), -0.35)), Hand::Held(joined)];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.1, 0.1);
            pair
        }
        Dance::OpenBreak => {
            let gap = 1.3 + 0.8 * size * bump(c, 0.0, 0.5) + 0.8 * size * bump(c, 0.5, 1.0);
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, gap);
            lead.bend = -0.2 * size * bump(2.0 * c, 0.0, 1.0);
            follow.bend = lead.bend;
            let middle = add(lead.hips(), follow.hips(), 1.0).map(|v| v / 2.0);
            let joined = add(middle, [0.0, 1.0, 0.0], 0.5);
            let [near, far] = [0.25, -0.25].map(|way| Hand::Held(add(joined, lead.left(), way)));
            lead.hands = [near, far];
            follow.hands = [far, near];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.0, 0.4);
            pair
        }
        Dance::SideBySide => {
            let mut lead = Puppet::standing(-0.7, 0.7 * sway(c), 0.0);
            let mut follow = Puppet::standing(0.7, 0.7 * sway(c), 0.0);
            follow.tall = 0.9;
            let joined = [0.0, 1.7 + 0.35 * sway(2.0 * c), 0.7 * sway(c)];
            lead.hands = [Hand::Held(joined), Hand::Own([0.4, -0.4 + 0.4 * sway(c), 0.4])];
            follow.hands = [Hand::Own([0.4, -0.4 + 0.4 * sway(c), 0.4]), Hand::Held(joined)];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.0, 0.5);
            let lean = 0.15 * size * sway(2.0 * c);
            pair[0].lean = lean;
            pair[1].lean = lean;
            pair
        }
        Dance::CrossBody => {
            let turned = PI * (ramp(c, 0.1, 0.45) + ramp(c, 0.6, 0.95));
            let mut pair = hold(0.0, 0.0, QUARTER + turned, 1.6);
            pair[0].at[1] += 0.2;
            let middle = add(pair[0].hips(), pair[1].hips(), 1.0).map(|v| v / 2.0);
            let joined = add(middle, [0.0, 1.0, 0.0], 0.3);
            pair[0].hands = [Hand::Held(joined), Hand::Own([0.7, -0.2, 0.3])];
            pair[1].hands = [Hand::Own([0.6, -0.3, 0.3]), Hand::Held(joined)];
            steps(&mut pair, c, 0.1, 0.3);
            pair
        }
        Dance::HipRoll => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER - 0.5, 0.75);
            for (p, sign) in [(&mut lead, 1.0), (&mut follow, -1.0)] {
                p.hip = [0.28 * size * sway(2.0 * c) * sign, 0.2 * size * sway(2.0 * c + 0.25)];
                p.drop = 0.2;
            }
            embrace(&mut lead, &mut follow);
            follow.hands = [Hand::Own([0.1, -0.2, 0.55]), Hand::Own([0.1, -0.2, 0.55])];
            [lead, follow]
        }
        Dance::Comb => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 1.2);
            let over = size * bump(c, 0.1, 0.9);
            let head = add(follow.shoulders(), [0.0, 1.0, 0.0], 0.2 + 0.6 * over);
            lead.hands = [Hand::Held(head), Hand::Own([0.1, -0.5, 0.7])];
            lead.lean = 0.1 * over;
            follow.hands = [Hand::Own([0.2, 0.2 + 0.8 * over, 0.0]), Hand::Own([0.1, -0.8, 0.4])];
            follow.head = [0.12 * over, -0.1 * over];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.15, 0.0);
            pair
        }
        Dance::HeadRoll => {
            let [mut lead, mut follow] = hold(0.0, 0.0, QUARTER, 0.8);
            follow.head = [0.3 * size * sway(c), 0.25 * size * sway(c + 0.25)];
            follow.lean = 0.35 * size * sway(c - 0.05);
            follow.bend = 0.3 * size * sway(c + 0.2);
            lead.feet = [[0.25, 0.0, 0.0]; 2];
            lead.drop = 0.25;
            lead.lean = 0.15 * size * sway(c - 0.15);
            embrace(&mut lead, &mut follow);
            lead.hands[0] = Hand::Held(add(follow.shoulders(), [0.0, 1.0, 0.0], -0.6));
            follow.hands[1] = Hand::Own([0.3, -0.9, 0.0]);
            [lead, follow]
        }
        Dance::Hammerlock => {
            let mut lead = Puppet::standing(-0.6, 0.2 + 0.5 * side, 0.5);
            let mut follow = Puppet::standing(0.5, 0.5 * side, PI + 0.3 + 0.5 * sway(c));
            follow.tall = 0.9;
            let behind = add(add(follow.hips(), [0.0, 1.0, 0.0], 0.3), follow.forward(), -0.25);
            lead.hands = [Hand::Held(behind), Hand::Own([0.3, 0.4 + 0.3 * sway(2.0 * c), 0.5])];
            follow.hands = [Hand::Held(behind), Hand::Own([0.5, 0.3 * sway(2.0 * c), 0.3])];
            let mut pair = [lead, follow];
            steps(&mut pair, c, 0.2, 0.1);
            pair
        }
    }
}
