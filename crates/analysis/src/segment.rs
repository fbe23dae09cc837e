//! The top-customer segments' own order.

/// Position of a segment among its kind: d1 to d10, then lapsed, new, and whatever else there may be.
pub(crate) fn rank(segment: &str) -> u8 {
    match segment {
        "lapsed" => 11,
        "new" => 12,
        _ => segment.strip_prefix('d').and_then(|tenth| tenth.parse().ok()).filter(|tenth| *tenth <= 10).unwrap_or(13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_go_from_the_top_tenth_to_the_new() {
        let mut segments = ["new", "d10", "x", "lapsed", "d2", "d1"];
        segments.sort_by_key(|segment| rank(segment));
        assert_eq!(segments, ["d1", "d2", "d10", "lapsed", "new", "x"]);
    }
}
