//! Station: the learned weights of evidence, and the probability they give.

use thiserror::Error;

use crate::cluster::measures::{COUNT, MEASURES, Part};

/// What a measure's value is worth, in log-odds: a line through points, level beyond its ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Value and worth, by value; a curve without points is worth nothing.
    pub points: Vec<(f64, f64)>,
}

#[cfg(test)]
impl Curve {
    /// What this value is worth.
    fn at(&self, value: f64) -> f64 {
        let right = self.points.iter().take_while(|point| point.0 < value).count();
        match (right.checked_sub(1).map(|left| self.points[left]), self.points.get(right)) {
            (Some(left), Some(right)) => left.1 + (right.1 - left.1) * (value - left.0) / (right.0 - left.0),
            (Some(end), None) => end.1,
            (None, Some(start)) => start.1,
            (None, None) => 0.0,
        }
    }
}

/// What two measures are worth together, beyond what each is worth alone, in log-odds: a surface over a grid of points, level beyond
/// its edges. A near-equal title says one thing where the names agree, and another where each side has its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// The two measures, as places in `measures::MEASURES`.
    pub measures: [usize; 2],
    /// The grid: rising values of the first measure and of the second.
    pub values: [Vec<f64>; 2],
    /// The worth at every point of the grid, row by row: the first measure's first value with each of the second's, and so on.
    pub worths: Vec<f64>,
}

impl Surface {
    /// What these two values are worth together.
    pub fn at(&self, first: f64, second: f64) -> f64 {
        let columns = self.values[1].len();
        let (row, down) = between(&self.values[0], first);
        let (column, along) = between(&self.values[1], second);
        let line = |row: usize| {
            let start = row * columns + column;
            let left = self.worths[start];
            if along > 0.0 { left + (self.worths[start + 1] - left) * along } else { left }
        };
        let upper = line(row);
        if down > 0.0 { upper + (line(row + 1) - upper) * down } else { upper }
    }

    /// The part of a reason that it belongs to: a contradiction where it has one, else what its first measure is about.
    pub fn part(&self) -> Part {
        let [first, second] = self.measures.map(|measure| MEASURES[measure].1);
        if second == Part::Contradiction { second } else { first }
    }

    /// A line of the weights: the measures' names and their values, and the worths.
    fn read(names: (&str, &str), rest: &str) -> Option<Surface> {
        let place = |name: &str| MEASURES.iter().position(|known| known.0 == name);
        let measures = [place(names.0)?, place(names.1)?];
        let mut fields = rest.split('\t').map(|field| {
            field.split_whitespace().map(|number| number.parse::<f64>().ok()).collect::<Option<Vec<f64>>>()
        });
        let mut field = || fields.next().flatten();
        let (values, worths) = ([field()?, field()?], field()?);
        let rising = values.iter().all(|values| values.is_sorted_by(|left, right| left < right));
        let complete = !worths.is_empty() && worths.len() == values[0].len() * values[1].len();
        (rising && complete).then_some(Surface { measures, values, worths })
    }
}

/// The value of a rising list at or before this one, and how far it is from there to the next as a share; level beyond the ends.
fn between(values: &[f64], value: f64) -> (usize, f64) {
    let right = values.iter().filter(|held| **held <= value).count();
    match (right.checked_sub(1), values.get(right)) {
        (Some(left), Some(next)) => (left, (value - values[left]) / (next - values[left])),
        (Some(last), None) => (last, 0.0),
        (None, _) => (0, 0.0),
    }
}

/// What labelled streams cannot teach, because they hold next to none of it. Twelve is more than all else together ever gives:
/// in practice a refusal, yet one that stands in the reason like every other piece of evidence. A briefing that names a story among
/// others is no report of it, unless nearly all of it is one.
const BY_HAND: &str = "series_apart\t0:0 1:-12\nrubric_apart\t0:0 1:-6";

/// How much each measure counts for or against a join, in log-odds, learned by `examples/train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The log-odds of a join where every measure speaks neither for nor against.
    pub prior: f64,
    /// By measure, in the order of `measures::MEASURES`.
    pub curves: Vec<Curve>,
    /// What pairs of measures are worth beyond their curves.
    pub surfaces: Vec<Surface>,
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

    /// Reads weights: a measure's name, a tab, `value:worth` pairs divided by spaces; `prior` has one number; `one*other` has the
    /// values of both and the worths, each after a tab; `#` begins a comment. A measure that is not named weighs nothing.
    ///
    /// # Errors
    /// When a line is none of these.
    pub fn parse(text: &str) -> Result<Weights, WeightsError> {
        let mut weights = Weights { prior: 0.0, curves: vec![Curve::default(); COUNT], surfaces: Vec::new() };
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
        if let Some(names) = name.split_once('*') {
            self.surfaces.push(Surface::read(names, rest)?);
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
        for Surface { measures: [first, second], values, worths } in &self.surfaces {
            let numbers = |list: &[f64]| list.iter().map(|number| format!("{number:.3}")).collect::<Vec<_>>().join(" ");
            let (rows, columns, worths) = (numbers(&values[0]), numbers(&values[1]), numbers(worths));
            let names = (MEASURES[*first].0, MEASURES[*second].0);
            text.push_str(&format!("{}*{}\t{rows}\t{columns}\t{worths}\n", names.0, names.1));
        }
        text
    }

    /// What the values are worth by parts of a reason, read off the curves as they are: what [`Scale`] is held to.
    #[cfg(test)]
    fn by_part(&self, values: &[f64; COUNT]) -> [f64; Part::ALL.len()] {
        let mut worths = [0.0; Part::ALL.len()];
        worths[Part::Prior as usize] = self.prior;
        for (((_, part), curve), value) in MEASURES.iter().zip(&self.curves).zip(values) {
            worths[*part as usize] += curve.at(*value);
        }
        for surface in &self.surfaces {
            worths[surface.part() as usize] += surface.at(values[surface.measures[0]], values[surface.measures[1]]);
        }
        worths
    }
}

/// Weights laid out for an answer at once: every article asks for four candidates or so, each of seventy curves.
#[derive(Clone, Debug)]
pub struct Scale {
    prior: f64,
    surfaces: Vec<Surface>,
    /// The curves that say anything: measure, part, and where its points and its pieces begin.
    curves: Vec<Bent>,
    /// The values of all points, curve by curve.
    points: Vec<f64>,
    /// Between two points, and beyond them, a curve is a line: its worth at 0 and its slope; one piece more than points.
    pieces: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Bent {
    measure: u16,
    part: u16,
    points: (u16, u16),
    pieces: u16,
}

impl Scale {
    /// Lays weights out.
    pub fn of(weights: Weights) -> Scale {
        let (mut curves, mut points, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
        for (measure, curve) in weights.curves.iter().enumerate() {
            let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else { continue };
            let start = points.len();
            curves.push(Bent {
                measure: measure as u16,
                part: MEASURES[measure].1 as u16,
                points: (start as u16, (start + curve.points.len()) as u16),
                pieces: pieces.len() as u16,
            });
            points.extend(curve.points.iter().map(|point| point.0));
            pieces.push((first.1, 0.0));
            for pair in curve.points.windows(2) {
                let slope = (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0);
                pieces.push((pair[0].1 - slope * pair[0].0, slope));
            }
            pieces.push((last.1, 0.0));
        }
        Scale { prior: weights.prior, surfaces: weights.surfaces, curves, points, pieces }
    }

    /// What the values are worth by parts of a reason, in log-odds; the sum of it is the log-odds.
    pub fn by_part(&self, values: &[f64; COUNT]) -> [f64; Part::ALL.len()] {
        let mut worths = [0.0; Part::ALL.len()];
        worths[Part::Prior as usize] = self.prior;
        for curve in &self.curves {
            let value = values[usize::from(curve.measure)];
            let points = &self.points[usize::from(curve.points.0)..usize::from(curve.points.1)];
            // A handful of points: to count all that lie below is sooner done than to find where they end.
            let piece = points.iter().filter(|point| **point < value).count();
            let (level, slope) = self.pieces[usize::from(curve.pieces) + piece];
            worths[usize::from(curve.part)] += level + slope * value;
        }
        for surface in &self.surfaces {
            worths[surface.part() as usize] += surface.at(values[surface.measures[0]], values[surface.measures[1]]);
        }
        worths
    }
}

/// The probability of these log-odds.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The log-odds of a probability.
pub fn odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
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
        for (text, line) in [
            ("prior", 1),
            ("prior\t1\nnonsense\t0:2", 2),
            ("prior\tmany", 1),
            ("size\t1:0 0:1", 1),
            ("size*mass\t0 1\t0 1\t1 2 3", 1),
            ("size*none\t0\t0\t1", 1),
        ] {
            let found = Weights::parse(text).map_err(|WeightsError::Line { line, .. }| line);
            assert_eq!(found, Err(line), "{text}");
        }
    }

    #[test]
    fn text_and_back() {
        let weights =
            Weights::parse("prior\t-3.5\nsize\t0:0.25 1:0.5\nsize*mass\t0 1\t0 2\t1 2 3 4\n").expect("well formed");
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

    #[test]
    fn surfaces() {
        let weights = Weights::parse("size*mass\t0 1\t0 2 4\t0 2 4 10 12 20").expect("well formed");
        let surface = &weights.surfaces[0];
        let cases = [
            ((0.0, 0.0), 0.0),
            ((0.0, 1.0), 1.0),
            ((0.5, 0.0), 5.0),
            ((0.5, 3.0), 9.5),
            ((1.0, 4.0), 20.0),
            ((7.0, 9.0), 20.0),
            ((-1.0, -1.0), 0.0),
        ];
        for ((first, second), worth) in cases {
            assert_eq!(surface.at(first, second), worth, "{first} {second}");
        }
    }

    #[test]
    fn a_scale_weighs_as_its_weights_do() {
        let weights = Weights::builtin();
        let scale = Scale::of(weights.clone());
        for step in 0..200 {
            let values = std::array::from_fn(|measure| f64::from((measure as u32 * 7 + step * 3) % 23) / 10.0 - 0.2);
            for (found, expected) in scale.by_part(&values).iter().zip(weights.by_part(&values)) {
                assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
    }
}
