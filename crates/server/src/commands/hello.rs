//! `switchboard hello`: tutorial 9.

use tutorials::{Hello, HelloOptions};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::options::{CommandName, Loaded, Problem};
use crate::serve::{Urgent, serve};

/// The largest file that is served, 16 MiB: it is kept in memory. Met: an error at the start.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Says which options do not go together.
pub(super) fn check(loaded: &Loaded) -> Result<(), Vec<Problem>> {
    let hello = &loaded.settings.hello;
    if hello.file.is_some() && !hello.body.is_empty() {
        let problem = "excludes --body: there is one answer";
        return Err(vec![loaded.problem("file", problem)]);
    }
    body(loaded).map(drop).map_err(|problem| vec![problem])
}

/// Runs the HTTP server.
pub(super) fn hello(loaded: &Loaded) -> Result<Exit, Failure> {
    let settings = &loaded.settings;
    let mut options = HelloOptions::default();
    if let Some(body) = body(loaded).map_err(|error| Failure::new(Exit::Failed, error))? {
        options.body = body;
    }
    options.content_type.clone_from(&settings.hello.content_type);
    let make = || Hello::new(options.clone());
    serve(CommandName::Hello, loaded, Urgent::Ignored, make).map(|(exit, _)| exit)
}

/// What is answered, if it was chosen.
fn body(loaded: &Loaded) -> Result<Option<Vec<u8>>, Problem> {
    let hello = &loaded.settings.hello;
    let Some(path) = &hello.file else {
        return Ok((!hello.body.is_empty()).then(|| hello.body.clone().into_bytes()));
    };
    match files::read(path, FILE_BYTES) {
        Ok((bytes, _)) => Ok(Some(bytes)),
        Err(error) => Err(loaded.problem("file", format_args!("{}: {error}", path.display()))),
    }
}
