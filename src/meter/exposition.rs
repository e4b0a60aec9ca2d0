//! Station: numbers as Prometheus reads them (text format 0.0.4).

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::meter::Histogram;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text that grows by one metric after the other; each is written once, with what it means.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// The whole text.
    pub fn into_text(self) -> String {
        self.0
    }

    /// A number that only grows.
    pub fn counter(&mut self, name: &str, help: &str, count: u64) {
        self.head(name, help, "counter");
        self.line(name, &[], &count.to_string());
    }

    /// Numbers that only grow and differ by one label.
    pub fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counts: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.head(name, help, "counter");
        for (word, count) in counts {
            self.line(name, &[(label, word)], &count.to_string());
        }
    }

    /// Seconds that only grow.
    pub fn seconds_total(&mut self, name: &str, help: &str, seconds: f64) {
        self.head(name, help, "counter");
        self.line(name, &[], &number(seconds));
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "gauge");
        self.line(name, &[], &number(value));
    }

    /// Numbers that go up and down and differ by one label.
    pub fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) {
        self.head(name, help, "gauge");
        for (word, value) in values {
            self.line(name, &[(label, word)], &number(value));
        }
    }

    /// A number that says nothing: what matters are its labels.
    pub fn info(&mut self, name: &str, help: &str, labels: &[(&str, &str)]) {
        self.head(name, help, "gauge");
        self.line(name, labels, "1");
    }

    /// How often something took how long.
    pub fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        let buckets = histogram.cumulative();
        for (bound, count) in &buckets {
            self.line(&format!("{name}_bucket"), &[("le", &number(*bound))], &count.to_string());
        }
        self.line(&format!("{name}_sum"), &[], &number(histogram.seconds()));
        // The last bucket's, and not asked for again: in between somebody may have counted.
        let all = buckets.last().map_or(0, |(_, count)| *count);
        self.line(&format!("{name}_count"), &[], &all.to_string());
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a string takes all that is written");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{}\"", escaped(word))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}").expect("a string takes all that is written");
    }
}

/// A moment as Prometheus counts time: seconds since 1970.
pub fn seconds(moment: Timestamp) -> f64 {
    moment.as_millisecond() as f64 / 1_000.0
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn number(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_metric_has_its_help_its_kind_and_its_lines() {
        let histogram = Histogram::of(&[0.000_05, 1.0]);
        histogram.observe(Duration::from_millis(500));
        let mut out = Exposition::default();
        out.counter("a_total", "What\nit\\is.", 3);
        out.gauges("b", "B.", "of", [("say \"no\"\\\n", 1.5), ("two", 1e15)]);
        out.info("c_info", "C.", &[("version", "1"), ("schema", "2")]);
        out.histogram("d_seconds", "D.", &histogram);
        let text = "\
# HELP a_total What\\nit\\\\is.\n# TYPE a_total counter\na_total 3
# HELP b B.\n# TYPE b gauge\nb{of=\"say \\\"no\\\"\\\\\\n\"} 1.5\nb{of=\"two\"} 1000000000000000
# HELP c_info C.\n# TYPE c_info gauge\nc_info{version=\"1\",schema=\"2\"} 1
# HELP d_seconds D.\n# TYPE d_seconds histogram\nd_seconds_bucket{le=\"0.00005\"} 0\nd_seconds_bucket{le=\"1\"} 1
d_seconds_bucket{le=\"+Inf\"} 1\nd_seconds_sum 0.5\nd_seconds_count 1\n";
        assert_eq!(out.into_text(), text);
    }

    #[test]
    fn a_moment_is_in_seconds_since_1970() {
        assert!((seconds("2026-02-13T15:00:00.25Z".parse().unwrap()) - 1_770_994_800.25).abs() < 1e-6);
    }
}
