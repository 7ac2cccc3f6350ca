//! What of the measurements others may run: the [`soak`].

pub mod soak;
