//! The pictures taken of each asset, or brought for it.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::places::{Credentials, SecretRef};

/// The pictures taken of each asset.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Views {
    /// Pictures of one asset, evenly around it.
    #[schemars(range(min = 1, max = 36))]
    pub count: i32,
    /// Width and height, in pixels; of brought pictures the longer of the two, at most.
    #[schemars(range(min = 64, max = 4096))]
    pub size: i32,
    /// Whether pictures and a GLB of each asset are put into the catalogue. Without, pictures are
    /// made for image models alone.
    pub thumbnails: bool,
    /// Whether the cameras that an asset brings give pictures too.
    pub cameras: bool,
    /// Pictures that exist already. Absent: they are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<ViewsFrom>,
}

impl Default for Views {
    fn default() -> Self {
        Self { count: 8, size: 512, thumbnails: true, cameras: false, from: None }
    }
}

/// Pictures that exist already: `views.count` of each asset's are taken, evenly among them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ViewsFrom {
    /// A folder, or `file://`, `s3://`, `gs://`, `az://`, `https://`.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Secret with the store's usual variables. Absent: the login of `source`, or else of `catalog`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// How to get in without a secret.
    #[serde(default)]
    pub credentials: Credentials,
    /// Where below `uri` the pictures of an asset are: `{view}` or `{view:05}` is a picture's number
    /// from 0, `{path}` the asset's path, `{name}` its file's name without suffix, `{pack}` its
    /// first folder, `{id}` its id in the map, or without one its path without suffix.
    #[schemars(length(min = 1, max = 2048))]
    pub path: String,
    /// Pictures of an asset that go around it, numbered from 0. Of more, those from here on are
    /// left out.
    #[schemars(range(min = 1, max = 10000))]
    pub count: i32,
    /// A JSON object from the ids of pictures to paths of assets; a file below `uri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub id_map: Option<String>,
}

impl ViewsFrom {
    /// The numbers of `wanted` pictures, evenly among all: `⌊i · count / wanted⌋`.
    pub fn numbers(&self, wanted: u32) -> Vec<u32> {
        let (count, wanted) = (u64::from(self.count.unsigned_abs()), u64::from(wanted.max(1)));
        (0..wanted).map(|at| (at * count / wanted) as u32).collect()
    }
}

/// A template of paths, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Id,
    Path,
    Name,
    Pack,
    View { digits: usize },
}

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The asset's id.
    pub id: &'a str,
    /// Its path inside the library.
    pub path: &'a str,
    /// Its file's name without suffix.
    pub name: &'a str,
    /// Its first folder.
    pub pack: &'a str,
}

impl Template {
    /// Takes `text` apart.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (word, after) =
                inner.split_once('}').ok_or("has a `{` without `}`; write one as in {view}")?;
            pieces.push(match word {
                "id" => Piece::Id,
                "path" => Piece::Path,
                "name" => Piece::Name,
                "pack" => Piece::Pack,
                "view" => Piece::View { digits: 1 },
                other => other.strip_prefix("view:0").and_then(digits).ok_or_else(|| {
                    format!(
                        "knows no `{{{other}}}`; use {{id}}, {{path}}, {{name}}, {{pack}}, {{view}} \
                         or {{view:05}}"
                    )
                })?,
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Whether it differs from asset to asset.
    pub fn names_asset(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Id | Piece::Path | Piece::Name))
    }

    /// Whether it differs from view to view.
    pub fn names_view(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::View { .. }))
    }

    /// The path of picture `view` of an asset.
    pub fn fill(&self, filling: &Filling<'_>, view: u32) -> String {
        let mut path = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Id => path.push_str(filling.id),
                Piece::Path => path.push_str(filling.path),
                Piece::Name => path.push_str(filling.name),
                Piece::Pack => path.push_str(filling.pack),
                Piece::View { digits } => {
                    write!(path, "{view:0digits$}").expect("text takes everything");
                }
            }
        }
        path
    }
}

fn digits(text: &str) -> Option<Piece> {
    let digits: usize = text.parse().ok()?;
    (1..=20).contains(&digits).then_some(Piece::View { digits })
}

#[cfg(test)]
mod tests {
    use super::{Filling, Template, ViewsFrom};

    const FILLING: Filling<'_> =
        Filling { id: "0/10005", path: "000-000/abc.glb", name: "abc", pack: "000-000" };

    #[test]
    fn a_template_gives_a_path_for_each_view() {
        #[rustfmt::skip]
        let cases = [
            ("{id}/campos_512_v4/{view:05}/{view:05}.png", "0/10005/campos_512_v4/00007/00007.png"),
            ("{pack}/{name}-{view}.png",                   "000-000/abc-7.png"),
            ("{path}.png",                                 "000-000/abc.glb.png"),
            ("plain",                                      "plain"),
        ];
        for (template, expected) in cases {
            assert_eq!(Template::parse(template).unwrap().fill(&FILLING, 7), expected);
        }
    }

    #[test]
    fn what_is_no_template_is_told() {
        for wrong in ["{view", "{views}", "{}", "{view:5}", "{view:0}", "{view:099}", "{view:0x}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn eight_of_more_are_evenly_among_them() {
        let from = |count| ViewsFrom {
            uri: String::new(),
            secret_ref: None,
            credentials: super::Credentials::default(),
            path: String::new(),
            count,
            id_map: None,
        };
        assert_eq!(from(24).numbers(8), [0, 3, 6, 9, 12, 15, 18, 21]);
        assert_eq!(from(40).numbers(8), [0, 5, 10, 15, 20, 25, 30, 35]);
        assert_eq!(from(9).numbers(8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(from(3).numbers(3), [0, 1, 2]);
    }
}
