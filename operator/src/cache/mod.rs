//! What is known of the cluster between passes: as little as will do, because there may be ten thousand
//! libraries and each looks at itself a few times an hour.

pub mod jobs;
pub mod kept;
pub mod seen;
pub mod uid;
pub mod unseen;
