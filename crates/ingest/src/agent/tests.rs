use super::*;
use crate::row::{Field, RawRow};
use crate::words;

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const PIXEL: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";

/// Device, os, browser (blank where none), and the string, whose `{…}` stands for one of the heads above.
const PEOPLE: [(&str, &str, &str, &str); 42] = [
    ("mobile", "iOS", "Safari", "{iphone} Version/17.5 Mobile/15E148 Safari/604.1"),
    ("mobile", "iOS", "Chrome", "{iphone} CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1"),
    ("mobile", "iOS", "Firefox", "{iphone} FxiOS/126.0 Mobile/15E148 Safari/605.1.15"),
    ("mobile", "iOS", "Edge", "{iphone} Version/17.0 EdgiOS/124.0.2478.89 Mobile/15E148 Safari/604.1"),
    ("mobile", "iOS", "Opera", "{iphone} Version/17.5 Mobile/15E148 Safari/604.1 OPT/4.7.0"),
    ("mobile", "iOS", "DuckDuckGo", "{iphone} Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15"),
    ("mobile", "iOS", "Safari (in-app)", "{iphone} Mobile/15E148"),
    (
        "mobile",
        "iOS",
        "Safari (in-app)",
        "{iphone} Mobile/15E148 Instagram 332.0.2.18.97 (iPhone14,5; iOS 17_5; de_DE)",
    ),
    ("mobile", "iOS", "Safari (in-app)", "{iphone} Mobile/15E148 [FBAN/FBIOS;FBAV/463.0.0.32.109;FBBV/597543224]"),
    ("mobile", "iOS", "Safari (in-app)", "{iphone} GSA/317.0.634488990 Mobile/15E148 Safari/604.1"),
    ("mobile", "iOS", "", "Shop/4.2.1 CFNetwork/1494.0.7 Darwin/23.4.0"),
    (
        "tablet",
        "iPadOS",
        "Safari",
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    ),
    (
        "desktop",
        "macOS",
        "Safari",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
    ),
    (
        "desktop",
        "macOS",
        "Chrome",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    ),
    (
        "desktop",
        "macOS",
        "Firefox",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:126.0) Gecko/20100101 Firefox/126.0",
    ),
    ("mobile", "Android", "Chrome", "{pixel} Chrome/125.0.6422.53 Mobile Safari/537.36"),
    ("mobile", "Android", "Edge", "{pixel} Chrome/124.0.0.0 Mobile Safari/537.36 EdgA/124.0.2478.64"),
    ("mobile", "Android", "Opera", "{pixel} Chrome/122.0.0.0 Mobile Safari/537.36 OPR/81.1.4292.78446"),
    ("mobile", "Android", "Samsung Internet", "{pixel} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"),
    ("mobile", "Android", "UC Browser", "{pixel} Version/4.0 Chrome/100.0 UCBrowser/13.4.0.1306 Mobile Safari/537.36"),
    ("mobile", "Android", "Firefox", "Mozilla/5.0 (Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0"),
    (
        "mobile",
        "Android",
        "Android Webview",
        "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.82 Mobile Safari/537.36",
    ),
    (
        "mobile",
        "Android",
        "Android Webview",
        "{pixel} Version/4.0 Chrome/124.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/463.0.0.55.83;]",
    ),
    (
        "mobile",
        "Android",
        "Android Webview",
        "{pixel} Version/4.0 Chrome/124.0 Mobile Safari/537.36 trill_2023 BytedanceWebview/d8a21c6",
    ),
    (
        "mobile",
        "Android",
        "Android Browser",
        "Mozilla/5.0 (Linux; U; Android 4.1.2; de-de; GT-I9300) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
    ),
    (
        "mobile",
        "Android",
        "Chrome",
        "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    ),
    ("mobile", "Android", "", "Dalvik/2.1.0 (Linux; U; Android 13; SM-S901B Build/TP1A.220624.014)"),
    ("mobile", "Android", "", "okhttp/4.12.0"),
    (
        "tablet",
        "Android",
        "Chrome",
        "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    ),
    (
        "tablet",
        "Fire OS",
        "Amazon Silk",
        "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Safari/537.36",
    ),
    ("desktop", "Windows", "Chrome", "{windows} Chrome/125.0.0.0 Safari/537.36"),
    ("desktop", "Windows", "Edge", "{windows} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.2478.80"),
    ("desktop", "Windows", "Opera", "{windows} Chrome/122.0.0.0 Safari/537.36 OPR/108.0.0.0"),
    ("desktop", "Windows", "Vivaldi", "{windows} Chrome/122.0.0.0 Safari/537.36 Vivaldi/6.7.3329.17"),
    (
        "desktop",
        "Windows",
        "Firefox",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0",
    ),
    ("desktop", "Windows", "Internet Explorer", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"),
    (
        "desktop",
        "Chrome OS",
        "Chrome",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    ),
    ("desktop", "Linux", "Firefox", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"),
    (
        "other",
        "Tizen",
        "Samsung Internet",
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/2.2 Chrome/76.0 TV Safari/537.36",
    ),
    (
        "other",
        "Fire OS",
        "Chrome",
        "Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 Chrome/108.0 Safari/537.36",
    ),
    ("other", "", "", "Mozilla/5.0"),
    ("other", "", "", "-"),
];

const PROGRAMS: [&str; 9] = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "python-requests/2.31.0",
    "curl/8.5.0",
];

fn whole(text: &str) -> String {
    text.replace("{iphone}", IPHONE).replace("{pixel}", PIXEL).replace("{windows}", WINDOWS)
}

#[test]
fn device_system_and_browser_are_told() {
    for (device, os, browser, text) in PEOPLE {
        let named = |name: &'static str| (!name.is_empty()).then_some(name);
        let expected = Agent { device, os: named(os), browser: named(browser), is_bot: false };
        assert_eq!(Agents::default().read(&whole(text)), expected, "{text}");
    }
}

#[test]
fn programs_are_bots_whatever_they_imitate() {
    for text in PROGRAMS {
        let expected = Agent { device: "other", os: None, browser: None, is_bot: true };
        assert_eq!(Agents::default().read(text), expected, "{text}");
    }
}

#[test]
fn names_are_spelled_as_everywhere_else() {
    for (device, os, browser, _) in PEOPLE {
        let mut row = RawRow::default();
        for (field, name) in [(Field::Device, device), (Field::Os, os), (Field::Browser, browser)] {
            row.set(field, name);
            let before = row.get(field).map(str::to_owned);
            words::canonical(&mut row);
            assert_eq!(row.get(field), before.as_deref());
        }
    }
}

#[test]
fn what_is_remembered_is_what_was_read_also_after_forgetting() {
    let text = whole("{windows} Chrome/125.0.0.0 Safari/537.36");
    let mut agents = Agents::default();
    let first = agents.read(&text);
    for number in 0..=REMEMBERED {
        agents.read(&format!("Mozilla/5.0 number {number}"));
    }
    assert_eq!(agents.read(&text), first);
    assert!(agents.seen.len() <= REMEMBERED);
}

#[test]
fn a_shop_s_own_list_decides_who_is_a_program() {
    let mut agents = Agents::new(Arc::new(Programs::parse("night shopper").unwrap()));
    assert!(agents.read("Mozilla/5.0 (X11; Linux x86_64) Night Shopper/2").is_bot);
    assert!(!agents.read("Googlebot/2.1").is_bot);
}
