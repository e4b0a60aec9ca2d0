//! Station: where a cluster is loosest: the two parts that average link would join last.

use crate::cluster::document::{ALL, Document};
use crate::cluster::subject::{Shared, Subject};

/// Two parts of a cluster, by the places of their articles in the list given, each rising.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The part that holds the first article.
    pub first: Vec<usize>,
    /// The other.
    pub second: Vec<usize>,
    /// The mean cosine between articles of the two.
    pub link: f64,
}

/// Joins the articles pair by pair, always the two parts with the highest mean cosine, until two parts are left (average link,
/// Sokal and Michener 1958). Ties go to the earlier. `None` for fewer than two articles. It costs the square of their number in
/// comparisons.
pub fn loosest(articles: &[&Document]) -> Option<Parts> {
    let count = articles.len();
    // The sum of cosines between two parts stands at the places of their first articles.
    let mut sums = vec![0.0_f64; count * count];
    let mut shared = Shared::default();
    for (i, article) in articles.iter().enumerate() {
        let subject = Subject::of(article);
        for (j, other) in articles[..i].iter().enumerate() {
            let cosine = f64::from(subject.compare(other, &mut shared).cosines[ALL]);
            sums[i * count + j] = cosine;
            sums[j * count + i] = cosine;
        }
    }
    let mut parts: Vec<Vec<usize>> = (0..count).map(|place| vec![place]).collect();
    while parts.len() > 2 {
        let (kept, taken) = closest(&parts, &sums, count);
        let part = parts.remove(taken);
        let (kept_at, taken_at) = (parts[kept][0], part[0]);
        parts[kept].extend(part);
        for other in 0..count {
            let sum = sums[kept_at * count + other] + sums[taken_at * count + other];
            sums[kept_at * count + other] = sum;
            sums[other * count + kept_at] = sum;
        }
    }
    let (mut second, mut first) = (parts.pop()?, parts.pop()?);
    let link = sums[first[0] * count + second[0]] / (first.len() * second.len()) as f64;
    first.sort_unstable();
    second.sort_unstable();
    Some(Parts { first, second, link })
}

/// The two parts with the highest mean cosine, the earlier first.
fn closest(parts: &[Vec<usize>], sums: &[f64], count: usize) -> (usize, usize) {
    let mut best = (f64::MIN, (0, 1));
    for (i, part) in parts.iter().enumerate() {
        for (j, earlier) in parts[..i].iter().enumerate() {
            let mean = sums[part[0] * count + earlier[0]] / (part.len() * earlier.len()) as f64;
            if mean > best.0 {
                best = (mean, (j, i));
            }
        }
    }
    best.1
}
