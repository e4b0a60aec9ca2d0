//! Small feeds made to order, in our own words.

/// An entry of a made feed; what is empty is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    pub guid: &'a str,
    pub link: &'a str,
    pub title: &'a str,
    pub text: &'a str,
    /// As RFC 822 wants it.
    pub published: &'a str,
    /// The publisher that an aggregator names.
    pub source: &'a str,
}

/// A day long enough ago that no clock calls it the future.
pub const DAY: &str = "Thu, 13 Feb 2025 10:00:00 GMT";

/// Two outlets' words for one story.
pub const DAM: Entry<'static> = Entry {
    guid: "dam",
    link: "https://lamp.example/dam",
    title: "Orveth dam breached after record rain, 3,400 people evacuated",
    text: "The Orveth dam above the town of Kellbruck broke on Thursday morning after three days of record rain. Rescue teams \
           led by Marta Hollin brought 3,400 people out of Kellbruck before the water came, the region's governor said.",
    published: DAY,
    source: "",
};
pub const DAM_TOLD_AGAIN: Entry<'static> = Entry {
    guid: "n-77",
    link: "https://beacon.example/n/77",
    title: "Record rain breaches Orveth dam; 3,400 evacuated from Kellbruck",
    text: "Kellbruck stands empty: 3,400 people were evacuated on Thursday when the Orveth dam breached after record rain. \
           Marta Hollin, who leads the rescue teams, said that nobody is missing.",
    published: "Thu, 13 Feb 2025 11:30:00 GMT",
    source: "",
};
pub const BREAD: Entry<'static> = Entry {
    guid: "bread",
    link: "https://lamp.example/bread",
    title: "Baker's guild opens a school for sourdough",
    text: "Twelve apprentices begin in April and learn to keep a starter alive for a year.",
    published: "Thu, 13 Feb 2025 09:00:00 GMT",
    source: "",
};

/// An RSS 2.0 feed of these entries.
pub fn rss(outlet: &str, entries: &[Entry<'_>]) -> String {
    let element = |name: &str, value: &str| match value {
        "" => String::new(),
        value => format!("<{name}>{}</{name}>", escaped(value)),
    };
    let entries: String = entries
        .iter()
        .map(|entry| {
            let source = match entry.source {
                "" => String::new(),
                source => format!("<source url=\"https://source.example/feed\">{}</source>", escaped(source)),
            };
            format!(
                "<item>{}{}{}{}{}{source}</item>\n",
                element("title", entry.title),
                element("link", entry.link),
                element("guid", entry.guid),
                element("pubDate", entry.published),
                element("description", entry.text),
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel>{}<link>https://{}.example/</link>\n{entries}</channel></rss>",
        element("title", outlet),
        outlet.to_lowercase().replace(' ', ""),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
