//! The files of the page, as the program around the chat has them.
//!
//! Invariant: a file is whole, in memory, and never changes: what is sent of it is shared.

use service::Frame;

use super::answer::Answer;
use crate::switchboard::Switchboard;
use wire::http::Request;

/// What a browser is shown. Empty by default: then `/` says how to join without one.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The files, of which the one with the path `/` is the page.
    pub files: Vec<File>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is: begins with `/`, without escapes.
    pub path: String,
    /// Its media type, for Content-Type.
    pub media_type: String,
    /// What changes when the file does, in quotes (RFC 9110 section 8.8.3).
    pub etag: String,
    /// The file.
    pub bytes: Frame,
    /// The same compressed with gzip, if that is worth it.
    pub gzip: Option<Frame>,
    /// How long browsers may keep it.
    pub caching: Caching,
}

/// How long browsers may keep a file without asking whether it is still the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caching {
    /// They ask each time; mostly the answer is that it is.
    #[default]
    Ask,
    /// For ever: another version has another path.
    Forever,
}

impl Site {
    fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// The file, as who has asked can unpack it.
    fn whole(&self, request: &Request<'_>) -> Answer {
        match &self.gzip {
            Some(gzip) if request.accepts_gzip() => {
                Answer::new(200).field("Content-Encoding", "gzip").body(gzip.clone())
            }
            _ => Answer::new(200).body(self.bytes.clone()),
        }
        .field("Content-Type", self.media_type.clone())
    }
}

impl Switchboard {
    /// The same where it is not to be kept at all, if there is such a file.
    pub(super) fn answer_with_file_of_now(&self, request: &Request<'_>) -> Option<Answer> {
        let file = self.settings.site.find(request.path())?;
        Some(file.whole(request).field("Cache-Control", "no-store"))
    }

    /// The file of the page that is asked for, if there is one.
    pub(super) fn answer_with_file(&self, request: &Request<'_>) -> Option<Answer> {
        let file = self.settings.site.find(request.path())?;
        let caching = match file.caching {
            Caching::Ask => "no-cache",
            Caching::Forever => "public, max-age=31536000, immutable",
        };
        let mut answer =
            if request.has(&file.etag) { Answer::new(304) } else { file.whole(request) };
        if file.gzip.is_some() {
            answer = answer.field("Vary", "Accept-Encoding");
        }
        Some(answer.field("ETag", file.etag.clone()).field("Cache-Control", caching))
    }
}
