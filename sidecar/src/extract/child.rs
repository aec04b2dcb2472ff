//! The child's side: limits on itself first, then requests from stdin, answers on stdout.

use std::io::{self, BufRead, BufWriter, Write};

use rustix::process::{Resource, Rlimit, Signal};
use rustix::time::{ClockId, clock_gettime};

use super::draw::{self, Drawn};
use super::formats::Formats;
use super::protocol::{Answer, Hello, Request};

/// Room for the program itself and its threads' stacks, beside what an asset may take.
const OWN_BYTES: u64 = 256 << 20;

/// Serves requests until stdin ends.
///
/// # Errors
///
/// When the limits cannot be set or the parent is gone.
pub fn serve() -> io::Result<()> {
    let mut requests = io::stdin().lock();
    let mut line = String::new();
    if requests.read_line(&mut line)? == 0 {
        return Ok(());
    }
    let hello: Hello = serde_json::from_str(&line)?;
    confine(&hello)?;
    let mut reader = Formats::new(&hello.root, &hello.limits);
    let mut answers = BufWriter::new(io::stdout().lock());
    answers.write_all(b"ready\n")?;
    answers.flush()?;
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let request: Request = serde_json::from_str(&line)?;
        if request.fresh {
            reader = Formats::new(&hello.root, &hello.limits);
        }
        allow_cpu(hello.cpu_secs_max)?;
        let wanted = hello.pictures.as_ref().filter(|_| request.draws);
        let result = reader.inspect(&request.path, wanted.is_some()).map(Box::new);
        let (result, drawn) = match (result, wanted) {
            (Ok(mut inspection), Some(wanted)) => {
                let mut drawn = draw::draw(reader.scene(&request.path), wanted);
                inspection.warnings.append(&mut drawn.warnings);
                (Ok(inspection), drawn)
            }
            (result, _) => (result, Drawn::default()),
        };
        let Drawn { parts, reason, .. } = drawn;
        let announced = parts.iter().map(|(part, bytes)| (part.clone(), bytes.len() as u64));
        let answer = Answer {
            resident_bytes: resident_bytes(),
            result,
            parts: announced.collect(),
            undrawn: reason,
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        for (_, bytes) in &parts {
            answers.write_all(bytes)?;
        }
        answers.flush()?;
    }
}

/// Bounds this process, whatever its input makes it do.
fn confine(hello: &Hello) -> io::Result<()> {
    // A parent that was killed takes its children along.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let memory = hello.memory_bytes_max.saturating_add(OWN_BYTES);
    // DATA bounds what is allocated; AS also counts mapped files, which cost no memory.
    limit(Resource::Data, memory)?;
    limit(Resource::As, memory.saturating_add(hello.limits.file_bytes_max))?;
    limit(Resource::Core, 0)?; // A crash leaves no copy of somebody's asset behind.
    limit(Resource::Fsize, 0)?; // It only reads.
    Ok(())
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let most = hard.map_or(most, |hard| most.min(hard));
    Ok(rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Lets the next request take `secs` of CPU time, counted from now.
fn allow_cpu(secs: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Cpu);
    let current = used.saturating_add(secs).saturating_add(1);
    let current = Some(maximum.map_or(current, |hard| current.min(hard)));
    Ok(rustix::process::setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

/// Resident memory without mapped files; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = statm.split_whitespace().skip(1).map(|n| n.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    resident.saturating_sub(shared) * rustix::param::page_size() as u64
}
