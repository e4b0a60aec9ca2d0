//! Logistic regression on curves: every measure is worth what a line through a few points says (a generalised additive model, Hastie
//! and Tibshirani 1990), fitted by Newton's method with a penalty on bends. Deterministic: no chance anywhere.

use newsfold::cluster::measures::{COUNT, MEASURES};
use newsfold::cluster::weights::{Curve, Weights, probability};

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

/// How much a bend costs, and how much any departure from nothing does.
const BEND: f64 = 0.5;
const RIDGE: f64 = 0.025;
/// Points nearer than this share of a measure's range are one.
const APART_MIN: f64 = 0.06;
const ROUNDS_MAX: usize = 40;

/// One measure's points, and where its parameters begin.
struct Basis {
    knots: Vec<f64>,
    first: usize,
}

impl Basis {
    /// A value as shares of the two points around it.
    fn hats(&self, value: f64) -> [(usize, f64); 2] {
        let last = self.knots.len() - 1;
        let value = value.clamp(self.knots[0], self.knots[last]);
        let right = self.knots.partition_point(|knot| *knot <= value).clamp(1, last);
        let share = (value - self.knots[right - 1]) / (self.knots[right] - self.knots[right - 1]);
        [(self.first + right - 1, 1.0 - share), (self.first + right, share)]
    }
}

/// Learns weights from rows.
pub fn fit(rows: &[Row]) -> Weights {
    let mut size = 0;
    let bases: Vec<Option<Basis>> = (0..COUNT)
        .map(|measure| {
            let knots = knots(rows, measure);
            if knots.len() < 2 {
                return None;
            }
            let first = size;
            size += knots.len();
            Some(Basis { knots, first })
        })
        .collect();
    let design: Vec<Vec<(usize, f64)>> = rows
        .iter()
        .map(|row| {
            let hats =
                bases.iter().zip(row.values).filter_map(|(basis, value)| basis.as_ref().map(|basis| basis.hats(value)));
            hats.flatten().filter(|(_, share)| *share > 0.0).chain([(size, 1.0)]).collect()
        })
        .collect();
    let penalty = penalty(&bases, size + 1);
    let solved = newton(rows, &design, &penalty, size + 1);
    weights(rows, &bases, &solved, size)
}

/// Points where joins and strangers lie, so that a curve can bend where it matters.
fn knots(rows: &[Row], measure: usize) -> Vec<f64> {
    let sorted = |joins: bool| {
        let mut values: Vec<f64> =
            rows.iter().filter(|row| row.joins == joins).map(|row| row.values[measure]).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (joins, strangers) = (sorted(true), sorted(false));
    let at =
        |values: &[f64], share: f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied();
    let mut wanted: Vec<f64> =
        [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].iter().filter_map(|share| at(&joins, *share)).collect();
    wanted.extend([0.0, 0.5, 0.8, 0.95, 1.0].iter().filter_map(|share| at(&strangers, *share)));
    wanted.sort_by(f64::total_cmp);
    let (Some(start), Some(end)) = (wanted.first().copied(), wanted.last().copied()) else { return Vec::new() };
    let mut knots = vec![start];
    for knot in wanted {
        if knot - knots[knots.len() - 1] >= (end - start).max(1e-3) * APART_MIN {
            knots.push(knot);
        }
    }
    if let (Some(last), true) = (knots.last_mut(), end > start) {
        *last = last.max(end);
    }
    if MEASURES[measure].0 == "size" {
        knots.truncate(1); // labelled sets cap their stories' sizes, so that a bend here would be theirs and not the world's
        knots.push(end);
    }
    knots
}

/// The quadratic form that bends and sizes are charged by.
fn penalty(bases: &[Option<Basis>], size: usize) -> Vec<f64> {
    let mut penalty = vec![0.0; size * size];
    for basis in bases.iter().flatten() {
        let knots = &basis.knots;
        let half = (knots[knots.len() - 1] - knots[0]) / 2.0;
        for index in 0..knots.len() {
            penalty[(basis.first + index) * (size + 1)] += RIDGE;
        }
        for index in 1..knots.len() - 1 {
            let (before, after) = (half / (knots[index] - knots[index - 1]), half / (knots[index + 1] - knots[index]));
            let bend = [before, -before - after, after];
            for (i, left) in bend.iter().enumerate() {
                for (j, right) in bend.iter().enumerate() {
                    penalty[(basis.first + index - 1 + i) * size + basis.first + index - 1 + j] += BEND * left * right;
                }
            }
        }
    }
    penalty
}

fn newton(rows: &[Row], design: &[Vec<(usize, f64)>], penalty: &[f64], size: usize) -> Vec<f64> {
    let mut solved = vec![0.0; size];
    solved[size - 1] = -3.0;
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
                for (j, right) in &shares[..=position] {
                    hessian[i * size + j] += curvature * left * right;
                }
            }
        }
        let step = solve(hessian, slope, size);
        let largest = step.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let scale = (5.0 / largest.max(1e-12)).min(1.0);
        solved.iter_mut().zip(&step).for_each(|(value, step)| *value += scale * step);
        if largest < 1e-4 {
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

/// Curves around the middle between joins and strangers, so that what is worth more than 0 speaks for a join.
fn weights(rows: &[Row], bases: &[Option<Basis>], solved: &[f64], prior: usize) -> Weights {
    let mut weights = Weights { prior: solved[prior], curves: vec![Curve::default(); COUNT] };
    for (measure, basis) in bases.iter().enumerate() {
        let Some(basis) = basis else { continue };
        let points = basis.knots.iter().enumerate().map(|(index, knot)| (*knot, solved[basis.first + index])).collect();
        let mut curve = Curve { points };
        let mean = |joins: bool| {
            let of: Vec<f64> =
                rows.iter().filter(|row| row.joins == joins).map(|row| curve.at(row.values[measure])).collect();
            of.iter().sum::<f64>() / of.len().max(1) as f64
        };
        let middle = f64::midpoint(mean(true), mean(false));
        curve.points.iter_mut().for_each(|point| point.1 -= middle);
        weights.prior += middle;
        weights.curves[measure] = curve;
    }
    weights
}
