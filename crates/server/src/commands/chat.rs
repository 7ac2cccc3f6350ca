//! `switchboard chat`: the chat room.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;

use chat::{Exchange, Settings, Switchboard};
use engine::Engine;
use tracing::info;

use crate::chat_settings::{Running, assemble};
use crate::configuration::Configuration;
use crate::data::{Data, random_key};
use crate::exit::{Exit, Failure};
use crate::hangup;
use crate::host::{Questions, Tools, Wake, Worker};
use crate::options::{CommandName, Given, Loaded};
use crate::serve::{self, Keys, Urgent};
use crate::turn_times::{Books, Timed};
use crate::vitals::Program;

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
    let engines = serve::engines(CommandName::Chat, loaded, Urgent::Ignored, Keys::Unique)?;
    let wake = |engine: &Engine| -> Wake {
        let handle = engine.handle();
        Box::new(move || handle.wake())
    };
    let turns: Vec<Arc<Books>> = engines.iter().map(|_| Arc::default()).collect();
    let program = Program { engine: engines[0].kind(), turns: turns.clone() };
    let questions = Questions::new(engines.iter().map(wake).collect(), program);
    let seed = RandomState::new().build_hasher().finish();
    let running = Running { seed, cloak_key, host: Arc::new(questions.asker(0)) };
    let settings = assemble(loaded, running.clone()).map_err(Failure::wrong_options)?;
    if data.is_none() && !settings.operators.is_empty() {
        info!("without --data, bans and the hosts that others see end with the server");
    }
    let configuration = Configuration::new(given, running, loaded, &settings);
    let _worker = Worker::start(&questions, Tools { data, configuration }).map_err(failed)?;
    let switchboards = switchboards(&settings, &engines, &questions);
    let timed = |(service, turns)| Timed::new(service, turns);
    let mut switchboards: Vec<_> = switchboards.into_iter().zip(turns).map(timed).collect();
    hangup::watch(questions, engines[0].handle()).map_err(failed)?;
    serve::run(engines, CommandName::Chat, loaded, &mut switchboards)
}

/// The chat, as each of its loops serves it.
fn switchboards(
    settings: &Settings,
    engines: &[Engine],
    questions: &Questions,
) -> Vec<Switchboard> {
    if engines.len() == 1 {
        return vec![Switchboard::new(settings.clone())];
    }
    let exchange = Exchange::new(engines.len());
    let switchboards = engines.iter().enumerate().map(|(number, engine)| {
        let handle = engine.handle();
        exchange.set_waker(number, Arc::new(move || handle.wake()));
        let settings = Settings { host: Arc::new(questions.asker(number)), ..settings.clone() };
        Switchboard::in_loop(settings, Arc::clone(&exchange), number)
    });
    switchboards.collect()
}
