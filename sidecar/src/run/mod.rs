//! One run: scan → work → publish.
