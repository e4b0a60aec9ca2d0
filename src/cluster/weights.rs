//! Station: the learned weights of evidence, and the probability they give.

use thiserror::Error;

use crate::cluster::measures::{COUNT, MEASURES};

/// How much each measure counts for or against a join, in log-odds, learned by `examples/train.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The log-odds of a join before anything was measured.
    pub prior: f64,
    /// By measure, in the order of `measures::MEASURES`.
    pub values: [f64; COUNT],
}

/// What is wrong with a file of weights.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// A line is not a name and a number.
    #[error("line {line} of the weights is `{text}`: it must be a measure's name, a tab and a number")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
    },
}

impl Weights {
    /// The weights that the binary carries (`weights.tsv` beside this file).
    pub fn builtin() -> Weights {
        Weights::parse(include_str!("weights.tsv")).expect("a test reads the weights that are built in")
    }

    /// Reads weights: a measure's name, a tab, a number; `#` begins a comment. A measure that is not named weighs nothing.
    ///
    /// # Errors
    /// When a line is none of these.
    pub fn parse(text: &str) -> Result<Weights, WeightsError> {
        let mut weights = Weights { prior: 0.0, values: [0.0; COUNT] };
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = || WeightsError::Line { line: index + 1, text: line.to_owned() };
            let (name, number) = line.split_once('\t').ok_or_else(bad)?;
            let number: f64 = number.trim().parse().map_err(|_| bad())?;
            let place = if name == "prior" {
                &mut weights.prior
            } else {
                let index = MEASURES.iter().position(|known| known.0 == name).ok_or_else(bad)?;
                &mut weights.values[index]
            };
            *place = number;
        }
        Ok(weights)
    }

    /// The weights as `parse` reads them.
    pub fn to_text(&self) -> String {
        let named = MEASURES.iter().zip(self.values).map(|((name, _), weight)| format!("{name}\t{weight:.4}\n"));
        std::iter::once(format!("prior\t{:.4}\n", self.prior)).chain(named).collect()
    }

    /// The log-odds that an article belongs to the cluster it was measured against.
    pub fn log_odds(&self, values: &[f64; COUNT]) -> f64 {
        self.prior + self.values.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>()
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
        for (text, line) in [("prior", 1), ("prior\t1\nnonsense\t2", 2), ("prior\tmany", 1)] {
            let found = Weights::parse(text).map_err(|WeightsError::Line { line, .. }| line);
            assert_eq!(found, Err(line), "{text}");
        }
    }

    #[test]
    fn text_and_back() {
        let weights = Weights::parse("prior\t-3.5\nsize\t0.25\n").expect("well formed");
        assert_eq!(Weights::parse(&weights.to_text()), Ok(weights));
    }
}
