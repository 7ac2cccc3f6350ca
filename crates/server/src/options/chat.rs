//! The kinds of values that only the chat's options have: its name, its operators, and others that
//! end up in a line of IRC.
//!
//! Invariant: what was read here can be sent: one line, within IRC's bounds. An error never repeats
//! what might be a password.

use chat::{Charset, Operator, SlowReaders, Status};

use super::value::{Kind, Text, Toml};
use crate::password;

impl Toml for ServerName {}
impl Toml for Line {}
impl Toml for Link {}
impl Toml for Site {}
impl Toml for Characters {}
impl Toml for Slow {}
impl Toml for Lookers {}

/// The longest name of a server, in bytes (Modern IRC, "Servers"). Met: an error.
const NAME_BYTES: usize = 63;

/// The longest text that is sent in a line of IRC with names and a few words, of the 512 bytes that
/// such a line has. Met: an error.
const LINE_BYTES: usize = 300;

/// The longest name of an operator, in bytes: it is typed with a password after it. Met: an error.
const OPERATOR_BYTES: usize = 32;

/// The name of the server: one word, as it begins every line that an IRC client gets.
pub(super) struct ServerName;

impl Kind<String> for ServerName {
    fn parse(text: &str) -> Result<String, String> {
        let may_stand = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if text.is_empty() {
            return Err("the name is empty; write for example chat.example".into());
        }
        if text.len() > NAME_BYTES {
            return Err(format!("the name is longer than {NAME_BYTES} bytes"));
        }
        match text.chars().find(|&c| !may_stand(c)) {
            Some(c) => Err(format!(
                "the name is one word of letters, digits, dots and dashes, because IRC clients \
                 need it so; {c:?} may not stand in it"
            )),
            None if !text.starts_with(char::is_alphanumeric) => {
                Err("the name begins with a letter or a digit".into())
            }
            None => Ok(text.to_owned()),
        }
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

/// Text that is sent in one line; may be empty.
pub(super) struct Line;

impl Kind<String> for Line {
    fn parse(text: &str) -> Result<String, String> {
        if text.len() > LINE_BYTES {
            return Err(format!("longer than {LINE_BYTES} bytes, which one line may not hold"));
        }
        Text::parse(text)
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

/// The address of something on the web; may be empty.
pub(super) struct Link;

impl Kind<String> for Link {
    fn parse(text: &str) -> Result<String, String> {
        let is_link = text.starts_with("https://") || text.starts_with("http://");
        // In an address everything else is written with %.
        let is_one_word = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !(text.is_empty() || is_link && is_one_word) {
            return Err(format!("{text:?} is no address like https://example.org/icon.png"));
        }
        Line::parse(text)
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

/// A site, as browsers name it when one of its pages asks for something: `https://example.org`, with
/// the port if it is not the scheme's (RFC 6454 section 6.2).
pub(super) struct Site;

impl Kind<String> for Site {
    fn parse(text: &str) -> Result<String, String> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let may_stand =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        match host {
            Some(host) if !host.is_empty() && host.chars().all(may_stand) => Ok(text.to_owned()),
            _ => Err(format!(
                "{text:?} is no site; write a scheme and a host, and nothing behind them, like \
                 https://chat.example.org"
            )),
        }
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

/// Who may become an operator: a name, and the hash of a password. No name stands twice.
pub(super) fn operators(texts: &[String]) -> Result<Vec<Operator>, String> {
    let mut operators: Vec<Operator> = Vec::new();
    for text in texts {
        let operator = operator(text)?;
        if operators.iter().any(|one| one.name.eq_ignore_ascii_case(&operator.name)) {
            return Err(format!("there are two operators {:?}", operator.name));
        }
        operators.push(operator);
    }
    Ok(operators)
}

fn operator(text: &str) -> Result<Operator, String> {
    // What has no colon may be a password: it is not repeated.
    let (name, hash) = text.split_once(':').ok_or(
        "an operator is a name, a colon and the hash of a password; `switchboard hash-password` \
         makes the hash",
    )?;
    let is_name = |c: char| !c.is_whitespace() && !c.is_control() && c != '$';
    if name.is_empty() || name.len() > OPERATOR_BYTES || !name.chars().all(is_name) {
        return Err(format!(
            "an operator's name is one word of 1 to {OPERATOR_BYTES} bytes, before the colon"
        ));
    }
    password::check_hash(hash).map_err(|error| format!("operator {name:?}: {error}"))?;
    Ok(Operator { name: name.to_owned(), hash: hash.to_owned() })
}

/// An operator the way [`operators`] reads it.
pub(super) fn show_operator(operator: &Operator) -> String {
    format!("{}:{}", operator.name, operator.hash)
}

/// Which characters names have.
pub(super) struct Characters;

impl Kind<Charset> for Characters {
    fn parse(text: &str) -> Result<Charset, String> {
        match text {
            "ascii" => Ok(Charset::Ascii),
            "unicode" => Ok(Charset::Unicode),
            _ => Err(format!("{text:?} is neither ascii nor unicode")),
        }
    }

    fn show(value: &Charset) -> String {
        match value {
            Charset::Ascii => "ascii".into(),
            Charset::Unicode => "unicode".into(),
        }
    }
}

/// What happens to slow readers, by its name.
pub(super) struct Slow;

impl Kind<SlowReaders> for Slow {
    fn parse(text: &str) -> Result<SlowReaders, String> {
        match text {
            "tell" => Ok(SlowReaders::Tell),
            "close" => Ok(SlowReaders::Close),
            _ => Err(format!("{text:?} is neither tell nor close")),
        }
    }

    fn show(value: &SlowReaders) -> String {
        match value {
            SlowReaders::Tell => "tell".into(),
            SlowReaders::Close => "close".into(),
        }
    }
}

/// Who may see how the server does.
pub(super) struct Lookers;

impl Kind<Status> for Lookers {
    fn parse(text: &str) -> Result<Status, String> {
        match text {
            "loopback" => Ok(Status::Loopback),
            "anyone" => Ok(Status::Anyone),
            "off" => Ok(Status::Off),
            _ => Err(format!("{text:?} is not one of loopback, anyone, off")),
        }
    }

    fn show(value: &Status) -> String {
        match value {
            Status::Loopback => "loopback".into(),
            Status::Anyone => "anyone".into(),
            Status::Off => "off".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                        $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_server_is_called_by_one_word() {
        for name in ["Switchboard", "chat.example", "tea-kitchen_2", "küche", "7"] {
            assert_eq!(ServerName::parse(name).as_deref(), Ok(name));
        }
        for wrong in ["Tea kitchen", ":x", "a!b", "a@b", ".", "-a", "a\tb", &"x".repeat(64)] {
            assert!(ServerName::parse(wrong).is_err(), "{wrong}");
        }
        let empty = ServerName::parse("").unwrap_err();
        assert_eq!(empty, "the name is empty; write for example chat.example");
    }

    #[test]
    fn an_operator_is_a_name_and_a_hash() {
        let one = format!("ada:{HASH}");
        let read = operators(&[one.clone(), format!("bob:{HASH}")]).unwrap();
        assert_eq!((read[0].name.as_str(), read[0].hash.as_str()), ("ada", HASH));
        assert_eq!(show_operator(&read[0]), one);
        assert_eq!(operators(&[]), Ok(vec![]));
        let twice = operators(&[one, format!("ADA:{HASH}")]).unwrap_err();
        assert_eq!(twice, "there are two operators \"ADA\"");
    }

    #[test]
    fn the_status_is_for_this_machine_for_anyone_or_for_nobody() {
        assert_eq!(chat::Settings::default().status, Status::Loopback);
        for text in ["loopback", "anyone", "off"] {
            assert_eq!(Lookers::show(&Lookers::parse(text).unwrap()), text);
        }
        let wrong = Lookers::parse("on").unwrap_err();
        assert_eq!(wrong, "\"on\" is not one of loopback, anyone, off");
    }

    #[test]
    fn what_may_be_a_password_is_not_repeated() {
        for wrong in ["hunter2", "ada:hunter2", "ada:$hunter2$", ":hunter2", "a b:hunter2", HASH] {
            let error = operators(&[wrong.to_owned()]).unwrap_err();
            assert!(!error.contains("hunter2") && !error.contains("argon2id$v"), "{error}");
        }
    }

    #[test]
    fn what_goes_into_a_line_fits_into_it() {
        assert!(Line::parse("").is_ok() && Line::parse("Ada <ada@example.org>").is_ok());
        assert!(Line::parse(&"x".repeat(301)).is_err() && Line::parse("a\nb").is_err());
        assert!(Link::parse("").is_ok() && Link::parse("https://example.org/a%20b.png").is_ok());
        for wrong in ["example.org/icon", "https://a b", "ftp://a", "https://\u{e9}"] {
            assert!(Link::parse(wrong).is_err(), "{wrong}");
        }
    }
}
