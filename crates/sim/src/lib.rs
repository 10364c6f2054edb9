//! Seeded simulation of the engine over a disk and a clock that fail.
