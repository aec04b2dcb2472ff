//! Which of the listed paths are assets.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::StorageError;

/// What a library takes unless it is told otherwise.
pub const ASSET_FILES: [&str; 5] = ["**/*.usd", "**/*.usda", "**/*.usdc", "**/*.usdz", "**/*.glb"];

/// Globs over paths inside a library: `*` stays in a folder, `**` crosses folders, `{a,b}` is
/// either; letters match in either case.
#[derive(Clone, Debug)]
pub struct Filter {
    include: GlobSet,
    exclude: GlobSet,
    told: String,
}

/// `include **/*.mp4, **/*.mov, exclude raw/**`.
impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.told)
    }
}

impl Filter {
    /// * `include`: at least one must match; [`ASSET_FILES`] where empty.
    /// * `exclude`: none may match.
    ///
    /// # Errors
    ///
    /// Names the first glob that is none.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, StorageError> {
        let include = match include {
            [] => ASSET_FILES.map(str::to_owned).into(),
            given => given.to_vec(),
        };
        let mut told = format!("include {}", include.join(", "));
        if !exclude.is_empty() {
            told.push_str(&format!(", exclude {}", exclude.join(", ")));
        }
        Ok(Self { include: set(&include)?, exclude: set(exclude)?, told })
    }

    /// Whether the file at `path` is an asset of the library.
    pub fn takes(&self, path: &str) -> bool {
        self.include.is_match(path) && !self.exclude.is_match(path)
    }
}

fn set(globs: &[String]) -> Result<GlobSet, StorageError> {
    let refuse = |glob: &str, error: globset::Error| StorageError::Glob {
        glob: glob.to_owned(),
        reason: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let built = GlobBuilder::new(glob)
            .literal_separator(true)
            .case_insensitive(true)
            .build()
            .map_err(|error| refuse(glob, error))?;
        set.add(built);
    }
    set.build().map_err(|error| refuse("", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_by_an_include_and_no_exclude() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str], &[&str], &str, bool)] = &[
            // because                          include          exclude       path             taken
            ("USD is the default",              &[],             &[],          "a/b/c.usdz",    true),
            ("in any case of letters",          &[],             &[],          "c.USDA",        true),
            ("and so is GLB",                   &[],             &[],          "000/chair.glb", true),
            ("a .gltf is seldom whole",         &[],             &[],          "chair.gltf",    false),
            ("textures are not assets",         &[],             &[],          "a/wood.png",    false),
            ("a star stays in its folder",      &["a/*.usd"],    &[],          "a/b/c.usd",     false),
            ("two stars cross folders",         &["a/**/*.usd"], &[],          "a/b/c.usd",     true),
            ("an exclude wins",                 &[],             &["a/**"],    "a/c.usd",       false),
        ];
        for &(because, include, exclude, path, taken) in cases {
            let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>();
            let filter = Filter::new(&owned(include), &owned(exclude)).unwrap();
            assert_eq!(filter.takes(path), taken, "{because}: {path}");
        }
    }

    #[test]
    fn it_tells_what_it_takes() {
        let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>();
        let filter = Filter::new(&owned(&["**/*.mp4", "*.mov"]), &owned(&["raw/**"])).unwrap();
        assert_eq!(filter.to_string(), "include **/*.mp4, *.mov, exclude raw/**");
    }

    #[test]
    fn a_broken_glob_is_named() {
        let error = Filter::new(&["a[".to_owned()], &[]).unwrap_err().to_string();
        assert!(error.contains("`a[`"), "{error}");
    }
}
