//! Passwords: what can be one, its hash to be kept, and whether a password is the one that a hash
//! was made from.
//!
//! Invariant: a hash that passed [`check_hash`] is compared with within bounded memory and time. A
//! password is never in an error or in the log.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// The longest password, in bytes: IRC has 512 for a line with `OPER`, a name and the password.
/// Met: the password is refused.
pub(crate) const MOST_BYTES: usize = 256;

/// The most memory that comparing with a hash may take, in KiB: twice what RFC 9106 section 4
/// recommends where memory is scarce. Met: the hash is refused where it is configured.
const MOST_KIB: u32 = 128 * 1024;

/// The most passes over that memory. Met: likewise.
const MOST_PASSES: u32 = 16;

/// The most lanes of that memory. Met: likewise.
const MOST_LANES: u32 = 16;

/// Says why `password` cannot be one: nobody could give it.
pub(crate) fn check(password: &str) -> Result<(), String> {
    if password.is_empty() {
        return Err("the password is empty".into());
    }
    if password.len() > MOST_BYTES {
        return Err(format!(
            "the password is longer than {MOST_BYTES} bytes, which a line of IRC may not hold"
        ));
    }
    if password.chars().any(char::is_control) {
        return Err("the password has a control character, which cannot be sent".into());
    }
    Ok(())
}

/// The password that stands in the first line of `bytes`: the line without its end.
pub(crate) fn first_line(bytes: &[u8]) -> Result<String, String> {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let password = std::str::from_utf8(line).map_err(|_| "the password is not UTF-8")?;
    check(password)?;
    Ok(password.to_owned())
}

/// The hash of `password`, with a salt of its own, as a PHC string. It takes 19 MiB and two passes,
/// as OWASP's Password Storage Cheat Sheet recommends for argon2id.
pub(crate) fn hash(password: &str) -> Result<String, String> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("parameters within argon2's bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Says why nothing can be compared with `hash`.
pub(crate) fn check_hash(hash: &str) -> Result<(), String> {
    parse(hash).map(drop)
}

/// Whether `password` is the one that `hash` was made from. Takes tens of milliseconds, and what
/// memory the hash names.
///
/// # Errors
///
/// If that could not be found out: the hash would not have passed [`check_hash`], or memory has run
/// out.
pub(crate) fn is_right(password: &str, hash: &str) -> Result<bool, String> {
    use argon2::password_hash::Error;
    let hash = parse(hash)?;
    match Argon2::default().verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

fn parse(text: &str) -> Result<PasswordHash, String> {
    let make = "`switchboard hash-password` makes one";
    let wrong = || format!("this is no hash of a password ($argon2id$...); {make}");
    let hash = PasswordHash::new(text).map_err(|_| wrong())?;
    Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| wrong())?;
    let params = Params::try_from(&hash).map_err(|_| wrong())?;
    let has_all = hash.salt.is_some_and(|salt| salt.len() >= argon2::MIN_SALT_LEN)
        && hash.hash.is_some()
        && hash.version.is_none_or(|version| Version::try_from(version).is_ok());
    if !has_all {
        return Err(wrong());
    }
    if params.m_cost() > MOST_KIB || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
        return Err(format!(
            "the hash takes more than {} MiB, {MOST_PASSES} passes or {MOST_LANES} lanes to \
             compare with; {make} that takes less",
            MOST_KIB / 1024,
        ));
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let one = hash("correct horse").unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_eq!(check_hash(&one), Ok(()));
        assert_eq!(is_right("correct horse", &one), Ok(true));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert_eq!(is_right(wrong, &one), Ok(false), "{wrong:?}");
        }
        assert_ne!(one, hash("correct horse").unwrap(), "each has a salt of its own");
    }

    /// From the tests of the reference implementation (phc-winner-argon2 test.c): version 19,
    /// t=2, m=2^16, p=1, "password", "somesalt".
    #[test]
    fn a_hash_made_elsewhere_counts() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                    $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(is_right("password", hash), Ok(true));
        assert_eq!(is_right("differentpassword", hash), Ok(false));
    }

    #[test]
    fn what_cannot_be_compared_with_is_refused() {
        let salt_and_hash = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for wrong in [
            "",
            "secret",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            &format!("$argon2id$v=18$m=19456,t=2,p=1{salt_and_hash}"),
            &format!("$scrypt$ln=16,r=8,p=1{salt_and_hash}"),
            &format!("$argon2id$v=19$m=1,t=2,p=1{salt_and_hash}"),
            "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m",
        ] {
            let error = check_hash(wrong).unwrap_err();
            assert!(error.contains("hash-password"), "{wrong}: {error}");
            assert!(wrong.len() < 9 || !error.contains(wrong), "{error}");
        }
        for greedy in ["m=4194304,t=2,p=1", "m=19456,t=4000000000,p=1", "m=19456,t=2,p=64"] {
            let error = check_hash(&format!("$argon2id$v=19${greedy}{salt_and_hash}")).unwrap_err();
            assert!(error.contains("takes more than 128 MiB"), "{greedy}: {error}");
        }
    }

    #[test]
    fn a_file_has_the_password_in_its_first_line() {
        for text in ["pass word", "pass word\n", "pass word\r\n", "pass word\nwhat it is for\n"] {
            assert_eq!(first_line(text.as_bytes()).as_deref(), Ok("pass word"), "{text:?}");
        }
        for wrong in ["", "\n", "\r\nlate\n", "a\rb\n"] {
            assert!(first_line(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(first_line(b"\xff\n").is_err());
    }

    #[test]
    fn a_password_can_be_sent_in_a_line() {
        assert_eq!(check("correct horse, Grüße"), Ok(()));
        assert_eq!(check(&"x".repeat(MOST_BYTES)), Ok(()));
        for wrong in ["", "a\nb", "a\0", &"x".repeat(MOST_BYTES + 1)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
