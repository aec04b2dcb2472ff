//! docs/elasticsearch.md: every block of its cookbook runs, all languages give the same answer,
//! and `vitrine search` agrees.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vitrine_tests::elasticsearch::Elasticsearch;
use vitrine_tests::program::{self, command, run};

/// A recipe of the page: its title, and code by language.
struct Recipe {
    title: String,
    code: BTreeMap<String, String>,
}

/// The recipes of a page, in order; the first one is what all others begin with.
fn recipes(page: &str) -> Vec<Recipe> {
    let (_, cookbook) = page.split_once("\n## Cookbook\n").expect("the page has a cookbook");
    let section = |text: &str| {
        let (title, body) = text.split_once('\n').expect("a title is a line");
        let blocks = body.split("\n```").collect::<Vec<_>>();
        // Text, then language and code, then text …
        let code = blocks.chunks(2).filter_map(|pair| pair.get(1)?.split_once('\n'));
        let code = code.map(|(language, code)| (language.to_owned(), code.to_owned()));
        Recipe { title: title.to_owned(), code: code.collect() }
    };
    cookbook.split("\n### ").skip(1).map(section).collect()
}

/// Where scripts run, and what they find there.
struct Kitchen {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, OsString)>,
}

impl Kitchen {
    fn new(url: &str, index: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = installed("node").join("node_modules");
        std::os::unix::fs::symlink(node, folder.path().join("node_modules")).unwrap();
        std::fs::copy(photo(), folder.path().join("photo.png")).unwrap();
        let program = program::vitrine().parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(program).chain(std::env::split_paths(&path));
        let environment = vec![
            ("ES_URL", url.into()),
            ("INDEX", index.into()),
            ("PATH", std::env::join_paths(path).unwrap()),
            ("PYTHONPATH", installed("python").into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ];
        Self { folder, environment }
    }

    /// What the code prints.
    fn cook(&self, title: &str, language: &str, code: &str) -> String {
        let (program, file) = match language {
            "sh" => ("bash", "block.sh"),
            "python" => ("python3", "block.py"),
            "js" => ("node", "block.mjs"),
            other => panic!("{title} has code in `{other}`"),
        };
        std::fs::write(self.folder.path().join(file), code).unwrap();
        let mut command = Command::new(program);
        if language == "sh" {
            command.args(["-euo", "pipefail"]);
        }
        command.arg(file).current_dir(self.folder.path()).envs(self.environment.clone());
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{title}, {language}: {}{}", ended.stdout, ended.stderr);
        ended.stdout
    }
}

/// What `scripts/setup.sh tests` installed for a language.
fn installed(language: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools").join(language);
    let items = std::fs::read_dir(&tools).map(|items| items.flatten().collect::<Vec<_>>());
    let mut found: Vec<PathBuf> =
        items.unwrap_or_default().iter().map(|item| item.path()).collect();
    found.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("elasticsearch-") && !name.ends_with(".part")
    });
    found.sort();
    let newest = found.pop().expect("scripts/setup.sh tests installs the clients");
    newest.canonicalize().unwrap()
}

/// The answer that curl printed, as the other languages print it.
fn lines_of(answer: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(facets) = answer["aggregations"].as_object() {
        let sorted: BTreeMap<_, _> = facets.iter().collect();
        let buckets = sorted.into_iter().flat_map(|(name, facet)| {
            let buckets = facet["buckets"].as_array().unwrap().iter();
            buckets.map(move |one| format!("{name} {} {}", plain(&one["key"]), one["doc_count"]))
        });
        return buckets.collect();
    }
    if let Some(tags) = answer["_source"]["tags"].as_array() {
        let words = [&answer["_source"]["name"], &answer["_source"]["pack"]];
        return vec![words.into_iter().chain(tags).map(plain).collect::<Vec<_>>().join(" ")];
    }
    let hits = answer["hits"]["hits"].as_array().unwrap_or_else(|| panic!("no hits: {answer}"));
    let view = |hit: &Value| {
        let best = &hit["inner_hits"]["look_views"]["hits"]["hits"][0];
        let number = best["fields"]["look_views.view"][0].as_u64();
        number.map_or_else(String::new, |number| format!(" view {number}"))
    };
    let of = |hit: &Value| match hit["fields"].as_object() {
        Some(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().collect();
            let lengths = fields.into_iter();
            lengths.map(|(name, one)| format!("{name} {}", one.as_array().unwrap().len())).collect()
        }
        None => vec![format!(
            "{:.4} {}{}",
            hit["_score"].as_f64().unwrap(),
            plain(&hit["_source"]["name"]),
            view(hit)
        )],
    };
    hits.iter().flat_map(of).collect()
}

/// What `vitrine search` says, in the words of the cookbook: `(1 + cosine) / 2`, the name, and the best
/// view where there is one.
fn searched(server: &Elasticsearch, index: &str, query: &str, flags: &[&str]) -> Vec<String> {
    let mut call = command(&["search", "--top-k", "5", "--output", "json", query]);
    let answer = run(Elasticsearch::lend(call.args(flags), server.url(), index)).json(0);
    let hits = answer["hits"].as_array().unwrap().iter();
    let line = |hit: &Value| {
        let score = f64::midpoint(hit["score"].as_f64().unwrap(), 1.0);
        let view = hit["view"]["number"].as_u64();
        let view = view.map_or_else(String::new, |number| format!(" view {number}"));
        format!("{score:.4} {}{view}", hit["name"].as_str().unwrap())
    };
    hits.map(line).collect()
}

/// Hits of one score in the order of their names: Elasticsearch breaks ties by the order in which
/// documents were written, which differs from run to run.
fn settled(mut hits: Vec<String>) -> Vec<String> {
    let score = |hit: &str| hit.split(' ').next().unwrap_or_default().to_owned();
    hits.chunk_by_mut(|one, next| score(one) == score(next)).for_each(<[_]>::sort);
    hits
}

#[test]
fn every_recipe_of_the_cookbook_gives_the_same_answer_in_every_language() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = server.name("cookbook");
    fill(&server, &index);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/elasticsearch.md");
    let recipes = recipes(&std::fs::read_to_string(page).unwrap());
    assert!(recipes.len() > 8, "{} recipes", recipes.len());
    let (first, others) = recipes.split_first().unwrap();
    let kitchen = Kitchen::new(server.url(), &index);
    let mut answers = BTreeMap::new();
    for Recipe { title, code } in others {
        let said = |language: &str| {
            let code = format!("{}\n{}", first.code[language], code.get(language)?);
            Some(kitchen.cook(title, language, &code))
        };
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let python = lines(said("python").expect("every recipe has Python"));
        let js = lines(said("js").expect("every recipe has JavaScript"));
        assert!(!python.is_empty(), "{title}: no answer");
        assert_eq!(python, js, "{title}: Python, JavaScript");
        if let Some(text) = said("sh") {
            let answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{title}: {text}"));
            let curl = lines_of(&answer);
            // The others may go on where a shell would need more tools.
            assert_eq!(curl[..], python[..curl.len().min(python.len())], "{title}: curl, Python");
        }
        answers.insert(title.as_str(), python);
    }
    let agrees = |title: &str, hits: Vec<String>| {
        assert_eq!(settled(answers[title].clone()), settled(hits), "{title}");
    };
    let nearest = searched(&server, &index, "something to lift pallets with", &[]);
    agrees("The nearest", nearest);
    let flags = ["--pack", "office", "--where", "size_m < 1.5"];
    let nearest = searched(&server, &index, "a place to sit", &flags);
    agrees("The nearest of some", nearest);
    let image = format!("--image={}", photo().display());
    let alike = searched(&server, &index, &image, &[]);
    agrees("What looks like a picture", alike);
    let captions = searched(&server, &index, &image, &["--cross-modal"]);
    agrees("Captions that describe a picture", captions);
    let flags = ["--cross-modal", "--pack", "office"];
    let pictures = searched(&server, &index, "a red armchair", &flags);
    let name = |line: String| line.split(" view ").next().unwrap().to_owned();
    let pictures = pictures.into_iter().map(name).collect();
    agrees("Pictures that words describe", pictures);
}

/// The picture that recipes ask for.
fn photo() -> PathBuf {
    images().join("decode/rgb.png")
}

fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/images").canonicalize().unwrap()
}

/// Catalogues the demo library into the index, with two embeddings of texts and one of pictures.
fn fill(server: &Elasticsearch, index: &str) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!(
        "apiVersion: vitrine.dev/v1alpha1\nkind: AssetLibrary\nmetadata: {{name: cookbook}}\n\
         spec:\n  source: {{uri: \"{demo}/library\"}}\n  captions: {{uri: \"{demo}/captions.csv\"}}\n  \
         embeddings:\n    \
         - {{name: text, algorithm: text, model: {{uri: \"hf://sentence-transformers/all-MiniLM-L6-v2\"}}}}\n    \
         - {{name: zh, algorithm: text, model: {{uri: bge-small-zh-v15-q}}}}\n    \
         - {{name: look, algorithm: clip, model: {{uri: \"{images}/clip\"}}}}\n",
        demo = demo.display(),
        images = images().display(),
    );
    let file = folder.path().join("vitrine.yaml");
    std::fs::write(&file, configuration).unwrap();
    let mut call = command(&["catalog", "--quiet", "--strict", "--config"]);
    call.arg(file).current_dir(folder.path());
    let ended = run(Elasticsearch::lend(&mut call, server.url(), index));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
