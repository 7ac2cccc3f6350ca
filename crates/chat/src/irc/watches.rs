//! Who watches whom: the lists of MONITOR, both ways round.
//!
//! Invariant: a name stands in a watcher's list if and only if the watcher stands at the name; and a
//! watcher that is gone stands nowhere.

use std::collections::HashMap;

use service::Key;
use wire::name::Name;

use crate::hash::Seeded;

/// All lists of all clients.
#[derive(Debug)]
pub(crate) struct Watches {
    lists: HashMap<Key, Vec<Name>, Seeded>,
    watchers: HashMap<Name, Vec<Key>, Seeded>,
}

impl Watches {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            lists: HashMap::with_hasher(Seeded(seed)),
            watchers: HashMap::with_hasher(Seeded(seed)),
        }
    }

    /// Whether nobody watches anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// What `watcher` watches, in the order in which it asked for it.
    pub(crate) fn list(&self, watcher: Key) -> &[Name] {
        self.lists.get(&watcher).map_or(&[], Vec::as_slice)
    }

    /// Who watches `name`.
    pub(crate) fn of(&self, name: &Name) -> Vec<Key> {
        self.watchers.get(name).cloned().unwrap_or_default()
    }

    /// Whether `watcher` watches `name`.
    pub(crate) fn has(&self, watcher: Key, name: &Name) -> bool {
        self.list(watcher).contains(name)
    }

    /// From here on `watcher` watches `name`.
    pub(crate) fn add(&mut self, watcher: Key, name: Name) {
        if !self.has(watcher, &name) {
            self.lists.entry(watcher).or_default().push(name);
            self.watchers.entry(name).or_default().push(watcher);
        }
    }

    /// From here on it does not.
    pub(crate) fn remove(&mut self, watcher: Key, name: &Name) {
        if let Some(list) = self.lists.get_mut(&watcher) {
            list.retain(|other| other != name);
            if list.is_empty() {
                self.lists.remove(&watcher);
            }
            self.remove_watcher(name, watcher);
        }
    }

    /// `watcher` watches nobody.
    pub(crate) fn clear(&mut self, watcher: Key) {
        for name in self.lists.remove(&watcher).unwrap_or_default() {
            self.remove_watcher(&name, watcher);
        }
    }

    fn remove_watcher(&mut self, name: &Name, watcher: Key) {
        if let Some(watchers) = self.watchers.get_mut(name) {
            if let Some(at) = watchers.iter().position(|other| *other == watcher) {
                watchers.swap_remove(at);
            }
            if watchers.is_empty() {
                self.watchers.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_those_who_have_gone() {
        let (one, other) = (Key::new(1, 1), Key::new(2, 1));
        let name = |text: &str| Name::parse(text).unwrap();
        let mut watches = Watches::new(1);
        watches.add(one, name("ada"));
        watches.add(one, name("ADA"));
        watches.add(one, name("bob"));
        watches.add(other, name("ada"));
        assert_eq!(watches.list(one), [name("ada"), name("bob")]);
        assert_eq!(watches.of(&name("Ada")), [one, other]);
        watches.clear(one);
        assert_eq!(watches.of(&name("ada")), [other]);
        watches.remove(other, &name("aDa"));
        assert!(watches.is_empty() && watches.watchers.is_empty());
    }
}
