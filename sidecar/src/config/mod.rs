//! One configuration: defaults, then the file, then the environment, then flags.
//!
//! The layers are laid over one another as a tree of values and compared with the schema of the
//! types. The crates `config` and `figment` do the laying; they were not taken, because neither
//! knows the schema. With it, a variable's name finds its key in spite of case and underscores,
//! its text is read as the key's type, every mistake is reported at once, and each names the file
//! or variable that it came from.

mod check;
pub mod environment;
mod kind;
mod limits;
mod overlay;
mod path;
pub mod print;
mod shape;

use std::path::{Path as FilePath, PathBuf};

use serde_json::{Value, json};
use vitrine_crds::embedding_job::EmbeddingJob;
use vitrine_crds::library::AssetLibrary;

pub use environment::{DotenvError, Environment};
pub use kind::Configured;
pub use limits::limits;
pub use path::{Path, Step};
use shape::Shape;

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "vitrine.yaml";

/// Largest configuration file, in bytes: more than ten times what Kubernetes would keep.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Where a value came from. Later ones win.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Nothing was said.
    Default,
    /// The configuration file.
    File(String),
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// Whether the `.env` file set it.
        dotenv: bool,
    },
    /// A flag of the command line, as in `--include`.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file) => f.write_str(file),
            Self::Variable { name, dotenv: false } => f.write_str(name),
            Self::Variable { name, dotenv: true } => write!(f, "{name} in .env"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A configuration that passed every check, and where its values came from.
#[derive(Clone, Debug)]
pub struct Loaded<T = AssetLibrary> {
    /// The configuration.
    pub resource: T,
    /// What should be looked at but stops nothing.
    pub warnings: Vec<String>,
    origins: Vec<(Path, Origin)>,
}

impl<T> Loaded<T> {
    /// Where the value at `path` came from.
    pub fn origin(&self, path: &Path) -> Origin {
        origin(&self.origins, path)
    }
}

/// One mistake of a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The key, as in `elasticsearch.url`; the variable's name where it names no key.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// Where the value came from.
    pub origin: Origin,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, message, origin } = self;
        match origin {
            Origin::Variable { name, .. } if name == path => write!(f, "{path} {message}"),
            Origin::Default => write!(f, "`{path}` {message}"),
            _ => write!(f, "`{path}` {message} (from {origin})"),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {file}; name another with --config")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large to be one.
    #[error("{file} has more than {FILE_BYTES_MAX} bytes; is it a configuration?")]
    TooLarge {
        /// The file.
        file: String,
    },
    /// The file is not YAML.
    #[error("{file} is not YAML: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// What and where.
        reason: String,
    },
    /// The file says what cannot be.
    #[error("{}", list(.0))]
    Mistakes(Vec<Mistake>),
    /// The `.env` file is unusable.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
}

fn list(mistakes: &[Mistake]) -> String {
    match mistakes {
        [one] => format!("configuration: {one}"),
        several => {
            let lines: Vec<String> = several.iter().map(|one| format!("\n  {one}")).collect();
            format!("the configuration has {} mistakes:{}", several.len(), lines.concat())
        }
    }
}

/// Gathers the layers of one configuration.
#[derive(Clone, Debug)]
pub struct Loader {
    file: Option<PathBuf>,
    environment: Environment,
    flags: Vec<(Path, Value, String)>,
    fallbacks: Vec<(Path, Value, String)>,
    arguments: Vec<(Path, &'static str)>,
    given_optional: bool,
}

impl Loader {
    /// Reads `file`; without one `VITRINE_CONFIG`, else `vitrine.yaml` in the working directory
    /// where it is there. The environment is the process's, with `.env` of the working directory.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Dotenv`].
    pub fn new(file: Option<PathBuf>) -> Result<Self, ConfigError> {
        let environment = Environment::read(FilePath::new("."))?;
        let file = file
            .or_else(|| environment.get("VITRINE_CONFIG").map(PathBuf::from))
            .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.is_file()));
        Ok(Self::with(file, environment))
    }

    /// The same with a given environment and no default file.
    pub fn with(file: Option<PathBuf>, environment: Environment) -> Self {
        Self {
            file,
            environment,
            flags: Vec::new(),
            fallbacks: Vec::new(),
            arguments: Vec::new(),
            given_optional: false,
        }
    }

    /// Lays the value of a flag on top: `flag("source.include", json!(["**/*.usdz"]), "--include")`.
    #[must_use]
    pub fn flag(mut self, path: &str, value: impl Into<Value>, flag: &str) -> Self {
        self.flags.push((Path::in_spec(path), value.into(), flag.to_owned()));
        self
    }

    /// Names the argument of the command line that gives the value at `path`, which has to be somewhere:
    /// where it is missing, the message names the argument too.
    #[must_use]
    pub fn argument(mut self, path: &str, argument: &'static str) -> Self {
        self.arguments.push((Path::in_spec(path), argument));
        self
    }

    /// Lays the value of a variable of another program where the file says nothing.
    #[must_use]
    pub fn fallback(mut self, path: &str, value: impl Into<Value>, variable: &str) -> Self {
        self.fallbacks.push((Path::in_spec(path), value.into(), variable.to_owned()));
        self
    }

    /// Sets a variable as if the process had it.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.set(name, value);
        self
    }

    /// Accepts a configuration without what a command may give instead ([`Configured::GIVEN`]), which
    /// is then empty: for showing it.
    #[must_use]
    pub fn given_optional(mut self) -> Self {
        self.given_optional = true;
        self
    }

    /// The environment, for credentials.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The file that will be read, where there is one.
    pub fn file(&self) -> Option<&FilePath> {
        self.file.as_deref()
    }

    /// The `kind` that the file says; none where there is no file, or it says none.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn kind(&self) -> Result<Option<String>, ConfigError> {
        let Some(file) = &self.file else { return Ok(None) };
        Ok(read(file)?["kind"].as_str().map(str::to_owned))
    }

    /// Loads the configuration of a library: see [`Loader::load_as`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Mistakes`] holds every mistake, not only the first.
    pub fn load(self) -> Result<Loaded, ConfigError> {
        self.load_as()
    }

    /// Loads the configuration of a job over videos: see [`Loader::load_as`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Mistakes`] holds every mistake, not only the first.
    pub fn load_job(self) -> Result<Loaded<EmbeddingJob>, ConfigError> {
        self.load_as()
    }

    /// Lays the layers over one another and checks what comes out.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Mistakes`] holds every mistake, not only the first.
    pub fn load_as<T: Configured>(self) -> Result<Loaded<T>, ConfigError> {
        let shape = Shape::of::<T>();
        let mut origins = Vec::new();
        let mut tree = match &self.file {
            Some(file) => {
                let tree = read(file)?;
                leaves(&tree, &Path::default(), &mut |path| {
                    origins.push((path, Origin::File(file.display().to_string())));
                });
                tree
            }
            None => json!({}),
        };
        if let Some(object) = tree.as_object_mut() {
            object.entry("spec").or_insert_with(|| json!({}));
        }

        let dotenv = |name: &str| self.environment.is_from_file(name);
        let others = T::VARIABLES.iter().filter_map(|(name, path)| {
            let value = self.environment.get(name).filter(|value| !value.is_empty())?;
            Some((Path::in_spec(path), json!(value), (*name).to_owned()))
        });
        for (path, value, name) in others.chain(self.fallbacks) {
            if path.get(&tree).is_none_or(Value::is_null) {
                let _ = path.set(&mut tree, value);
                origins.push((path, Origin::Variable { dotenv: dotenv(&name), name }));
            }
        }
        let read = overlay::settings(&self.environment, &shape);
        let mut mistakes: Vec<Mistake> = read
            .mistakes
            .into_iter()
            .map(|(name, message)| Mistake {
                path: name.clone(),
                message,
                origin: Origin::Variable { dotenv: dotenv(&name), name },
            })
            .collect();
        for overlay::Setting { path, value, variable } in read.settings {
            let origin = Origin::Variable { dotenv: dotenv(&variable), name: variable };
            lay::<T>(&mut tree, &mut origins, &mut mistakes, (path, value, origin));
        }
        for (path, value, flag) in self.flags {
            let origin = Origin::Flag(flag);
            lay::<T>(&mut tree, &mut origins, &mut mistakes, (path, value, origin));
        }
        for given in T::GIVEN.iter().filter(|_| self.given_optional) {
            let given = Path::in_spec(given);
            if given.get(&tree).is_none_or(Value::is_null) {
                // A one-letter placeholder passes the check for length; who prints it leaves it out.
                let _ = given.set(&mut tree, json!("."));
                origins.push((given, Origin::Default));
            }
        }

        // A key that a variable or an argument may set is missed by its own name, not by that of what is
        // around it.
        let of_variables = T::VARIABLES.iter().map(|(_, path)| Path::in_spec(path));
        for path in of_variables.chain(self.arguments.iter().map(|(path, _)| path.clone())) {
            let around = Path(path.0[..path.0.len() - 1].to_vec());
            if around.get(&tree).is_none_or(Value::is_null) {
                let _ = around.set(&mut tree, json!({}));
            }
        }
        let mut found = check::check(&mut tree, &shape);
        for (name, path) in T::VARIABLES {
            let missing = found.iter_mut().filter(|one| one.path == Path::in_spec(path));
            for one in missing.filter(|one| one.message.starts_with("is missing")) {
                one.message.push_str(&format!(" or {name}"));
            }
        }
        for (path, argument) in &self.arguments {
            let missing = found.iter_mut().filter(|one| one.path == *path);
            for one in missing.filter(|one| one.message.starts_with("is missing")) {
                one.message = one.message.replacen("; ", &format!("; give {argument}, "), 1);
            }
        }
        mistakes.extend(found.into_iter().map(|check::Found { path, message }| Mistake {
            origin: origin(&origins, &path),
            path: path.to_string(),
            message,
        }));
        let resource = match serde_json::from_value::<T>(tree) {
            Ok(resource) => resource,
            Err(error) if mistakes.is_empty() => {
                let message = error.to_string();
                let origin = Origin::Default;
                let path = "configuration".to_owned();
                return Err(ConfigError::Mistakes(vec![Mistake { path, message, origin }]));
            }
            Err(_) => return Err(ConfigError::Mistakes(mistakes)),
        };
        mistakes.extend(resource.mistakes().into_iter().map(|mistake| Mistake {
            origin: origin(&origins, &Path::in_spec(&mistake.path)),
            path: mistake.path,
            message: mistake.message,
        }));
        if !mistakes.is_empty() {
            return Err(ConfigError::Mistakes(mistakes));
        }
        let mut warnings = read.warnings;
        warnings.extend(self.environment.refused.iter().map(|name| {
            format!(
                "{name} in .env is ignored: that file lends credentials only; \
                 put settings into {DEFAULT_FILE}"
            )
        }));
        Ok(Loaded { resource, warnings, origins })
    }
}

/// Puts one value into the tree. A list that only has its default so far is written out first, so
/// that `embeddings[0].model.uri` can be changed alone.
fn lay<T: Configured>(
    tree: &mut Value,
    origins: &mut Vec<(Path, Origin)>,
    mistakes: &mut Vec<Mistake>,
    (path, value, origin): (Path, Value, Origin),
) {
    if let Some((list, default)) = T::default_list() {
        let list = Path::in_spec(list);
        if list.covers(&path) && path != list && list.get(tree).is_none() {
            let _ = list.set(tree, default);
        }
    }
    match path.set(tree, value) {
        Ok(()) => origins.push((path, origin)),
        Err(length) => mistakes.push(Mistake {
            path: path.to_string(),
            message: format!("skips an item: the list has {length}, so the next is [{length}]"),
            origin,
        }),
    }
}

fn origin(origins: &[(Path, Origin)], path: &Path) -> Origin {
    let last = origins.iter().rev().find(|(at, _)| at.covers(path));
    // A mistake may lie in an object of which only leaves were said.
    let inside = || origins.iter().rev().find(|(at, _)| path.covers(at));
    last.or_else(inside).map_or(Origin::Default, |(_, origin)| origin.clone())
}

fn read(file: &FilePath) -> Result<Value, ConfigError> {
    let name = file.display().to_string();
    let unreadable = |source| ConfigError::Unreadable { file: name.clone(), source };
    if std::fs::metadata(file).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { file: name });
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    let tree: Value = serde_saphyr::from_str(&text).map_err(|error| {
        let reason = error.to_string();
        ConfigError::Syntax { file: name.clone(), reason: reason.trim_end().to_owned() }
    })?;
    match tree {
        Value::Null => Ok(json!({})),
        Value::Object(_) => Ok(tree),
        _ => Err(ConfigError::Syntax { file: name, reason: "needs keys at the top".to_owned() }),
    }
}

/// Calls `each` for every value that holds no others.
pub fn leaves(tree: &Value, at: &Path, each: &mut impl FnMut(Path)) {
    match tree {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                leaves(value, &at.key(key), each);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                leaves(value, &at.join(Step::Index(index)), each);
            }
        }
        _ => each(at.clone()),
    }
}

#[cfg(test)]
mod tests;
