//! The ceiling: bare loops that do the least a server can do, with no features at all.
//!
//! They hold no partial sends, no limits, no deadlines and no names, and lose bytes for who reads
//! slowly: they are here to be measured against, not to be used. `epoll` and `uring` have a loop
//! each that answers (echo, HTTP) and one that broadcasts; `wait` has the raw system calls that
//! wait.

mod answers;
pub mod epoll;
pub mod uring;
pub mod wait;

pub use answers::{Reply, echo, http};
