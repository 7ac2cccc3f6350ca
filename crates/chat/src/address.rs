//! How many connections come from where.
//!
//! Invariant: an address is remembered while it has a connection or its window runs, and no more
//! are remembered than the limit.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use service::{Peer, Time};

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
    live: u32,
    /// New connections in the present window.
    new: u32,
    /// A window is running, and stands on the list.
    in_window: bool,
    /// Refusals since it was last refused for a while.
    refusals: u32,
    /// Until when it is refused without looking further.
    refused_until: Time,
}

/// Why an address may not connect now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// Connections at one time.
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

    /// Counts a new connection, unless it is one too many. Refused ones count as new, too.
    pub(crate) fn open(
        &mut self,
        address: Address,
        now: Time,
        limits: &Limits,
    ) -> Result<(), TooMany> {
        self.forget(now, limits);
        let counted = self.uses.entry(address).or_default();
        if counted.refused_until > now {
            return Err(TooMany::Refused(counted.refused_until.since(now)));
        }
        if !counted.in_window {
            *counted = Use { live: counted.live, in_window: true, ..Use::default() };
            self.windows.push_back((now + limits.address_window, address));
        }
        counted.new = counted.new.saturating_add(1);
        let refusal = if counted.live >= limits.address_connections {
            TooMany::Live(limits.address_connections)
        } else if counted.new > limits.address_new {
            TooMany::New(limits.address_new)
        } else {
            counted.live += 1;
            return Ok(());
        };
        self.refuse(address, now, limits);
        Err(refusal)
    }

    /// Notes that somebody from there was refused.
    pub(crate) fn refuse(&mut self, address: Address, now: Time, limits: &Limits) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.refusals += 1;
            if counted.refusals >= limits.refusals {
                counted.refusals = 0;
                counted.refused_until = now + limits.refusal_memory;
            }
        }
    }

    /// A connection that was counted turned out to come for something else: it stays, and is none of
    /// those that have newly come.
    pub(crate) fn give_back(&mut self, address: Address) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.new = counted.new.saturating_sub(1);
        }
    }

    /// A connection that was counted is over.
    pub(crate) fn close(&mut self, address: Address) {
        if let Some(counted) = self.uses.get_mut(&address) {
            counted.live -= 1;
            if counted.live == 0 && !counted.in_window {
                self.uses.remove(&address);
            }
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
                if counted.live == 0 {
                    self.uses.remove(&address);
                }
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
        assert_eq!(addresses.open(one, at(0), &limits), Ok(()));
        assert_eq!(addresses.open(one, at(0), &limits), Ok(()));
        assert_eq!(addresses.open(one, at(0), &limits), Err(TooMany::Live(2)));
        assert_eq!(addresses.open(Address::V4(2), at(0), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(addresses.open(one, at(1), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(addresses.open(one, at(1), &limits), Err(TooMany::New(4)));
        // The window over, all is well again.
        assert_eq!(addresses.open(one, at(600), &limits), Ok(()));
    }

    #[test]
    fn who_was_refused_three_times_is_refused_at_once_for_a_while() {
        let limits = Limits { address_connections: 1, ..Limits::default() };
        let (mut addresses, one) = (Addresses::new(1), Address::V4(1));
        assert_eq!(addresses.open(one, at(0), &limits), Ok(()));
        for _ in 0..3 {
            assert_eq!(addresses.open(one, at(400), &limits), Err(TooMany::Live(1)));
        }
        addresses.close(one);
        for second in [400, 401, 601, 699] {
            let left = Duration::from_secs(700 - second);
            assert_eq!(
                addresses.open(one, at(second), &limits),
                Err(TooMany::Refused(left)),
                "its window ends in between"
            );
        }
        assert_eq!(addresses.open(one, at(700), &limits), Ok(()));
        addresses.close(one);
        assert_eq!(addresses.open(Address::V4(2), at(9000), &limits), Ok(()));
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
            assert_eq!(addresses.open(Address::V4(n), at(0), &limits), Ok(()));
            assert_eq!(addresses.open(Address::V4(n), at(0), &limits), Err(TooMany::Live(1)));
        }
        let left = limits.refusal_memory - Duration::from_secs(1);
        assert_eq!(addresses.open(Address::V4(0), at(1), &limits), Err(TooMany::Refused(left)));
        assert_eq!(addresses.open(Address::V4(9), at(1), &limits), Ok(()));
        addresses.close(Address::V4(9));
        assert_eq!(addresses.open(Address::V4(8), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 4, "those who are here, and the newcomer");
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let limits = Limits { addresses: 10, ..Limits::default() };
        let mut addresses = Addresses::new(1);
        for n in 0..1000 {
            assert_eq!(addresses.open(Address::V4(n), at(0), &limits), Ok(()));
            addresses.close(Address::V4(n));
            assert!(addresses.uses.len() <= 10 && addresses.windows.len() <= 10);
        }
        assert_eq!(addresses.open(Address::V4(5000), at(1), &limits), Ok(()));
        assert_eq!(addresses.open(Address::V4(5001), at(2000), &limits), Ok(()));
        addresses.close(Address::V4(5000));
        addresses.close(Address::V4(5001));
        assert_eq!(addresses.open(Address::V4(5002), at(9000), &limits), Ok(()));
        assert_eq!(addresses.uses.len(), 1);
    }
}
