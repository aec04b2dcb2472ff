//! Sound, against what librosa loaded from the same files.

use std::path::Path;

use vitrine_footage::{Limits, Request, SOUND_RATE_HZ};

use crate::asking::{ask, listen, probe, real, text};
use crate::films::film;

/// Half a step of the reference's 16 bits, and what 32,767 steps differ from 32,768 at full scale.
const STEP: f32 = 1.6e-5;
const SCALE: f32 = 3.1e-5;
/// How far resamplers differ inside of a piece, and in its first and last samples.
const INSIDE: f32 = 3e-5;
const AT_EDGES: f32 = 7e-4;
const EDGE_SAMPLES: usize = 512;

#[test]
fn real_sound_is_what_librosa_loads() {
    #[rustfmt::skip]
    let cases = [
        // file                                                      samples    rate    codec
        ("198-209-0000.ogg",                                          306_717,  22_050, "vorbis"),
        ("456440__inspectorj__bird-whistling-robin-single-13.ogg",     59_505,  22_050, "vorbis"),
        ("Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.ogg", 2_643_264, 22_050, "vorbis"),
        ("Kevin_MacLeod_-_Vibe_Ace.ogg",                            1_355_168,  22_050, "vorbis"),
        ("duo_dev.mp4",                                               220_672,  44_100, "aac"),
        ("sorohanro_-_solo-trumpet-06.ogg",                           117_601,  22_050, "vorbis"),
        ("test_audio.flac",                                           114_511,  44_100, "flac"),
    ];
    for (name, samples, rate_hz, codec) in cases {
        let Some(path) = real(name) else { return };
        let answer = listen(&path);
        let end = answer.end();
        let header = answer.sound_header.as_ref().unwrap();
        assert_eq!((header.codec.as_str(), header.rate_hz), (codec, rate_hz), "{name}");
        assert_eq!(answer.samples.len(), samples, "{name}: {end:?}");
        assert_eq!((end.samples_sent, end.is_truncated), (samples as u64, false), "{name}");
        assert_eq!(end.remark, None, "{name}");
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        let reference = real(&format!("audio-oracle/{stem}.pcm.wav")).unwrap();
        compare(name, &answer.samples, &listen(&reference).samples, rate_hz != 22_050);
    }
}

fn compare(name: &str, samples: &[f32], reference: &[f32], is_resampled: bool) {
    assert!(reference.len() > 20_000, "{name}: {}", reference.len());
    let (mut inside, mut at_edges) = (0.0f32, 0.0f32);
    for (n, (sample, expected)) in samples.iter().zip(reference).enumerate() {
        let off = (sample - expected).abs() - STEP - SCALE * expected.abs();
        let is_edge = n < EDGE_SAMPLES || n + EDGE_SAMPLES >= samples.len();
        let most = if is_edge { &mut at_edges } else { &mut inside };
        *most = most.max(off);
    }
    println!("{name}: off by {inside:e} inside, {at_edges:e} at the edges");
    let (inside_max, edges_max) = if is_resampled { (INSIDE, AT_EDGES) } else { (0.0, 0.0) };
    assert!(inside <= inside_max, "{name}: {inside} inside");
    assert!(at_edges <= edges_max, "{name}: {at_edges} at the edges");
}

#[test]
fn silence_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mute.mp4", "mute.mkv", "mute.avi", "mute.mov"] {
        let path = film(folder.path(), name, "mp4v", 30.0, 10);
        for answer in [listen(&path), probe(&path)] {
            let nothing = answer.no_sound.unwrap();
            assert_eq!(nothing.reason, "no sound: the file has no track of sound", "{name}");
            assert!(!nothing.is_unread && answer.samples.is_empty(), "{name}");
        }
    }
}

#[test]
fn of_long_sound_the_beginning_is_heard() {
    let Some(path) = real("test_audio.flac") else { return };
    let limits = Limits { seconds_max: 1, ..Limits::default() };
    let answer = ask(&Request::Listen { path: text(&path), limits });
    let seconds = answer.samples.len() as f64 / f64::from(SOUND_RATE_HZ);
    assert!((0.99..1.01).contains(&seconds), "{seconds}");
    let end = answer.end();
    let remark = end.remark.as_deref();
    assert_eq!(remark, Some("of its sound the first 1 seconds are heard"), "{end:?}");
    assert!(!end.is_truncated, "it is whole: {end:?}");
}

#[test]
fn sound_alone_can_be_probed() {
    let Some(path) = real("test_audio.flac") else { return };
    let answer = probe(&path);
    let header = answer.sound_header.unwrap();
    assert_eq!((answer.header, header.codec.as_str()), (None, "flac"));
    assert_eq!((header.channels, header.rate_hz), (2, 44_100));
}

/// A chunk of RIFF.
fn chunk(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&kind[..], &length, &content, &[0][..content.len() % 2]].concat()
}

#[test]
fn plain_sound_in_an_avi_file_is_that_of_a_wav_file() {
    let folder = tempfile::tempdir().unwrap();
    let tone = |at: i32| ((f64::from(at) * 0.07).sin() * 9_000.0) as i16;
    let samples: Vec<u8> = (0..30_000).flat_map(|at| tone(at).to_le_bytes()).collect();
    // One channel of 22,050 samples a second, two bytes each.
    let format = [[1, 0, 1, 0], 22_050u32.to_le_bytes(), 44_100u32.to_le_bytes(), [2, 0, 16, 0]];
    let format = format.concat();
    let head = [chunk(b"strh", &[b"auds", &[0; 52]]), chunk(b"strf", &[&format])].concat();
    let head = chunk(b"LIST", &[b"hdrl", &chunk(b"LIST", &[b"strl", &head])]);
    let pieces: Vec<u8> =
        samples.chunks(1_470).flat_map(|piece| chunk(b"00wb", &[piece])).collect();
    let files = [
        ("a.avi", chunk(b"RIFF", &[b"AVI ", &head, &chunk(b"LIST", &[b"movi", &pieces])])),
        ("a.wav", {
            let format = chunk(b"fmt ", &[&format]);
            chunk(b"RIFF", &[b"WAVE", &format, &chunk(b"data", &[&samples])])
        }),
    ];
    let [in_avi, alone] = files.map(|(name, bytes)| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        listen(&path)
    });
    assert_eq!(in_avi.samples.len(), 30_000, "{:?}", in_avi.no_sound);
    assert_eq!(in_avi.samples, alone.samples);
    assert_eq!(in_avi.end().remark, None);
    assert_eq!(in_avi.sound_header.unwrap().codec, alone.sound_header.unwrap().codec);
}
