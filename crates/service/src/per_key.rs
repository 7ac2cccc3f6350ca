//! A service's own storage, by the keys its engine hands it.
//!
//! Invariant: a value is found by the key it was stored under and by no other generation of it.

use crate::Key;

/// A map from [`Key`] to `T` that is a vector underneath: one index and one comparison a look-up.
#[derive(Debug)]
pub struct PerKey<T> {
    places: Vec<Option<(u32, T)>>,
    len: usize,
}

impl<T> Default for PerKey<T> {
    fn default() -> Self {
        Self { places: Vec::new(), len: 0 }
    }
}

impl<T> PerKey<T> {
    /// Stores `value` for `key`; answers what stood in its place, of whatever generation.
    pub fn insert(&mut self, key: Key, value: T) -> Option<T> {
        if key.index() >= self.places.len() {
            self.places.resize_with(key.index() + 1, || None);
        }
        let old = self.places[key.index()].replace((key.generation(), value));
        self.len += usize::from(old.is_none());
        old.map(|(_, value)| value)
    }

    /// The value stored for `key`.
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.places.get(key.index()) {
            Some(Some((generation, value))) if *generation == key.generation() => Some(value),
            _ => None,
        }
    }

    /// The value stored for `key`, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.places.get_mut(key.index()) {
            Some(Some((generation, value))) if *generation == key.generation() => Some(value),
            _ => None,
        }
    }

    /// Takes out the value stored for `key`.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        self.len -= 1;
        self.places[key.index()].take().map(|(_, value)| value)
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
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let (generation, value) = place.as_ref()?;
            Some((Key::new(index as u32, *generation), value))
        })
    }

    /// The values whose index is `index` or more with their keys, by index: who goes through all of
    /// them in several steps goes on from where it stopped.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = (Key, &T)> {
        let places = self.places.get(index..).unwrap_or(&[]);
        places.iter().enumerate().filter_map(move |(after, place)| {
            let (generation, value) = place.as_ref()?;
            Some((Key::new((index + after) as u32, *generation), value))
        })
    }

    /// All values with their keys, by index, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        self.places.iter_mut().enumerate().filter_map(|(index, place)| {
            let (generation, value) = place.as_mut()?;
            Some((Key::new(index as u32, *generation), value))
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
}
