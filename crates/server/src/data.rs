//! The data directory: what outlives the server. Its bans, and the key that cloaked hosts are made
//! with.
//!
//! Invariant: whenever the process or the machine stops, each file is whole, the old one or the new
//! one; and one server at a time has the directory. What the bans mean is the chat's business.

mod bans;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chat::Ban;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use tracing::warn;

use crate::files;
use crate::options::Problem;

const BANS: &str = "bans.toml";
const CLOAK_KEY: &str = "cloak.key";

/// The largest file of bans, 8 MiB: some ten thousand of the longest. Met: an error at the start,
/// and bans that are over it are not kept.
const BANS_BYTES: u64 = 8 * 1024 * 1024;

/// The largest file with a key: more cannot be one. Met: an error at the start.
const KEY_BYTES: u64 = 1024;

/// What a data directory holds.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) bans: Vec<Ban>,
    /// `None`: it was not made yet.
    pub(crate) cloak_key: Option<[u8; 32]>,
}

/// Reads what is kept at `path`, and changes nothing there: a directory or a file that is missing
/// holds nothing.
pub(crate) fn look(path: &Path) -> Result<Kept, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = |name, most| {
        let path = path.join(name);
        match files::read(&path, most) {
            Ok((bytes, metadata)) => Some((path, bytes, metadata)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                problems.push(format!("{}: {error}", path.display()));
                None
            }
        }
    };
    let bans = read(BANS, BANS_BYTES);
    let key = read(CLOAK_KEY, KEY_BYTES);
    let mut kept = Kept::default();
    if let Some((path, bytes, _)) = bans {
        match bans::read(&bytes) {
            Ok(bans) => kept.bans = bans,
            Err(error) => problems.push(format!("{}:{error}", path.display())),
        }
    }
    if let Some((path, bytes, metadata)) = key {
        match parse_key(&bytes) {
            Ok(key) => kept.cloak_key = Some(key),
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
        if metadata.mode() & 0o077 != 0 {
            let file = path.display();
            warn!(%file, "others may read the key of cloaked hosts; `chmod 600 {file}` ends that");
        }
    }
    if problems.is_empty() { Ok(kept) } else { Err(problems) }
}

/// A data directory that this process has for itself, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Data {
    path: PathBuf,
    /// Holds the lock.
    folder: File,
}

impl Data {
    /// Takes the directory at `path`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be made or opened, or another process has it; the path is named.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(named)?;
        let folder = File::open(path).map_err(named)?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let message = "another server has this directory; each needs one of its own";
                return Err(named(io::Error::new(ErrorKind::ResourceBusy, message)));
            }
            Err(error) => {
                let folder = path.display();
                warn!(%folder, %error, "cannot be locked: let no other server have this directory");
            }
        }
        if folder.metadata().map_err(named)?.mode() & 0o022 != 0 {
            let folder = path.display();
            warn!(%folder, "others may change what is kept; `chmod go-w {folder}` ends that");
        }
        Ok(Self { path: path.to_owned(), folder })
    }

    /// The key; it is made if there is none yet.
    pub(crate) fn cloak_key(&self) -> io::Result<[u8; 32]> {
        let path = self.path.join(CLOAK_KEY);
        match files::read(&path, KEY_BYTES) {
            Ok((bytes, _)) => {
                return parse_key(&bytes).map_err(|error| {
                    let message = format!("{}: {error}", path.display());
                    io::Error::new(ErrorKind::InvalidData, message)
                });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let key = random_key()?;
        self.write(CLOAK_KEY, format!("{}\n", show_key(&key)).as_bytes())?;
        Ok(key)
    }

    /// Keeps these bans instead of those that were kept before.
    pub(crate) fn keep_bans(&self, bans: &[Ban]) -> io::Result<()> {
        let text = bans::write(bans);
        if text.len() as u64 > BANS_BYTES {
            let path = self.path.join(BANS);
            let message = format!("{}: would be longer than {BANS_BYTES} bytes", path.display());
            return Err(io::Error::new(ErrorKind::FileTooLarge, message));
        }
        self.write(BANS, text.as_bytes())
    }

    /// Has the file `name` hold `bytes`, whole, also after a power failure: it is written beside the
    /// old one, and takes its place when it has reached the disk (rename(2), fsync(2)).
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        let new = self.path.join(format!("{name}.new"));
        let write = || {
            // One that was left by a process that was killed has what nobody wants.
            remove(&new)?;
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            self.folder.sync_all()
        };
        write().map_err(|error| {
            let _ = remove(&new);
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A key that nobody knows.
pub(crate) fn random_key() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    // So few bytes come whole, once the kernel has collected enough chance (getrandom(2)).
    let count = getrandom(&mut key, GetRandomFlags::empty())?;
    assert_eq!(count, key.len(), "getrandom(2): up to 256 bytes are never cut short");
    Ok(key)
}

fn show_key(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_key(bytes: &[u8]) -> Result<[u8; 32], String> {
    let digits = bytes.trim_ascii();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let key = (digits.len() == 64)
        .then(|| digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>())
        .flatten()
        .and_then(|key| key.try_into().ok());
    key.ok_or_else(|| {
        "not 64 hexadecimal digits. Put back the file that was there, or remove it: then the hosts \
         that others see change, and bans on them meet nobody"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A path for a directory, which goes with everything in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("switchboard-data-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn mode(&self, name: &str) -> u32 {
            self.0.join(name).metadata().unwrap().permissions().mode() & 0o777
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn ban(reason: &str) -> Ban {
        Ban {
            matches: chat::Matches::Network("192.0.2.0/24".parse().unwrap()),
            until_unix_ms: None,
            set_unix_ms: 1_700_000_000_000,
            by: "ada".into(),
            reason: reason.into(),
        }
    }

    #[test]
    fn looking_makes_nothing() {
        let folder = Folder::new("looking");
        let kept = look(&folder.0).unwrap();
        assert!(kept.bans.is_empty() && kept.cloak_key.is_none());
        assert!(!folder.0.exists());
    }

    #[test]
    fn what_is_kept_is_for_the_server_alone_and_found_again() {
        let folder = Folder::new("kept");
        let data = Data::open(&folder.0).unwrap();
        assert_eq!(folder.mode("."), 0o700);
        let key = data.cloak_key().unwrap();
        data.keep_bans(&[ban("one"), ban("two")]).unwrap();
        data.keep_bans(&[ban("three")]).unwrap();
        drop(data);

        assert_eq!(folder.names(), ["bans.toml", "cloak.key"]);
        assert_eq!((folder.mode(BANS), folder.mode(CLOAK_KEY)), (0o600, 0o600));
        let kept = look(&folder.0).unwrap();
        assert_eq!(kept.bans, [ban("three")]);
        assert_eq!(kept.cloak_key, Some(key));
        assert_eq!(Data::open(&folder.0).unwrap().cloak_key().unwrap(), key);
        assert_ne!(key, random_key().unwrap());
    }

    #[test]
    fn one_server_at_a_time_has_it() {
        let folder = Folder::new("lock");
        let data = Data::open(&folder.0).unwrap();
        let error = Data::open(&folder.0).unwrap_err().to_string();
        assert!(error.contains("another server has this directory"), "{error}");
        drop(data);
        assert!(Data::open(&folder.0).is_ok());
    }

    #[test]
    fn what_a_killed_server_left_half_written_harms_nobody() {
        let folder = Folder::new("left");
        let data = Data::open(&folder.0).unwrap();
        data.keep_bans(&[ban("old")]).unwrap();
        let left = folder.0.join("bans.toml.new");
        std::fs::write(&left, "[[ban]]\nnetwo").unwrap();
        assert_eq!(look(&folder.0).unwrap().bans, [ban("old")]);
        data.keep_bans(&[ban("new")]).unwrap();
        assert_eq!(look(&folder.0).unwrap().bans, [ban("new")]);
        assert_eq!(folder.names(), ["bans.toml"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let folder = Folder::new("full");
        let data = Data::open(&folder.0).unwrap();
        data.keep_bans(&[ban("old")]).unwrap();
        // A directory is in the way of the new file.
        std::fs::create_dir(folder.0.join("bans.toml.new")).unwrap();
        let error = data.keep_bans(&[ban("new")]).unwrap_err().to_string();
        assert!(error.contains("bans.toml: "), "{error}");
        let long = vec![ban(&"x".repeat(1000)); 10_000];
        let error = data.keep_bans(&long).unwrap_err().to_string();
        assert!(error.contains("bans.toml: would be longer"), "{error}");
        assert_eq!(look(&folder.0).unwrap().bans, [ban("old")]);
    }

    #[test]
    fn what_is_broken_is_told_and_not_replaced() {
        let folder = Folder::new("broken");
        let data = Data::open(&folder.0).unwrap();
        data.keep_bans(&[ban("old")]).unwrap();
        let key = "0".repeat(63);
        std::fs::write(folder.0.join(CLOAK_KEY), &key).unwrap();
        let bans = std::fs::read_to_string(folder.0.join(BANS)).unwrap();
        std::fs::write(folder.0.join(BANS), format!("{bans}\nnetwork = 5\n")).unwrap();
        let problems = look(&folder.0).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        let line = bans.lines().count() + 2;
        assert!(problems[0].contains(&format!("bans.toml:{line}:")), "{problems:?}");
        assert!(problems[1].contains("cloak.key: not 64 hexadecimal digits"), "{problems:?}");
        assert_eq!(std::fs::read_to_string(folder.0.join(CLOAK_KEY)).unwrap(), key);
    }

    #[test]
    fn a_key_is_64_digits() {
        let key = random_key().unwrap();
        assert_eq!(parse_key(show_key(&key).to_uppercase().as_bytes()), Ok(key));
        assert_eq!(parse_key(format!("  {}\r\n", show_key(&key)).as_bytes()), Ok(key));
        for wrong in [String::new(), "g".repeat(64), "0".repeat(65), "é".repeat(32)] {
            assert!(parse_key(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
