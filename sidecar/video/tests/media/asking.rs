//! Asks the worker, in this process, and collects its answer.

use std::path::{Path, PathBuf};

use vitrine_footage::{
    End, Failure, Frame, Header, Limits, NoSound, Reader, Record, Request, SoundHeader,
};

/// One answer, collected.
#[derive(Debug, Default)]
pub struct Answer {
    pub header: Option<Header>,
    pub frames: Vec<Frame>,
    pub sound_header: Option<SoundHeader>,
    pub samples: Vec<f32>,
    pub no_sound: Option<NoSound>,
    pub end: Option<End>,
    pub failure: Option<Failure>,
}

impl Answer {
    pub fn times(&self) -> Vec<f64> {
        self.frames.iter().map(|frame| frame.time_s).collect()
    }

    pub fn end(&self) -> &End {
        self.end.as_ref().unwrap_or_else(|| panic!("it failed: {:?}", self.failure))
    }

    pub fn failure(&self) -> &Failure {
        self.failure.as_ref().unwrap_or_else(|| panic!("it did not fail: {:?}", self.end))
    }
}

pub fn ask(request: &Request) -> Answer {
    let mut line = Vec::new();
    request.write(&mut line).expect("a good request");
    let mut bytes = Vec::new();
    vitrine_video::worker::serve(&mut line.as_slice(), &mut bytes).expect("memory takes it");
    let mut reader = Reader::new(bytes.as_slice(), Limits::default().frame_pixels_max);
    let mut answer = Answer::default();
    while answer.end.is_none() && answer.failure.is_none() {
        match reader.read().expect("answers end with an end") {
            Record::Hello(_) => {}
            Record::Header(header) => answer.header = Some(header),
            Record::Frame(frame) => answer.frames.push(frame),
            Record::SoundHeader(header) => answer.sound_header = Some(header),
            Record::Sound(block) => answer.samples.extend(block.samples),
            Record::NoSound(nothing) => answer.no_sound = Some(nothing),
            Record::End(end) => answer.end = Some(end),
            Record::Failure(failure) => answer.failure = Some(failure),
        }
    }
    assert!(reader.read().is_err(), "nothing follows an end");
    answer
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("test paths are UTF-8").to_owned()
}

pub fn watch(path: &Path, fps: f64, side_max: Option<u32>) -> Answer {
    ask(&Request::Watch { path: text(path), fps, side_max, limits: Limits::default() })
}

pub fn listen(path: &Path) -> Answer {
    ask(&Request::Listen { path: text(path), limits: Limits::default() })
}

pub fn probe(path: &Path) -> Answer {
    ask(&Request::Probe { path: text(path), limits: Limits::default() })
}

/// A real file of the test data; nothing, with a word, where there is none.
pub fn real(name: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("VITRINE_TEST_DATA") else {
        assert!(
            std::env::var_os("VITRINE_NO_SKIPS").is_none(),
            "skips are forbidden: no test data"
        );
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files");
        return None;
    };
    Some(Path::new(&data).join("media").join(name))
}
