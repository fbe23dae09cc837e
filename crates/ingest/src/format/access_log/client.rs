//! Who asked, where the log has no better id: a hash of the cut address and the user agent.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use events::bots::NETWORK;
use events::hash;

/// Stands for all clients of a network with this user agent: many people, so of low confidence.
pub(super) fn id(address: &str, agent: Option<&str>) -> String {
    let network = network(address);
    format!("{NETWORK}{}", hash::hex(hash::of_fields([Some(network.as_bytes()), agent.map(str::as_bytes)])))
}

/// The address without what tells one household from another: /24 of IPv4, /48 of IPv6, a host's name without its first
/// label.
fn network(address: &str) -> Cow<'_, str> {
    let address = address.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            Cow::Owned(Ipv4Addr::new(a, b, c, 0).to_string())
        }
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            Cow::Owned(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_string())
        }
        Err(_) => match address.split_once('.') {
            Some((_, rest)) if rest.contains('.') => Cow::Borrowed(rest),
            _ => Cow::Borrowed(address),
        },
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
            assert_eq!(network(address), expected);
        }
        assert_eq!(id("203.0.113.7", Some("a")), id("203.0.113.200", Some("a")));
        assert_ne!(id("203.0.113.7", Some("a")), id("203.0.114.7", Some("a")));
        assert_ne!(id("203.0.113.7", Some("a")), id("203.0.113.7", None));
    }
}
