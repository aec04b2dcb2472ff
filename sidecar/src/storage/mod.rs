//! Folders and buckets behind one trait.
