//! Makes the table of files in `src/lib.rs` of what is in `assets`.
//!
//! Invariant: the same files make the same table, whatever the machine and the day. Files in
//! `assets/page` are asked for under a path with a hash of all of them in it, so a browser keeps them
//! for good and never mixes two versions; modules find each other by relative paths. Others (`index.html`
//! is `/`, `status.html` is `/status`) have a path that stays, and a hash of their own as their version.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to build"));
    let kept: Vec<_> =
        files("assets/page").into_iter().map(|path| (shipped(&path), path)).collect();
    let version = kept
        .iter()
        .fold(Hash::new(), |hash, (bytes, path)| hash.with(name(path).as_bytes()).with(bytes));
    let folder = format!("/page/{}/", version.hex());

    let mut table =
        String::from("/// All files, the page itself first.\npub const FILES: &[File] = &[\n");
    for path in files("assets") {
        let page =
            String::from_utf8(shipped(&path)).expect("pages are text").replace("/page/", &folder);
        let public = match name(&path) {
            "index.html" => "/".to_owned(),
            other => format!("/{}", other.trim_end_matches(".html")),
        };
        add(&mut table, &out, &public, &path, "Ask", page.as_bytes());
    }
    for (bytes, path) in &kept {
        add(&mut table, &out, &format!("{folder}{}", name(path)), path, "Forever", bytes);
    }
    table.push_str("];\n");
    fs::write(out.join("files.rs"), table).expect("the table can be written");
}

/// One row, and the file's bytes beside it.
fn add(table: &mut String, out: &Path, public: &str, path: &Path, keep: &str, bytes: &[u8]) {
    let etag = Hash::new().with(bytes).hex();
    let plain = out.join(name(path));
    let gzip = out.join(format!("{}.gz", name(path)));
    fs::write(&plain, bytes).expect("a file can be written");
    fs::write(&gzip, compressed(bytes)).expect("a file can be written");
    let media_type = media_type(path);
    writeln!(
        table,
        "    File {{ path: {public:?}, media_type: {media_type:?}, etag: \"\\\"{etag}\\\"\", keep: Keep::{keep}, \
         bytes: include_bytes!({plain:?}), gzip: include_bytes!({gzip:?}) }},"
    )
    .expect("text can be written");
}

/// The files of a folder, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("files have plain names")
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => panic!("{} is of no type that is known here", path.display()),
    }
}

/// A file as it is sent: without the comments and the white space at the beginnings of lines. Whoever
/// wants to know why reads the source; line for line it is the same otherwise.
fn shipped(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a file can be read");
    if !path.extension().is_some_and(|extension| extension == "js" || extension == "css") {
        return bytes;
    }
    let text = String::from_utf8(bytes).expect("code is text");
    let mut short = String::new();
    let mut comment = false;
    for line in text.lines() {
        // Text over several lines could look like a comment.
        assert!(
            line.matches('`').count() % 2 == 0,
            "{}: a string over several lines",
            path.display()
        );
        let line = line.trim();
        comment |= line.starts_with("/*");
        if !comment && !line.is_empty() && !line.starts_with("//") {
            short.push_str(line);
            short.push('\n');
        }
        // A comment that begins a line has the line for itself.
        if comment && line.contains("*/") {
            assert!(line.ends_with("*/"), "{}: something behind a comment", path.display());
            comment = false;
        }
    }
    short.into_bytes()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).expect("memory can be written");
    gzip.finish().expect("memory can be written")
}

/// FNV-1a of 128 bits: tells versions apart. Nobody gains by making two files of ours alike.
struct Hash(u128);

impl Hash {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn with(self, bytes: &[u8]) -> Self {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        Self(bytes.iter().fold(self.0, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
    }

    fn hex(&self) -> String {
        format!("{:016x}", (self.0 >> 64) as u64 ^ self.0 as u64)
    }
}
