//! `switchboard chat`: the chat room.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;

use chat::Switchboard;
use tracing::info;

use crate::chat_settings::{Running, assemble};
use crate::configuration::Configuration;
use crate::data::{Data, random_key};
use crate::exit::{Exit, Failure};
use crate::hangup;
use crate::host::{Questions, Tools, Worker};
use crate::options::{CommandName, Given, Loaded};
use crate::serve::{self, Urgent};

/// Runs the chat room.
pub(super) fn chat(given: Given, loaded: &Loaded) -> Result<Exit, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Failed, error);
    // The directory before what is in it: another server may be writing still.
    let data = match &loaded.settings.data {
        Some(path) => Some(
            Data::open(path)
                .map_err(|error| Failure::new(Exit::Failed, loaded.problem("data", error)))?,
        ),
        None => None,
    };
    let cloak_key = match &data {
        Some(data) => data.cloak_key().map_err(failed)?,
        None => random_key().map_err(failed)?,
    };
    let engine = serve::engine(loaded, Urgent::Ignored)?;
    let handle = engine.handle();
    let questions = Questions::new(move || handle.wake());
    let seed = RandomState::new().build_hasher().finish();
    let running = Running { seed, cloak_key, host: Arc::new(questions.clone()) };
    let settings = assemble(loaded, running.clone()).map_err(Failure::wrong_options)?;
    if data.is_none() && !settings.operators.is_empty() {
        info!("without --data, bans and the hosts that others see end with the server");
    }
    let configuration = Configuration::new(given, running, loaded, &settings);
    let _worker = Worker::start(&questions, Tools { data, configuration }).map_err(failed)?;
    hangup::watch(questions, engine.handle()).map_err(failed)?;
    serve::run(engine, CommandName::Chat, loaded, &mut Switchboard::new(settings))
}
