//! What is kept for a client whose connection has ended, so that another can go on where it was.
//!
//! Invariant: what is kept is found by a token that nobody can guess, for a bounded time and for a
//! bounded number of clients; and that something was said is noted by whoever reads it in the one
//! order, so that who goes on has all that came before in that order, whichever loop it was said on.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use service::{Key, Time};
use wire::name::{Name, RoomName};

use crate::Limits;
use crate::hash::Seeded;
use crate::irc::render::Stamp;

/// By what a client is known again: 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token([u8; 16]);

/// Something said, as its author counts: hung on the words, so that it has its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) token: Token,
    pub(crate) n: u64,
}

/// What is kept of all clients, for all loops.
#[derive(Debug)]
pub(crate) struct Resumes {
    kept: HashMap<Token, Kept, Seeded>,
    /// Those without a connection, by when that ended; some have been taken over since.
    waiting: VecDeque<(Time, Token)>,
    tokens: u64,
}

/// What is kept of one.
#[derive(Debug, Default)]
struct Kept {
    /// Its connection, as long as it has one.
    member: Option<Key>,
    ended: Time,
    name: Option<Name>,
    /// The highest number of a hello, and of something it said.
    greeted: u64,
    highest: u64,
    /// The last things it said, by their numbers, with the places they were given.
    said: BTreeMap<u64, Stamp>,
    /// How far it has read, by rooms, in small letters.
    read: BTreeMap<Box<str>, u64>,
}

/// Whether something was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// No: it has not come, or was refused.
    NotSaid,
    /// Yes, and has this place.
    Said(Stamp),
    /// It is too long ago to know: most likely it was.
    Forgotten,
}

/// What somebody was who goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    /// The connection that it had, if it was not known to have ended.
    pub(crate) member: Option<Key>,
    pub(crate) name: Option<Name>,
}

/// A hello was overtaken by a later one of the same client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late;

impl Token {
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The token that is written so.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_one = text.len() == 32 && text.bytes().all(is_digit);
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_one)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Token {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Resumes {
    pub(crate) fn new(seed: u64) -> Self {
        Self { kept: HashMap::with_hasher(Seeded(seed)), waiting: VecDeque::new(), tokens: 0 }
    }

    /// A number that no token was made from.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// `member`, whose hello counts as `n`, is known by `token` from now on.
    pub(crate) fn open(&mut self, token: Token, n: Option<u64>, member: Key) {
        let greeted = n.unwrap_or(0);
        self.kept.insert(token, Kept { member: Some(member), greeted, ..Kept::default() });
    }

    /// `member`, whose hello counts as `n`, goes on as the one with this token, if anything is kept of that.
    ///
    /// # Errors
    ///
    /// The hello is from before one that has come.
    pub(crate) fn take_over(
        &mut self,
        token: Token,
        n: Option<u64>,
        member: Key,
        (now, limits): (Time, &Limits),
    ) -> Result<Option<Former>, Late> {
        self.forget(now, limits);
        let Some(kept) = self.kept.get_mut(&token) else {
            return Ok(None);
        };
        if n.is_some_and(|n| n <= kept.greeted) {
            return Err(Late);
        }
        // Without one, whoever it is has forgotten how far it had counted, and counts anew.
        kept.greeted = n.unwrap_or(0);
        Ok(Some(Former { member: kept.member.replace(member), name: kept.name }))
    }

    /// Whether `member` is still the one that is known by `token`.
    pub(crate) fn is_of(&self, token: Token, member: Key) -> bool {
        self.kept.get(&token).is_some_and(|kept| kept.member == Some(member))
    }

    /// The connection of `member` has ended, who is known by `token`, unless another has taken over.
    pub(crate) fn end(&mut self, token: Token, member: Key, now: Time, limits: &Limits) {
        if let Some(kept) = self.kept.get_mut(&token).filter(|kept| kept.member == Some(member)) {
            (kept.member, kept.ended) = (None, now);
            self.waiting.push_back((now, token));
            self.forget(now, limits);
        }
    }

    /// Forgets those who have been away for too long, and the first of those that are too many.
    fn forget(&mut self, now: Time, limits: &Limits) {
        while let Some(&(ended, token)) = self.waiting.front()
            && (self.waiting.len() > limits.resumable || ended + limits.resume <= now)
        {
            self.waiting.pop_front();
            let is_it = |kept: &Kept| kept.member.is_none() && kept.ended == ended;
            if self.kept.get(&token).is_some_and(is_it) {
                self.kept.remove(&token);
            }
        }
    }

    /// It goes by this name now.
    pub(crate) fn name(&mut self, token: Token, name: Name) {
        if let Some(kept) = self.kept.get_mut(&token) {
            kept.name = Some(name);
        }
    }

    /// Something that it counts as `n` was said. Of how many that is remembered with its place,
    /// `most` says.
    pub(crate) fn note_said(&mut self, sent: Sent, stamp: Stamp, most: usize) {
        if let Some(kept) = self.kept.get_mut(&sent.token) {
            kept.highest = kept.highest.max(sent.n);
            kept.said.entry(sent.n).or_insert(stamp);
            while kept.said.len() > most {
                kept.said.pop_first();
            }
        }
    }

    /// The highest number of something it has said.
    pub(crate) fn highest(&self, token: Token) -> u64 {
        self.kept.get(&token).map_or(0, |kept| kept.highest)
    }

    /// Whether what it counts as `n` was said, of as many as are remembered. What was refused is not
    /// said, whatever was said after it.
    pub(crate) fn before(&self, sent: Sent, most: usize) -> Before {
        let Some(kept) = self.kept.get(&sent.token) else {
            return Before::NotSaid;
        };
        let is_full = kept.said.len() >= most;
        match (kept.said.get(&sent.n), kept.said.first_key_value()) {
            (Some(stamp), _) => Before::Said(*stamp),
            (None, Some((first, _))) if is_full && sent.n < *first => Before::Forgotten,
            _ => Before::NotSaid,
        }
    }

    /// It has read what was said in `room` up to the number `seq`. Answers whether that is kept.
    pub(crate) fn note_read(&mut self, token: Token, room: &str, seq: u64, most: usize) -> bool {
        let Some(kept) = self.kept.get_mut(&token) else {
            return false;
        };
        let room = room.to_ascii_lowercase();
        let is_known = kept.read.contains_key(&*room);
        if !is_known && kept.read.len() >= most {
            return false;
        }
        let read = kept.read.entry(room.into()).or_default();
        *read = seq.max(*read);
        true
    }

    /// How far it has read in `room`.
    pub(crate) fn read(&self, token: Token, room: &RoomName) -> Option<u64> {
        self.kept.get(&token)?.read.get(&*room.as_str().to_ascii_lowercase()).copied()
    }

    /// A room that it is in has another name.
    pub(crate) fn rename_room(&mut self, token: Token, old: &RoomName, new: &RoomName) {
        if let Some(kept) = self.kept.get_mut(&token)
            && let Some(seq) = kept.read.remove(&*old.as_str().to_ascii_lowercase())
        {
            kept.read.insert(new.as_str().to_ascii_lowercase().into(), seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn token(number: u8) -> Token {
        Token::new([number; 16])
    }

    fn at(seconds: u64) -> Time {
        Time::from_nanos(1_000_000_000_000) + Duration::from_secs(seconds)
    }

    fn limits() -> Limits {
        Limits { resumable: 3, resume: Duration::from_secs(60), ..Limits::default() }
    }

    #[test]
    fn a_token_is_read_as_it_is_written_and_in_no_other_way() {
        let written = token(0xa7).to_string();
        assert_eq!(written, "a7".repeat(16));
        assert_eq!(Token::parse(&written), Some(token(0xa7)));
        let signed = format!("+{}", &written[1..]);
        for text in ["", "a7", &written.to_uppercase(), &signed, &format!("{written}0")] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", token(1)), "Token");
    }

    #[test]
    fn who_comes_back_in_time_goes_on_and_who_does_not_is_forgotten() {
        let (mut resumes, one, other) = (Resumes::new(0), Key::new(1, 1), Key::new(2, 1));
        resumes.open(token(1), None, one);
        let ada = Name::parse("ada").unwrap();
        resumes.name(token(1), ada);
        // The first connection is not known to have ended.
        let before = resumes.take_over(token(1), None, other, (at(0), &limits()));
        assert_eq!(before, Ok(Some(Former { member: Some(one), name: Some(ada) })));
        // That it ends now does not matter.
        resumes.end(token(1), one, at(1), &limits());
        resumes.end(token(1), other, at(50), &limits());
        let before = resumes.take_over(token(1), None, one, (at(109), &limits()));
        assert_eq!(before, Ok(Some(Former { member: None, name: Some(ada) })));
        resumes.end(token(1), one, at(109), &limits());
        assert_eq!(resumes.take_over(token(1), None, other, (at(169), &limits())), Ok(None));
        assert!(resumes.kept.is_empty() && resumes.waiting.is_empty());
    }

    #[test]
    fn a_hello_that_was_overtaken_takes_nothing_over() {
        let (mut resumes, one, other) = (Resumes::new(0), Key::new(1, 1), Key::new(2, 1));
        resumes.open(token(1), Some(3), one);
        let limits = limits();
        let mut greet = |n| resumes.take_over(token(1), n, other, (at(0), &limits));
        assert_eq!((greet(Some(2)), greet(Some(3))), (Err(Late), Err(Late)));
        assert!(matches!(greet(Some(5)), Ok(Some(_))));
        assert_eq!(greet(Some(4)), Err(Late));
        assert!(matches!(greet(None), Ok(Some(_))), "who does not count is not counted");
        assert!(matches!(greet(Some(1)), Ok(Some(_))), "and counts anew from there");
        assert_eq!(greet(Some(1)), Err(Late));
    }

    #[test]
    fn of_too_many_the_first_to_go_is_forgotten_and_nobody_who_is_there() {
        let mut resumes = Resumes::new(0);
        for number in 0..6 {
            resumes.open(token(number), None, Key::new(u32::from(number), 1));
        }
        for number in 1..6 {
            resumes.end(token(number), Key::new(u32::from(number), 1), at(0), &limits());
        }
        let known: Vec<u8> =
            (0..6).filter(|&number| resumes.kept.contains_key(&token(number))).collect();
        assert_eq!(known, [0, 3, 4, 5]);
    }

    #[test]
    fn what_was_said_is_known_and_what_was_not() {
        let mut resumes = Resumes::new(0);
        resumes.open(token(1), None, Key::new(1, 1));
        let sent = |n| Sent { token: token(1), n };
        let stamp = |seq| Stamp { seq, unix_ms: 0 };
        for (n, seq) in [(3, 10), (5, 11), (5, 12), (7, 13), (4, 14)] {
            resumes.note_said(sent(n), stamp(seq), 3);
        }
        assert_eq!(resumes.highest(token(1)), 7);
        let before = |n| resumes.before(sent(n), 3);
        assert_eq!(before(5), Before::Said(stamp(11)), "by whoever notes it first");
        assert_eq!(before(4), Before::Said(stamp(14)));
        assert_eq!((before(6), before(8)), (Before::NotSaid, Before::NotSaid));
        assert_eq!((before(3), before(1)), (Before::Forgotten, Before::Forgotten));
        assert_eq!(resumes.before(Sent { token: token(2), n: 1 }, 3), Before::NotSaid);
    }

    #[test]
    fn how_far_was_read_only_grows_and_is_bounded() {
        let mut resumes = Resumes::new(0);
        resumes.open(token(1), None, Key::new(1, 1));
        let [tea, pub_] = ["#tea", "#pub"].map(|name| name.parse::<RoomName>().unwrap());
        assert!(resumes.note_read(token(1), "#Tea", 7, 1));
        assert!(resumes.note_read(token(1), "#tea", 5, 1));
        assert!(!resumes.note_read(token(1), "#pub", 5, 1));
        assert!(!resumes.note_read(token(2), "#pub", 5, 1));
        resumes.rename_room(token(1), &tea, &pub_);
        assert_eq!((resumes.read(token(1), &tea), resumes.read(token(1), &pub_)), (None, Some(7)));
    }
}
