//! Records survive the pipe, and what is not a record does not pass.

use vitrine_footage::{
    End, Failure, FailureKind, Frame, Header, Hello, NoSound, PROTOCOL, Reader, Record, SoundBlock,
    SoundHeader, WireError, Writer,
};

const PIXELS_MAX: u64 = 64;

fn one_of_each() -> Vec<Record> {
    vec![
        Record::Hello(Hello { protocol: PROTOCOL, version: "1".into(), decoder: "none".into() }),
        Record::Header(Header {
            container: "mp4".into(),
            width: 8,
            height: 4,
            duration_s: Some(1.5),
            ..Header::default()
        }),
        Record::Frame(Frame { index: 7, time_s: 0.25, width: 8, height: 4, rgb: vec![3; 96] }),
        Record::SoundHeader(SoundHeader { codec: "aac".into(), channels: 2, rate_hz: 44_100 }),
        Record::Sound(SoundBlock { samples: vec![0.5, -1.0, 0.0] }),
        Record::NoSound(NoSound { reason: "no sound: no track".into(), is_unread: false }),
        Record::End(End { frames_read: 30, frames_sent: 15, ..End::default() }),
        Record::Failure(Failure { kind: FailureKind::TooSmall, reason: "1 × 1".into() }),
    ]
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    for record in records {
        writer.write(record).expect("memory takes it");
    }
    bytes
}

#[test]
fn records_read_as_they_were_written() {
    let bytes = written(&one_of_each());
    let mut reader = Reader::new(bytes.as_slice(), PIXELS_MAX);
    for record in one_of_each() {
        assert_eq!(reader.read().unwrap(), record);
    }
    assert!(matches!(reader.read(), Err(WireError::Ended)));
}

#[test]
fn a_stream_cut_anywhere_ends_and_never_gives_half_a_record() {
    for record in one_of_each() {
        let bytes = written(std::slice::from_ref(&record));
        for length in 0..bytes.len() {
            let read = Reader::new(&bytes[..length], PIXELS_MAX).read();
            assert!(matches!(read, Err(WireError::Ended)), "{record:?} cut at {length}: {read:?}");
        }
    }
}

#[test]
fn what_breaks_a_bound_is_malformed() {
    let frame = |width: u32, height: u32, time_s: f64, bytes: usize| {
        let length = u32::try_from(bytes + 24).unwrap();
        let mut record = [&b"F"[..], &length.to_le_bytes(), &[0; 8]].concat();
        record.extend(time_s.to_le_bytes());
        record.extend(width.to_le_bytes());
        record.extend(height.to_le_bytes());
        record.resize(record.len() + bytes, 0);
        record
    };
    let nan = [&b"S"[..], &4u32.to_le_bytes(), &f32::NAN.to_le_bytes()].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an unknown kind", b"Q\0\0\0\0".to_vec()),
        ("facts that are no JSON", b"E\x02\0\0\0no".to_vec()),
        ("facts without end", b"E\xff\xff\xff\xff".to_vec()),
        ("sound without end", b"S\xff\xff\xff\xff".to_vec()),
        ("a part of a sample", b"S\x03\0\0\0abc".to_vec()),
        ("a sample that is not a number", nan),
        ("a frame without numbers", b"F\x03\0\0\0abc".to_vec()),
        ("a frame over the limit", frame(9, 9, 0.0, 243)),
        ("a frame with bytes missing", frame(4, 4, 0.0, 47)),
        ("a frame whose size overflows", frame(u32::MAX, u32::MAX, 0.0, 3)),
        ("a frame at no time", frame(4, 4, f64::NAN, 48)),
    ];
    for (because, bytes) in cases {
        let read = Reader::new(bytes.as_slice(), PIXELS_MAX).read();
        assert!(matches!(read, Err(WireError::Malformed(_))), "{because}: {read:?}");
    }
}

#[test]
fn a_frame_with_the_wrong_number_of_bytes_is_not_written() {
    let frame = Frame { width: 2, height: 2, ..Frame::default() };
    let mut bytes = Vec::new();
    let written = Writer::new(&mut bytes).frame(&frame, &[0; 11]);
    assert!(matches!(written, Err(WireError::Malformed(_))));
    assert!(bytes.is_empty());
}

#[test]
fn long_sound_is_sent_in_blocks() {
    let samples = vec![0.25; vitrine_footage::SOUND_BLOCK_SAMPLES_MAX * 2 + 1];
    let mut bytes = Vec::new();
    Writer::new(&mut bytes).sound(&samples).unwrap();
    let mut reader = Reader::new(bytes.as_slice(), PIXELS_MAX);
    let mut read = Vec::new();
    while let Ok(Record::Sound(block)) = reader.read() {
        read.extend(block.samples);
    }
    assert_eq!(read, samples);
}
