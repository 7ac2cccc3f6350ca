//! Clients of `ncat --chat`: bare lines, and a first one that says who has come.
//!
//! It lets ten wait to be accepted, and whom the kernel turns away tries again only after a second:
//! so each client waits for that first line, and few come in at the same time.

use load::{Client, Ear, Lines, Protocol, Role, Step};

/// `ncat --chat`.
pub(crate) struct Ncat;

impl Protocol for Ncat {
    fn name(&self) -> String {
        "ncat".into()
    }

    fn most_text_bytes(&self) -> usize {
        Lines::default().most_text_bytes()
    }

    fn client(&self, number: usize, role: Role) -> Box<dyn Client> {
        Box::new(NcatClient(Lines::default().client(number, role)))
    }
}

struct NcatClient(Box<dyn Client>);

impl Client for NcatClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        self.0.greet(out);
        Step::Waiting
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        self.0.join(out)
    }

    fn enter(&mut self, received: &[u8], _out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        // Whoever comes is announced to everybody who is there, and so to itself.
        Ok(match received.iter().position(|&byte| byte == b'\n') {
            Some(end) => (end + 1, Step::Done),
            None => (0, Step::Waiting),
        })
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        self.0.say(text, out);
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        self.0.hear(received, ear, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_in_when_it_has_been_announced() {
        let (mut client, mut out) = (Ncat.client(0, Role::Receiver), Vec::new());
        assert_eq!(client.greet(&mut out), Step::Waiting);
        assert_eq!(client.enter(b"<announce> 127.0.0.1", &mut out), Ok((0, Step::Waiting)));
        assert_eq!(client.enter(b"<announce> is here\n<us", &mut out), Ok((19, Step::Done)));
        assert!(out.is_empty());
    }
}
