//! Addresses of clients, cut before anything of them is stored: /24 of IPv4, /48 of IPv6.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use events::bots::NETWORK;
use events::hash;

/// Stands for all clients of a network with this user agent: many people, so of low confidence.
pub(crate) fn id(address: &str, agent: Option<&str>) -> String {
    let network = of(address);
    format!("{NETWORK}{}", hash::hex(hash::of_fields([Some(network.as_bytes()), agent.map(str::as_bytes)])))
}

/// What stands for an id that is nothing but an address; `None` for every other id.
pub(crate) fn of_bare_address(id: &str) -> Option<String> {
    // Most ids are none, and hardly any of those has what every address has.
    let has_separator = memchr::memchr2(b'.', b':', id.as_bytes()).is_some();
    let begins_like_one =
        || id.trim_start().starts_with(|letter: char| letter.is_ascii_hexdigit() || "[:".contains(letter));
    (has_separator && begins_like_one() && parse(id).is_some()).then(|| self::id(id.trim(), None))
}

/// The address without what tells one household from another; of a host's name, all but its first label.
fn of(address: &str) -> Cow<'_, str> {
    if let Some(address) = parse(address) {
        return Cow::Owned(cut(address).to_string());
    }
    match address.split_once('.') {
        Some((_, rest)) if rest.contains('.') => Cow::Borrowed(rest),
        _ => Cow::Borrowed(address),
    }
}

fn parse(address: &str) -> Option<IpAddr> {
    address.trim().trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The network of an address.
pub(crate) fn cut(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut_before_anything_else() {
        for (address, expected) in [
            ("203.0.113.7", "203.0.113.0"),
            ("::ffff:203.0.113.7", "203.0.113.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("[2001:db8::1]", "2001:db8::"),
            ("p5b0a.dip.isp.example", "dip.isp.example"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(of(address), expected);
        }
        assert_eq!(id("203.0.113.7", Some("a")), id("203.0.113.200", Some("a")));
        assert_ne!(id("203.0.113.7", Some("a")), id("203.0.114.7", Some("a")));
        assert_ne!(id("203.0.113.7", Some("a")), id("203.0.113.7", None));
    }

    #[test]
    fn an_id_that_is_an_address_stands_for_its_network() {
        assert_eq!(of_bare_address("203.0.113.7"), of_bare_address(" 203.0.113.8 "));
        assert!(of_bare_address("2001:db8::1").is_some_and(|id| id.starts_with("net:")));
        for id in ["1234567.8901234", "1.2.3", "cafe", "v1", "", "2.2.2.2x"] {
            assert_eq!(of_bare_address(id), None, "{id}");
        }
    }
}
