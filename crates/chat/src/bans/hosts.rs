//! Masks by what they say of a host, so that most of them are looked up and not walked.
//!
//! Invariant: whoever a mask here meets finds it among the [`candidates`](Hosts::candidates) for the
//! host. There may be more of these: the mask is compared in the end.

use std::collections::HashMap;

use crate::hash::Seeded;

/// Places of masks, by the part of the host that is fixed; in small letters.
#[derive(Debug)]
pub(super) struct Hosts {
    /// `192.0.2.7`
    whole: Places,
    /// `*.aaaa.bbbb.ip4`
    endings: Places,
    /// `192.0.2.*`
    beginnings: Places,
}

type Places = HashMap<Box<str>, Vec<usize>, Seeded>;

/// What parts of a host end with.
const BETWEEN: [char; 2] = ['.', ':'];

impl Hosts {
    pub(super) fn new(seed: u64) -> Self {
        let places = || HashMap::with_hasher(Seeded(seed));
        Self { whole: places(), endings: places(), beginnings: places() }
    }

    pub(super) fn clear(&mut self) {
        self.whole.clear();
        self.endings.clear();
        self.beginnings.clear();
    }

    /// Notes that a mask with this host stands at `place`. False: it is of no such form, and has to be
    /// compared with everybody.
    pub(super) fn add(&mut self, host: &str, place: usize) -> bool {
        let host = host.to_ascii_lowercase();
        let is_fixed = |text: &str| !text.contains(['*', '?']);
        let (places, fixed) = match (host.strip_prefix('*'), host.strip_suffix('*')) {
            (Some(ending), _) if ending.starts_with(BETWEEN) => (&mut self.endings, ending),
            (_, Some(beginning)) if beginning.ends_with(BETWEEN) => {
                (&mut self.beginnings, beginning)
            }
            _ => (&mut self.whole, &*host),
        };
        let is_fixed = is_fixed(fixed);
        if is_fixed {
            places.entry(fixed.into()).or_default().push(place);
        }
        is_fixed
    }

    /// The places of masks that may meet `host`, which is in small letters.
    pub(super) fn candidates(&self, host: &str) -> impl Iterator<Item = usize> {
        let parts = host
            .match_indices(BETWEEN)
            .flat_map(|(at, _)| [self.endings.get(&host[at..]), self.beginnings.get(&host[..=at])]);
        let whole = [self.whole.get(host)];
        whole.into_iter().chain(parts).flatten().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::mask;

    use super::*;

    #[test]
    fn the_usual_forms_are_looked_up() {
        for (host, is_looked_up) in [
            ("192.0.2.7", true),
            ("192.0.2.*", true),
            ("2001:db8:*", true),
            ("*.Aaaa.bbbb.ip4", true),
            ("*", false),
            ("*aaaa", false),
            ("192.0.2*", false),
            ("192.0.?.*", false),
            ("*.aaaa.*", false),
        ] {
            assert_eq!(Hosts::new(1).add(host, 0), is_looked_up, "{host}");
        }
    }

    proptest! {
        #[test]
        fn whoever_a_mask_meets_finds_it(
            masks in prop::collection::vec("[abA.:*?]{1,5}", 1..20), host in "[ab.:\u{e9}]{0,6}",
        ) {
            let mut hosts = Hosts::new(7);
            for (place, mask) in masks.iter().enumerate() {
                if hosts.add(mask, place) && mask::matches(mask, &host) {
                    prop_assert!(hosts.candidates(&host).any(|found| found == place), "{mask}");
                }
            }
        }
    }
}
