//! One case, several tests: a module named after the case, with a test for each engine.

use engine::Choice;

/// Makes each case, a function over a [`Selector`](engine::Selector), a test on each of the four.
macro_rules! on_every_selector {
    ($($case:ident),+ $(,)?) => {
        /// The cases of this part, with the engines they run on.
        pub(crate) const CASES: &[(&str, &str, &[&str])] = &[
            $((module_path!(), stringify!($case), &["sweep", "select", "poll", "epoll"])),+
        ];
        $(mod $case {
            #[test]
            fn sweep() {
                super::$case::<engine::selector::Sweep>();
            }
            #[test]
            fn select() {
                super::$case::<engine::selector::Select>();
            }
            #[test]
            fn poll() {
                super::$case::<engine::selector::Poll>();
            }
            #[test]
            fn epoll() {
                super::$case::<engine::selector::Epoll>();
            }
        })+
    };
}

/// Makes each case, a function of a [`Choice`], a test on each of the five engines. Those after
/// `alone` have a process of their own, since they change what belongs to the process: its limits,
/// its signal handlers, its number of descriptors.
macro_rules! on_every_engine {
    ($($case:ident),* $(,)? $(; alone: $($alone:ident),+ $(,)?)?) => {
        /// The cases of this part, with the engines they run on.
        pub(crate) const CASES: &[(&str, &str, &[&str])] = &[
            $((module_path!(), stringify!($case), &["sweep", "select", "poll", "epoll", "uring"]),)*
            $($((
                module_path!(), stringify!($alone), &["sweep", "select", "poll", "epoll", "uring"]
            ),)+)?
        ];
        $(mod $case {
            use crate::support::on;
            use engine::Choice;
            #[test]
            fn sweep() {
                on(Choice::Sweep, super::$case);
            }
            #[test]
            fn select() {
                on(Choice::Select, super::$case);
            }
            #[test]
            fn poll() {
                on(Choice::Poll, super::$case);
            }
            #[test]
            fn epoll() {
                on(Choice::Epoll, super::$case);
            }
            #[test]
            fn uring() {
                on(Choice::Uring, super::$case);
            }
        })*
        $($(mod $alone {
            use crate::support::{in_a_child, on};
            use engine::Choice;
            #[test]
            fn sweep() {
                in_a_child(module_path!(), "sweep", || on(Choice::Sweep, super::$alone));
            }
            #[test]
            fn select() {
                in_a_child(module_path!(), "select", || on(Choice::Select, super::$alone));
            }
            #[test]
            fn poll() {
                in_a_child(module_path!(), "poll", || on(Choice::Poll, super::$alone));
            }
            #[test]
            fn epoll() {
                in_a_child(module_path!(), "epoll", || on(Choice::Epoll, super::$alone));
            }
            #[test]
            fn uring() {
                in_a_child(module_path!(), "uring", || on(Choice::Uring, super::$alone));
            }
        })+)?
    };
}

/// Makes each case, a plain function, one test: what does not depend on the engine.
macro_rules! once {
    ($($case:ident),+ $(,)?) => {
        /// The cases of this part that are the same for all engines.
        pub(crate) const ONCE: &[(&str, &str, &[&str])] = &[
            $((module_path!(), stringify!($case), &["once"])),+
        ];
        $(mod $case {
            #[test]
            fn once() {
                super::$case();
            }
        })+
    };
}

/// Runs `case` on this engine, or says why it cannot. That an engine is missing only where the
/// kernel refuses what it needs is a case of its own (`offers.rs`).
pub(crate) fn on(choice: Choice, case: fn(Choice)) {
    let offers = engine::survey();
    let offer = offers.iter().find(|offer| offer.choice == choice).expect("all are surveyed");
    match &offer.available {
        Ok(_) => case(choice),
        Err(why) => eprintln!("SKIPPED: no {choice} engine here: {why}"),
    }
}
