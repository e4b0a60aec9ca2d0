//! Station: the learned weights of evidence, and the probability they give.

use thiserror::Error;

use crate::cluster::measures::{COUNT, MEASURES};

/// What a measure's value is worth, in log-odds: a line through points, level beyond its ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Value and worth, by value; a curve without points is worth nothing.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// What this value is worth.
    pub fn at(&self, value: f64) -> f64 {
        // A handful of points: to walk along them is sooner done than to halve them.
        let right = self.points.iter().take_while(|point| point.0 < value).count();
        match (right.checked_sub(1).map(|left| self.points[left]), self.points.get(right)) {
            (Some(left), Some(right)) => left.1 + (right.1 - left.1) * (value - left.0) / (right.0 - left.0),
            (Some(end), None) => end.1,
            (None, Some(start)) => start.1,
            (None, None) => 0.0,
        }
    }
}

/// What labelled streams cannot teach, because they hold next to none of it. Twelve is more than all else together ever gives:
/// in practice a refusal, yet one that stands in the reason like every other piece of evidence.
const BY_HAND: &str = "series_apart\t0:0 1:-12";

/// How much each measure counts for or against a join, in log-odds, learned by `examples/train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The log-odds of a join where every measure speaks neither for nor against.
    pub prior: f64,
    /// By measure, in the order of `measures::MEASURES`.
    pub curves: Vec<Curve>,
}

/// What is wrong with a file of weights.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// A line is not a measure and its curve.
    #[error(
        "line {line} of the weights is `{text}`: it must be a measure, a tab and `value:worth` pairs by rising value"
    )]
    Line {
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
    },
}

impl Weights {
    /// The weights that the binary carries: those learned (`weights.tsv` beside this file), and those set by hand.
    pub fn builtin() -> Weights {
        let weights = format!("{}\n{BY_HAND}", include_str!("weights.tsv"));
        Weights::parse(&weights).expect("a test reads the weights that are built in")
    }

    /// Reads weights: a measure's name, a tab, `value:worth` pairs divided by spaces; `prior` has one number; `#` begins a comment.
    /// A measure that is not named weighs nothing.
    ///
    /// # Errors
    /// When a line is none of these.
    pub fn parse(text: &str) -> Result<Weights, WeightsError> {
        let mut weights = Weights { prior: 0.0, curves: vec![Curve::default(); COUNT] };
        for (index, line) in text.lines().enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                weights.read(line).ok_or_else(|| WeightsError::Line { line: index + 1, text: line.to_owned() })?;
            }
        }
        Ok(weights)
    }

    fn read(&mut self, line: &str) -> Option<()> {
        let (name, rest) = line.split_once('\t')?;
        if name == "prior" {
            self.prior = rest.trim().parse().ok()?;
            return Some(());
        }
        let measure = MEASURES.iter().position(|known| known.0 == name)?;
        let mut points = Vec::new();
        for pair in rest.split_whitespace() {
            let (value, worth) = pair.split_once(':')?;
            points.push((value.parse::<f64>().ok()?, worth.parse::<f64>().ok()?));
        }
        let rising = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
        self.curves[measure] = Curve { points };
        rising.then_some(())
    }

    /// The weights as `parse` reads them.
    pub fn to_text(&self) -> String {
        let mut text = format!("prior\t{:.3}\n", self.prior);
        for ((name, _), curve) in MEASURES.iter().zip(&self.curves).filter(|(_, curve)| !curve.points.is_empty()) {
            let pairs: Vec<String> =
                curve.points.iter().map(|(value, worth)| format!("{value:.3}:{worth:.3}")).collect();
            text.push_str(&format!("{name}\t{}\n", pairs.join(" ")));
        }
        text
    }

    /// What each measure's value is worth, in log-odds.
    pub fn worths<'a>(&'a self, values: &'a [f64; COUNT]) -> impl Iterator<Item = f64> + 'a {
        self.curves.iter().zip(values).map(|(curve, value)| curve.at(*value))
    }

    /// The log-odds that an article belongs to the cluster it was measured against.
    pub fn log_odds(&self, values: &[f64; COUNT]) -> f64 {
        self.prior + self.worths(values).sum::<f64>()
    }
}

/// The probability of these log-odds.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_weights_are_read() {
        assert_ne!(Weights::builtin().prior, 0.0);
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, line) in [("prior", 1), ("prior\t1\nnonsense\t0:2", 2), ("prior\tmany", 1), ("size\t1:0 0:1", 1)] {
            let found = Weights::parse(text).map_err(|WeightsError::Line { line, .. }| line);
            assert_eq!(found, Err(line), "{text}");
        }
    }

    #[test]
    fn text_and_back() {
        let weights = Weights::parse("prior\t-3.5\nsize\t0:0.25 1:0.5\n").expect("well formed");
        assert_eq!(Weights::parse(&weights.to_text()), Ok(weights));
    }

    #[test]
    fn curves() {
        let curve = Curve { points: vec![(0.0, -1.0), (0.5, 1.0), (1.0, 1.5)] };
        for (value, worth) in [(-1.0, -1.0), (0.0, -1.0), (0.25, 0.0), (0.5, 1.0), (0.75, 1.25), (1.0, 1.5), (9.0, 1.5)]
        {
            assert_eq!(curve.at(value), worth, "{value}");
        }
        assert_eq!(Curve::default().at(0.3), 0.0);
    }
}
