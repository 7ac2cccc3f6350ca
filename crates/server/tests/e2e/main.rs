//! The program from outside: the real binary, driven by real `nc`, `telnet`, irssi, WeeChat, `curl`,
//! Python and more, over real sockets.
//!
//! Each test that is about a service runs once for every engine: see [`on_every_engine`]. A tool
//! that is missing is a failure, never a skip; `scripts/test` installs them all.

mod support;

mod bench;
mod chat;
mod clients;
mod configuration;
mod connect;
mod echo;
mod engines;
mod hangup;
mod hello;
mod hostile;
mod http;
mod keeping;
mod languages;
mod loops;
mod passwords;
mod scale;
mod sink;
mod soak;
mod starting;
mod status;
mod web;
mod websocket;

/// Makes of each function that takes an engine five tests, one for every engine.
macro_rules! on_every_engine {
    ($($test:ident),* $(,)?) => {
        on_every_engine!(@engines [sweep select poll epoll uring] [$($test)*]);
    };
    (@engines [$($engine:ident)*] $tests:tt) => {
        $(on_every_engine!(@engine $engine $tests);)*
    };
    (@engine $engine:ident [$($test:ident)*]) => {
        mod $engine {
            $(
                #[test]
                fn $test() {
                    super::$test(stringify!($engine));
                }
            )*
        }
    };
}
use on_every_engine;
