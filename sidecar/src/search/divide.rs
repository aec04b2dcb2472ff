//! One piece of work on several threads.

use std::thread;

/// Calls `part(from, to)` over `0..count` and returns the answers in order; on as many threads as
/// there are cores, but on no more than leave each `share_min` of the work: a thread costs about
/// as much as reading a megabyte.
pub fn divided<T: Send>(
    count: usize,
    share_min: usize,
    part: impl Fn(usize, usize) -> T + Sync,
) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (count / share_min.max(1)).clamp(1, cores);
    if threads == 1 {
        return vec![part(0, count)];
    }
    let share = count.div_ceil(threads);
    let part = &part;
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|index| {
                let (from, to) = ((index * share).min(count), ((index + 1) * share).min(count));
                scope.spawn(move || part(from, to))
            })
            .collect();
        let mut all = vec![part(0, share.min(count))];
        all.extend(others.into_iter().map(|other| match other.join() {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic),
        }));
        all
    })
}
