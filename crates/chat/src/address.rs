//! How many connections come from where.
//!
//! Invariant: an address is remembered while it has a connection or its window runs, and no more
//! are remembered than the limit.
//!
//! Whoever connects is a visitor: nobody knows yet what it came for, and browsers, which want pages,
//! stay visitors. Who comes to chat is counted among those from there that do, by bounds of their own.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use service::{Key, Peer, Time};

use crate::Limits;
use crate::hash::Seeded;

/// Connections by address.
#[derive(Debug)]
pub(crate) struct Addresses {
    uses: HashMap<Address, Use, Seeded>,
    /// When each running window ends; nearly all are of one length, so they stand in order, or those
    /// behind a longer one are forgotten a little late.
    windows: VecDeque<(Time, Address)>,
}

/// What counts as one address: an IPv4 address, or an IPv6 /64, which is what one household gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    V4(u32),
    V6(u64),
}

#[derive(Debug, Default)]
struct Use {
    /// Connections that have not come to chat, or not yet.
    visitors: u32,
    /// Those of them that have been answered with a page: whose last answer is the oldest comes first.
    answered: VecDeque<Key>,
    /// Connections that have come to chat.
    live: u32,
    /// New ones of these in the present window.
    new: u32,
    /// A window is running, and stands on the list.
    in_window: bool,
    /// Refusals since it was last refused for a while.
    refusals: u32,
    /// Until when it is refused without looking further.
    refused_until: Time,
}

/// Why a connection is one too many now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// For the server.
    Server,
    /// Connections from its address at one time that have not come to chat.
    Visitors(u32),
    /// The same of those that have.
    Live(u32),
    /// New ones within the window.
    New(u32),
    /// It was refused several times, and is for so long.
    Refused(Duration),
}

impl TooMany {
    /// The reason, for whoever reads it, and what to do.
    pub(crate) fn words(self, limits: &Limits) -> String {
        let minutes = |time: Duration| time.as_secs().div_ceil(60);
        match self {
            Self::Server => "The server is full. Please try again later.".to_string(),
            Self::Visitors(most) => format!(
                "Your address has {most} connections here that only ask for pages, which is the \
                 limit. Please try again in a moment."
            ),
            Self::Live(most) => format!(
                "Your address has {most} connections here, which is the limit. Close one first."
            ),
            Self::New(most) => format!(
                "Your address has connected more than {most} times in {} minutes, which is the \
                 limit. Please wait.",
                minutes(limits.address_window)
            ),
            Self::Refused(left) => format!(
                "Your address was refused several times. Please wait {} min before you try again.",
                minutes(left)
            ),
        }
    }
}

impl TooMany {
    /// When it may be otherwise.
    pub(crate) fn wait(self, limits: &Limits) -> Duration {
        match self {
            // As long as a connection stays that is not used.
            Self::Server | Self::Visitors(_) => limits.http_idle,
            Self::Live(_) => Duration::from_secs(30),
            Self::New(_) => Duration::from_secs(60),
            Self::Refused(left) => left,
        }
    }
}

/// How somebody has come to chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// As people with `nc` and IRC clients do.
    WithALine,
    /// By a WebSocket. Pages try again by themselves, so that it was one too many is not held against
    /// its address.
    ByPage,
}

impl Address {
    /// The address that counts; `None` for peers that are exempt.
    pub(crate) fn of(peer: &Peer) -> Option<Self> {
        if peer.is_local() {
            return None;
        }
        peer.ip().map(Self::from)
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip.to_bits()),
            IpAddr::V6(ip) => Self::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

impl Addresses {
    pub(crate) fn new(seed: u64) -> Self {
        Self { uses: HashMap::with_hasher(Seeded(seed)), windows: VecDeque::new() }
    }

    /// Counts a new connection. Answers how many visitors there are from there now.
    pub(crate) fn visit(&mut self, address: Address) -> u32 {
        let counted = self.uses.entry(address).or_default();
        counted.visitors += 1;
        counted.visitors
    }

    /// The visitor `key` has been answered with a page.
    pub(crate) fn note_answered(&mut self, address: Address, key: Key) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.answered.retain(|other| *other != key);
            counted.answered.push_back(key);
        }
    }

    /// The visitors from there that have been answered, who has been waiting longest first.
    pub(crate) fn answered(&self, address: Address) -> impl Iterator<Item = Key> + '_ {
        self.uses.get(&address).into_iter().flat_map(|counted| counted.answered.iter().copied())
    }

    /// The visitor `key` is none any more: it is over, or is closed to make place.
    pub(crate) fn leave(&mut self, address: Address, key: Key) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.visitors -= 1;
            counted.answered.retain(|other| *other != key);
            self.forget_unused(address);
        }
    }

    /// Counts the visitor `key` among those that have come to chat, unless it is one too many. Those
    /// that came with a line count as new then, too.
    pub(crate) fn open(
        &mut self,
        address: Address,
        key: Key,
        came: Came,
        now: Time,
        limits: &Limits,
    ) -> Result<(), TooMany> {
        self.forget(now, limits);
        if let Some(refusal) = self.refusal(address, now, limits) {
            if came == Came::WithALine && !matches!(refusal, TooMany::Refused(_)) {
                let counted = self.window(address, now, limits);
                counted.new = counted.new.saturating_add(1);
                self.refuse(address, now, limits);
            }
            return Err(refusal);
        }
        let counted = self.window(address, now, limits);
        counted.new += 1;
        counted.live += 1;
        counted.visitors -= 1;
        counted.answered.retain(|other| *other != key);
        if counted.answered.is_empty() {
            counted.answered = VecDeque::new();
        }
        Ok(())
    }

    /// Why somebody from there who comes to chat would be one too many, if it would.
    pub(crate) fn refusal(&self, address: Address, now: Time, limits: &Limits) -> Option<TooMany> {
        let counted = self.uses.get(&address)?;
        if counted.refused_until > now {
            Some(TooMany::Refused(counted.refused_until.since(now)))
        } else if counted.live >= limits.address_connections {
            Some(TooMany::Live(limits.address_connections))
        } else if counted.in_window && counted.new >= limits.address_new {
            Some(TooMany::New(limits.address_new))
        } else {
            None
        }
    }

    /// Notes that somebody from there was refused.
    pub(crate) fn refuse(&mut self, address: Address, now: Time, limits: &Limits) {
        let counted = self.window(address, now, limits);
        counted.refusals += 1;
        if counted.refusals >= limits.refusals {
            counted.refusals = 0;
            counted.refused_until = now + limits.refusal_memory;
        }
    }

    /// What is counted of `address`, of which a window runs.
    fn window(&mut self, address: Address, now: Time, limits: &Limits) -> &mut Use {
        let counted = self.uses.entry(address).or_default();
        if !counted.in_window {
            (counted.in_window, counted.new, counted.refusals) = (true, 0, 0);
            self.windows.push_back((now + limits.address_window, address));
        }
        counted
    }

    /// A connection that was taken to have come to chat turned out to be a visitor.
    pub(crate) fn give_back(&mut self, address: Address) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.new = counted.new.saturating_sub(1);
            counted.live -= 1;
            counted.visitors += 1;
        }
    }

    /// A connection that had come to chat is over.
    pub(crate) fn close(&mut self, address: Address) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.live -= 1;
            self.forget_unused(address);
        }
    }

    fn forget_unused(&mut self, address: Address) {
        if let Some(counted) = self.uses.get(&address)
            && counted.live + counted.visitors == 0
            && !counted.in_window
        {
            self.uses.remove(&address);
        }
    }

    /// Ends the windows whose time is over, and the oldest if there are too many.
    fn forget(&mut self, now: Time, limits: &Limits) {
        while let Some(&(ends, address)) = self.windows.front()
            && (ends <= now || self.windows.len() >= limits.addresses)
        {
            self.windows.pop_front();
            if let Some(counted) = self.uses.get_mut(&address) {
                if counted.refused_until > now && self.windows.len() + 1 < limits.addresses {
                    // What is remembered of it outlasts its window, however short that is.
                    counted.new = 0;
                    let ends = (now + limits.address_window).max(counted.refused_until);
                    self.windows.push_back((ends, address));
                    continue;
                }
                counted.in_window = false;
                self.forget_unused(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    fn address(text: &str) -> Option<Address> {
        Address::of(&Peer::Inet(std::net::SocketAddr::new(text.parse().unwrap(), 1)))
    }

    /// Somebody connects and says a line.
    fn open(
        addresses: &mut Addresses,
        address: Address,
        now: Time,
        limits: &Limits,
    ) -> Result<(), TooMany> {
        let key = Key::new(1, 1);
        addresses.visit(address);
        let opened = addresses.open(address, key, Came::WithALine, now, limits);
        if opened.is_err() {
            addresses.leave(address, key);
        }
        opened
    }

    #[test]
    fn a_64_is_one_address_and_this_machine_is_none() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("127.0.0.1"), None);
        assert_eq!(address("::1"), None);
        assert_eq!(Address::of(&Peer::Unix), None);
    }

    #[test]
    fn live_and_new_connections_are_bounded_apart() {
        let limits = Limits { address_connections: 2, address_new: 4, ..Limits::default() };
        let (mut addresses, one) = (Addresses::new(1), Address::V4(1));
        assert_eq!(open(&mut addresses, one, at(0), &limits), Ok(()));
        assert_eq!(open(&mut addresses, one, at(0), &limits), Ok(()));
        assert_eq!(open(&mut addresses, one, at(0), &limits), Err(TooMany::Live(2)));
        assert_eq!(open(&mut addresses, Address::V4(2), at(0), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(open(&mut addresses, one, at(1), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(open(&mut addresses, one, at(1), &limits), Err(TooMany::New(4)));
        // The window over, all is well again.
        assert_eq!(open(&mut addresses, one, at(600), &limits), Ok(()));
    }

    #[test]
    fn who_was_refused_three_times_is_refused_at_once_for_a_while() {
        let limits = Limits { address_connections: 1, ..Limits::default() };
        let (mut addresses, one) = (Addresses::new(1), Address::V4(1));
        assert_eq!(open(&mut addresses, one, at(0), &limits), Ok(()));
        for _ in 0..3 {
            assert_eq!(open(&mut addresses, one, at(400), &limits), Err(TooMany::Live(1)));
        }
        addresses.close(one);
        for second in [400, 401, 601, 699] {
            let left = Duration::from_secs(700 - second);
            assert_eq!(
                open(&mut addresses, one, at(second), &limits),
                Err(TooMany::Refused(left)),
                "its window ends in between"
            );
        }
        assert_eq!(open(&mut addresses, one, at(700), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(open(&mut addresses, Address::V4(2), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 1);
    }

    #[test]
    fn a_window_of_no_length_is_over_at_once() {
        let limits = Limits {
            address_window: Duration::ZERO,
            address_connections: 1,
            refusals: 1,
            ..Limits::default()
        };
        let mut addresses = Addresses::new(1);
        for n in 0..3 {
            assert_eq!(open(&mut addresses, Address::V4(n), at(0), &limits), Ok(()));
            assert_eq!(open(&mut addresses, Address::V4(n), at(0), &limits), Err(TooMany::Live(1)));
        }
        let left = limits.refusal_memory - Duration::from_secs(1);
        assert_eq!(
            open(&mut addresses, Address::V4(0), at(1), &limits),
            Err(TooMany::Refused(left))
        );
        assert_eq!(open(&mut addresses, Address::V4(9), at(1), &limits), Ok(()));
        addresses.close(Address::V4(9));
        assert_eq!(open(&mut addresses, Address::V4(8), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 4, "those who are here, and the newcomer");
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let limits = Limits { addresses: 10, ..Limits::default() };
        let mut addresses = Addresses::new(1);
        for n in 0..1000 {
            assert_eq!(open(&mut addresses, Address::V4(n), at(0), &limits), Ok(()));
            addresses.close(Address::V4(n));
            assert!(addresses.uses.len() <= 10 && addresses.windows.len() <= 10);
        }
        assert_eq!(open(&mut addresses, Address::V4(5000), at(1), &limits), Ok(()));
        assert_eq!(open(&mut addresses, Address::V4(5001), at(2000), &limits), Ok(()));
        addresses.close(Address::V4(5000));
        addresses.close(Address::V4(5001));
        assert_eq!(open(&mut addresses, Address::V4(5002), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 1);
    }

    #[test]
    fn visitors_are_none_of_those_who_chat_and_pages_are_not_held_against_an_address() {
        let limits = Limits { address_connections: 1, address_new: 2, ..Limits::default() };
        let (mut addresses, one) = (Addresses::new(1), Address::V4(1));
        let keys: Vec<Key> = (0..9).map(|n| Key::new(n, 0)).collect();
        for (&key, visitors) in keys.iter().zip(1..) {
            assert_eq!(addresses.visit(one), visitors);
            addresses.note_answered(one, key);
        }
        addresses.note_answered(one, keys[0]);
        assert_eq!(addresses.answered(one).next(), Some(keys[1]), "the other has asked again");
        assert_eq!(addresses.open(one, keys[0], Came::ByPage, at(0), &limits), Ok(()));
        for _ in 0..9 {
            let refused = addresses.open(one, keys[1], Came::ByPage, at(0), &limits);
            assert_eq!(refused, Err(TooMany::Live(1)));
        }
        addresses.close(one);
        assert_eq!(addresses.open(one, keys[1], Came::ByPage, at(0), &limits), Ok(()));
        addresses.close(one);
        for &key in &keys[2..] {
            addresses.leave(one, key);
        }
        assert_eq!(addresses.answered(one).count(), 0);
        assert_eq!(open(&mut addresses, Address::V4(2), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 1, "nothing is left of it");
    }
}
