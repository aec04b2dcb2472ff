//! One writer a catalogue.
//!
//! On disk the lock is the kernel's (`flock`): it goes with its process, however that ends. In a
//! store it is an object, created only where none is and renewed every [`BEAT`]; it is stale
//! when it was not renewed for [`STALE`], or when its process on this very machine is gone. Who is told
//! to end in the middle lets go of it first ([`let_go`]). Who is killed cannot: a step in a pod waits
//! that long for its turn ([`Lock::await_turn`]), where a person is told at once.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::RunError;
use super::fingerprint::now;
use crate::catalog::layout::LOCK;
use crate::storage::{Bucket, Held, Storage};

/// How often a lock in a store is renewed.
const BEAT: Duration = Duration::from_secs(10);
/// How long a lock in a store holds without being renewed.
const STALE: Duration = Duration::from_secs(60);
/// How long a step waits for its turn: a killed owner's lock is stale by then.
const TURN: Duration = Duration::from_secs(STALE.as_secs() + 10);
/// How often it looks.
const LOOK: Duration = Duration::from_secs(2);

/// The locks in stores that this process holds. Whoever takes one holds this meanwhile, so that
/// [`let_go`] misses none that is being taken.
static REMOTE: Mutex<Vec<Remote>> = Mutex::new(Vec::new());

/// A lock in a store.
#[derive(Clone)]
struct Remote {
    bucket: Bucket,
    /// None once it was let go of.
    held: Arc<Mutex<Option<Held>>>,
}

/// Who holds a lock.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Owner {
    host: String,
    pid: u32,
    /// Start of the process in clock ticks since boot: pids come again.
    ticks: u64,
    since: String,
    beat: String,
}

/// Held until dropped.
pub struct Lock {
    held: HeldLock,
    lost: Arc<AtomicBool>,
    catalog: String,
}

enum HeldLock {
    File { file: File },
    Object { stop: Option<Sender<()>>, beating: Option<JoinHandle<()>> },
}

impl Lock {
    /// Takes the lock of the catalogue, or says who has it.
    ///
    /// # Errors
    ///
    /// [`RunError::Locked`] names the owner.
    pub fn take(catalog: &Storage) -> Result<Self, RunError> {
        let lost = Arc::new(AtomicBool::new(false));
        let held = match catalog {
            Storage::Folder(folder) => {
                let path = folder.root().join(LOCK);
                take_file(&path)?
            }
            Storage::Bucket(bucket) => take_object(bucket, Arc::clone(&lost))?,
        };
        Ok(Self { held, lost, catalog: catalog.uri("") })
    }

    /// As [`Lock::take`], and waits for an owner who may be gone: in a pod the one before was perhaps
    /// killed, and nobody reads what is said meanwhile.
    ///
    /// # Errors
    ///
    /// [`RunError::Locked`] when the owner is at work still after [`STALE`] and some seconds.
    pub fn await_turn(catalog: &Storage) -> Result<Self, RunError> {
        let began = Instant::now();
        loop {
            match Self::take(catalog) {
                Err(locked @ RunError::Locked { .. }) if began.elapsed() < TURN => {
                    tracing::info!(reason = %locked, "waits for its turn");
                    std::thread::sleep(LOOK);
                }
                done => return done,
            }
        }
    }

    /// Asks before anything is published.
    ///
    /// # Errors
    ///
    /// When somebody else took the lock over, which can only happen in a store.
    pub fn check(&self) -> Result<(), RunError> {
        match self.lost.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(RunError::LockLost { catalog: self.catalog.clone() }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        match &mut self.held {
            // The file stays, empty; the kernel lets go of it.
            HeldLock::File { file } => {
                let _ = file.set_len(0);
            }
            HeldLock::Object { stop, beating } => {
                drop(stop.take());
                if let Some(beating) = beating.take() {
                    let _ = beating.join();
                }
            }
        }
    }
}

/// Lets go of all locks in stores: the process is about to end, and writes nothing that would need one.
pub fn let_go() {
    for remote in std::mem::take(&mut *guard(&REMOTE)) {
        remote.release();
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_file(path: &std::path::Path) -> Result<HeldLock, RunError> {
    let failed = || RunError::io("write", path.display().to_string());
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above).map_err(failed())?;
    }
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = opened.map_err(failed())?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(failed())?;
            return Err(locked(serde_json::from_str(&text).ok()));
        }
        Err(error) => return Err(failed()(error.into())),
    }
    let cleared = file.set_len(0).and_then(|()| file.rewind());
    cleared.and_then(|()| file.write_all(&owner().to_json())).map_err(failed())?;
    Ok(HeldLock::File { file })
}

fn take_object(bucket: &Bucket, lost: Arc<AtomicBool>) -> Result<HeldLock, RunError> {
    let me = owner();
    let mut remotes = guard(&REMOTE);
    let created = bucket.create(LOCK, me.to_json())?;
    let held = match created {
        Some(held) => held,
        None => {
            // Gone in between, or stale: replace exactly what was seen.
            let seen = bucket.get_held(LOCK)?;
            let taken = match seen {
                None => bucket.create(LOCK, me.to_json())?,
                Some((bytes, held)) => match serde_json::from_slice::<Owner>(&bytes) {
                    Ok(other) if !other.is_stale(&me) => return Err(locked(Some(other))),
                    _ => bucket.replace(LOCK, me.to_json(), &held)?,
                },
            };
            taken.ok_or_else(|| locked(None))?
        }
    };
    let remote = Remote { bucket: bucket.clone(), held: Arc::new(Mutex::new(Some(held))) };
    remotes.push(remote.clone());
    drop(remotes);
    let (stop, stopped) = channel::<()>();
    let beating = std::thread::spawn(move || {
        while matches!(stopped.recv_timeout(BEAT), Err(RecvTimeoutError::Timeout)) {
            if !remote.renew(&me) {
                lost.store(true, Ordering::SeqCst);
                break;
            }
        }
        guard(&REMOTE).retain(|other| !Arc::ptr_eq(&other.held, &remote.held));
        remote.release();
    });
    Ok(HeldLock::Object { stop: Some(stop), beating: Some(beating) })
}

impl Remote {
    /// Whether it is still ours.
    fn renew(&self, me: &Owner) -> bool {
        let mut held = guard(&self.held);
        let Some(now_held) = held.as_ref() else { return false };
        let beat = Owner { beat: now(), ..me.clone() };
        match self.bucket.replace(LOCK, beat.to_json(), now_held) {
            Ok(renewed) => *held = renewed,
            // The store may be back before the lock is stale.
            Err(error) => tracing::warn!(%error, "cannot renew the lock"),
        }
        held.is_some()
    }

    /// Removes the lock where it is still ours. Marking it first makes sure of that.
    fn release(&self) {
        let Some(held) = guard(&self.held).take() else { return };
        let nobody = Owner { beat: DateTime::<Utc>::UNIX_EPOCH.to_rfc3339(), ..owner() };
        if let Ok(Some(_)) = self.bucket.replace(LOCK, nobody.to_json(), &held) {
            let _ = Storage::Bucket(self.bucket.clone()).delete_all(&[LOCK.to_owned()]);
        }
    }
}

fn locked(owner: Option<Owner>) -> RunError {
    match owner {
        Some(Owner { host, pid, since, .. }) => {
            RunError::Locked { owner: format!("process {pid} on {host}"), since }
        }
        None => RunError::Locked { owner: "another run".to_owned(), since: "just now".to_owned() },
    }
}

fn owner() -> Owner {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let pid = std::process::id();
    let since = now();
    Owner { host, pid, ticks: start_ticks(pid).unwrap_or(0), beat: since.clone(), since }
}

impl Owner {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an owner is JSON")
    }

    fn is_stale(&self, seen_by: &Self) -> bool {
        if self.host == seen_by.host && start_ticks(self.pid) != Some(self.ticks) {
            return true;
        }
        let age = DateTime::parse_from_rfc3339(&self.beat)
            .ok()
            .and_then(|beat| (Utc::now() - beat.to_utc()).to_std().ok());
        age.is_some_and(|age| age > STALE)
    }
}

/// When the process started; `None` where there is none.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold spaces; the start time is the 20th field after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Access, Location};

    #[test]
    fn the_second_hears_who_holds_the_lock_and_gets_it_when_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let catalog =
            Storage::open(&Location::Folder(dir.path().to_owned()), &Access::default()).unwrap();
        let first = Lock::take(&catalog).unwrap();
        let refused = Lock::take(&catalog).err().unwrap().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        assert!(Lock::take(&catalog).is_ok());
    }

    #[test]
    fn a_step_waits_for_its_turn() {
        let dir = tempfile::tempdir().unwrap();
        let catalog =
            Storage::open(&Location::Folder(dir.path().to_owned()), &Access::default()).unwrap();
        let first = Lock::take(&catalog).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::await_turn(&catalog).is_ok());
            std::thread::sleep(LOOK / 4);
            assert!(!second.is_finished(), "the first has it still");
            drop(first);
            assert!(second.join().unwrap());
        });
    }

    #[test]
    fn a_lock_is_stale_when_its_process_is_gone_or_its_beat_is_old() {
        let me = owner();
        assert!(!me.is_stale(&me));
        assert!(Owner { ticks: me.ticks + 1, ..me.clone() }.is_stale(&me), "the pid came again");
        let elsewhere = Owner { host: "elsewhere".to_owned(), ..me.clone() };
        assert!(!elsewhere.is_stale(&me));
        let old = Owner { beat: "2020-01-01T00:00:00Z".to_owned(), ..elsewhere };
        assert!(old.is_stale(&me));
    }
}
