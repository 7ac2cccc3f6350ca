//! What others see of where somebody comes from: never an address.
//!
//! Invariant: a cloak depends on the address and the server's secret key alone, so that a ban on it
//! meets the same people tomorrow; and without the key an address cannot be found from it, nor can
//! trying them all help.
//!
//! A cloak has three words, the narrowest first: of an IPv4 address, of its /24 and of its /16; of
//! an IPv6 address its /64, /48 and /32, as a household has a /64. So `*!*@*.network.wider.ip` bans a
//! network as `*!*@192.0.2.*` would.

use std::net::IpAddr;

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};

use crate::web::resume::Token;

/// Letters and digits of a word: 50 bits, so that two networks rarely share one.
const WORD_CHARS: usize = 10;

/// Makes cloaks, and what else takes the server's secret.
#[derive(Clone)]
pub(crate) struct Cloaks {
    keyed: Blake2sMac256,
}

/// What a word stands for, so that no two meanings share one.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
enum Meaning {
    V4 = 4,
    V6 = 6,
    Password = 0,
    Token = 1,
}

impl std::fmt::Debug for Cloaks {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloaks")
    }
}

impl Cloaks {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { keyed: Blake2sMac256::new(key.into()) }
    }

    /// The host that stands for `ip`; for who is on this machine, `localhost`.
    pub(crate) fn host(&self, ip: Option<IpAddr>) -> Box<str> {
        let mut host = String::with_capacity(3 * (WORD_CHARS + 1) + "ip".len());
        match ip.map(|ip| ip.to_canonical()) {
            None => return "localhost".into(),
            Some(IpAddr::V4(ip)) => {
                for bits in [32, 24, 16] {
                    let network = ip.to_bits() >> (32 - bits);
                    self.push_word(Meaning::V4, bits, &network.to_be_bytes(), &mut host);
                }
            }
            Some(IpAddr::V6(ip)) => {
                for bits in [64, 48, 32] {
                    let network = (ip.to_bits() >> (128 - bits)) as u64;
                    self.push_word(Meaning::V6, bits, &network.to_be_bytes(), &mut host);
                }
            }
        }
        host.push_str("ip");
        host.into()
    }

    /// Whether `given` is `password`. What is compared is what only the key could have made of
    /// them: how long it takes tells nothing.
    pub(crate) fn is_same(&self, given: &str, password: &str) -> bool {
        let made = |text: &str| self.digest(Meaning::Password, 0, text.as_bytes());
        made(given) == made(password)
    }

    /// The token with this number, in the run of the server with this seed.
    pub(crate) fn token(&self, seed: u64, number: u64) -> Token {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        let digest = self.digest(Meaning::Token, 0, &bytes);
        Token::new(std::array::from_fn(|at| digest[at]))
    }

    fn push_word(&self, meaning: Meaning, bits: u8, network: &[u8], host: &mut String) {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let digest = self.digest(meaning, bits, network);
        let mut left = u64::from_be_bytes(std::array::from_fn(|at| digest[at]));
        for _ in 0..WORD_CHARS {
            host.push(char::from(ALPHABET[(left >> 59) as usize]));
            left <<= 5;
        }
        host.push('.');
    }

    fn digest(&self, meaning: Meaning, bits: u8, bytes: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(&[meaning as u8, bits]);
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(address: &str) -> Vec<String> {
        let host = Cloaks::new(&[7; 32]).host(Some(address.parse().unwrap()));
        assert_eq!(host.len(), 35, "{host}");
        host.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn neighbours_share_what_stands_for_their_network() {
        let (one, other) = (words("192.0.2.1"), words("192.0.2.9"));
        assert_eq!(one, words("192.0.2.1"), "the same tomorrow");
        assert_ne!(one[0], other[0]);
        assert_eq!(one[1..], other[1..]);
        let near = words("192.0.3.1");
        assert_ne!(one[1], near[1]);
        assert_eq!(one[2..], near[2..]);
        assert_ne!(one[2], words("192.1.2.1")[2]);
        assert_eq!(one, words("::ffff:192.0.2.1"));
        let six = words("2001:db8:1:2::3");
        assert_eq!(six, words("2001:db8:1:2:ffff::"), "one household");
        assert_eq!(six[1..], words("2001:db8:1:9::")[1..]);
        assert_eq!(six[2..], words("2001:db8:9:9::")[2..]);
        assert_ne!(six[2], words("2001:db9::")[2]);
    }

    #[test]
    fn another_key_makes_other_words() {
        let ip = Some("192.0.2.1".parse().unwrap());
        let (one, other) = (Cloaks::new(&[1; 32]).host(ip), Cloaks::new(&[2; 32]).host(ip));
        assert!(one.split('.').zip(other.split('.')).take(3).all(|(one, other)| one != other));
        assert_eq!(&*Cloaks::new(&[1; 32]).host(None), "localhost");
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let cloaks = [Cloaks::new(&[0; 32]), Cloaks::new(&[1; 32])];
        let made = |cloaks: &Cloaks, seed, number| cloaks.token(seed, number).to_string();
        let one = made(&cloaks[0], 1, 1);
        assert_eq!(one, made(&cloaks[0], 1, 1));
        for other in [made(&cloaks[0], 1, 2), made(&cloaks[0], 2, 1), made(&cloaks[1], 1, 1)] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_password_is_itself_alone() {
        let cloaks = Cloaks::new(&[0; 32]);
        assert!(cloaks.is_same("tea", "tea"));
        assert!(!cloaks.is_same("teа", "tea") && !cloaks.is_same("", "tea"));
    }
}
