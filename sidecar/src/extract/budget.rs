//! Memory that pictures between their maker and their place may take together.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes that may be in flight. Whoever wants more waits until others are done.
#[derive(Debug)]
pub struct Budget {
    all: u64,
    left: Mutex<u64>,
    freed: Condvar,
}

/// Bytes taken; dropping it gives them back.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// A budget of `all` bytes.
    pub fn new(all: u64) -> Arc<Self> {
        Arc::new(Self { all, left: Mutex::new(all), freed: Condvar::new() })
    }

    /// Waits until `bytes` are left and takes them. What is larger than the whole waits until it is
    /// alone.
    pub fn take(self: &Arc<Self>, bytes: u64) -> Permit {
        let bytes = bytes.min(self.all);
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = self
            .freed
            .wait_while(left, |left| *left < bytes)
            .unwrap_or_else(PoisonError::into_inner);
        *left -= bytes;
        Permit { budget: Arc::clone(self), bytes }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.budget.left.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{TryRecvError, channel};
    use std::time::Duration;

    #[test]
    fn who_wants_more_than_is_left_waits_for_it() {
        let budget = Budget::new(100);
        let first = budget.take(60);
        let (got, gets) = channel();
        let other = Arc::clone(&budget);
        let waiting = std::thread::spawn(move || got.send(other.take(1_000)).is_ok());
        std::thread::sleep(Duration::from_millis(50));
        assert!(matches!(gets.try_recv(), Err(TryRecvError::Empty)), "it is not alone yet");
        drop(first);
        let all = gets.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(waiting.join().unwrap());
        assert_eq!(*budget.left.lock().unwrap(), 0, "larger than the whole takes the whole");
        drop(all);
        assert_eq!(*budget.left.lock().unwrap(), 100);
    }
}
