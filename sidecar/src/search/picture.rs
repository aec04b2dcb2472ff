//! The picture that somebody searches by: a stranger's file.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use vitrine_image::{Alpha, Limits, decode};

use super::answer::Picture;
use super::error::SearchError;

/// What a picture to search by may take.
const LIMITS: Limits = Limits::PHOTOGRAPH;

/// Opening a pipe would wait for its writer.
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// Reads the picture in the file at `path`.
///
/// # Errors
///
/// [`SearchError::Picture`] names the file and says what is wrong with it.
pub fn read_picture(path: &Path) -> Result<Picture, SearchError> {
    let name = path.display().to_string();
    let unfit = |source: Box<dyn std::error::Error + Send + Sync>| SearchError::Picture {
        file: name.clone(),
        source,
    };
    let bytes = read(path).map_err(|error| unfit(error.into()))?;
    // TGA is told by its name alone.
    let is_tga = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("tga"));
    let pixels =
        decode(if is_tga { "it, a .tga" } else { "it" }, &bytes, Alpha::TRANSFORMERS, &LIMITS);
    let pixels = Arc::new(pixels.map_err(|error| unfit(error.into()))?);
    Ok(Picture { name, pixels })
}

/// All of a file, and no more than a byte above what is taken.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::options().read(true).custom_flags(NONBLOCK).open(path)?;
    match file.metadata()?.file_type() {
        kind if kind.is_file() => {}
        kind if kind.is_dir() => {
            return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder"));
        }
        _ => return Err(std::io::Error::other("it is no file; copy the picture into one")),
    }
    let mut bytes = Vec::new();
    file.take(LIMITS.file_bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused_by_name_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images/decode");
        let whole = std::fs::read(whole.join("bits.png")).unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let big = write("big.png", &whole);
        File::options().write(true).open(&big).unwrap().set_len(65 << 20).unwrap();
        #[rustfmt::skip]
        let cases = [
            (folder.path().join("absent.png"),          "No such file"),
            (folder.path().to_owned(),                  "it is a folder"),
            (write("empty.png", b""),                   "it is no picture we can read"),
            (write("words.txt", b"a chair"),            "it is no picture we can read"),
            (write("half.png", &whole[..60]),           "half.png; name another with --image: it "),
            (big,                                       "above the limit of 67108864 bytes"),
        ];
        for (path, reason) in cases {
            let error = match read_picture(&path) {
                Err(error) => error,
                Ok(_) => panic!("{} is taken", path.display()),
            };
            let source = std::error::Error::source(&error).unwrap();
            let said = format!("{error}: {source}");
            assert!(said.contains(&path.display().to_string()), "{said}");
            assert!(said.contains(reason), "{said}");
            assert_eq!(error.exit(), vitrine_crds::run::Exit::Usage);
        }
        let good = read_picture(&write("good.png", &whole)).unwrap();
        assert!(good.name.ends_with("good.png") && good.pixels.width() > 0);
    }
}
