//! Telnet's commands, taken out of a stream and answered (RFC 854, 855, 860).
//!
//! Invariant: what comes out is what the person typed, whatever the pieces; each option is refused
//! once in each direction, so that two refusing sides never talk for ever.
//!
//! Nothing is ever agreed to: the plain dialect needs no option, and a client whose offers are
//! refused stays in its oldest mode, where it edits lines itself.

use memchr::memchr;

/// The telnet side of one stream. Whoever never sends an IAC (FF), which is no byte of UTF-8,
/// never notices it.
#[derive(Debug, Default)]
pub struct Telnet {
    state: State,
    /// Options refused so far: there once the peer has turned out to speak telnet.
    refused: Option<Box<Refused>>,
    interrupted: bool,
    /// How many bytes the character still wants that was begun last.
    awaited: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC and WILL, WONT, DO or DONT.
    Option(u8),
    /// In a subnegotiation, with so many bytes more to be passed over.
    Sub(u16),
    /// After an IAC in a subnegotiation.
    SubCommand(u16),
}

/// One bit for each option, for WILL and for DO.
#[derive(Debug, Default)]
struct Refused([u64; 4], [u64; 4]);

const SE: u8 = 240;
const BREAK: u8 = 243;
const INTERRUPT: u8 = 244;
const ABORT_OUTPUT: u8 = 245;
const ARE_YOU_THERE: u8 = 246;
const ERASE_CHARACTER: u8 = 247;
const ERASE_LINE: u8 = 248;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;
const TIMING_MARK: u8 = 6;

impl Telnet {
    /// A subnegotiation that has not ended after so many bytes is taken to be none: what follows
    /// counts as typed. Nobody was asked to negotiate, so there is no long one to expect; and a
    /// stream cannot be lost for ever in one that never ends.
    pub const SUBNEGOTIATION_BYTES: u16 = 1024;

    /// Answers `bytes` without telnet's commands: `bytes` itself if there are none, else `typed`,
    /// which is overwritten. What must be answered is appended to `answer`.
    ///
    /// Erasing a character or a line comes out as the keys 08 and 15 (see
    /// [`text::edited`](crate::text::edited)).
    pub fn strip<'a>(
        &mut self,
        bytes: &'a [u8],
        typed: &'a mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> &'a [u8] {
        if self.state == State::Data && memchr(IAC, bytes).is_none() {
            self.awaited = awaited_after(self.awaited, bytes);
            return bytes;
        }
        typed.clear();
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.state == State::Data {
                let end = memchr(IAC, rest).unwrap_or(rest.len());
                typed.extend_from_slice(&rest[..end]);
                self.awaited = awaited_after(self.awaited, &rest[..end]);
                rest = &rest[end..];
            }
            if let [byte, after @ ..] = rest {
                self.state = self.take(*byte, typed, answer);
                rest = after;
            }
        }
        typed
    }

    /// Whether the peer has turned out to speak telnet. It then wants lines to end in CR LF.
    pub fn is_spoken(&self) -> bool {
        self.refused.is_some()
    }

    /// Whether the person has asked to interrupt (Ctrl-C) since this was last asked.
    pub fn take_interrupted(&mut self) -> bool {
        std::mem::take(&mut self.interrupted)
    }

    /// Takes one byte that is not plain data; answers the state after it.
    fn take(&mut self, byte: u8, typed: &mut Vec<u8>, answer: &mut Vec<u8>) -> State {
        match (self.state, byte) {
            (State::Data, _) => State::Command,
            (State::Command, IAC) => {
                typed.push(IAC);
                State::Data
            }
            (State::Command, command) => {
                self.refused.get_or_insert_default();
                match command {
                    SB => return State::Sub(Self::SUBNEGOTIATION_BYTES),
                    WILL | WONT | DO | DONT => return State::Option(command),
                    // Debian's telnet (inetutils 2.4) looks for its keys without the eighth bit,
                    // and takes these two bytes inside a character for Ctrl-\ and Ctrl-C.
                    BREAK if self.awaited > 0 => self.complete(0x9c, typed),
                    INTERRUPT if self.awaited > 0 => self.complete(0x83, typed),
                    INTERRUPT | BREAK | ABORT_OUTPUT => self.interrupted = true,
                    ARE_YOU_THERE => answer.extend_from_slice(b"[Yes]\r\n"),
                    ERASE_CHARACTER => typed.push(0x08),
                    ERASE_LINE => typed.push(0x15),
                    _ => {}
                }
                State::Data
            }
            (State::Option(verb), option) => {
                self.answer_option(verb, option, answer);
                State::Data
            }
            (State::SubCommand(_), SE) => State::Data,
            (State::Sub(left), IAC) => State::SubCommand(left),
            (state, _) => Self::in_subnegotiation(state),
        }
    }

    /// Puts a byte back into the character that it was taken from.
    fn complete(&mut self, byte: u8, typed: &mut Vec<u8>) {
        typed.push(byte);
        self.awaited -= 1;
    }

    /// The state after one more byte that a subnegotiation takes with it.
    fn in_subnegotiation(state: State) -> State {
        match state {
            State::Sub(left) | State::SubCommand(left) if left > 1 => State::Sub(left - 1),
            _ => State::Data,
        }
    }

    fn answer_option(&mut self, verb: u8, option: u8, answer: &mut Vec<u8>) {
        let refused = self.refused.get_or_insert_default();
        let (seen, refusal) = match verb {
            WILL => (&mut refused.0, DONT),
            DO => (&mut refused.1, WONT),
            _ => return,
        };
        let (word, bit) = (usize::from(option >> 6), 1 << (option & 63));
        let first = seen[word] & bit == 0;
        seen[word] |= bit;
        // A timing mark is a question, not an option: after Ctrl-C, Linux telnet shows nothing
        // until it has been answered, each time.
        if first || (verb == DO && option == TIMING_MARK) {
            answer.extend_from_slice(&[IAC, refusal, option]);
        }
    }
}

/// How many bytes of UTF-8 are still wanted after `bytes`, if `awaited` were before.
fn awaited_after(awaited: u8, bytes: &[u8]) -> u8 {
    // A character that began more than three bytes ago is complete.
    let (awaited, tail) = match bytes.len().checked_sub(3) {
        Some(start @ 1..) => (0, &bytes[start..]),
        _ => (awaited, bytes),
    };
    tail.iter().fold(awaited, |awaited, byte| match byte {
        0x80..=0xbf => awaited.saturating_sub(1),
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<u8>, Telnet) {
        let (mut telnet, mut typed, mut answer) = (Telnet::default(), Vec::new(), Vec::new());
        for piece in pieces {
            let mut scratch = Vec::new();
            typed.extend_from_slice(telnet.strip(piece, &mut scratch, &mut answer));
        }
        (typed, answer, telnet)
    }

    #[test]
    fn plain_bytes_pass_untouched() {
        let (typed, answer, telnet) = all([&b"hello\r\n"[..], "caf\u{e9}".as_bytes()]);
        assert_eq!(typed, "hello\r\ncafé".as_bytes());
        assert!(answer.is_empty() && !telnet.is_spoken());
    }

    #[test]
    fn what_linux_telnet_sends_for_ctrl_c_is_answered_each_time() {
        let bytes = [0xff, 0xf4, 0xff, 0xfd, 0x06];
        let (typed, answer, mut telnet) = all([&bytes[..], &bytes[..]]);
        assert_eq!(typed, []);
        assert_eq!(answer, [0xff, 0xfc, 0x06, 0xff, 0xfc, 0x06]);
        assert!(telnet.is_spoken() && telnet.take_interrupted() && !telnet.take_interrupted());
    }

    #[test]
    fn a_letter_that_debians_telnet_takes_for_a_key_is_mended() {
        // U with two dots is C3 9C, and the client sends "break" for 9C.
        let (typed, _, mut telnet) = all([&b"A \xc3\xff\xf3\xff\xfd\x06 B"[..]]);
        assert_eq!(typed, "A \u{dc} B".as_bytes());
        assert!(!telnet.take_interrupted(), "nobody has pressed Ctrl-C");
        let (typed, _, _) = all([&b"\xc4"[..], b"\xff", b"\xf4", b"!"]);
        assert_eq!(typed, "\u{103}!".as_bytes());
        let (_, _, mut telnet) = all([&b"caf\xc3\xa9\xff\xf4\xff\xfd\x06"[..]]);
        assert!(telnet.take_interrupted(), "between characters it is the key");
    }

    #[test]
    fn each_option_is_refused_once() {
        let offers = [IAC, WILL, 31, IAC, DO, 1, IAC, WONT, 3, IAC, DONT, 3, IAC, WILL, 31];
        let (typed, answer, _) = all([&offers[..], &offers[..]]);
        assert_eq!(typed, []);
        assert_eq!(answer, [IAC, DONT, 31, IAC, WONT, 1]);
    }

    #[test]
    fn subnegotiations_go_and_an_endless_one_ends() {
        let window_size = [b'a', IAC, SB, 31, 0, IAC, IAC, 0, 24, SE, IAC, SE, b'b'];
        assert_eq!(all([&window_size[..]]).0, b"ab");
        let mut endless = vec![IAC, SB];
        endless.resize(2 + usize::from(Telnet::SUBNEGOTIATION_BYTES), b'x');
        endless.extend_from_slice(b"typed\n");
        assert_eq!(all([&endless[..]]).0, b"typed\n");
    }

    #[test]
    fn an_escaped_iac_is_data_and_no_sign_of_telnet() {
        let (typed, _, telnet) = all([&[b'a', IAC, IAC, b'b'][..]]);
        assert_eq!(typed, [b'a', 255, b'b']);
        assert!(!telnet.is_spoken());
    }

    #[test]
    fn erasing_comes_out_as_keys() {
        assert_eq!(all([&[b'a', IAC, ERASE_CHARACTER, IAC, ERASE_LINE][..]]).0, [b'a', 8, 0x15]);
    }

    proptest! {
        #[test]
        fn any_splitting_gives_the_same(
            bytes in proptest::collection::vec(
                prop_oneof![Just(IAC), 240u8..=255, proptest::sample::select(&b"ab\r\n\x06"[..])],
                0..100,
            ),
            size in 1usize..9,
        ) {
            let whole = all([&bytes[..]]);
            let pieces = all(bytes.chunks(size));
            prop_assert_eq!(&whole.0, &pieces.0);
            prop_assert_eq!(&whole.1, &pieces.1);
            prop_assert_eq!(whole.2.state, pieces.2.state);
            // What is answered is bounded by what was asked: seven bytes for an "are you there".
            prop_assert!(whole.1.len() * 2 <= bytes.len() * 7);
        }
    }
}
