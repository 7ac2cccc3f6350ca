//! The completion engine.

use std::io;

use service::Service;

use crate::engine::Ending;
use crate::listener::Listener;
use crate::options::{Counters, Options};
use crate::waker::Handle;

pub(crate) enum Uring {}

impl Uring {
    pub(crate) fn new(_options: Options) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "not built yet"))
    }
    pub(crate) fn what(&self) -> String {
        match *self {}
    }
    pub(crate) fn listen(&mut self, _listener: Listener) -> io::Result<()> {
        match *self {}
    }
    pub(crate) fn handle_signals(&mut self) -> io::Result<()> {
        match *self {}
    }
    pub(crate) fn handle(&self) -> Handle {
        match *self {}
    }
    pub(crate) fn counters(&self) -> Counters {
        match *self {}
    }
    pub(crate) fn connections(&self) -> usize {
        match *self {}
    }
    pub(crate) fn turn<S: Service>(&mut self, _service: &mut S) -> io::Result<Option<Ending>> {
        match *self {}
    }
}
