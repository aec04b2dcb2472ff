//! Memory that was freed and that the C library keeps.

#![allow(unsafe_code)] // One call, which touches nothing of ours.

/// Gives back what loading a network has freed.
///
/// ONNX Runtime rewrites a graph while it loads it, and frees most of what it took for that. glibc
/// keeps it, between what is still in use: 38 MB of MoveNet MultiPose, 52 MB of a SimCC network of
/// 25 MB.
pub(super) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes a number, may be called from any thread, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
