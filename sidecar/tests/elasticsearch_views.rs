//! A search by views gives the same of a catalogue and of an index: assets, scores, best views.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

mod filled;
mod pictured;

use std::sync::Arc;

use filled::{Vectored, field, filled_with};
use pictured::{Model, document, write};
use vitrine::asset::Content;
use vitrine::index::{Cluster, Settings};
use vitrine::search::filter::Filter;
use vitrine::search::{Answer, Index, Library, Picture, Query, Request};
use vitrine_crds::library::{Algorithm, VectorIndex};
use vitrine_image::Rgb;
use vitrine_tests::elasticsearch::Elasticsearch;

const ASSETS: usize = 600;
const VIEWS: usize = 8;
const DIMS: usize = 64;
/// Elasticsearch adds float32 products in another order.
const SCORE_TOLERANCE: f64 = 1e-5;

fn unit(random: &mut fastrand::Rng, near: Option<&[f32]>) -> Vec<f32> {
    let raw: Vec<f32> =
        (0..DIMS).map(|at| random.f32() - 0.5 + near.map_or(0.0, |near| 2.0 * near[at])).collect();
    let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
    raw.into_iter().map(|value| value / norm).collect()
}

fn picture() -> Query {
    let pixels = Arc::new(Rgb::new(1, 1, vec![0; 3]).unwrap());
    Query::Picture(Picture { name: "photo".to_owned(), pixels })
}

fn compare(index: &Answer, catalogue: &Answer) {
    assert_eq!((index.total, &index.algorithm), (catalogue.total, &catalogue.algorithm));
    assert_eq!(index.hits.len(), catalogue.hits.len());
    for (theirs, ours) in index.hits.iter().zip(&catalogue.hits) {
        assert_eq!((&theirs.asset_id, &theirs.view), (&ours.asset_id, &ours.view));
        assert!((theirs.score - ours.score).abs() < SCORE_TOLERANCE, "{theirs:?} {ours:?}");
        assert_eq!((&theirs.name, &theirs.thumbnail_uri), (&ours.name, &ours.thumbnail_uri));
    }
}

#[test]
fn the_nearest_views_are_the_same_of_a_catalogue_and_of_an_index() {
    let Some(server) = Elasticsearch::find() else { return };
    let mut random = fastrand::Rng::with_seed(5);
    // Views of one asset are alike, as pictures of one thing are.
    let views: Vec<(usize, Vec<Vec<f32>>)> = (0..ASSETS)
        .map(|number| {
            let middle = unit(&mut random, None);
            // Some have fewer views, and one has none.
            let count = if number == 9 { 0 } else { VIEWS - number % 2 };
            (number, (0..count).map(|_| unit(&mut random, Some(&middle))).collect())
        })
        .collect();
    let captions: Vec<(usize, Vec<Vec<f32>>)> =
        (0..ASSETS).step_by(2).map(|number| (number, vec![unit(&mut random, None)])).collect();
    let folder = tempfile::tempdir().unwrap();
    let model = Model { uri: "models/none", texts: "model-1", pictures: "model-1" };
    write(folder.path(), ASSETS, &model, &captions, &views);
    let library = Library::open(folder.path()).unwrap();
    let items: Vec<Vectored> = (0..ASSETS)
        .map(|number| {
            let mut vectors = Vec::new();
            if let Some((_, rows)) = captions.iter().find(|(of, _)| *of == number) {
                vectors.push(("look_text", rows.concat()));
            }
            if !views[number].1.is_empty() {
                vectors.push(("look_views", views[number].1.concat()));
            }
            (document(number), vectors)
        })
        .collect();
    let fields = || {
        vec![
            field(("look_text", "look"), DIMS, (Algorithm::Clip, Content::Caption)),
            field(("look_views", "look"), DIMS, (Algorithm::Clip, Content::Views)),
        ]
    };
    let cluster = || Cluster::connect(&Settings::new(server.url()).unwrap()).unwrap();
    let filters = [None, Filter::all(vec![Filter::pack("garden")]), {
        let one = Filter::parse("not pack = 'garden' and used_by < 100").unwrap();
        Filter::all(vec![one])
    }];

    let alias = filled_with(&server, VectorIndex::Auto, fields(), &items);
    let mut index = Index::open(cluster(), &alias).unwrap();
    let mut views_seen = std::collections::BTreeSet::new();
    for round in 0..10 {
        let near = &views[7 + 40 * round].1[round % (VIEWS - 1)];
        let vector = unit(&mut random, Some(near));
        for (is_cross_modal, top_k) in [(false, 1), (false, 25), (true, 25)] {
            for filter in filters.clone() {
                let algorithm = None;
                let request =
                    Request { query: picture(), is_cross_modal, algorithm, filter, top_k };
                let ours = library.search(&request, &mut |_, _| Ok(vector.clone())).unwrap();
                let theirs = index.search(&request, &mut |_, _| Ok(vector.clone())).unwrap();
                compare(&theirs, &ours);
                assert_eq!(ours.hits.len(), top_k, "as many as are asked for");
                let seen = ours.hits.iter().filter_map(|hit| hit.view.as_ref());
                views_seen.extend(seen.map(|view| view.number));
            }
        }
    }
    assert!(views_seen.len() >= VIEWS, "every view is the best somewhere: {views_seen:?}");

    // Quantized vectors find the same first ones: what they find is compared again exactly.
    for kind in [VectorIndex::Int8Hnsw, VectorIndex::BbqHnsw] {
        let alias = filled_with(&server, kind, fields(), &items);
        let mut index = Index::open(cluster(), &alias).unwrap();
        for (number, view) in [(0, 0), (123, 5), (598, 7)] {
            let vector = &views[number].1[view];
            let request = Request {
                query: picture(),
                is_cross_modal: false,
                algorithm: None,
                filter: None,
                top_k: 1,
            };
            let ours = library.search(&request, &mut |_, _| Ok(vector.clone())).unwrap();
            let theirs = index.search(&request, &mut |_, _| Ok(vector.clone())).unwrap();
            compare(&theirs, &ours);
            assert_eq!(
                theirs.hits[0].view.as_ref().map(|view| view.number),
                Some(view),
                "{kind:?}"
            );
        }
    }
}
