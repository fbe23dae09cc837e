use super::*;
use crate::testing::{analysis_of, cart, provenance, shop};
use events::time::DAY;

fn listed(reports: &Path) -> String {
    nights(reports).unwrap();
    fs::read_to_string(reports.join("index.html")).unwrap()
}

#[test]
fn nights_are_listed_newest_first() {
    let reports = tempfile::tempdir().unwrap();
    let mut analysis = analysis_of(&shop(2_000), 0);
    // The names of folders do not decide.
    for (folder, days) in [("a", 2), ("b", 0), ("c", 1)] {
        analysis.as_of -= days * DAY;
        crate::render(&analysis, &provenance(), &reports.path().join(folder)).unwrap();
        analysis.as_of += days * DAY;
    }
    let page = listed(reports.path());
    let places: Vec<usize> =
        ["20 Nov 2026", "19 Nov 2026", "18 Nov 2026"].iter().map(|date| page.find(date).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("<a href=\"b&#x2f;index.html\">Open the newest night</a>"));
}

#[test]
fn a_night_that_cannot_be_read_does_not_hide_the_others() {
    let reports = tempfile::tempdir().unwrap();
    crate::render(&analysis_of(&[cart()], 0), &provenance(), &reports.path().join("good")).unwrap();
    let damaged = reports.path().join("<b>&");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("summary.json"), "{").unwrap();
    fs::create_dir(reports.path().join(".2026-11-20.building")).unwrap();
    let page = listed(reports.path());
    assert!(page.contains("20 Nov 2026") && page.contains("cannot be read"));
    assert!(page.contains("%3Cb%3E%26&#x2f;index.html") && page.contains("&lt;b&gt;&amp;"));
    assert!(!page.contains("building"));
}

#[test]
fn a_night_that_is_made_again_is_listed_as_it_is_now_and_one_that_is_gone_no_more() {
    let reports = tempfile::tempdir().unwrap();
    let mut analysis = analysis_of(&[cart()], 0);
    for folder in ["a", "b"] {
        crate::render(&analysis, &provenance(), &reports.path().join(folder)).unwrap();
    }
    let first = listed(reports.path());
    assert_eq!(listed(reports.path()), first, "nothing is new");
    analysis.as_of -= DAY;
    crate::render(&analysis, &provenance(), &reports.path().join("b")).unwrap();
    fs::remove_dir_all(reports.path().join("a")).unwrap();
    let page = listed(reports.path());
    assert!(page.contains("19 Nov 2026") && !page.contains("20 Nov 2026"));
    let others = fs::read_dir(reports.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(others.len(), 2, "the night and the list, and nothing that knows when they were written: {others:?}");
}

#[test]
fn a_night_without_headlines_of_its_own_is_listed_by_its_summary() {
    let reports = tempfile::tempdir().unwrap();
    crate::render(&analysis_of(&shop(2_000), 0), &provenance(), &reports.path().join("a")).unwrap();
    let page = listed(reports.path());
    for left in [None, Some("[{")] {
        let headlines = reports.path().join("a").join(folder::HEADLINES);
        fs::remove_file(&headlines).unwrap();
        left.map_or(Ok(()), |text| fs::write(&headlines, text)).unwrap();
        assert_eq!(listed(reports.path()), page, "{left:?}");
        fs::write(&headlines, "").unwrap();
    }
}

#[test]
fn without_nights_the_list_says_so() {
    let reports = tempfile::tempdir().unwrap();
    assert!(listed(reports.path()).contains("There are no nights yet"));
}

#[test]
fn amounts_of_any_size_are_read() {
    assert_eq!(amount("-0.0001"), Some(Amount(-1)));
    assert_eq!(amount("123456789012345678901234.5000"), Some(Amount(1_234_567_890_123_456_789_012_345_000)));
    assert_eq!(amount("12.5"), None);
}
