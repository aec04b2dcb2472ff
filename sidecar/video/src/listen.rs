//! Sound of a file: its tracks, decoded, mixed to one channel and resampled as it is read.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::OnceLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{
    MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource,
};
use symphonia::core::meta::MetadataOptions;
use vitrine_footage::{
    End, FailureKind, Limits, NoSound, Record, SOUND_RATE_HZ, SoundHeader, Writer,
};

use crate::avi::Heard;
use crate::container::Container;
use crate::resample::Resample;
use crate::{Stop, avi, boxes};

/// Rates that sound can have, in samples a second.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Channels that are mixed at most.
const CHANNELS_MAX: usize = 64;
/// What a file may claim beyond what it holds, as a part, before it counts as cut.
const SLACK_PART: f64 = 0.02;

/// Sends the sound, or why there is none; says how far it came.
pub(crate) fn listen(
    path: &str,
    limits: &Limits,
    out: &mut Writer<impl Write>,
) -> Result<End, Stop> {
    let mut sound = match open(path, limits)? {
        Ok(sound) => sound,
        Err(nothing) => {
            out.write(&Record::NoSound(nothing))?;
            return Ok(End::default());
        }
    };
    out.write(&Record::SoundHeader(sound.header.clone()))?;
    sound.send(limits, out)
}

/// Says what sound there is, without decoding it.
pub(crate) fn probe(path: &str, limits: &Limits, out: &mut Writer<impl Write>) -> Result<(), Stop> {
    let record = match open(path, limits)? {
        Ok(sound) => Record::SoundHeader(sound.header),
        Err(nothing) => Record::NoSound(nothing),
    };
    Ok(out.write(&record)?)
}

/// A track of sound that can be decoded.
struct Sound {
    header: SoundHeader,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// Samples a channel that the file claims.
    claimed: Option<u64>,
    /// Samples at the start that are run-up.
    priming: u64,
    resample: Resample,
}

fn open(path: &str, limits: &Limits) -> Result<Result<Sound, NoSound>, Stop> {
    let unreachable = |error: std::io::Error| {
        Stop::refused(FailureKind::Unreachable, format!("it cannot be read: {error}"))
    };
    let container = Container::look(Path::new(path), limits)?;
    let file = File::open(path).map_err(unreachable)?;
    if container != Container::Avi {
        return Ok(track_of(Box::new(file), path, container));
    }
    Ok(match avi::sound_of(file) {
        Heard::Nothing => Err(none("the file has no track of sound")),
        Heard::Unread(why) => Err(unread(&why)),
        Heard::Sound(kind, sound) => {
            track_of(Box::new(ReadOnlySource::new(sound)), path, Container::Sound(kind))
        }
    })
}

fn track_of(
    source: Box<dyn MediaSource>,
    path: &str,
    container: Container,
) -> Result<Sound, NoSound> {
    let broken = |error: Error| unread(&format!("its sound cannot be read: {error}"));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    hint.with_extension(match container {
        Container::Matroska => "mkv",
        other => other.name(),
    });
    let format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(broken)?;
    let is_sound =
        |params: &Option<CodecParameters>| matches!(params, Some(CodecParameters::Audio(_)));
    let track = format
        .default_track(TrackType::Audio)
        .or_else(|| format.tracks().iter().find(|track| is_sound(&track.codec_params)));
    let Some(track) = track else { return Err(none("the file has no track of sound")) };
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err(unread("its track of sound does not say how it is coded"));
    };
    let decoder = codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|error| unread(&format!("its sound cannot be decoded: {error}")))?;
    let rate_hz = decoder.codec_params().sample_rate.or(params.sample_rate).unwrap_or(0);
    let resample = Some(rate_hz).filter(|rate| RATES_HZ.contains(rate)).and_then(Resample::new);
    let Some(resample) = resample else {
        return Err(unread(&format!("its sound has {rate_hz} samples a second")));
    };
    let is_boxed = matches!(container, Container::Mp4 | Container::Mov | Container::Sound("m4a"));
    let priming = match File::open(path) {
        Ok(file) if is_boxed && params.codec == CODEC_ID_AAC => boxes::aac_run_up(file, rate_hz),
        _ => 0,
    };
    let codec = match params.codec {
        CODEC_ID_OPUS => "opus".to_owned(),
        _ => decoder.codec_info().short_name.to_owned(),
    };
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count() as u32);
    let header = SoundHeader { codec, channels, rate_hz };
    let (claimed, track) = (track.num_frames, track.id);
    Ok(Sound { header, format, decoder, track, claimed, priming, resample })
}

/// Every codec of this build.
fn codecs() -> &'static CodecRegistry {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
        codecs
    })
}

impl Sound {
    fn send(&mut self, limits: &Limits, out: &mut Writer<impl Write>) -> Result<End, Stop> {
        let most = u64::from(limits.seconds_max) * u64::from(self.header.rate_hz);
        let mut decoded: u64 = 0;
        let mut skip = self.priming;
        let mut lost: u64 = 0;
        let mut broke = None;
        let mut is_whole = true;
        let (mut interleaved, mut mono) = (Vec::<f32>::new(), Vec::<f32>::new());
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => packet,
                Ok(Some(_)) => continue,
                Ok(None) => break,
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    // Some containers have no other end.
                    break;
                }
                Err(error) => {
                    broke = Some(error.to_string());
                    break;
                }
            };
            match self.decoder.decode(&packet) {
                Ok(sound) => {
                    if sound.spec().rate() != self.header.rate_hz {
                        broke = Some(format!("its rate changes to {}", sound.spec().rate()));
                        break;
                    }
                    let channels = sound.num_planes();
                    if channels == 0 || channels > CHANNELS_MAX {
                        broke = Some(format!("it has {channels} channels"));
                        break;
                    }
                    sound.copy_to_vec_interleaved(&mut interleaved);
                    mix(&interleaved, channels, &mut mono);
                }
                Err(Error::DecodeError(_)) => {
                    // What cannot be decoded is silent, so that the rest stays in its place.
                    lost += 1;
                    let silent = mono.len().min(packet.dur.get() as usize);
                    mono.truncate(silent);
                    mono.fill(0.0);
                }
                Err(error) => {
                    broke = Some(error.to_string());
                    break;
                }
            }
            let room = most.saturating_sub(decoded);
            let is_over = mono.len() as u64 > room;
            mono.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            decoded += mono.len() as u64;
            let left_out = skip.min(mono.len() as u64);
            skip -= left_out;
            self.resample.push(&mono[left_out as usize..], |samples| out.sound(samples))?;
            if is_over {
                is_whole = false;
                break;
            }
        }
        self.resample.finish(|samples| out.sound(samples))?;
        let claimed = self.claimed.unwrap_or(0) as f64;
        let is_truncated = is_whole && (decoded as f64) < claimed * (1.0 - SLACK_PART) - 4096.0;
        let samples_sent = self.resample.given();
        let seconds = samples_sent as f64 / f64::from(SOUND_RATE_HZ);
        let cut = is_truncated.then(|| {
            let claimed_s = claimed / f64::from(self.header.rate_hz);
            format!("cut short: {seconds:.1} s of a claimed {claimed_s:.1} s of sound")
        });
        let broke = broke.map(|why| format!("sound stops early: {why}"));
        let lost = (lost > 0).then(|| format!("{lost} packets of sound cannot be decoded"));
        let over = (!is_whole)
            .then(|| format!("of its sound the first {} seconds are heard", limits.seconds_max));
        let remarks = [cut, over, broke, lost].into_iter().flatten();
        let remark = remarks.reduce(|both, one| format!("{both}; {one}"));
        Ok(End { samples_sent, seconds, is_truncated, remark, ..End::default() })
    }
}

/// The mean of the channels, sample by sample; what is no number is silent.
fn mix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    mono.clear();
    let part = 1.0 / channels as f32;
    mono.extend(interleaved.chunks_exact(channels).map(|samples| {
        let mean = samples.iter().sum::<f32>() * part;
        if mean.is_finite() { mean } else { 0.0 }
    }));
}

fn none(why: &str) -> NoSound {
    NoSound { reason: format!("no sound: {why}"), is_unread: false }
}

fn unread(why: &str) -> NoSound {
    NoSound { reason: format!("no sound: {why}"), is_unread: true }
}
