//! The dialect for people with `nc`, `telnet` and the like, and for pipes: what they may ask for
//! ([`command`]), what they are answered ([`answer`]), and how what happens looks to them
//! ([`render`]).

pub(crate) mod answer;
pub(crate) mod command;
pub(crate) mod moderate;
pub(crate) mod phrases;
pub(crate) mod render;
