//! Storage that hands out keys: what an engine (or a simulator) keeps its connections in.
//!
//! Invariant: a key finds exactly the value it was given for, or nothing.

use crate::{Key, KeySpace};

/// A vector of values with reusable places, each use of a place having its own [`Key`].
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<Place<T>>,
    /// Free places, the most recently freed last: its memory is warm.
    free: Vec<u32>,
    /// What its keys are of.
    space: KeySpace,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::in_space(KeySpace::WHOLE)
    }
}

impl<T> Slab<T> {
    /// An empty slab whose keys are of `space`.
    pub fn in_space(space: KeySpace) -> Self {
        Self { places: Vec::new(), free: Vec::new(), space }
    }

    /// The key that the next [`insert`](Self::insert) will answer.
    pub fn next_key(&self) -> Key {
        match self.free.last() {
            Some(&place) => self.space.key(place as usize, self.places[place as usize].generation),
            None => self.space.key(self.places.len(), 0),
        }
    }

    /// Stores `value` and answers its key.
    ///
    /// # Panics
    ///
    /// With 2^32 values stored; in a space of several, with as many as it has places.
    pub fn insert(&mut self, value: T) -> Key {
        let key = self.next_key();
        match self.free.pop() {
            Some(place) => self.places[place as usize].value = Some(value),
            None => {
                let is_room = (self.places.len() as u64) + 1 < self.space.places();
                assert!(is_room, "a slab holds fewer values than its keys can name");
                self.places.push(Place { generation: 0, value: Some(value) });
            }
        }
        key
    }

    /// The value of `key`, if it is still there.
    pub fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(self.space.place(key))?;
        if place.generation == key.generation() { place.value.as_ref() } else { None }
    }

    /// The value of `key`, if it is still there, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(self.space.place(key))?;
        if place.generation == key.generation() { place.value.as_mut() } else { None }
    }

    /// Takes the value of `key` out; the key is worthless from here on.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(self.space.place(key))?;
        if place.generation != key.generation() {
            return None;
        }
        let value = place.value.take()?;
        place.generation = (place.generation + 1) % Key::GENERATIONS;
        self.free.push(self.space.place(key) as u32);
        Some(value)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all values, by index.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.iter().map(|(key, _)| key)
    }

    /// The values whose index is `index` or more with their keys, by index.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = (Key, &T)> {
        let first = self.space.place_from(index);
        let places = self.places.get(first..).unwrap_or(&[]);
        places.iter().enumerate().filter_map(move |(after, place)| {
            let value = place.value.as_ref()?;
            Some((self.space.key(first + after, place.generation), value))
        })
    }

    /// All values with their keys, by index.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.iter_from(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reused_place_has_another_key() {
        let mut slab = Slab::default();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        assert_eq!(slab.remove(first), None);
        let expected = slab.next_key();
        let second = slab.insert("second");
        assert_eq!(second, expected);
        assert_eq!(second.index(), first.index());
        assert_ne!(second, first);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.get(second), Some(&"second"));
        assert_eq!(slab.keys().collect::<Vec<_>>(), [second]);
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.iter_from(0).collect::<Vec<_>>(), [(second, &"second")]);
        assert_eq!(slab.iter_from(7).count(), 0);
    }

    proptest! {
        /// Several slabs side by side answer as one map would whose keys are theirs together.
        #[test]
        fn slabs_of_different_spaces_never_share_a_key(
            spaces in 1..5u32,
            acts in prop::collection::vec((0..5u32, any::<bool>(), any::<prop::sample::Index>()), 1..200),
        ) {
            let in_space = |number| Slab::in_space(KeySpace::one_of(number, spaces));
            let mut slabs: Vec<Slab<usize>> = (0..spaces).map(in_space).collect();
            let mut model: BTreeMap<Key, usize> = BTreeMap::new();
            let mut gone = Vec::new();
            for (value, (number, is_insertion, which)) in acts.into_iter().enumerate() {
                if is_insertion || model.is_empty() {
                    let slab = &mut slabs[(number % spaces) as usize];
                    let expected = slab.next_key();
                    let key = slab.insert(value);
                    prop_assert_eq!(key, expected);
                    prop_assert!(!gone.contains(&key), "{:?} was another's", key);
                    prop_assert_eq!(model.insert(key, value), None);
                } else {
                    let key = *model.keys().nth(which.index(model.len())).unwrap();
                    let taken: Vec<_> = slabs.iter_mut().filter_map(|slab| slab.remove(key)).collect();
                    prop_assert_eq!(taken, [model.remove(&key).unwrap()]);
                    gone.push(key);
                }
            }
            for (&key, value) in &model {
                let found: Vec<_> = slabs.iter_mut().filter_map(|slab| slab.get_mut(key)).collect();
                prop_assert_eq!(found, [value]);
            }
            prop_assert!(gone.iter().all(|&key| slabs.iter().all(|slab| slab.get(key).is_none())));
            let mut all: Vec<_> = slabs.iter().flat_map(Slab::iter).map(|(key, &value)| (key, value)).collect();
            prop_assert_eq!(all.len(), slabs.iter().map(Slab::len).sum::<usize>());
            all.sort();
            prop_assert_eq!(&all, &model.clone().into_iter().collect::<Vec<_>>());
            for from in 0..all.len() * spaces as usize {
                let mut rest: Vec<Key> =
                    slabs.iter().flat_map(|slab| slab.iter_from(from)).map(|(key, _)| key).collect();
                rest.sort();
                let expected: Vec<Key> = model.keys().copied().filter(|key| key.index() >= from).collect();
                prop_assert_eq!(rest, expected);
            }
        }
    }
}
