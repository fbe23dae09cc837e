//! A browser's user agent string into device, os and browser, in the spelling of [`crate::words`].
//!
//! The rules are a short table and look for what is told apart in practice: which form the device has, whose system it
//! runs, whose browser it is. Order matters: every browser calls itself by the names of those before it. What cannot
//! be told is not guessed: an iPad that asks for desktop pages calls itself a Mac, and is one here. Programs are told by
//! a list of their names.

mod programs;

use std::collections::HashMap;
use std::sync::Arc;

pub use programs::{BadPattern, Programs};

/// What a user agent string says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agent {
    /// desktop, mobile, tablet or other; `other` for programs, televisions, consoles and what names no system.
    pub(crate) device: &'static str,
    /// The system, where it is named.
    pub(crate) os: Option<&'static str>,
    /// The browser, where it is named.
    pub(crate) browser: Option<&'static str>,
    /// Whether it says of itself that it is a program: crawler, monitor, headless browser, HTTP library.
    pub(crate) is_bot: bool,
}

/// Distinct strings that a reader remembers; a shop's visitors have a few thousand.
const REMEMBERED: usize = 10_000;

/// Reads user agent strings by a list of programs. Strings repeat row after row, so answers are remembered.
#[derive(Debug)]
pub(crate) struct Agents {
    programs: Arc<Programs>,
    seen: HashMap<String, Agent>,
}

impl Agents {
    pub(crate) fn new(programs: Arc<Programs>) -> Self {
        Self { programs, seen: HashMap::new() }
    }

    pub(crate) fn read(&mut self, text: &str) -> Agent {
        if let Some(agent) = self.seen.get(text) {
            return *agent;
        }
        let agent = parse(text, &self.programs);
        if self.seen.len() == REMEMBERED {
            self.seen.clear();
        }
        self.seen.insert(text.to_owned(), agent);
        agent
    }
}

impl Default for Agents {
    /// By the list that comes with leftcart.
    fn default() -> Self {
        Self::new(Programs::built_in())
    }
}

fn parse(text: &str, programs: &Programs) -> Agent {
    let text = text.to_ascii_lowercase();
    if programs.name(&text) {
        return Agent { device: "other", os: None, browser: None, is_bot: true };
    }
    let (device, os) = system(&text);
    Agent { device, os, browser: browser(&text, os), is_bot: false }
}

/// Device and system.
fn system(text: &str) -> (&'static str, Option<&'static str>) {
    const SCREENS: [&str; 12] = [
        "smart-tv",
        "smarttv",
        "android tv",
        "googletv",
        "appletv",
        "apple tv",
        "hbbtv",
        "roku",
        "crkey",
        "playstation",
        "nintendo",
        "xbox",
    ];
    let has = |part: &str| text.contains(part);
    let is_screen = SCREENS.iter().any(|name| has(name)) || has("bravia") || has("web0s") || has("; aft");
    let form = |device: &'static str| if is_screen { "other" } else { device };
    match () {
        () if has("windows phone") => ("mobile", Some("Windows Phone")),
        () if has("windows") => (form("desktop"), Some("Windows")),
        () if has("ipad") => ("tablet", Some("iPadOS")),
        () if has("iphone") || has("ipod") => ("mobile", Some("iOS")),
        () if has("tizen") => (form("mobile"), Some("Tizen")),
        () if has("harmonyos") || has("openharmony") => (form("mobile"), Some("HarmonyOS")),
        () if has("kaios") => ("mobile", Some("KaiOS")),
        () if is_fire(text) => (form("tablet"), Some("Fire OS")),
        () if has("android") => (form(android_form(text)), Some("Android")),
        () if has("cros ") => ("desktop", Some("Chrome OS")),
        () if has("macintosh") || has("mac os x") => ("desktop", Some("macOS")),
        // What an app sends that leaves the matter to its system's library.
        () if has("cfnetwork/") && has("darwin/") => ("mobile", Some("iOS")),
        () if has("okhttp/") => ("mobile", Some("Android")),
        () if is_screen => ("other", None),
        () if has("linux") || has("x11") => ("desktop", Some("Linux")),
        () => ("other", None),
    }
}

/// Amazon's devices: tablets' models begin with KF, televisions' with AFT.
fn is_fire(text: &str) -> bool {
    let model = |prefix: &str| {
        text.split(prefix).skip(1).any(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()))
    };
    text.contains("silk/") || (text.contains("android") && (model("; kf") || model("; aft")))
}

/// Google asks browsers on telephones to say "Mobile"; apps that use no browser say nothing.
fn android_form(text: &str) -> &'static str {
    const TABLETS: [&str; 5] = ["sm-t", "sm-x", "tablet", "lenovo tb", "mediapad"];
    if TABLETS.iter().any(|name| text.contains(name)) {
        "tablet"
    } else if text.contains("mobile") || text.contains("dalvik/") {
        "mobile"
    } else {
        "tablet"
    }
}

/// Apps that show the shop in a window of their own.
const APPS: [&str; 13] = [
    "fban/",
    "fbav/",
    "fb_iab",
    "instagram ",
    "bytedancewebview",
    "musical_ly",
    "tiktok",
    "snapchat",
    "pinterest/",
    "twitter for",
    "linkedinapp",
    "micromessenger",
    "gsa/",
];

/// Browsers by what they call themselves, the ones that borrow names before those they borrow from.
const BROWSERS: [(&str, &str); 28] = [
    ("samsungbrowser/", "Samsung Internet"),
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("edge/", "Edge"),
    ("opr/", "Opera"),
    ("opt/", "Opera"),
    ("opios/", "Opera"),
    ("opera", "Opera"),
    ("ucbrowser/", "UC Browser"),
    ("yabrowser/", "YaBrowser"),
    ("vivaldi/", "Vivaldi"),
    ("ddg/", "DuckDuckGo"),
    ("duckduckgo/", "DuckDuckGo"),
    ("silk/", "Amazon Silk"),
    ("huaweibrowser/", "Huawei Browser"),
    ("miuibrowser/", "MIUI Browser"),
    ("whale/", "Whale"),
    ("qqbrowser/", "QQ Browser"),
    ("fxios/", "Firefox"),
    ("focus/", "Firefox"),
    ("firefox/", "Firefox"),
    ("msie ", "Internet Explorer"),
    ("trident/", "Internet Explorer"),
    ("crios/", "Chrome"),
    ("; wv)", "Android Webview"),
    ("chromium/", "Chrome"),
    ("chrome/", "Chrome"),
];

fn browser(text: &str, os: Option<&str>) -> Option<&'static str> {
    let has = |part: &str| text.contains(part);
    let is_apple = matches!(os, Some("iOS" | "iPadOS"));
    if APPS.iter().any(|name| has(name)) && (is_apple || os == Some("Android")) {
        return Some(if is_apple { "Safari (in-app)" } else { "Android Webview" });
    }
    if let Some((_, name)) = BROWSERS.iter().find(|(part, _)| has(part)) {
        return Some(name);
    }
    match os {
        Some("iOS" | "iPadOS" | "macOS") if has("safari/") => Some("Safari"),
        // A window of an app says everything that Safari says but its name.
        Some("iOS" | "iPadOS") if has("applewebkit/") => Some("Safari (in-app)"),
        Some("Android") if has("version/") && has("safari/") => Some("Android Browser"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
