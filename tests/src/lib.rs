//! What the black-box tests share: where the program is, where the inputs are.

pub mod asking;
pub mod certificates;
pub mod clips;
pub mod cluster;
pub mod elasticsearch;
pub mod http;
pub mod indexed;
pub mod library;
pub mod model;
pub mod picture;
pub mod program;
pub mod proxy;
pub mod secured;
pub mod server;

/// Says why a test proves nothing here. Where skips are forbidden (`VITRINE_NO_SKIPS`), fails.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "skips are forbidden: {reason}");
    eprintln!("SKIPPED: {reason}");
}
