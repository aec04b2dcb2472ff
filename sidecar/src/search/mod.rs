//! Exact nearest neighbours over a catalogue.
