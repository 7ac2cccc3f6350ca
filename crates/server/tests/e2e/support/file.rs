//! A file that a test writes.

use std::path::PathBuf;

use super::unique_path;

/// A file that goes when the test does.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    #[track_caller]
    pub(crate) fn new(text: &str) -> Self {
        let file = Self(unique_path(".toml"));
        file.write(text);
        file
    }

    /// Puts this into it, instead of what was there.
    #[track_caller]
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("a file can be written");
    }

    pub(crate) fn name(&self) -> &str {
        self.0.to_str().expect("a name in UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
