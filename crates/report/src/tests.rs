use std::collections::BTreeSet;

use super::*;
use crate::testing::{Cart, analysis_of, cart, provenance, shop, with_findings};

/// Every text of a report.
pub(crate) fn files(analysis: &Analysis, provenance: &Provenance) -> Result<folder::Files, Error> {
    content(analysis, provenance).map(|(files, _)| files)
}

fn report(carts: &[Cart], without_cart: u64) -> folder::Files {
    files(&analysis_of(carts, without_cart), &provenance()).unwrap()
}

fn page(files: &folder::Files) -> &str {
    &files[Path::new(folder::INDEX)]
}

/// Every page with its file.
fn pages(files: &folder::Files) -> impl Iterator<Item = (&str, &str)> {
    let is_page =
        |path: &Path| path.extension().is_some_and(|kind| kind == "html") && path != Path::new("summary.html");
    let html = files.iter().filter(move |(path, _)| is_page(path));
    html.map(|(path, html)| (path.to_str().unwrap(), html.as_str()))
}

/// All that a reader of all pages sees.
fn all_visible(files: &folder::Files) -> String {
    pages(files).map(|(_, html)| visible(html)).collect()
}

/// The answers, before any chapter.
fn first_screen(files: &folder::Files) -> String {
    visible(page(files).split_once("<section id=").map_or(page(files), |(first, _)| first))
}

/// What a reader sees: text without tags, style and charts.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let skipped = ["style", "script", "svg", "title"].into_iter().find(|name| tag.starts_with(name));
        rest = match skipped {
            Some(name) => tag.split_once(&format!("</{name}>")).unwrap().1,
            None => tag.split_once('>').unwrap().1,
        };
    }
    text.push_str(rest);
    for (entity, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")]
    {
        text = text.replace(entity, letter);
    }
    text
}

#[test]
fn the_same_night_is_the_same_bytes() {
    let night = || content(&analysis_of(&shop(3_000), 40), &provenance()).unwrap();
    let (files, pictures) = night();
    assert!(files.len() > 40 && pictures.len() > 5);
    assert_eq!((files, pictures), night());
}

/// Run with `--ignored`; the made-up shop takes a while.
#[test]
#[ignore = "a minute, and 3 GB"]
fn the_report_of_a_million_carts_is_below_ten_megabytes() {
    let (files, pictures) = content(&analysis_of(&shop(1_000_000), 40_000), &provenance()).unwrap();
    let texts: usize = files.values().map(String::len).sum();
    let pictures: usize = pictures.values().map(Vec::len).sum();
    assert!(texts > 500_000 && texts + pictures < 10_000_000, "{texts} + {pictures} bytes");
}

#[test]
fn a_night_is_written_whole() {
    let reports = tempfile::tempdir().unwrap();
    let analysis = analysis_of(&shop(3_000), 40);
    let folder = reports.path().join(night(&analysis));
    let written = render(&analysis, &provenance(), &folder).unwrap();
    assert!(written.index().ends_with("2026-11-20/index.html"));
    for name in [
        "index.html",
        "summary.json",
        "queries.sql",
        "charts/abandonment.svg",
        "charts/funnel.svg",
        "charts/checkout.svg",
        "charts/revenue.svg",
        "charts/forecast.svg",
        "charts/reliability.svg",
        "charts/abandonment.png",
        "charts/mail.png",
        "tables/abandonment.day.csv",
        "tables/forecast.nights.csv",
    ] {
        assert!(folder.join(name).is_file() && written.files.contains(&name.into()), "{name}");
    }
}

#[test]
fn nothing_from_the_logs_becomes_markup() {
    const HOSTILE: [&str; 5] = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</svg><style>*{display:none}</style>",
        "{{ 7 * 7 }}{% raw %}",
        "a\n; drop table carts; --\u{202e}",
    ];
    for hostile in HOSTILE {
        let carts: Vec<Cart> = (0..80)
            .map(|at| Cart {
                age: (5 + at % 3) * events::time::DAY,
                words: std::array::from_fn(|_| Some(hostile.to_owned())),
                currency: Some(hostile.to_owned()),
                top1: true,
                ..cart()
            })
            .collect();
        let mut provenance = provenance();
        provenance.generation = hostile.to_owned();
        provenance.code_version = hostile.to_owned();
        provenance.notes = vec![hostile.to_owned()];
        provenance.unmapped = [(hostile.to_owned(), 1)].into();
        provenance.unused_columns = [(hostile.to_owned(), vec![hostile.to_owned()])].into();
        provenance.inputs[0].path = hostile.to_owned();
        provenance.inputs[0].quarantined = [(hostile.to_owned(), 1)].into();
        let files = files(&with_findings(analysis_of(&carts, 3), hostile), &provenance).unwrap();

        for (file, html) in pages(&files) {
            let ours = format!("<script>{}</script>", crate::page::SCRIPT);
            assert_eq!((html.matches("<script").count(), html.matches(&ours).count()), (1, 1), "{hostile} in {file}");
            assert!(!html.contains("<img") && !html.contains("{display:none}</style>"), "{hostile} in {file}");
            assert_eq!(html.matches("<style>").count(), 1);
            assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
            let shown = visible(html);
            assert!(!shown.split_whitespace().any(|word| word == "49"), "templates do not run what they show");
        }
        let mail = &files[Path::new("summary.html")];
        let ours = "<img src=\"charts/mail.png\" alt=\"";
        for foreign in ["<script", "<img", "<svg", "<link", "<style", "<a "] {
            assert!(!mail.replacen(ours, "", 1).contains(foreign), "{foreign} for {hostile}");
        }
        let plain = &files[Path::new("summary.md")];
        assert!(!plain.lines().any(|line| line.starts_with('<') || line.starts_with("; drop")), "{plain}");
        for (path, svg) in files.iter().filter(|(path, _)| path.starts_with("charts")) {
            assert!(!svg.contains("<script") && !svg.contains("<img"), "{}", path.display());
            assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1), "{}", path.display());
            assert_eq!(svg.matches("<style>").count(), 1, "{}", path.display());
        }
        let sql = &files[Path::new("queries.sql")];
        assert!(!sql.lines().any(|line| line.starts_with("; drop")), "a comment ended early");
    }
}

#[test]
fn no_page_loads_anything() {
    let files = report(&shop(3_000), 40);
    assert!(pages(&files).count() >= 6);
    for (file, html) in pages(&files) {
        let html = html.replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http:", "https:", " src=", "url(", "@import", "<link", "javascript:", " onclick"] {
            assert!(!html.contains(foreign), "{foreign} in {file}");
        }
        assert!(html.contains("Content-Security-Policy") && html.contains("default-src 'none'"));
    }
}

#[test]
fn links_lead_somewhere_and_ids_are_unique() {
    let shops = [shop(3_000), vec![cart()], Vec::new()].map(|carts| analysis_of(&carts, 2));
    let found = with_findings(analysis_of(&shop(3_000), 2), "paypal");
    for analysis in shops.into_iter().chain([found]) {
        let files = files(&analysis, &provenance()).unwrap();
        let mut ids: BTreeSet<(&str, String)> = BTreeSet::new();
        let mut hrefs = Vec::new();
        for (file, html) in pages(&files) {
            let html = html.replace("&#x2f;", "/");
            let attributes = |name: &str| -> Vec<String> {
                let begins = format!(" {name}=\"");
                let found = html.split(&begins).skip(1);
                found.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
            };
            for id in attributes("id") {
                assert!(ids.insert((file, id.clone())), "{id} is twice in {file}");
            }
            hrefs.extend(attributes("href").into_iter().map(|href| (file, href)));
        }
        for (file, href) in hrefs {
            let is_known = match href.split_once('#') {
                Some(("", anchor)) => ids.contains(&(file, anchor.to_owned())),
                Some((other, anchor)) => ids.iter().any(|(file, id)| *file == other && id == anchor),
                None if Path::new(&href).extension().is_some_and(|kind| kind == "png") => {
                    files.contains_key(&Path::new(&href).with_extension("svg"))
                }
                None => href == "../index.html" || files.contains_key(Path::new(&href)),
            };
            assert!(is_known, "{href} in {file}");
        }
    }
}

#[test]
fn the_night_in_short_says_what_the_overview_says() {
    let files = report(&shop(3_000), 120);
    let mail = visible(&files[Path::new("summary.html")]);
    let plain = files[Path::new("summary.md")].replace('\\', "");
    let overview = first_screen(&files);
    for word in
        ["How many are abandoned?", "What does it cost?", "Where are most lost?", "Abandoned carts, 20 Nov 2026"]
    {
        assert!(overview.contains(word) && mail.contains(word) && plain.contains(word), "{word}");
    }
    assert!(!plain.contains("\n\n\n\n"), "{plain}");
}

#[test]
fn without_carts_the_page_says_so_in_words() {
    let files = report(&[], 0);
    let text = all_visible(&files);
    assert!(text.contains("There are no carts up to this night"));
    assert!(text.contains("There are no orders"));
    assert!(!page(&files).contains("<svg") && !files.keys().any(|path| path.starts_with("charts")));
    assert!(!text.contains("NaN") && !text.contains("None"));
}

#[test]
fn one_cart_gives_no_percentage() {
    let files = report(&[cart()], 1);
    let text = all_visible(&files);
    assert!(text.contains("1 of 1") && text.contains("too few to"));
    // Levels of intervals are no percentages of carts.
    let allowed = ["95%", "90%", "80%", "1%", "%"];
    let percentages = text
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')', ',', ';', '.']))
        .filter(|word| word.ends_with('%'));
    assert_eq!(percentages.filter(|word| !allowed.contains(word)).collect::<Vec<_>>(), [""; 0]);
    assert!(text.contains("20.00\u{a0}EUR"));
}

#[test]
fn pending_carts_alone_are_in_no_percentage() {
    let young = Cart { age: events::time::DAY, ..cart() };
    let files = report(&vec![young; 50], 0);
    let text = visible(page(&files));
    assert!(text.contains("50 carts are still pending: no cart is old enough yet"));
    assert!(!first_screen(&files).contains('%'), "{}", first_screen(&files));
}

#[test]
fn currencies_without_a_rate_are_not_added_up() {
    let foreign = Cart { currency: Some("CHF".to_owned()), ..cart() };
    let carts = [vec![cart(); 40], vec![foreign; 30]].concat();
    let files = report(&carts, 0);
    let text = all_visible(&files);
    assert!(text.contains("No exchange rate is configured for CHF"));
    assert!(text.contains("800.00") && text.contains("600.00") && !text.contains("1,400.00"));
}

#[test]
fn a_large_tracking_gap_is_on_the_first_screen() {
    let gap = |without_cart| first_screen(&report(&shop(3_000), without_cart)).contains("Tracking gap");
    assert!(gap(200) && !gap(2));
}

/// Every figure of the pages is one of the summary, as some formatter writes it.
#[test]
fn every_number_of_the_pages_is_in_the_summary() {
    let files = report(&shop(3_000), 120);
    let summary: serde_json::Value = serde_json::from_str(&files[Path::new(folder::SUMMARY)]).unwrap();
    let mut known: BTreeSet<String> = ["95", "30", "1", "0.1", "99.9", "365"].map(str::to_owned).into();
    collect(&summary, &mut known);
    // Definitions, SQL and what explains figures do not report them.
    let until = |html: &str, end: &str| html.split_once(end).map_or(html, |(text, _)| text).to_owned();
    let reported = |html: &str| visible(&until(&until(html, "<section id=\"definitions\""), "<div class=\"known\""));
    let text: String = pages(&files).map(|(_, html)| reported(html)).collect();
    let text: String =
        text.split("P-").map(|piece| piece.trim_start_matches(|c: char| c.is_ascii_hexdigit())).collect();
    let missing: Vec<String> = tokens(&text).into_iter().filter(|token| !known.contains(token)).collect();
    assert_eq!(missing, [""; 0]);
}

/// Runs of digits with the separators within them.
fn tokens(text: &str) -> Vec<String> {
    let inner = |letter: char| letter.is_ascii_digit() || matches!(letter, ',' | '.');
    let runs = text.split(|letter| !inner(letter)).map(|run| run.trim_matches([',', '.']));
    runs.filter(|run| run.contains(|letter: char| letter.is_ascii_digit())).map(str::to_owned).collect()
}

/// All spellings of the numbers in a piece of JSON.
fn collect(value: &serde_json::Value, known: &mut BTreeSet<String>) {
    use serde_json::Value;
    let mut add = |text: String| known.extend(tokens(&text));
    match value {
        Value::Object(fields) => {
            for value in fields.values() {
                collect(value, known);
            }
        }
        Value::Array(values) => {
            add(number::count(values.len() as u64));
            for value in values {
                collect(value, known);
            }
        }
        Value::Number(figure) => {
            if let Some(count) = figure.as_u64() {
                add(number::count(count));
                add(number::rate(i128::from(count)));
            }
            let float = figure.as_f64().unwrap();
            for n in [100, 10_000] {
                let share = analysis::Estimate { point: float, low: float, high: float, n };
                add(number::interval(share));
            }
            add(number::duration(float));
            add(number::age(float));
            add(number::score(float));
            add(number::rating(float));
            add(number::about(float));
        }
        Value::String(text) => {
            add(text.clone());
            if let Some(amount) = events::Amount::parse(text) {
                add(number::money(amount, "EUR"));
                add(number::money_brief(amount, "EUR"));
                add(number::money_beside(amount, events::Amount(i128::MAX), "EUR"));
            }
            if let Some(moment) = events::time::parse(text) {
                add(number::moment(moment, "Europe/Berlin"));
                add(number::date(number::local_date(moment, "UTC")));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
