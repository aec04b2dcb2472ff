//! The real default model, found as a user's is: in the cache, else fetched.

use vitrine::embed::{self, Options};

#[test]
fn like_sentences_are_near_and_unlike_ones_are_far() {
    let mut model = embed::open(&embed::default_text(), &Options::default()).unwrap();
    let texts = ["a machine that lifts pallets", "a forklift", "a cup of tea"].map(str::to_owned);
    let vectors = model.embed(&texts).unwrap();
    let cosine = |a: usize, b: usize| -> f32 {
        vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum()
    };
    assert_eq!(model.dims(), 384);
    assert!(cosine(0, 1) > cosine(0, 2) + 0.2, "{} {}", cosine(0, 1), cosine(0, 2));
}
