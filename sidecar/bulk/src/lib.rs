//! Sends documents to Elasticsearch in bulk and loses none.
//!
//! ```text
//! operations ──▶ bodies by bytes ──▶ requests in flight ──▶ each item's own status ──▶ verdicts
//!                      ▲                                              │
//!                      └────────── 429 and 5xx, after a pause ────────┘
//! ```
