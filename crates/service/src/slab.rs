//! Storage that hands out keys: what an engine (or a simulator) keeps its connections in.
//!
//! Invariant: a key finds exactly the value it was given for, or nothing.

use crate::Key;

/// A vector of values with reusable places, each use of a place having its own [`Key`].
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<Place<T>>,
    /// Free indices, the most recently freed last: its memory is warm.
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// The key that the next [`insert`](Self::insert) will answer.
    pub fn next_key(&self) -> Key {
        match self.free.last() {
            Some(&index) => Key::new(index, self.places[index as usize].generation),
            None => Key::new(self.places.len() as u32, 0),
        }
    }

    /// Stores `value` and answers its key.
    ///
    /// # Panics
    ///
    /// With 2^32 values stored.
    pub fn insert(&mut self, value: T) -> Key {
        let key = self.next_key();
        match self.free.pop() {
            Some(index) => self.places[index as usize].value = Some(value),
            None => {
                assert!(self.places.len() < u32::MAX as usize, "a slab holds under 2^32 values");
                self.places.push(Place { generation: 0, value: Some(value) });
            }
        }
        key
    }

    /// The value of `key`, if it is still there.
    pub fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.index())?;
        if place.generation == key.generation() { place.value.as_ref() } else { None }
    }

    /// The value of `key`, if it is still there, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.index())?;
        if place.generation == key.generation() { place.value.as_mut() } else { None }
    }

    /// Takes the value of `key` out; the key is worthless from here on.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.index())?;
        if place.generation != key.generation() {
            return None;
        }
        let value = place.value.take()?;
        place.generation = (place.generation + 1) % Key::GENERATIONS;
        self.free.push(key.index() as u32);
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
        let places = self.places.get(index..).unwrap_or(&[]);
        places.iter().enumerate().filter_map(move |(after, place)| {
            let value = place.value.as_ref()?;
            Some((Key::new((index + after) as u32, place.generation), value))
        })
    }

    /// All values with their keys, by index.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let value = place.value.as_ref()?;
            Some((Key::new(index as u32, place.generation), value))
        })
    }
}

#[cfg(test)]
mod tests {
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
}
