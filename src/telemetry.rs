//! What the program tells about itself: logs, named tasks, metrics.

pub mod task;
