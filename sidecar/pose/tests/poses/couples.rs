//! Who is chosen, who leads, and how good it is.

use fastrand::Rng;
use vitrine_pose::{Couple, Moment, Options, RoleHint, RolesFrom, Side, Tracker};

use crate::motions::camera::{Take, film, look};
use crate::motions::dances::Dance;
use crate::motions::puppet::Puppet;

fn couple(moments: Vec<Moment>, hint: RoleHint) -> Couple {
    let mut tracker = Tracker::new(Options::default());
    moments.into_iter().for_each(|moment| tracker.push(moment));
    tracker.finish().couple(&hint)
}

fn first_x(dancer: &Option<vitrine_pose::Dancer>) -> f32 {
    let bounds = dancer.as_ref().expect("the dancer is there").track.sightings[0].person.bounds;
    (bounds.left + bounds.right) / 2.0
}

#[test]
fn the_annotation_tells_who_leads_and_else_the_taller_does() {
    let take = Take { noise: 0.01, ..Take::default() };
    let moments = film(Dance::SideBasic, &take).moments;
    // In the generator the lead stands on the left and is the taller.
    let cases = [
        (RoleHint::Unsaid, RolesFrom::Rule, true),
        (RoleHint::LeadOn(Side::Left), RolesFrom::Annotation, true),
        (RoleHint::LeadOn(Side::Right), RolesFrom::Annotation, false),
    ];
    for (hint, from, lead_is_left) in cases {
        let found = couple(moments.clone(), hint);
        assert_eq!(found.roles_from, from);
        assert_eq!(first_x(&found.lead) < first_x(&found.follow), lead_is_left, "{hint:?}");
    }
}

#[test]
fn bystanders_lose_though_they_are_nearer_surer_and_always_there() {
    let take = Take { noise: 0.01, frames_lost: 0.0, ..Take::default() };
    let mut moments = film(Dance::SideBasic, &take).moments;
    let mut r = Rng::with_seed(4);
    let near = Take { pixels_per_torso: 150.0, ..take.clone() };
    for moment in &mut moments {
        for x in [-4.0, 3.5] {
            let mut person = look(&Puppet::standing(x, 0.0, 0.0), &near, &mut r);
            person.score = 0.99;
            moment.people.insert(0, person);
        }
    }
    let found = couple(moments, RoleHint::Unsaid);
    for dancer in [&found.lead, &found.follow] {
        let x = first_x(dancer);
        assert!((400.0..900.0).contains(&x), "somebody at {x} was taken for a dancer");
    }
}

#[test]
fn quality_is_six_tenths_detection_and_four_tenths_confidence() {
    let mut moments = film(Dance::SideBasic, &Take::default()).moments;
    let frames = moments.len();
    for moment in moments.iter_mut().skip(frames / 2) {
        moment.people.clear();
    }
    for person in moments.iter_mut().flat_map(|moment| &mut moment.people) {
        person.joints.iter_mut().for_each(|joint| joint.score = 0.5);
    }
    let quality = couple(moments, RoleHint::Unsaid).quality();
    assert!((quality.detection_rate - 0.5).abs() < 0.01, "{quality:?}");
    assert!((quality.confidence - 0.5).abs() < 1e-6, "{quality:?}");
    let expected = 0.6 * quality.detection_rate + 0.4 * quality.confidence;
    assert!((quality.score - expected).abs() < 1e-6);
}

#[test]
fn one_alone_leads_without_an_interaction_and_nobody_has_no_vectors() {
    let mut moments = film(Dance::SideBasic, &Take::default()).moments;
    for moment in &mut moments {
        moment.people.retain(|person| person.bounds.left < 560.0);
        moment.people.truncate(1);
    }
    let alone = couple(moments, RoleHint::LeadOn(Side::Right));
    assert_eq!(alone.roles_from, RolesFrom::Rule);
    let vectors = alone.embeddings();
    assert!(vectors.lead.is_some() && vectors.follow.is_none() && vectors.interaction.is_none());
    assert_eq!(alone.quality().detection_rate, 0.0);

    let nobody = couple(Vec::new(), RoleHint::Unsaid);
    assert_eq!(nobody.roles_from, RolesFrom::Nobody);
    let vectors = nobody.embeddings();
    assert!(vectors.lead.is_none() && vectors.follow.is_none() && vectors.interaction.is_none());
    assert_eq!(nobody.quality().score, 0.0);
}
