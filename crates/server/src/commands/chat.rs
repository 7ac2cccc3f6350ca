//! `switchboard chat`: the chat room.

use std::hash::{BuildHasher, Hasher, RandomState};

use chat::Switchboard;

use crate::chat_settings::assemble;
use crate::exit::{Exit, Failure};
use crate::options::{CommandName, Loaded};
use crate::serve::{Urgent, serve};

/// Runs the chat room.
pub(super) fn chat(loaded: &Loaded) -> Result<Exit, Failure> {
    let mut settings = assemble(loaded).map_err(Failure::wrong_options)?;
    settings.seed = RandomState::new().build_hasher().finish();
    serve(CommandName::Chat, loaded, Urgent::Ignored, &mut Switchboard::new(settings))
}
