//! Bare lines, as people with netcat send them.

use super::{Audience, Client, Protocol, Role, Step, whole_lines};
use crate::Ear;

/// Bare lines: what is said is relayed to the others, whatever stands before it.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// What each client says first, with its line ends: commands of the server's. Nothing, if it
    /// is empty. Nobody waits for an answer to it.
    pub hello: String,
    /// Whether the server sends a line back to its author.
    pub audience: Audience,
}

impl Protocol for Lines {
    fn name(&self) -> String {
        "plain".into()
    }

    fn audience(&self) -> Audience {
        self.audience
    }

    fn most_text_bytes(&self) -> usize {
        // What servers take differs; that a line is too long for one shows when nobody hears it.
        1 << 20
    }

    fn client(&self, _number: usize, _role: Role) -> Box<dyn Client> {
        Box::new(LinesClient { hello: self.hello.clone().into_bytes() })
    }
}

struct LinesClient {
    hello: Vec<u8>,
}

impl Client for LinesClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        out.append(&mut self.hello);
        self.hello = Vec::new();
        Step::Done
    }

    fn join(&mut self, _out: &mut Vec<u8>) -> Step {
        Step::Done
    }

    fn enter(&mut self, received: &[u8], _out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        Ok((received.len(), Step::Done))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text);
        out.push(b'\n');
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        _out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        let whole = whole_lines(received);
        ear.lines(&received[..whole]);
        Ok(whole)
    }
}
