//! The dialect for people with `nc`, `telnet` and the like, and for pipes: what they may ask for
//! ([`command`]) and how it is obeyed ([`obey`], with [`look`] for what is only looked up and
//! [`moderate`] for keeping order), what they are answered ([`answer`]), and how what happens looks to
//! them ([`render`]).

pub(crate) mod answer;
pub(crate) mod command;
pub(crate) mod look;
pub(crate) mod meant;
pub(crate) mod moderate;
pub(crate) mod obey;
pub(crate) mod phrases;
pub(crate) mod render;
