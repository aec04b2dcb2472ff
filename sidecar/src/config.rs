//! One configuration: file, then environment, then flags.
