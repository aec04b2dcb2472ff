//! Layers, their order, and what is said about mistakes.

use super::shape::Kind;
use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Environment::from_parts(owned, "", "").unwrap()
}

fn loader(yaml: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Loader) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.yaml");
    std::fs::write(&file, yaml).unwrap();
    (folder, Loader::with(Some(file), environment(variables)))
}

fn mistakes(yaml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let (_folder, loader) = loader(yaml, variables);
    match loader.load() {
        Err(ConfigError::Mistakes(found)) => found.iter().map(|one| one.path.clone()).collect(),
        other => panic!("expected mistakes, got {other:?}"),
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let yaml = "spec: {source: {uri: a, include: [x]}, views: {count: 4, size: 256}}";
    let (_folder, loader) =
        loader(yaml, &[("VITRINE_VIEWS__COUNT", "6"), ("VITRINE_SOURCE__URI", "b")]);
    let loaded = loader.flag("source.uri", "c", "SOURCE").load().unwrap();
    let spec = &loaded.resource.spec;
    assert_eq!((spec.source.uri.as_str(), spec.views.count, spec.views.size), ("c", 6, 256));
    let from = |path| loaded.origin(&Path::in_spec(path)).to_string();
    assert_eq!(from("source.uri"), "SOURCE");
    assert_eq!(from("views.count"), "VITRINE_VIEWS__COUNT");
    assert!(from("views.size").ends_with("vitrine.yaml"), "{}", from("views.size"));
    assert_eq!(from("suspend"), "default");
}

#[test]
fn every_key_of_the_schema_can_be_set_by_the_variable_that_its_path_names() {
    fn walk(shape: &Shape, path: Path, count: &mut usize) {
        match &shape.kind {
            Kind::Object { keys, .. } => {
                for (key, inner) in keys {
                    walk(inner, path.key(key), count);
                }
            }
            Kind::List { items, .. } if matches!(items.kind, Kind::Object { .. }) => {
                walk(items, path.join(Step::Index(0)), count);
            }
            kind => {
                let text = match kind {
                    Kind::Text { choices, .. } => {
                        choices.first().map_or("x", String::as_str).to_owned()
                    }
                    Kind::Whole { min, .. } => (*min).max(1).to_string(),
                    Kind::Flag => "true".to_owned(),
                    Kind::List { .. } => "x,y".to_owned(),
                    Kind::Map(_) | Kind::Any => "{\"a\": \"b\"}".to_owned(),
                    Kind::Object { .. } => unreachable!("matched above"),
                };
                let read = overlay::settings(
                    &environment(&[(path.variable().as_str(), text.as_str())]),
                    &Shape::of::<AssetLibrary>(),
                );
                assert_eq!(read.mistakes, [], "{path}");
                assert_eq!(read.settings.len(), 1, "{path}");
                assert_eq!(read.settings[0].path, path);
                *count += 1;
            }
        }
    }
    let shape = Shape::of::<AssetLibrary>();
    let (key, spec) = shape.key_like("spec").unwrap();
    let mut count = 0;
    walk(spec, Path::default().key(key), &mut count);
    assert!(count > 60, "only {count} keys were walked");
}

#[test]
fn a_variable_changes_one_key_of_the_default_model() {
    let loaded = Loader::with(
        None,
        environment(&[
            ("VITRINE_SOURCE__URI", "assets"),
            ("VITRINE_EMBEDDINGS__0__MODEL__URI", "models/mine"),
            ("vitrine_views__count", "3"),
        ]),
    )
    .load()
    .unwrap();
    let [entry] = loaded.resource.spec.embeddings.as_slice() else { panic!("one entry") };
    assert_eq!((entry.name.as_str(), entry.model.uri.as_str()), ("text", "models/mine"));
    assert_eq!(loaded.resource.spec.views.count, 8, "lower-case names are not ours");
}

#[test]
fn every_mistake_is_reported_with_its_place_and_its_origin() {
    let yaml = "apiVersion: v1\nspec:\n  sorce: {uri: a}\n  views: {count: many, size: 3}\n  \
                suspend: 3\n  syncInterval: soon\n  embeddings: [{name: text, algorithm: tex}]\n";
    let found = mistakes(
        yaml,
        &[
            ("VITRINE_VIEWS__COUNTT", "3"),
            ("VITRINE_MAX_ASSETS", "ten"),
            ("VITRINE_SUSPENDED", "1"),
        ],
    );
    assert_eq!(
        found,
        [
            "VITRINE_MAX_ASSETS",
            "VITRINE_VIEWS__COUNTT",
            "apiVersion",
            "sorce",
            "source",
            "views.count",
            "views.size",
            "embeddings[0].algorithm",
            "embeddings[0].model",
            "suspend",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
}

#[test]
fn rules_are_checked_even_where_another_key_has_the_wrong_type() {
    let yaml = "spec: {source: {uri: a}, suspend: 3, syncInterval: soon}";
    assert_eq!(mistakes(yaml, &[]), ["suspend", "syncInterval"]);
}

type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn a_mistake_names_the_key_the_origin_and_the_cure() {
    #[rustfmt::skip]
    let cases: &[Case] = &[
        // file, variables, words of the answer
        ("spec: {source: {uri: a}, elastcsearch: {}}", &[], &["`elastcsearch`", "did you mean `elasticsearch`?", "vitrine.yaml"]),
        ("source: {uri: a}\nspec: {source: {uri: a}}", &[], &["write `source` under `spec:`"]),
        ("spec: {}", &[], &["`source` is missing", "add it to the file"]),
        ("spec: {source: {}}", &[], &["`source.uri` is missing", "VITRINE_SOURCE__URI"]),
        ("spec: {source: {uri: a}}", &[("VITRINE_VIEWS__COUNT", "99")], &["`views.count`", "1 to 36", "from VITRINE_VIEWS__COUNT"]),
        ("spec: {source: {uri: a}}", &[("VITRINE_VIEWS__COUT", "9")], &["did you mean VITRINE_VIEWS__COUNT?"]),
        ("spec: {source: {uri: 5}}", &[], &["`source.uri`", "\"5\"", "quotes"]),
        ("spec: {source: {uri: a}, deletionPolicy: delete}", &[], &["Retain, Delete"]),
        ("spec: {source: {uri: a}}", &[("VITRINE_EMBEDDINGS__4__NAME", "x")], &["the next is [1]"]),
    ];
    for (yaml, variables, words) in cases {
        let (_folder, loader) = loader(yaml, variables);
        let message = loader.load().unwrap_err().to_string();
        for word in *words {
            assert!(message.contains(word), "{yaml} {variables:?}: no {word:?} in {message:?}");
        }
    }
}

#[test]
fn a_cluster_s_service_variables_are_not_ours() {
    let variables =
        [("VITRINE_PORT", "tcp://10.0.0.1:80"), ("VITRINE_SEARCH_SERVICE_HOST", "10.0.0.1")];
    let (_folder, loader) = loader("spec: {source: {uri: a}}", &variables);
    assert_eq!(loader.load().unwrap().warnings, Vec::<String>::new());
}

#[test]
fn yaml_that_cannot_be_read_names_file_and_line() {
    let (_folder, loader) = loader("spec:\n  source: {uri: a\n  views: 3\n", &[]);
    let message = loader.load().unwrap_err().to_string();
    assert!(message.contains("vitrine.yaml is not YAML"), "{message}");
    assert!(message.contains("line"), "{message}");
}

#[test]
fn the_default_embedding_is_the_one_the_embedder_opens() {
    assert_eq!(
        vitrine_crds::library::embedding::default_embeddings(),
        [crate::embed::default_text()]
    );
}

#[test]
fn a_job_is_read_by_the_same_layers_and_a_laptop_s_pose_model_is_the_last_of_them() {
    let yaml = "kind: EmbeddingJob\nspec: {videos: {uri: a}, sampling: {fps: 10}}";
    let variables = [("VITRINE_SAMPLING__FPS", "30"), ("MMPOSE_CHECKPOINT_PATH", "models/pose")];
    let (_folder, loader) = loader(yaml, &variables);
    assert_eq!(loader.kind().unwrap().as_deref(), Some("EmbeddingJob"));
    let loaded = loader.clone().load_job().unwrap();
    let spec = &loaded.resource.spec;
    assert_eq!((spec.sampling.fps, spec.models.pose.uri.as_str()), (30, "models/pose"));
    let from = |path| loaded.origin(&Path::in_spec(path)).to_string();
    assert_eq!(from("models.pose.uri"), "MMPOSE_CHECKPOINT_PATH");
    let loaded = loader.flag("models.pose.uri", "mine", "--pose-model").load_job().unwrap();
    assert_eq!(loaded.resource.spec.models.pose.uri, "mine");
    let fallback = |yaml: &str| {
        let (_folder, loader) = self::loader(yaml, &variables);
        let loader = loader.fallback("elasticsearch.url", "http://es:9200", "ELASTICSEARCH_HOST");
        loader.load_job().unwrap().resource.spec.elasticsearch.unwrap().url.unwrap()
    };
    assert_eq!(fallback(yaml), "http://es:9200");
    let named = "kind: EmbeddingJob\nspec: {videos: {uri: a}, elasticsearch: {url: 'https://b'}}";
    assert_eq!(fallback(named), "https://b");
}

#[test]
fn the_kind_of_a_file_has_to_be_the_command_s() {
    let (_folder, loader) = loader("kind: AssetLibrary\nspec: {source: {uri: a}}", &[]);
    let message = loader.load_job().unwrap_err().to_string();
    assert!(message.contains("`source` is not known"), "{message}");
    assert!(message.contains("`kind`"), "{message}");
}
