//! Networks that find people: a folder, one `.onnx`, or an archive as rtmlib publishes them.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use vitrine_people::Recipe;

use super::ModelError;

/// Entries of an archive that are looked at.
const ENTRIES_MAX: usize = 256;
/// Bytes of all files of an archive, unpacked.
const BYTES_MAX: u64 = 4 << 30;
/// What of an archive is of use.
const USEFUL: [&str; 4] = ["onnx", "json", "yaml", "yml"];
/// First bytes that an ONNX file has: the tags of the fields of its outermost message.
const ONNX_BEGINS: [u8; 11] = [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca];
/// What to do about files that are no network.
const CURE: &str = "; name a .zip of one network, an .onnx file, or a folder with an ONNX export";
/// The folder of the cache's entry that holds them: beside it lies the cache's own record.
pub const FOLDER: &str = "model";

/// Splits the address of one file, `.onnx` or `.zip`, into its folder and its name.
pub fn single(address: &str) -> Option<(&str, &str)> {
    let (folder, name) = address.rsplit_once('/')?;
    (is_archive(name) || has_extension(name, "onnx")).then_some((folder, name))
}

/// Whether a file of that name is an archive.
pub fn is_archive(name: &str) -> bool {
    has_extension(name, "zip")
}

/// What describes a network beside its file.
pub fn descriptions(weights: &str) -> [String; 4] {
    let stem = weights.rsplit_once('.').map_or(weights, |(stem, _)| stem);
    [format!("{stem}.json"), format!("{stem}.yaml"), format!("{stem}.yml"), "vitrine.json".into()]
}

/// Unpacks the weights and descriptions of an archive into `folder`, which is theirs alone. No path of
/// the archive's own becomes one here: of each entry the last name counts.
///
/// Returns the files' names.
///
/// # Errors
///
/// [`ModelError::Folder`] where it is no archive, holds no `.onnx`, or two files of one name;
/// [`ModelError::TooLarge`].
pub fn unpack(archive: &Path, folder: &Path) -> Result<Vec<String>, ModelError> {
    let failed = |reason: String| ModelError::Folder { folder: archive.to_owned(), reason };
    let file = File::open(archive).map_err(ModelError::io("read", archive))?;
    let mut zipped = zip::ZipArchive::new(file)
        .map_err(|error| failed(format!("it is no archive: {error}{CURE}")))?;
    if zipped.len() > ENTRIES_MAX {
        return Err(failed(format!("it holds more than {ENTRIES_MAX} files; give one model's")));
    }
    let mut names: Vec<String> = Vec::new();
    let mut left = BYTES_MAX;
    for at in 0..zipped.len() {
        let entry =
            zipped.by_index(at).map_err(|error| failed(format!("it is damaged: {error}")))?;
        let path = entry.name().map_err(|error| failed(format!("it is damaged: {error}")))?;
        let path = path.into_owned();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        if !USEFUL.iter().any(|extension| has_extension(name, extension)) {
            continue;
        }
        if names.iter().any(|other| other == name) {
            return Err(failed(format!("it holds {name} twice; give a folder with one model")));
        }
        let to = folder.join(name);
        let mut out = File::create(&to).map_err(ModelError::io("write", &to))?;
        // The size in the archive is a claim; the limit holds for what really comes out.
        let copied = std::io::copy(&mut entry.take(left + 1), &mut out)
            .map_err(|error| failed(format!("{name} in it cannot be unpacked: {error}")))?;
        left = left.checked_sub(copied).ok_or_else(|| ModelError::TooLarge {
            what: format!("what {} holds", archive.display()),
            bytes_max: BYTES_MAX,
        })?;
        names.push(name.to_owned());
    }
    match names.iter().any(|name| has_extension(name, "onnx")) {
        true => Ok(names),
        false => Err(failed(format!("it holds no .onnx{CURE}"))),
    }
}

/// Looks whether the files of a folder can be networks: somebody's page that says "not found" in
/// other words is none.
///
/// # Errors
///
/// [`ModelError::Folder`] names the first that cannot, and why.
pub fn check(folder: &Path) -> Result<(), ModelError> {
    let failed = |reason: String| ModelError::Folder { folder: folder.to_owned(), reason };
    let recipes = Recipe::read_all(folder).map_err(|error| failed(format!("{error}{CURE}")))?;
    for recipe in recipes {
        let weights = recipe.weights();
        let mut first = [0];
        let read = File::open(weights).and_then(|mut file| file.read_exact(&mut first));
        if read.is_err() || !ONNX_BEGINS.contains(&first[0]) {
            let name = weights.file_name().unwrap_or_default().to_string_lossy();
            return Err(failed(format!("{name} is no ONNX file{CURE}")));
        }
    }
    Ok(())
}

/// Unpacks the archive `name` in `folder` in its own place.
///
/// # Errors
///
/// See [`unpack`].
pub fn unpack_here(folder: &Path, name: &str) -> Result<Vec<String>, ModelError> {
    let archive = folder.join(name);
    let files = unpack(&archive, folder)?;
    fs::remove_file(&archive).map_err(ModelError::io("remove", &archive))?;
    Ok(files)
}

fn has_extension(name: &str, wanted: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pose.zip");
        let mut zipped = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, text) in entries {
            zipped.start_file(*name, SimpleFileOptions::default()).unwrap();
            zipped.write_all(text.as_bytes()).unwrap();
        }
        zipped.finish().unwrap();
        (folder, path)
    }

    #[test]
    fn an_archive_gives_its_weights_and_descriptions_and_no_path_of_its_own() {
        let (folder, path) = archive(&[
            ("20230831/rtmpose/end2end.onnx", "weights"),
            ("../../deploy.json", "{}"),
            ("readme.txt", "no"),
        ]);
        let to = tempfile::tempdir_in(&folder).unwrap();
        assert_eq!(unpack(&path, to.path()).unwrap(), ["end2end.onnx", "deploy.json"]);
        assert_eq!(fs::read_to_string(to.path().join("deploy.json")).unwrap(), "{}");
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
    }

    #[test]
    fn what_came_instead_of_a_network_is_told() {
        #[rustfmt::skip]
        let cases: [(&str, &[u8], Option<&str>); 4] = [
            ("a network",         b"\x08\x07\x12\x07pytorch",       None),
            ("a page",            b"<html>not found</html>",         Some("no ONNX file; name a .zip")),
            ("a pointer of LFS",  b"version https://git-lfs",        Some("no ONNX file; name a .zip")),
            ("nothing",           b"",                               Some("no ONNX file; name a .zip")),
        ];
        for (because, bytes, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("end2end.onnx"), bytes).unwrap();
            let said = check(folder.path()).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(said, None, "{because}"),
                Some(words) => {
                    assert!(said.as_ref().unwrap().contains(words), "{because}: {said:?}")
                }
            }
        }
    }

    #[test]
    fn an_archive_that_is_none_or_holds_no_model_says_so() {
        #[rustfmt::skip]
        let cases: [(&[(&str, &str)], &str); 2] = [
            (&[("deploy.json", "{}")],                      "no .onnx"),
            (&[("a/end2end.onnx", ""), ("b/end2end.onnx", "")], "twice"),
        ];
        for (entries, expected) in cases {
            let (folder, path) = archive(entries);
            let to = tempfile::tempdir_in(&folder).unwrap();
            let said = unpack(&path, to.path()).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pose.zip");
        fs::write(&path, "PK, but no more").unwrap();
        let said = unpack(&path, folder.path()).unwrap_err().to_string();
        assert!(said.contains("pose.zip") && said.contains("no archive"), "{said}");
    }
}
