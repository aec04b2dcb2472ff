//! What the vectors are indifferent to, and what they tell apart.

use vitrine_pose::{COUPLE_DIMS, DANCER_DIMS, Embeddings, couple_names, dancer_names};

use crate::motions::camera::Take;
use crate::motions::dances::Dance;
use crate::motions::retrieval::{cosine, embed, evaluate};

fn alike(a: &Embeddings, b: &Embeddings) -> [f64; 3] {
    let pair = |of: fn(&Embeddings) -> &Option<Vec<f32>>| {
        let vector = |embeddings| of(embeddings).as_deref().expect("both are seen, all along");
        cosine(vector(a), vector(b))
    };
    [pair(|e| &e.lead), pair(|e| &e.follow), pair(|e| &e.interaction)]
}

#[test]
fn place_size_frame_rate_and_pace_hardly_change_a_vector() {
    let usual = Take { begin: 0.1, ..Take::default() };
    let steady = Take { cycles_per_s: 0.25, duration_s: 8.0, ..Take::default() };
    #[rustfmt::skip]
    let cases: [(&str, &Take, Take, f64); 6] = [
        ("moved in the picture", &usual,  Take { middle: [300.0, 900.0], ..usual.clone() },                        0.9999),
        ("twice as large",       &usual,  Take { pixels_per_torso: 240.0, ..usual.clone() },                       0.999),
        ("30 frames a second",   &usual,  Take { frames_per_s: 30.0, ..usual.clone() },                            0.98),
        ("24 frames a second",   &usual,  Take { frames_per_s: 24.0, ..usual.clone() },                            0.98),
        ("a fifth slower",       &usual,  Take { duration_s: 10.0, cycles_per_s: 0.216, ..usual.clone() },         0.96),
        ("twice as long",        &steady, Take { duration_s: 16.0, ..steady.clone() },                             0.75),
    ];
    for dance in [Dance::SideBasic, Dance::FollowTurn, Dance::Dip, Dance::Shadow] {
        for (because, from, to, least) in &cases {
            let found = alike(&embed(dance, from), &embed(dance, to));
            println!("{dance:?}, {because}: {found:.4?}");
            assert!(found.iter().all(|cosine| cosine >= least), "{dance:?}, {because}: {found:?}");
        }
    }
}

#[test]
fn the_nearest_clip_shows_the_same_motion() {
    let evaluation = evaluate(6, 500);
    let all = [
        ("lead", evaluation.figures(|e| e.lead.as_ref())),
        ("follow", evaluation.figures(|e| e.follow.as_ref())),
        ("interaction", evaluation.figures(|e| e.interaction.as_ref())),
    ];
    for (name, figures) in all {
        println!("{name}: {figures:?}");
        assert!(figures.recall_at_1 >= 0.95, "{name}: {figures:?}");
        assert_eq!(figures.missing, 0, "{name}");
    }
}

#[test]
fn the_same_clip_gives_the_same_numbers() {
    let take = Take::random(3);
    assert_eq!(embed(Dance::Cuddle, &take), embed(Dance::Cuddle, &take));
}

#[test]
fn the_documented_table_names_every_number() {
    let page = include_str!("../../../../docs/poses.md");
    let table = |heading: &str| -> Vec<(usize, String)> {
        let rest = page.split(heading).nth(1).expect("the heading is in the page");
        rest.lines()
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .skip(2)
            .flat_map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let named = |two: &[&str]| {
                    let number = two[0].parse().ok()?;
                    Some((number, two[1].trim_matches('`').to_owned()))
                };
                cells.chunks_exact(2).filter_map(named).collect::<Vec<_>>()
            })
            .collect()
    };
    let expected = |names: Vec<String>| names.into_iter().enumerate().collect::<Vec<_>>();
    assert_eq!(dancer_names().len(), DANCER_DIMS);
    assert_eq!(couple_names().len(), COUPLE_DIMS);
    let cure =
        "run `cargo run -p vitrine-pose --example numbers` and put its tables in docs/poses.md";
    assert_eq!(table("### A dancer's 512"), expected(dancer_names()), "{cure}");
    assert_eq!(table("### A couple's 256"), expected(couple_names()), "{cure}");
}
