//! Requests from stdin, answers to stdout, until stdin ends.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use vitrine_footage::{
    End, Failure, FailureKind, Hello, PROTOCOL, Record, Request, RequestError, WireError, Writer,
};

use crate::container::Container;
use crate::watch::Wanted;
use crate::{Stop, decoder, listen, watch};

/// Answers requests until they end. Limits on memory and time are the parent's to set.
///
/// # Errors
///
/// When the parent is gone.
pub fn serve(requests: &mut impl BufRead, answers: impl Write) -> Result<(), WireError> {
    // Frames are small and clips many: a run starts more children rather than more threads.
    let _ = opencv::core::set_num_threads(1);
    let mut out = Writer::new(answers);
    out.write(&Record::Hello(Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        decoder: decoder(),
    }))?;
    out.flush()?;
    loop {
        let last = match Request::read(requests) {
            Ok(None) => return Ok(()),
            Ok(Some(request)) => {
                // A decoder that gives up on a file is that file's failure, not the next one's.
                let answered = catch_unwind(AssertUnwindSafe(|| answer(&request, &mut out)));
                answered.unwrap_or_else(|_| {
                    Err(Stop::refused(FailureKind::NotVideo, "the decoder gave up on it"))
                })
            }
            Err(RequestError::Pipe(error)) => return Err(WireError::Pipe(error)),
            Err(error @ (RequestError::Long | RequestError::Unknown(_))) => {
                Err(Stop::refused(FailureKind::BadRequest, error.to_string()))
            }
        };
        match last {
            Ok(end) => out.write(&Record::End(end))?,
            Err(Stop::Refused(failure)) => out.write(&Record::Failure(bounded(failure)))?,
            Err(Stop::Gone(error)) => return Err(error),
        }
        out.flush()?;
    }
}

fn answer(request: &Request, out: &mut Writer<impl Write>) -> Result<End, Stop> {
    if !Path::new(request.path()).is_absolute() {
        return Err(Stop::refused(FailureKind::BadRequest, "the path of a file must be absolute"));
    }
    match request {
        Request::Probe { path, limits } => {
            match Container::look(Path::new(path), limits)? {
                Container::Sound(_) => {}
                _ => watch::probe(path, limits, out)?,
            }
            listen::probe(path, limits, out)?;
            Ok(End::default())
        }
        Request::Watch { path, fps, side_max, limits } => {
            watch::watch(path, Wanted { fps: *fps, side_max: *side_max }, limits, out)
        }
        Request::Listen { path, limits } => listen::listen(path, limits, out),
    }
}

/// A reason of a length that people read.
fn bounded(failure: Failure) -> Failure {
    const CHARS_MAX: usize = 400;
    Failure { reason: failure.reason.chars().take(CHARS_MAX).collect(), ..failure }
}
