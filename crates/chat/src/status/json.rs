//! JSON, written (RFC 8259): objects of numbers and texts.
//!
//! Invariant: what is written is valid JSON in one line, whatever the texts.

use std::fmt::Write;

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Begins one; [`end`](Self::end) ends it.
    pub(super) fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, is_empty: true }
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        let _ = write!(self.key(key), "{value}");
    }

    pub(super) fn null(&mut self, key: &str) {
        self.key(key).push_str("null");
    }

    pub(super) fn maybe(&mut self, key: &str, value: Option<u64>) {
        match value {
            Some(value) => self.number(key, value),
            None => self.null(key),
        }
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        let out = self.key(key);
        out.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\0'..=' ' if c != ' ' => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                _ => out.push(c),
            }
        }
        out.push('"');
    }

    pub(super) fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::new(self.key(key));
        write(&mut object);
        object.end();
    }

    /// A list of objects, one for each of `items`.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Object<'_>, T),
    ) {
        let out = self.key(key);
        out.push('[');
        for (number, item) in items.enumerate() {
            if number > 0 {
                out.push(',');
            }
            let mut object = Object::new(out);
            write(&mut object, item);
            object.end();
        }
        out.push(']');
    }

    /// Keys are ours: nothing in them needs an escape.
    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(',');
        }
        let _ = write!(self.out, "\"{key}\":");
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut out = String::new();
        let mut object = Object::new(&mut out);
        object.text("text", "a \"b\" \\ \n\u{7f}\u{e9}");
        object.number("number", u64::MAX);
        object.maybe("none", None);
        object.object("empty", |_| ());
        object.list("list", [1, 2].into_iter(), |object, it| object.number("it", it));
        object.end();
        assert_eq!(
            out,
            "{\"text\":\"a \\\"b\\\" \\\\ \\u000a\u{7f}\u{e9}\",\"number\":18446744073709551615,\
             \"none\":null,\"empty\":{},\"list\":[{\"it\":1},{\"it\":2}]}"
        );
    }
}
