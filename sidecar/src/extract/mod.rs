//! Files to facts and sentences, in child processes.
