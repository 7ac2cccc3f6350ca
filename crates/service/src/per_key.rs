//! A service's own storage, by the keys its engine hands it.
//!
//! Invariant: a value is found by the key it was stored under and by no other generation of it.

use crate::{Key, KeySpace};

/// A map from [`Key`] to `T` that is a vector underneath: one index and one comparison a look-up.
#[derive(Debug)]
pub struct PerKey<T> {
    places: Vec<Option<(u32, T)>>,
    len: usize,
    /// What its keys are of.
    space: KeySpace,
}

impl<T> Default for PerKey<T> {
    fn default() -> Self {
        Self::in_space(KeySpace::WHOLE)
    }
}

impl<T> PerKey<T> {
    /// An empty map for keys of `space`; for others it answers that nothing is stored.
    pub fn in_space(space: KeySpace) -> Self {
        Self { places: Vec::new(), len: 0, space }
    }

    /// Stores `value` for `key`; answers what stood in its place, of whatever generation.
    ///
    /// # Panics
    ///
    /// If the key is of another space.
    pub fn insert(&mut self, key: Key, value: T) -> Option<T> {
        let place = self.space.place(key);
        if place >= self.places.len() {
            assert!(self.space.contains(key), "a map stores keys of its own space");
            self.places.resize_with(place + 1, || None);
        }
        let old = self.places[place].replace((key.generation(), value));
        self.len += usize::from(old.is_none());
        old.map(|(_, value)| value)
    }

    /// The value stored for `key`.
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.places.get(self.space.place(key)) {
            Some(Some((generation, value))) if *generation == key.generation() => Some(value),
            _ => None,
        }
    }

    /// The value stored for `key`, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.places.get_mut(self.space.place(key)) {
            Some(Some((generation, value))) if *generation == key.generation() => Some(value),
            _ => None,
        }
    }

    /// Takes out the value stored for `key`.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        self.len -= 1;
        self.places[self.space.place(key)].take().map(|(_, value)| value)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All values with their keys, by index.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.iter_from(0)
    }

    /// The values whose index is `index` or more with their keys, by index: who goes through all of
    /// them in several steps goes on from where it stopped.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = (Key, &T)> {
        let first = self.space.place_from(index);
        let places = self.places.get(first..).unwrap_or(&[]);
        places.iter().enumerate().filter_map(move |(after, place)| {
            let (generation, value) = place.as_ref()?;
            Some((self.space.key(first + after, *generation), value))
        })
    }

    /// All values with their keys, by index, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        let space = self.space;
        self.places.iter_mut().enumerate().filter_map(move |(place, stored)| {
            let (generation, value) = stored.as_mut()?;
            Some((space.key(place, *generation), value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_generation_finds_nothing() {
        let mut map = PerKey::default();
        map.insert(Key::new(3, 1), "old");
        assert_eq!(map.get(Key::new(3, 2)), None);
        assert_eq!(map.remove(Key::new(3, 0)), None);
        assert_eq!(map.len(), 1);
        assert_eq!(map.insert(Key::new(3, 2), "new"), Some("old"));
        assert_eq!(map.iter_from(3).collect::<Vec<_>>(), [(Key::new(3, 2), &"new")]);
        assert_eq!((map.iter_from(4).count(), map.iter_from(9).count()), (0, 0));
        assert_eq!(map.remove(Key::new(3, 2)), Some("new"));
        assert!(map.is_empty());
    }

    #[test]
    fn a_key_of_another_space_finds_nothing() {
        let mut map = PerKey::in_space(KeySpace::one_of(1, 3));
        let (ours, theirs) = (Key::new(5, 2), Key::new(6, 2));
        assert_eq!(map.insert(ours, "ours"), None);
        assert_eq!((map.get(ours), map.get(theirs)), (Some(&"ours"), None));
        assert_eq!(map.get_mut(theirs), None);
        assert_eq!(map.remove(theirs), None);
        assert_eq!(map.places.len(), 2, "a space's keys lie close together");
        assert_eq!(map.iter().collect::<Vec<_>>(), [(ours, &"ours")]);
        assert_eq!(map.iter_mut().map(|(key, _)| key).collect::<Vec<_>>(), [ours]);
        assert_eq!((map.iter_from(5).count(), map.iter_from(6).count()), (1, 0));
        assert_eq!(map.remove(ours), Some("ours"));
    }

    #[test]
    #[should_panic = "keys of its own space"]
    fn a_key_of_another_space_is_not_stored() {
        PerKey::in_space(KeySpace::one_of(1, 2)).insert(Key::new(2, 0), ());
    }
}
