//! The server's bans, as they are looked up.
//!
//! Invariant: whether an address is banned takes a look-up for each length of network that is
//! banned, however many bans there are: it is asked for every connection, and by those above all who
//! make them by the thousand. Masks of the usual forms ([`Hosts`]) are looked up too, when somebody
//! says who it is; only those of other forms are compared one by one. A ban that has ended meets nobody.

mod hosts;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;

use wire::mask::{self, Mask};

use self::hosts::Hosts;
use crate::hash::Seeded;
use crate::moment::Timestamp;
use crate::person::Identity;
use crate::{Ban, Matches, Network};

/// All bans, in the order in which they were set.
#[derive(Debug)]
pub(crate) struct Bans {
    all: Vec<Kept>,
    /// Where each stands.
    places: HashMap<Matches, usize, Seeded>,
    /// Which lengths of networks there are.
    lengths: BTreeSet<u8>,
    /// Where masks stand that can be looked up by a host.
    hosts: Hosts,
    /// Where those stand that have to be compared with everybody.
    others: Vec<usize>,
}

#[derive(Debug)]
struct Kept {
    ban: Ban,
    /// What its text says, if it is a mask.
    mask: Option<Mask>,
}

/// Somebody whom a ban may meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect<'a> {
    pub(crate) name: &'a str,
    pub(crate) identity: &'a Identity,
}

impl Bans {
    pub(crate) fn new(seed: u64, bans: &[Ban]) -> Self {
        let mut own = Self {
            all: Vec::new(),
            places: HashMap::with_hasher(Seeded(seed)),
            lengths: BTreeSet::new(),
            hosts: Hosts::new(seed),
            others: Vec::new(),
        };
        bans.iter().for_each(|ban| own.set(ban.clone()));
        own
    }

    /// Adds `ban`, or puts it in the place of the one that meets the same.
    pub(crate) fn set(&mut self, ban: Ban) {
        let same = self.places.get(&ban.matches).and_then(|place| self.all.get_mut(*place));
        if let Some(kept) = same {
            kept.ban = ban;
            return;
        }
        let mask = match &ban.matches {
            Matches::Mask(text) => Mask::normalize(text).ok(),
            Matches::Network(_) | Matches::RealName(_) => None,
        };
        let kept = Kept { ban, mask };
        self.index(self.all.len(), &kept);
        self.all.push(kept);
    }

    /// Takes away the ban that meets these; answers it, if there was one.
    pub(crate) fn remove(&mut self, matches: &Matches) -> Option<Ban> {
        let removed = self.all.remove(*self.places.get(matches)?).ban;
        self.reindex();
        Some(removed)
    }

    /// Forgets those that have ended.
    pub(crate) fn forget_ended(&mut self, unix_ms: u64) {
        let before = self.all.len();
        self.all.retain(|kept| !has_ended(&kept.ban, unix_ms));
        if self.all.len() != before {
            self.reindex();
        }
    }

    /// Whether there is one that meets these.
    pub(crate) fn has(&self, matches: &Matches) -> bool {
        self.places.contains_key(matches)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that have not ended.
    pub(crate) fn in_force(&self, unix_ms: u64) -> impl Iterator<Item = &Ban> {
        self.all.iter().map(|kept| &kept.ban).filter(move |ban| !has_ended(ban, unix_ms))
    }

    /// The ban that an address meets.
    pub(crate) fn of_address(&self, ip: IpAddr, unix_ms: u64) -> Option<&Ban> {
        let ban = |bits: &u8| {
            let network = Matches::Network(Network::around(ip, *bits)?);
            let kept = self.all.get(*self.places.get(&network)?);
            kept.map(|kept| &kept.ban).filter(|ban| !has_ended(ban, unix_ms))
        };
        self.lengths.iter().find_map(ban)
    }

    /// The ban that somebody meets: one of an address, or else the first that was set.
    pub(crate) fn of(&self, who: Suspect<'_>, unix_ms: u64) -> Option<&Ban> {
        if let Some(ban) = who.identity.ip.and_then(|ip| self.of_address(ip, unix_ms)) {
            return Some(ban);
        }
        let address = who.address();
        let is_met = |place: &usize| {
            self.all.get(*place).is_some_and(|kept| {
                meets(&kept.ban, kept.mask.as_ref(), who, address.as_deref())
                    && !has_ended(&kept.ban, unix_ms)
            })
        };
        let host = who.identity.host.to_ascii_lowercase();
        let by_host = self.hosts.candidates(&host);
        let by_address = address.iter().flat_map(|address| self.hosts.candidates(address));
        let looked_up = by_host.chain(by_address).filter(is_met).min();
        let other = self.others.iter().copied().find(is_met);
        let first = looked_up.into_iter().chain(other).min()?;
        self.all.get(first).map(|kept| &kept.ban)
    }

    fn index(&mut self, place: usize, kept: &Kept) {
        self.places.insert(kept.ban.matches.clone(), place);
        if let Matches::Network(network) = &kept.ban.matches {
            self.lengths.insert(network.bits());
            return;
        }
        let is_looked_up =
            kept.mask.as_ref().is_some_and(|mask| self.hosts.add(mask.host(), place));
        if !is_looked_up {
            self.others.push(place);
        }
    }

    fn reindex(&mut self) {
        self.places.clear();
        self.lengths.clear();
        self.hosts.clear();
        self.others.clear();
        let all = std::mem::take(&mut self.all);
        for (place, kept) in all.iter().enumerate() {
            self.index(place, kept);
        }
        self.all = all;
    }
}

impl Suspect<'_> {
    /// The address as operators see it.
    fn address(self) -> Option<String> {
        self.identity.ip.map(|ip| ip.to_string())
    }
}

/// Whether `ban` meets `who`.
pub(crate) fn is_met(ban: &Ban, who: Suspect<'_>) -> bool {
    match &ban.matches {
        Matches::Network(network) => who.identity.ip.is_some_and(|ip| network.contains(ip)),
        Matches::Mask(text) => {
            meets(ban, Mask::normalize(text).ok().as_ref(), who, who.address().as_deref())
        }
        Matches::RealName(_) => meets(ban, None, who, None),
    }
}

/// The same for bans on what people say of themselves. A mask meets the host that others see, and
/// the address that operators do; and a user with and without the `~` that says that nobody has
/// checked it, since it is the same person's.
fn meets(ban: &Ban, mask: Option<&Mask>, who: Suspect<'_>, address: Option<&str>) -> bool {
    let Identity { user, host, real_name, .. } = who.identity;
    match (&ban.matches, mask) {
        (Matches::Mask(_), Some(mask)) => {
            let meets = |host: &str| {
                mask.matches(who.name, user, host)
                    || user.strip_prefix('~').is_some_and(|user| mask.matches(who.name, user, host))
            };
            meets(host) || address.is_some_and(meets)
        }
        (Matches::RealName(pattern), _) => mask::matches(pattern, real_name),
        _ => false,
    }
}

fn has_ended(ban: &Ban, unix_ms: u64) -> bool {
    ban.until_unix_ms.is_some_and(|until| until <= unix_ms)
}

/// Displays as what those who meet it are told.
pub(crate) struct Told<'a>(pub(crate) &'a Ban);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ban { reason, until_unix_ms, .. } = self.0;
        write!(f, "You are banned from this server: {reason}")?;
        match until_unix_ms {
            Some(until) => write!(f, " (until {})", Date(*until)),
            None => Ok(()),
        }
    }
}

/// Displays as a moment to the minute, in UTC: `2026-11-21 14:02 UTC`.
pub(crate) struct Date(pub(crate) u64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Timestamp(self.0).text();
        let text = str::from_utf8(&text[..16]).unwrap_or("");
        write!(f, "{} UTC", text.replace('T', " "))
    }
}

/// Displays as whom a ban meets.
impl fmt::Display for Matches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Mask(mask) => f.write_str(mask.strip_prefix("*!").unwrap_or(mask)),
            Self::RealName(pattern) => f.write_str(pattern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(matches: Matches, until_unix_ms: Option<u64>) -> Ban {
        Ban { matches, until_unix_ms, set_unix_ms: 0, by: "root".into(), reason: "no".into() }
    }

    fn network(text: &str) -> Matches {
        Matches::Network(text.parse().unwrap())
    }

    #[test]
    fn addresses_are_found_in_their_networks_while_the_ban_lasts() {
        let mut bans = Bans::new(1, &[]);
        bans.set(ban(network("192.0.2.0/24"), Some(100)));
        bans.set(ban(network("2001:db8::/32"), None));
        let is_banned =
            |bans: &Bans, ip: &str, now| bans.of_address(ip.parse().unwrap(), now).is_some();
        assert!(is_banned(&bans, "192.0.2.77", 99) && !is_banned(&bans, "192.0.2.77", 100));
        assert!(is_banned(&bans, "::ffff:192.0.2.77", 99));
        assert!(is_banned(&bans, "2001:db8:7::1", 500) && !is_banned(&bans, "2001:db9::", 0));
        bans.set(ban(network("192.0.2.9/24"), None));
        assert_eq!(bans.len(), 2, "the same network");
        assert!(is_banned(&bans, "192.0.2.77", 100));
        assert!(bans.remove(&network("192.0.2.0/24")).is_some());
        assert!(!is_banned(&bans, "192.0.2.77", 0) && is_banned(&bans, "2001:db8::", 0));
        bans.set(ban(network("0.0.0.0/0"), Some(7)));
        assert!(is_banned(&bans, "10.1.2.3", 6) && !is_banned(&bans, "::1", 6));
        bans.forget_ended(7);
        assert_eq!(bans.len(), 1);
    }

    #[test]
    fn people_are_met_by_what_is_seen_of_them_and_by_their_address() {
        let identity = Identity {
            user: "~ada".into(),
            host: "abc.def.ghi.ip".into(),
            real_name: "Ada the Spammer".into(),
            ip: Some("192.0.2.7".parse().unwrap()),
            account: None,
        };
        let who = Suspect { name: "ada", identity: &identity };
        let mask = |text: &str| Matches::Mask(text.into());
        for (matches, met) in [
            (mask("*!*@*.def.ghi.ip"), true),
            (mask("*!*@192.0.*"), true),
            (mask("*!~eve@*"), false),
            (mask("*!~ADA@*"), true),
            (mask("*!ada@*"), true),
            (mask("*!da@*"), false),
            (mask("*!ada@192.0.2.?"), true),
            (Matches::RealName("*spammer*".into()), true),
            (Matches::RealName("ada".into()), false),
            (network("192.0.2.0/30"), false),
            (network("192.0.2.0/29"), true),
        ] {
            let ban = ban(matches, None);
            assert_eq!(is_met(&ban, who), met, "{ban:?}");
            assert_eq!(Bans::new(1, &[ban]).of(who, 0).is_some(), met);
        }
    }

    #[test]
    fn of_several_bans_the_first_that_was_set_is_met() {
        let identity = Identity {
            user: "~ada".into(),
            host: "Abc.def.ghi.ip".into(),
            real_name: "Ada".into(),
            ip: Some("2001:db8::7".parse().unwrap()),
            account: None,
        };
        let who = Suspect { name: "ada", identity: &identity };
        let masks = [
            "*!*@abc.def.ghi.IP",
            "*!*@2001:db8::*",
            "*!*@*.DEF.ghi.ip",
            "*!*@2001:db8::7",
            "*!ada@*",
            "ada!*@abc.*",
        ];
        for first in 0..masks.len() {
            let mut bans = Bans::new(1, &[]);
            bans.set(ban(Matches::Mask("eve!*@abc.def.ghi.ip".into()), None));
            bans.set(ban(Matches::Mask("*!*@*.ghi.ip".into()), Some(100)));
            for number in 0..masks.len() {
                let mask = masks[(first + number) % masks.len()];
                bans.set(ban(Matches::Mask(mask.into()), None));
            }
            bans.forget_ended(100);
            let met = |bans: &Bans| bans.of(who, 100).map(|ban| ban.matches.clone());
            for number in 0..masks.len() {
                let mask = Matches::Mask(masks[(first + number) % masks.len()].into());
                assert_eq!(met(&bans), Some(mask.clone()));
                assert!(bans.remove(&mask).is_some() && !bans.has(&mask));
            }
            assert_eq!(met(&bans), None);
        }
    }

    #[test]
    fn a_thousand_bans_cost_a_connection_as_many_look_ups_as_they_have_lengths() {
        let bans: Vec<Ban> = (0..1000)
            .map(|n| ban(network(&format!("10.{}.{}.0/24", n / 256, n % 256)), None))
            .collect();
        let bans = Bans::new(1, &bans);
        assert_eq!((bans.len(), bans.lengths.len(), bans.others.len()), (1000, 1, 0));
        assert!(bans.of_address("10.3.5.9".parse().unwrap(), 0).is_some());
        assert!(bans.of_address("10.9.5.9".parse().unwrap(), 0).is_none());
    }
}
