//! Payloads that attack whoever shows a feed: our own few, and the lists beside the checkout.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::shared;
use crate::mutate::files;

/// One of each kind, for when no list is beside the checkout.
const OWN: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "[x](javascript:alert(1)) ![y](https://evil.example/z.png) <https://evil.example>",
    "]]><script>alert(1)</script><![CDATA[",
    "=HYPERLINK(\"https://evil.example\")",
    "\u{1b}]8;;https://evil.example\u{7}x\u{1b}]8;;\u{7}\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}31m\u{202e}x\u{2066}y\u{200b}z\u{0}",
    "&#27;[31m &#x9b;1m &#x202e;x &#8206;",
    "```\n# x\n| a | b |",
];

/// Whole payloads: ours, DOMPurify's, OWASP's and the naughty strings; 848 of others when all lists are there.
pub fn lists() -> Vec<String> {
    let mut payloads: Vec<String> = OWN.iter().map(|payload| (*payload).to_owned()).collect();
    for name in ["security/dompurify/expect.json", "security/owasp/xss_filter_evasion.json", "security/blns/blns.json"]
    {
        let Some(path) = shared(name) else { continue };
        let values: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        payloads
            .extend(values.iter().filter_map(|value| value.as_str().or(value["payload"].as_str()).map(str::to_owned)));
    }
    payloads
}

/// The inputs of html5lib's own tests: trees and tokens.
pub fn html5lib() -> Vec<String> {
    let Some(folder) = shared("security/html5lib-tests") else { return Vec::new() };
    let mut inputs = Vec::new();
    for path in files(&folder) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        match ending(&path) {
            "dat" => inputs.extend(
                text.split("#data\n").skip(1).filter_map(|case| Some(case.split_once("\n#errors")?.0.to_owned())),
            ),
            "test" => {
                let tests: Value = serde_json::from_str(&text).unwrap_or_default();
                let cases = tests["tests"].as_array().into_iter().flatten();
                inputs.extend(cases.filter_map(|case| Some(case["input"].as_str()?.to_owned())));
            }
            _ => {}
        }
    }
    inputs
}

/// Every file of the security lists, as it lies there.
pub fn documents() -> Vec<Vec<u8>> {
    let Some(folder) = shared("security") else { return Vec::new() };
    files(&folder).iter().map(|path| fs::read(path).unwrap()).collect()
}

fn ending(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}
