//! Whom the server does not let in.

/// A ban of the server's: whoever matches is not let in, and is put out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Whom it meets.
    pub matches: Matches,
    /// When it ends, in milliseconds since 1970-01-01 UTC; `None`: never.
    pub until_unix_ms: Option<u64>,
    /// When it was set, likewise.
    pub set_unix_ms: u64,
    /// Who set it: an operator's name.
    pub by: String,
    /// The reason that those it meets are told.
    pub reason: String,
}

/// Whom a [`Ban`] meets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Matches {
    /// Addresses in this network: a single one has all its bits.
    Network(Network),
    /// `name!user@host`, as others see the host or as the address is, with `*` and `?`.
    Mask(String),
    /// A person's real name, with `*` and `?`.
    RealName(String),
}

/// A range of addresses: `192.0.2.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// With zeros behind the bits that count.
    address: std::net::IpAddr,
    bits: u8,
}

impl Network {
    /// The network around `address` in which this many of its bits count; `None` if it has not so
    /// many.
    pub fn around(address: std::net::IpAddr, bits: u8) -> Option<Self> {
        use std::net::IpAddr::{V4, V6};
        let address = match address.to_canonical() {
            V4(ip) if bits <= 32 => {
                V4((ip.to_bits() & u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)).into())
            }
            V6(ip) if bits <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                V6((ip.to_bits() & mask).into())
            }
            _ => return None,
        };
        Some(Self { address, bits })
    }

    /// How many bits of an address count.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether `address` lies in it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        match (self.address, address.to_canonical()) {
            (V4(own), V4(other)) => {
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(32 - u32::from(self.bits))
                    .unwrap_or(0)
                    == 0
            }
            (V6(own), V6(other)) => {
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(128 - u32::from(self.bits))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address or network: try 192.0.2.7 or 2001:db8::/32");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address = address.parse::<std::net::IpAddr>().map_err(|_| wrong())?.to_canonical();
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), str::parse).map_err(|_| wrong())?;
        Self::around(address, bits).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(contains("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("0.0.0.0/0", "10.0.0.1") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(!contains("2001:db8::/128", "2001:db8::1"));
        for wrong in ["", "ada", "192.0.2.0/33", "::/129", "192.0.2.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
