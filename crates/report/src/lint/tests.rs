use super::*;
use crate::testing::{Cart, analysis_of, cart, provenance, shop, with_findings};

/// Every page of a report, the night in short included.
fn pages(carts: &[Cart]) -> Vec<(String, String)> {
    pages_of(&analysis_of(carts, 40))
}

fn pages_of(analysis: &analysis::Analysis) -> Vec<(String, String)> {
    let files = crate::tests::files(analysis, &provenance()).expect("a report");
    let texts = files.into_iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "html"));
    texts.map(|(path, html)| (path.display().to_string(), html)).collect()
}

/// The overview of a shop with this in it.
fn overview_with(html: &str) -> String {
    static OVERVIEW: LazyLock<String> = LazyLock::new(|| {
        let mut pages = pages(&shop(3_000)).into_iter();
        pages.find(|(name, _)| name == "index.html").expect("an overview").1
    });
    OVERVIEW.replacen("</main>", &format!("<section>{html}</section></main>"), 1)
}

#[test]
fn every_page_of_every_shop_keeps_the_rules() {
    let young = Cart { age: events::time::DAY, ..cart() };
    let shops = [shop(14_000), shop(3_000), shop(220), vec![cart()], vec![young; 50], Vec::new()];
    let pages: Vec<(String, String)> = shops.iter().flat_map(|carts| pages(carts)).collect();
    assert!(pages.len() > 30, "{}", pages.len());
    for (name, html) in pages {
        assert_eq!(page(&html, Persons::default()), [], "{name}");
    }
}

#[test]
fn findings_and_alerts_keep_the_rules_and_show_every_cart_that_there_is() {
    for word in ["paypal", "“because”", "</article><script>alert(1)</script>", "ann@example.com"] {
        let pages = pages_of(&with_findings(analysis_of(&shop(3_000), 40), word));
        for (name, html) in &pages {
            assert_eq!(page(html, Persons::default()), [], "{name} of {word}");
        }
        let of = |file: &str| &pages.iter().find(|(name, _)| name == file).expect("a page").1;
        assert_eq!(
            of("barriers.html").matches(" data-journey ").count()
                + of("barriers.html").matches(" data-journey>").count(),
            10
        );
        assert_eq!(of("barriers.html").matches("<article").count(), 3);
        assert!(
            of("index.html").contains("barriers.html#barrier-1\"")
                && of("index.html").matches("data-finding").count() == 2
        );
    }
}

/// What a page must not say, and the rule that it breaks.
const POISONED: [(Rule, &str); 38] = [
    (Rule::Causal, "<p>Carts are left because shipping costs too much.</p>"),
    (Rule::Causal, "<p data-rung=\"1\">The error causes customers to leave.</p>"),
    (Rule::Causal, "<p data-rung=\"2\">Abandonment rose due to the new checkout.</p>"),
    (Rule::Causal, "<p data-rung=\"3\">This is probably caused by release 4.2.</p>"),
    (Rule::Causal, "<h3>Slow pages drive people away</h3>"),
    (Rule::Causal, "<table><tbody><tr><td>Paying by invoice leads to fewer abandoned carts</td></tr></tbody></table>"),
    (Rule::Causal, "<p>Thanks to the follow-up list, more is bought.</p>"),
    (Rule::Causal, "<p>“It was slow”, said one; the slowness is the reason why carts are left.</p>"),
    (Rule::Bare, "<p>71% of carts are abandoned.</p>"),
    (Rule::Bare, "<h3>Carts on phones are abandoned in 82.4 % of cases</h3>"),
    (Rule::Bare, "<table><tbody><tr><th scope=\"row\">mobile</th><td class=\"n\">82%</td></tr></tbody></table>"),
    (Rule::Bare, "<p>About 1,200 carts would have been bought otherwise.</p>"),
    (Rule::Bare, "<p>The shop lost probably 12,000 EUR to it.</p>"),
    (Rule::Bare, "<p class=\"figure\">1,204,331 EUR</p>"),
    (
        Rule::Bare,
        "<table><thead><tr><th scope=\"col\">Device</th><th scope=\"col\" class=\"n\">Carts</th></tr></thead></table>",
    ),
    (Rule::Bare, "<p>On phones significantly more carts are left.</p>"),
    (Rule::Few, "<p>60% (3 of 5 carts) were abandoned.</p>"),
    (Rule::Few, "<p><span data-n=\"29\">72%</span> of carts were abandoned.</p>"),
    (Rule::Few, "<table><tbody><tr><th>tablet</th><td class=\"n\" data-n=\"7\">43%</td></tr></tbody></table>"),
    (Rule::Few, "<p>Half the carts were left (50%, n = 12).</p>"),
    (Rule::Few, "<p data-n=\"3\">33 % of attempts failed.</p>"),
    (Rule::Forecast, "<p><span data-n=\"400\">58%</span> of tonight’s carts will not be bought within three days.</p>"),
    (
        Rule::Forecast,
        "<div class=\"card\"><p>Of 400 carts, <span data-n=\"400\">58%</span> are expected to be left \
         (90% range <span data-n=\"400\">55–61%</span>).</p></div>",
    ),
    (
        Rule::Findings,
        "<p data-finding data-rung=\"1\"><a href=\"#a\">1</a></p><p data-finding data-rung=\"1\"><a href=\"#a\">2</a></p>\
         <p data-finding data-rung=\"1\"><a href=\"#a\">3</a></p><p data-finding data-rung=\"1\"><a href=\"#a\">4</a></p>\
         <p data-finding data-rung=\"1\"><a href=\"#a\">5</a></p><p data-finding data-rung=\"1\"><a href=\"#a\">6</a></p>",
    ),
    (Rule::Evidence, "<p data-finding>Paying by invoice stops. <a href=\"barriers.html\">The evidence</a></p>"),
    (Rule::Evidence, "<p data-finding data-rung=\"0\">Paying stops. <a href=\"barriers.html\">The evidence</a></p>"),
    (Rule::Evidence, "<p data-finding data-rung=\"-1\">Paying stops. <a href=\"barriers.html\">The evidence</a></p>"),
    (Rule::Causal, "<p data-rung=\"9\">Paying stops because of release 4.2.</p>"),
    (Rule::Evidence, "<p data-finding data-rung=\"3\">Paying by invoice stops.</p>"),
    (
        Rule::Evidence,
        "<article data-finding data-journeys=\"5\"><p data-rung=\"3\">Paying by invoice stops.</p></article>",
    ),
    (
        Rule::Evidence,
        "<article data-finding data-journeys=\"3\"><p data-rung=\"3\">Paying by invoice stops.</p>\
         <details data-journey></details><details data-journey></details></article>",
    ),
    (
        Rule::Evidence,
        "<article data-finding data-journeys=\"0\"><p data-rung=\"3\">Paying by invoice stops.</p></article>",
    ),
    (Rule::Person, "<p>ann.smith@example.com left a cart.</p>"),
    (Rule::Person, "<p>The cart of c:8123 was left.</p>"),
    (Rule::Person, "<table><tbody><tr><td>v:ann</td></tr></tbody></table>"),
    (Rule::Person, "<p>Customer wrote: “call me at +49 170 5550123”.</p>"),
    (Rule::Person, "<p title=\"customer_id: 8123\">A customer left a cart.</p>"),
    (Rule::Person, "<p>Somebody at 203.0.113.7 left a cart with card 4111 1111 1111 1111.</p>"),
];

#[test]
fn poisoned_pages_are_all_rejected_for_what_they_say() {
    for (rule, poison) in POISONED {
        let faults = page(&overview_with(poison), Persons::default());
        let rules: BTreeSet<Rule> = faults.iter().map(|fault| fault.rule).collect();
        assert_eq!(rules, BTreeSet::from([rule]), "{poison}: {faults:?}");
    }
}

/// The same matters, said as they may be.
const GOOD: [&str; 22] = [
    "<p data-rung=\"4\">This is probably caused by a release that came at the same time.</p>",
    "<p data-rung=\"5\">The list brings customers back: it was tested on a hold-out.</p>",
    "<p>Customers wrote “I left because shipping costs too much”.</p>",
    "<p>Shipping is first shown at the step where most carts stop.</p>",
    "<p>Carts on phones are left more often than on desks; a difference says where to look, not why.</p>",
    "<p><span data-n=\"13760\">71.3%</span> of carts are abandoned.</p>",
    "<p>71% of carts (9,812 of 13,760) were abandoned.</p>",
    "<p>On phones 82% were left (n = 412).</p>",
    "<p>The median takes 3 min; the 95% interval is in the table.</p>",
    "<table><tbody><tr><td class=\"n\"><span class=\"value\">+8.9%</span> <span class=\"note\">+7.8% to +10.0%</span></td></tr></tbody></table>",
    "<p>About 403 of 2,310 are expected to be bought after three days.</p>",
    "<p>At least 1,200 EUR lost, probably 2,400 EUR (80% range 1,200 EUR to 4,000 EUR).</p>",
    "<p>3 of 5 carts were abandoned: too few to say more.</p>",
    "<p><span data-n=\"30\">70%</span> of carts were abandoned.</p>",
    "<p><span data-n=\"400\">58%</span> of tonight’s carts will not be bought within three days. On 54 of 60 nights that can \
     be judged the range held.</p>",
    "<p><span data-n=\"400\">58%</span> of the carts will not be bought in time. No night can be judged yet.</p>",
    "<p data-finding data-rung=\"1\"><a href=\"#a\">1</a></p><p data-finding data-rung=\"1\"><a href=\"#a\">2</a></p>\
     <p data-finding data-rung=\"1\"><a href=\"#a\">3</a></p><p data-finding data-rung=\"1\"><a href=\"#a\">4</a></p>\
     <p data-finding data-rung=\"5\"><a href=\"#a\">5</a></p>",
    "<article data-finding data-journeys=\"2\"><p data-rung=\"3\">Paying by invoice stops.</p>\
     <details data-journey></details><details data-journey></details></article>",
    "<article data-finding data-journeys=\"0\"><p data-rung=\"1\">Paying stops.</p><p>No cart can be shown.</p></article>",
    "<p>P-9f3ac1d2 left a cart of 129.90 EUR on 2 Mar 2026, 04:10.</p>",
    "<p>Cart 9f3ac1d29f3ac1d29f3ac1d29f3ac1d2; release 4.2.1; generation 2026-11-20T03-10-00Z-7f3a.</p>",
    "<pre>select 'c:' || customer_id from carts where visitor_id = 'v:1234'</pre>",
];

#[test]
fn good_pages_pass() {
    for good in GOOD {
        assert_eq!(page(&overview_with(good), Persons::default()), [], "{good}");
    }
}

#[test]
fn a_page_may_name_customers_where_the_shop_says_so_and_known_ids_are_found_without_a_pattern() {
    let named = overview_with("<p>The customer 8123 left a cart.</p>");
    assert_eq!(page(&named, Persons::default()), []);
    let ids = BTreeSet::from(["8123".to_owned()]);
    let faults = page(&named, Persons { shown: false, ids: Some(&ids) });
    assert_eq!(faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(), [Rule::Person]);
    assert_eq!(page(&named, Persons { shown: true, ids: Some(&ids) }), []);
}

#[test]
fn hostile_names_of_a_shop_are_text_to_the_lint_too() {
    let words = std::array::from_fn(|_| Some("<script>alert(\"</main>\")</script>".to_owned()));
    let carts = vec![Cart { words, ..cart() }; 80];
    for (name, html) in pages(&carts) {
        assert_eq!(page(&html, Persons::default()), [], "{name}");
    }
}
