//! Station: coverage over time as a picture: SVG for pages, a line of small bars for text. Both are made of numbers alone.

use crate::digest::coverage::Coverage;
use crate::listing::plain::line;

/// So many articles in one bar make a full one, if no bar has more: one article among two looks like what it is, not like a flood.
const PEAK_MIN: u64 = 4;
/// The size of the picture, in its own units.
const WIDTH: usize = 192;
/// A bar of one article is never lower than this.
const BAR_MIN: f64 = 3.0;
/// The height of the highest bar.
const BAR_MAX: f64 = 30.0;

/// Small bars, one for each bar of the chart: `▂·▅█`; a dot where nothing was published.
pub fn spark(coverage: &Coverage) -> String {
    let levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let peak = coverage.peak().max(PEAK_MIN);
    let level = |total: u64| match total {
        0 => '·',
        total => levels[usize::try_from((total * 8).div_ceil(peak) - 1).unwrap_or(7).min(7)],
    };
    coverage.bars.iter().map(|bar| level(bar.total())).collect()
}

/// The coverage as inline SVG: a bar for each step, what repeats another's words set upon it in a paler tone. `label` says it
/// for those who do not see it. Colours are attributes, for mail clients that drop style sheets, and classes, for those that do not.
pub fn svg(coverage: &Coverage, label: &str) -> String {
    let step = WIDTH as f64 / coverage.bars.len().max(1) as f64;
    let wide = (step * 0.8).min(14.0);
    let unit = BAR_MAX / coverage.peak().max(PEAK_MIN) as f64;
    let towers = || coverage.bars.iter().map(|bar| [height(bar.own, unit), height(bar.copies, unit)]);
    let ground = towers().map(|[own, copies]| own + copies).fold(0.0, f64::max).ceil() + 1.0;
    let mut bars = String::new();
    for (place, [own, copies]) in towers().enumerate() {
        let left = place as f64 * step;
        for (class, fill, high, top) in
            [("own", "#9c2f24", own, ground - own), ("copies", "#d8a59e", copies, ground - own - copies)]
        {
            if high > 0.0 {
                bars.push_str(&format!(
                    "<rect class=\"{class}\" fill=\"{fill}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\"/>"
                ));
            }
        }
    }
    let high = ground + 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{}\" width=\"{WIDTH}\" height=\"{high}\" \
         viewBox=\"0 0 {WIDTH} {high}\">{bars}<path class=\"ground\" d=\"M0 {ground}.5H{WIDTH}\" stroke=\"#b9b3a8\" fill=\"none\"/></svg>",
        escaped(label)
    )
}

fn height(count: u32, unit: f64) -> f64 {
    if count == 0 { 0.0 } else { (f64::from(count) * unit).max(BAR_MIN) }
}

/// The label is ours, dates and numbers; escaped all the same, because it stands in an attribute.
fn escaped(label: &str) -> String {
    line(label).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use crate::digest::chart::{spark, svg};
    use crate::digest::coverage::{Bar, Coverage};
    use crate::listing::samples::at;

    fn coverage(bars: &[(u32, u32)]) -> Coverage {
        let bars = bars.iter().map(|&(own, copies)| Bar { own, copies }).collect();
        let from = at("2026-02-12T21:00:00Z");
        Coverage { first: from, last: from, from, step_seconds: 3_600, bars }
    }

    #[test]
    fn small_bars_are_as_high_as_their_share_of_the_highest() {
        let check = |bars: &[(u32, u32)], expected: &str| assert_eq!(spark(&coverage(bars)), expected, "{bars:?}");
        check(&[(1, 0), (0, 0), (4, 4), (2, 2)], "▁·█▄");
        check(&[(1, 0), (0, 1), (1, 1)], "▂▂▄");
        check(&[(1, 0), (100_000, u32::MAX)], "▁█");
        check(&[], "");
    }

    #[test]
    fn a_picture_keeps_within_its_frame_and_holds_numbers_alone() {
        for bars in [vec![(1, 1), (0, 0), (9, 3)], vec![(u32::MAX, u32::MAX); 24], vec![(1, 0)]] {
            let picture = svg(&coverage(&bars), "5 articles \"<b>\" & more");
            assert!(picture.contains("aria-label=\"5 articles &quot;&lt;b>&quot; &amp; more\""), "{picture}");
            let heights = picture.match_indices(" y=\"").map(|(at, mark)| &picture[at + mark.len()..]);
            for top in heights.map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap()) {
                assert!((0.0..=34.0).contains(&top), "{picture}");
            }
            let drawn = bars.iter().map(|&(own, copies)| usize::from(own > 0) + usize::from(copies > 0)).sum::<usize>();
            assert_eq!(picture.matches("<rect").count(), drawn);
        }
    }
}
