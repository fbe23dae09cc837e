//! Addresses, referrers, user agents and ids, as logs hold them.

use ingest::trial::{self, Address};

/// Text of up to three lines: the address of a page, its referrer, and a user agent.
pub fn addresses(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let (address, referrer, agent) = (lines.next().unwrap_or_default(), lines.next(), lines.next());
    let Address { host, page, channel, .. } = trial::address(address, referrer);
    if let Some(host) = host {
        assert!(!host.is_empty() && !host.contains(['/', '?', '#', '@']), "{host:?}");
        assert!(!host.bytes().any(|byte| byte.is_ascii_uppercase()), "{host:?}");
    }
    assert!(!page.contains(['?', '#']), "{page:?}");
    assert!(!page.split('/').any(|part| decoded(part).contains(&b'@')), "{page:?} may hold an e-mail address");
    assert!(channel.is_none_or(|channel| !channel.is_empty()));

    let (device, ..) = trial::agent(agent.unwrap_or_default());
    assert!(["desktop", "mobile", "tablet", "other"].contains(&device), "{device}");

    // What is stored of a person stays as it is when it is stored again.
    let stored = trial::stored_id(address);
    assert_eq!(trial::stored_id(&stored), stored);
    let hidden = trial::hidden(&text);
    assert_eq!(trial::hidden(&hidden), hidden, "of {text:?}");
    let (network, email) = trial::network_and_email(address);
    assert!(!network.is_empty() && email.len() == "email:".len() + 32);
}

/// A part of a path with its percent signs decoded.
fn decoded(part: &str) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut at) = (part.as_bytes(), 0);
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| Some(hex(bytes.get(at + 1))? * 16 + hex(bytes.get(at + 2))?)).flatten();
        decoded.push(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    decoded
}
