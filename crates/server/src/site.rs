//! The page for browsers, as the chat is given it.
//!
//! Invariant: the files are those of the crate `page`, and there is one copy of them in memory.

use std::sync::LazyLock;

use chat::{Caching, File, Site};
use page::Keep;
use service::Frame;

static SITE: LazyLock<Site> =
    LazyLock::new(|| Site { files: page::FILES.iter().map(file).collect() });

/// The page, and all that it asks for.
pub(crate) fn site() -> Site {
    SITE.clone()
}

fn file(file: &page::File) -> File {
    // What is tiny gets no smaller.
    let gzip = (file.gzip.len() < file.bytes.len()).then(|| Frame::from(file.gzip));
    File {
        path: file.path.to_owned(),
        media_type: file.media_type.to_owned(),
        etag: file.etag.to_owned(),
        bytes: Frame::from(file.bytes),
        gzip,
        caching: match file.keep {
            Keep::Ask => Caching::Ask,
            Keep::Forever => Caching::Forever,
        },
    }
}
