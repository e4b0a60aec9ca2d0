//! Logistic regression on curves and surfaces: every measure is worth what a line through a few points says, and some pairs of measures
//! are worth more or less together than each alone (a generalised additive model with interactions: Hastie and Tibshirani 1990; Lou,
//! Caruana, Gehrke and Hooker 2013). Fitted by Newton's method with a penalty on bends. Deterministic: no chance anywhere.

use anyhow::{Result, bail};
use newsfold::cluster::measures::{COUNT, MEASURES, Part};
use newsfold::cluster::weights::{Curve, Surface, Weights, probability};

use crate::made::Family;

/// A candidate that was measured, and whether the article belongs to it.
#[derive(Clone)]
pub struct Row {
    pub values: [f64; COUNT],
    pub joins: bool,
    pub weight: f64,
    /// The stories on both sides, so that cross-validation can leave them out.
    pub stories: [u32; 2],
    /// The family of a made pair, which cross-validation leaves out as well.
    pub made: Option<Family>,
}

/// How stiff what is learned may be.
#[derive(Clone, Copy, Debug)]
pub struct Taste {
    /// How much a bend of a curve costs, and any departure from nothing.
    pub bend: f64,
    pub ridge: f64,
    /// What a surface's departure from nothing costs.
    pub surface_ridge: f64,
    /// How many surfaces are learned, and how many at once.
    pub surfaces: usize,
    pub surfaces_at_once: usize,
}

impl Default for Taste {
    fn default() -> Taste {
        Taste { bend: 0.2, ridge: 0.25, surface_ridge: 6.0, surfaces: 16, surfaces_at_once: 4 }
    }
}

impl Taste {
    /// Sets one of them by its name.
    pub fn set(&mut self, key: &str, value: f64) -> Result<()> {
        match key {
            "bend" => self.bend = value,
            "ridge" => self.ridge = value,
            "surface_ridge" => self.surface_ridge = value,
            "surfaces" => self.surfaces = value as usize,
            "surfaces_at_once" => self.surfaces_at_once = value as usize,
            _ => bail!("nothing of the fit is called `{key}`"),
        }
        Ok(())
    }
}

/// Points nearer than this share of a measure's range are one, on a curve and on a surface's edge.
const APART_MIN: f64 = 0.06;
const SURFACE_APART_MIN: f64 = 0.15;
const ROUNDS_MAX: usize = 40;
/// Rows that are decided bend nothing: leaving them out of the second derivative costs a round more and saves most of the time. The
/// slope is exact, and so is where the rounds end.
const CURVATURE_MIN: f64 = 1e-4;

/// What is learned of one measure or of two: the points of each, and where its parameters begin.
struct Piece {
    axes: Vec<(usize, Vec<f64>)>,
    first: usize,
}

impl Piece {
    fn size(&self) -> usize {
        self.axes.iter().map(|(_, knots)| knots.len()).product()
    }

    /// A row's values as shares of the points around them.
    fn shares(&self, values: &[f64; COUNT], shares: &mut Vec<(usize, f64)>) {
        let [left, right] = hats(&self.axes[0].1, values[self.axes[0].0]);
        match self.axes.get(1) {
            None => shares.extend([left, right].map(|(place, share)| (self.first + place, share))),
            Some((measure, knots)) => {
                for (row, down) in [left, right] {
                    for (column, along) in hats(knots, values[*measure]) {
                        shares.push((self.first + row * knots.len() + column, down * along));
                    }
                }
            }
        }
    }
}

/// A value as shares of the two points around it.
fn hats(knots: &[f64], value: f64) -> [(usize, f64); 2] {
    let last = knots.len() - 1;
    let value = value.clamp(knots[0], knots[last]);
    let right = knots.partition_point(|knot| *knot <= value).clamp(1, last);
    let share = (value - knots[right - 1]) / (knots[right] - knots[right - 1]);
    [(right - 1, 1.0 - share), (right, share)]
}

/// Learns weights from rows.
pub fn fit(rows: &[Row], taste: &Taste) -> Weights {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut size = 0;
    for measure in 0..COUNT {
        let knots = knots(rows, measure);
        if knots.len() >= 2 {
            pieces.push(Piece { first: size, axes: vec![(measure, knots)] });
            size += pieces[pieces.len() - 1].size();
        }
    }
    let mut solved = solve_pieces(rows, &pieces, size, taste, None);
    let curves = pieces.len();
    while pieces.len() < curves + taste.surfaces {
        let wanted = taste.surfaces_at_once.min(curves + taste.surfaces - pieces.len()).max(1);
        let found = telling_pairs(rows, &pieces, &solved, wanted);
        if found.is_empty() {
            break;
        }
        let prior = solved.pop().unwrap_or_default();
        for axes in found {
            pieces.push(Piece { first: size, axes });
            size += pieces[pieces.len() - 1].size();
        }
        solved.resize(size, 0.0);
        solved.push(prior);
        solved = solve_pieces(rows, &pieces, size, taste, Some(solved));
    }
    weights(rows, &pieces, &solved)
}

fn solve_pieces(rows: &[Row], pieces: &[Piece], size: usize, taste: &Taste, start: Option<Vec<f64>>) -> Vec<f64> {
    let design: Vec<Vec<(usize, f64)>> = rows.iter().map(|row| shares(pieces, size, &row.values)).collect();
    let start = start.unwrap_or_else(|| {
        let mut start = vec![0.0; size + 1];
        start[size] = -3.0;
        start
    });
    newton(rows, &design, &penalty(pieces, size + 1, taste), start)
}

fn shares(pieces: &[Piece], prior: usize, values: &[f64; COUNT]) -> Vec<(usize, f64)> {
    let mut shares = Vec::with_capacity(pieces.len() * 2 + 1);
    for piece in pieces {
        piece.shares(values, &mut shares);
    }
    shares.retain(|(_, share)| *share > 0.0);
    shares.push((prior, 1.0));
    shares
}

/// Values of a measure's rows at these shares of their number, rising.
fn quantiles(rows: &[Row], measure: usize, joins: bool, shares: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = rows.iter().filter(|row| row.joins == joins).map(|row| row.values[measure]).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: &f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied();
    shares.iter().filter_map(at).collect()
}

/// Rising values, none nearer to the one before than a share of the range.
fn thinned(mut wanted: Vec<f64>, apart_min: f64) -> Vec<f64> {
    wanted.sort_by(f64::total_cmp);
    let (Some(start), Some(end)) = (wanted.first().copied(), wanted.last().copied()) else { return Vec::new() };
    let mut knots = vec![start];
    for knot in wanted {
        if knot - knots[knots.len() - 1] >= (end - start).max(1e-3) * apart_min {
            knots.push(knot);
        }
    }
    if let (Some(last), true) = (knots.last_mut(), end > start) {
        *last = last.max(end);
    }
    knots
}

/// Points where joins and strangers lie, so that a curve can bend where it matters.
fn knots(rows: &[Row], measure: usize) -> Vec<f64> {
    let mut wanted = quantiles(rows, measure, true, &[0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]);
    wanted.extend(quantiles(rows, measure, false, &[0.0, 0.5, 0.8, 0.95, 1.0]));
    let mut knots = thinned(wanted, APART_MIN);
    if let (true, Some(end)) = (MEASURES[measure].0 == "size", knots.last().copied()) {
        knots.truncate(1); // labelled sets cap their stories' sizes, so that a bend here would be theirs and not the world's
        knots.push(end);
    }
    knots
}

/// The pairs of measures that explain most of what is not yet explained: for every cell of a coarse grid, the gain of one Newton step.
fn telling_pairs(rows: &[Row], pieces: &[Piece], solved: &[f64], count: usize) -> Vec<Vec<(usize, Vec<f64>)>> {
    let prior = solved.len() - 1;
    let left: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            let log_odds = shares(pieces, prior, &row.values).iter().map(|(place, share)| solved[*place] * share).sum();
            let chance = probability(log_odds);
            (row.weight * (f64::from(u8::from(row.joins)) - chance), row.weight * chance * (1.0 - chance))
        })
        .collect();
    let axes: Vec<Option<Vec<f64>>> = (0..COUNT).map(|measure| surface_knots(rows, measure)).collect();
    let mut gains: Vec<(f64, [usize; 2])> = Vec::new();
    for first in 0..COUNT {
        for second in first + 1..COUNT {
            let known = |piece: &Piece| piece.axes.len() == 2 && (piece.axes[0].0, piece.axes[1].0) == (first, second);
            let (Some(rows_at), Some(columns_at)) = (&axes[first], &axes[second]) else { continue };
            if pieces.iter().any(known) {
                continue;
            }
            let mut cells = vec![(0.0, 0.0); rows_at.len() * columns_at.len()];
            for (row, (slope, curvature)) in rows.iter().zip(&left) {
                for (down, by) in hats(rows_at, row.values[first]) {
                    for (along, share) in hats(columns_at, row.values[second]) {
                        let cell = &mut cells[down * columns_at.len() + along];
                        cell.0 += slope * by * share;
                        cell.1 += curvature * by * share;
                    }
                }
            }
            let gain = cells.iter().map(|(slope, curvature)| slope * slope / (curvature + 1.0)).sum();
            gains.push((gain, [first, second]));
        }
    }
    gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let axis = |measure: usize| axes[measure].clone().map(|knots| (measure, knots));
    gains.iter().take(count).filter_map(|(_, [first, second])| Some(vec![axis(*first)?, axis(*second)?])).collect()
}

/// A surface's edge: a few points between which most rows lie. None for how large stories are, which the labelled sets decided, nor for
/// how far apart articles are, which the maker of pairs did: a fine pattern in either would be theirs.
fn surface_knots(rows: &[Row], measure: usize) -> Option<Vec<f64>> {
    let mut wanted = quantiles(rows, measure, true, &[0.02, 0.3, 0.7, 0.98]);
    wanted.extend(quantiles(rows, measure, false, &[0.02, 0.5, 0.98]));
    let knots = thinned(wanted, SURFACE_APART_MIN);
    (knots.len() >= 2 && !matches!(MEASURES[measure].1, Part::Size | Part::Time)).then_some(knots)
}

/// The quadratic form that bends and sizes are charged by.
fn penalty(pieces: &[Piece], size: usize, taste: &Taste) -> Vec<f64> {
    let mut penalty = vec![0.0; size * size];
    for piece in pieces {
        let is_curve = piece.axes.len() == 1;
        for place in piece.first..piece.first + piece.size() {
            penalty[place * (size + 1)] += if is_curve { taste.ridge } else { taste.surface_ridge };
        }
        if !is_curve {
            continue;
        }
        let knots = &piece.axes[0].1;
        let half = (knots[knots.len() - 1] - knots[0]) / 2.0;
        for index in 1..knots.len() - 1 {
            let (before, after) = (half / (knots[index] - knots[index - 1]), half / (knots[index + 1] - knots[index]));
            let bend = [before, -before - after, after];
            for (i, left) in bend.iter().enumerate() {
                for (j, right) in bend.iter().enumerate() {
                    let place = (piece.first + index - 1 + i) * size + piece.first + index - 1 + j;
                    penalty[place] += taste.bend * left * right;
                }
            }
        }
    }
    penalty
}

fn newton(rows: &[Row], design: &[Vec<(usize, f64)>], penalty: &[f64], start: Vec<f64>) -> Vec<f64> {
    let mut solved = start;
    let size = solved.len();
    for _ in 0..ROUNDS_MAX {
        let mut hessian = penalty.to_vec();
        let mut slope: Vec<f64> =
            (0..size).map(|i| -(0..size).map(|j| penalty[i * size + j] * solved[j]).sum::<f64>()).collect();
        for (row, shares) in rows.iter().zip(design) {
            let chance = probability(shares.iter().map(|(index, share)| solved[*index] * share).sum());
            let miss = row.weight * (f64::from(u8::from(row.joins)) - chance);
            let curvature = row.weight * chance * (1.0 - chance);
            for (position, (i, left)) in shares.iter().enumerate() {
                slope[*i] += miss * left;
                if curvature < CURVATURE_MIN {
                    continue;
                }
                for (j, right) in &shares[..=position] {
                    hessian[i * size + j] += curvature * left * right;
                }
            }
        }
        let step = solve(hessian, slope, size);
        let largest = step.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let scale = (5.0 / largest.max(1e-12)).min(1.0);
        solved.iter_mut().zip(&step).for_each(|(value, step)| *value += scale * step);
        if largest < 1e-3 {
            break;
        }
    }
    solved
}

/// Solves a symmetric positive system of which the lower half is given, by Cholesky's method.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>, size: usize) -> Vec<f64> {
    for i in 0..size {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i * size + k] * matrix[j * size + k]).sum();
            let value = matrix[i * size + j] - sum;
            matrix[i * size + j] = if i == j { value.max(1e-9).sqrt() } else { value / matrix[j * size + j] };
        }
    }
    for i in 0..size {
        let sum: f64 = (0..i).map(|k| matrix[i * size + k] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * size + i];
    }
    for i in (0..size).rev() {
        let sum: f64 = (i + 1..size).map(|k| matrix[k * size + i] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * size + i];
    }
    right
}

/// Curves and surfaces around the middle between joins and strangers, so that what is worth more than 0 speaks for a join.
fn weights(rows: &[Row], pieces: &[Piece], solved: &[f64]) -> Weights {
    let mut weights =
        Weights { prior: solved[solved.len() - 1], curves: vec![Curve::default(); COUNT], surfaces: Vec::new() };
    for piece in pieces {
        let mut worths = solved[piece.first..piece.first + piece.size()].to_vec();
        let mean = |joins: bool| {
            let (mut sum, mut count, mut shares) = (0.0, 0.0_f64, Vec::new());
            for row in rows.iter().filter(|row| row.joins == joins) {
                piece.shares(&row.values, &mut shares);
                sum += shares.drain(..).map(|(place, share)| solved[place] * share).sum::<f64>();
                count += 1.0;
            }
            sum / count.max(1.0)
        };
        let middle = f64::midpoint(mean(true), mean(false));
        worths.iter_mut().for_each(|worth| *worth -= middle);
        weights.prior += middle;
        match &piece.axes[..] {
            [(first, rows_at), (second, columns_at)] => weights.surfaces.push(Surface {
                measures: [*first, *second],
                values: [rows_at.clone(), columns_at.clone()],
                worths,
            }),
            axes => {
                let (measure, knots) = &axes[0];
                weights.curves[*measure] = Curve { points: knots.iter().copied().zip(worths).collect() };
            }
        }
    }
    weights
}
