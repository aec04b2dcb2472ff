//! Models: finding, fetching, pinning and caching them.
