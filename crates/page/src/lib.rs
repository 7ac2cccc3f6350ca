//! The page with which a browser joins the chat: its few files, as they are sent.
//!
//! Invariant: everything the page needs is in here, it asks no other host for anything, and its files
//! together have less than [`MOST_BYTES`] before they are compressed. What a file's address begins with
//! and how it is sent is the server's to know; what stands in the files is in `assets`, and `build.rs`
//! makes this table of them. The page for the operator (`/status`) is beside it, with two files of its
//! own and a bound of its own.

/// The most that the page's files may have together, 100 kB: a page that is there in a second, on a
/// phone too.
pub const MOST_BYTES: usize = 100_000;

/// The same for the operator's page, 15 kB.
pub const MOST_STATUS_BYTES: usize = 15_000;

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is asked for: begins with a slash.
    pub path: &'static str,
    /// What it is: `Content-Type` (RFC 9110 section 8.3).
    pub media_type: &'static str,
    /// Its version, with the quotes: `ETag` (RFC 9110 section 8.8.3).
    pub etag: &'static str,
    /// How long a browser may keep it.
    pub keep: Keep,
    /// Itself.
    pub bytes: &'static [u8],
    /// The same, compressed: `Content-Encoding: gzip` (RFC 1952).
    pub gzip: &'static [u8],
}

/// How long a browser may keep a file without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Not at all: `Cache-Control: no-cache`. It asks whether its version is still the one.
    Ask,
    /// For good: `Cache-Control: public, max-age=31536000, immutable`. Its version is in its path.
    Forever,
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn file(path: &str) -> &'static File {
        FILES.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"))
    }

    #[test]
    fn the_files_of_a_page_together_are_small() {
        let is_status = |file: &&File| file.path.contains("/status");
        let (status, page): (Vec<&File>, Vec<_>) = FILES.iter().partition(is_status);
        for (files, most) in [(page, MOST_BYTES), (status, MOST_STATUS_BYTES)] {
            let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
            let gzip: usize = files.iter().map(|file| file.gzip.len()).sum();
            println!("{} files, {bytes} bytes, {gzip} compressed", files.len());
            assert!(files.len() > 2 && bytes < most, "{bytes} bytes");
        }
    }

    #[test]
    fn what_is_compressed_is_the_same() {
        for file in FILES {
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(file.gzip).read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, file.bytes, "{}", file.path);
        }
    }

    #[test]
    fn the_page_asks_for_files_that_there_are_and_for_no_other_host() {
        for page in FILES.iter().filter(|file| file.media_type.starts_with("text/html")) {
            let html = std::str::from_utf8(page.bytes).unwrap();
            for attribute in ["src=\"", "href=\""] {
                for link in html.split(attribute).skip(1) {
                    let link = link.split('"').next().unwrap_or_default();
                    // A place on the page, or what the server itself answers.
                    if !link.starts_with('#') && !["/read", "/status.json"].contains(&link) {
                        file(link);
                    }
                }
            }
        }
    }

    #[test]
    fn every_module_that_is_imported_is_there() {
        for module in FILES.iter().filter(|file| file.path.ends_with(".js")) {
            let (folder, _) = module.path.rsplit_once('/').unwrap();
            let code = std::str::from_utf8(module.bytes).unwrap();
            for line in code.lines().filter(|line| line.starts_with("import ")) {
                let from = line.split("'./").nth(1).and_then(|rest| rest.split('\'').next());
                file(&format!("{folder}/{}", from.unwrap_or_else(|| panic!("{line}"))));
            }
        }
    }

    #[test]
    fn only_what_has_its_version_in_its_path_is_kept_for_good() {
        for file in FILES {
            let versioned = file.path.starts_with("/page/");
            assert_eq!(file.keep == Keep::Forever, versioned, "{}", file.path);
            assert!(file.etag.starts_with('"') && file.etag.ends_with('"') && file.etag.len() > 10);
        }
    }

    #[test]
    fn nothing_makes_markup_or_code_of_text() {
        for file in FILES.iter().filter(|file| file.path.ends_with(".js")) {
            let code = std::str::from_utf8(file.bytes).unwrap();
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(!code.contains(word), "{} has {word}", file.path);
            }
        }
        for file in FILES.iter().filter(|file| file.path.ends_with(".html") || file.path == "/") {
            let html = std::str::from_utf8(file.bytes).unwrap();
            assert!(
                !html.contains(" style=") && !html.contains("<style"),
                "{} has a style",
                file.path
            );
            assert!(
                !html.contains(" onclick=") && !html.contains("<script>"),
                "{} has a script",
                file.path
            );
        }
    }
}
