//! Station: the learned weights of evidence.

/// How much each measure counts for or against a join, learned by `examples/train.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {}

impl Weights {
    /// The weights that the binary carries (`weights.tsv` beside this file).
    pub fn builtin() -> Weights {
        Weights {}
    }
}
