//! Passwords: what can be one, and its hash to be kept.
//!
//! Invariant: a password is never in an error or in the log.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};

/// The longest password, in bytes: IRC has 512 for a line with `OPER`, a name and the password.
/// Met: the password is refused.
pub(crate) const MOST_BYTES: usize = 256;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hash_has_a_salt_of_its_own() {
        let one = hash("correct horse").unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, hash("correct horse").unwrap());
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
