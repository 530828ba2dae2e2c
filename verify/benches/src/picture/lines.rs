//! Lines over a scale of numbers.

use super::{Anchor, COLOURS, Svg};
use crate::report::number;

/// A line with its name.
#[derive(Clone, Debug)]
pub struct Series {
    /// What was measured.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// What the axes say, and how they are divided.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    /// Below.
    pub x: &'a str,
    /// Above.
    pub y: &'a str,
    /// Both go by powers of ten: a straight line of slope one is as linear as it is otherwise.
    pub are_logarithmic: bool,
}

/// Draws lines.
#[must_use]
pub fn lines(title: &str, caption: &str, axes: Axes<'_>, series: &[Series]) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT, title, caption);
    let points = || series.iter().flat_map(|line| line.points.iter().copied());
    let horizontal = Scale::new(axes, points().map(|(x, _)| x), LEFT, WIDTH - RIGHT);
    let vertical = Scale::new(axes, points().map(|(_, y)| y), HEIGHT - BOTTOM, TOP);
    for tick in horizontal.ticks() {
        let x = horizontal.place(tick);
        svg.line(&[(x, TOP), (x, HEIGHT - BOTTOM)], "#ddd", 1.0);
        svg.text(x, HEIGHT - BOTTOM + 16.0, Anchor::Middle, &number(tick));
    }
    for tick in vertical.ticks() {
        let y = vertical.place(tick);
        svg.line(&[(LEFT, y), (WIDTH - RIGHT, y)], "#ddd", 1.0);
        svg.text(LEFT - 6.0, y + 4.0, Anchor::End, &number(tick));
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    svg.text(middle, HEIGHT - BOTTOM + 34.0, Anchor::Middle, axes.x);
    svg.text(LEFT - 40.0, TOP - 12.0, Anchor::Start, axes.y);
    for ((line, colour), n) in series.iter().zip(COLOURS).zip(0_u32..) {
        let placed = line
            .points
            .iter()
            .map(|(x, y)| (horizontal.place(*x), vertical.place(*y)));
        let placed: Vec<_> = placed.collect();
        svg.line(&placed, colour, 2.0);
        for (x, y) in placed {
            svg.dot(x, y, colour);
        }
        let y = TOP + f64::from(n) * 20.0;
        svg.rect(WIDTH - RIGHT + 14.0, y, 12.0, 12.0, colour);
        svg.text(WIDTH - RIGHT + 32.0, y + 11.0, Anchor::Start, &line.name);
    }
    svg.finish()
}

/// From values to places.
#[derive(Clone, Copy, Debug)]
struct Scale {
    is_logarithmic: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn new(axes: Axes<'_>, values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let highest = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let lowest = values.fold(highest, f64::min);
        let (low, high) = match axes.are_logarithmic {
            true => (lowest.log10().floor(), highest.log10().ceil()),
            false => (0.0, highest),
        };
        Self {
            is_logarithmic: axes.are_logarithmic,
            low,
            high,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if self.is_logarithmic {
            value.log10()
        } else {
            value
        };
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.is_logarithmic {
            let powers = self.low as i32..=self.high as i32;
            return powers.map(|power| 10_f64.powi(power)).collect();
        }
        // The power of ten, or a half or a fifth of it, that divides the scale into four to ten.
        let power = 10_f64.powf(self.high.log10().floor());
        let steps = [power / 5.0, power / 2.0, power];
        let step = steps.into_iter().find(|step| self.high / step <= 10.0);
        let step = step.unwrap_or(power);
        (0..)
            .map(|n| f64::from(n) * step)
            .take_while(|tick| *tick <= self.high)
            .collect()
    }
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 72.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_ticks_within_it() {
        let scale = |are_logarithmic, values: &[f64]| {
            let axes = Axes {
                x: "",
                y: "",
                are_logarithmic,
            };
            Scale::new(axes, values.iter().copied(), 0.0, 100.0)
        };
        let linear = scale(false, &[143.0, 2_800.0]);
        assert_eq!(
            linear.ticks(),
            [0.0, 500.0, 1_000.0, 1_500.0, 2_000.0, 2_500.0]
        );
        assert!((linear.place(1_400.0) - 50.0).abs() < 0.01);
        let powers = scale(true, &[143.0, 99_000.0]);
        assert_eq!(powers.ticks(), [100.0, 1_000.0, 10_000.0, 100_000.0]);
        assert!((powers.place(1_000.0) - 33.33).abs() < 0.01);
    }
}
