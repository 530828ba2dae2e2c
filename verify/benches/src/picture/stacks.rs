//! Bars of parts.

use super::{Anchor, COLOURS, Svg};
use crate::report::number;

/// Draws a bar for each row: its name, and a value for each of the parts.
#[must_use]
pub fn stacks(title: &str, caption: &str, parts: &[&str], rows: &[(String, Vec<f64>)]) -> String {
    let legend = parts.len().div_ceil(LEGEND) as f64 * ROW;
    let height = TOP + legend + rows.len() as f64 * ROW + BOTTOM;
    let mut svg = Svg::new(WIDTH, height, title, caption);
    for ((part, colour), n) in parts.iter().zip(COLOURS).zip(0..) {
        let x = LEFT + f64::from(n % LEGEND as i32) * 190.0;
        let y = TOP + f64::from(n / LEGEND as i32) * ROW;
        svg.rect(x, y, 12.0, 12.0, colour);
        svg.text(x + 18.0, y + 11.0, Anchor::Start, part);
    }
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let longest = rows
        .iter()
        .map(|(_, values)| sum(values))
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / longest;
    let mut y = TOP + legend + 8.0;
    for (name, values) in rows {
        svg.text(LEFT - 8.0, y + 15.0, Anchor::End, name);
        let mut x = LEFT;
        for (value, colour) in values.iter().zip(COLOURS) {
            svg.rect(x, y + 3.0, value * scale, ROW - 8.0, colour);
            x += value * scale;
        }
        svg.text(x + 6.0, y + 15.0, Anchor::Start, &number(sum(values)));
        y += ROW;
    }
    svg.finish()
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 44.0;
const ROW: f64 = 24.0;
/// How many parts are explained in a line.
const LEGEND: usize = 3;
