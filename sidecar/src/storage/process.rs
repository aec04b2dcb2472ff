//! A name that no other process has, on this machine or another.

use std::sync::OnceLock;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Twelve hex digits, the same for as long as this process lives. Containers share process ids,
/// and pods share folders: host, id and time together tell them apart.
pub fn process_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let mut hash = Sha256::new();
        hash.update(rustix::system::uname().nodename().to_bytes());
        hash.update(std::process::id().to_le_bytes());
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        hash.update(since_1970.map_or(0, |time| time.as_nanos()).to_le_bytes());
        // Where its memory lies is chosen by chance for each process.
        hash.update((&raw const NAME as usize).to_le_bytes());
        hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
    })
}
