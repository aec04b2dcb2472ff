//! The child's side: limits on itself first, then requests from stdin, answers on stdout.

use std::io::{self, BufRead, BufWriter, Write};

use rustix::process::{Resource, Rlimit, Signal};
use rustix::time::{ClockId, clock_gettime};

use super::UseOfGpu;
use super::draw::{self, Drawn};
use super::easel::Easel;
use super::formats::Formats;
use super::protocol::{Answer, Hello, Ready, Request};

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
    // Drivers open files and reserve address space: before the limits, and before any asset is read.
    let (mut easel, gpu) = match hello.pictures.as_ref().map(|wanted| wanted.gpu) {
        None | Some(UseOfGpu::Never) => (Easel::default(), None),
        Some(UseOfGpu::Possible | UseOfGpu::Demanded) => {
            // Half of an asset's time: the processor may need the rest.
            let (easel, gpu) = Easel::open((hello.cpu_secs_max / 2).max(1));
            (easel, Some(gpu))
        }
    };
    confine(&hello, &easel, gpu.is_some())?;
    let mut reader = Formats::new(&hello.root, &hello.limits);
    let mut answers = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut answers, &Ready { gpu })?;
    answers.write_all(b"\n")?;
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
        easel.gpu_rests = request.by_processor;
        let wanted = hello.pictures.as_ref().filter(|_| request.draws);
        let result = reader.inspect(&request.path, wanted.is_some()).map(Box::new);
        let (result, drawn) = match (result, wanted) {
            (Ok(mut inspection), Some(wanted)) => {
                let mut drawn = draw::draw(reader.scene(&request.path), &mut easel, wanted);
                // Both open the stage, and it warns each time.
                let known = &inspection.warnings;
                drawn.warnings.retain(|warning| !known.contains(warning));
                inspection.warnings.append(&mut drawn.warnings);
                (Ok(inspection), drawn)
            }
            (result, _) => (result, Drawn::default()),
        };
        let Drawn { parts, by, reason, warnings: _ } = drawn;
        let announced = parts.iter().map(|(part, bytes)| (part.clone(), bytes.len() as u64));
        let answer = Answer {
            resident_bytes: resident_bytes(),
            result,
            parts: announced.collect(),
            undrawn: reason,
            by,
            remark: easel.take_remark(),
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
fn confine(hello: &Hello, easel: &Easel, looked_for_gpu: bool) -> io::Result<()> {
    // A parent that was killed takes its children along.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let memory = hello.memory_bytes_max.saturating_add(OWN_BYTES);
    // What drivers took when they were looked for, and may keep, is not the asset's.
    let [space, .., data] = if looked_for_gpu { own_memory() } else { [0; 6] };
    // DATA bounds what is allocated; AS also counts mapped files, which cost no memory.
    limit(Resource::Data, memory.saturating_add(data))?;
    if !easel.has_device() {
        let mapped = hello.limits.file_bytes_max.saturating_add(space);
        limit(Resource::As, memory.saturating_add(mapped))?;
    } // With a device, drivers reserve address space by its memory.
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
    let [_, resident, shared, ..] = own_memory();
    resident.saturating_sub(shared)
}

/// Bytes of `/proc/self/statm`: all, resident, shared, text, libraries, data and stacks.
fn own_memory() -> [u64; 6] {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = statm.split_whitespace().map(|n| n.parse::<u64>().unwrap_or(0));
    [0; 6].map(|_| pages.next().unwrap_or(0) * rustix::param::page_size() as u64)
}
