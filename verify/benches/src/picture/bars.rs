//! Bars beside each other, in panels below each other.

use super::{Anchor, COLOURS, Svg};
use crate::report::number;

/// Bars with a scale of their own.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What the bars measure.
    pub title: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar with its name and its value.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What was measured.
    pub name: String,
    /// Its length.
    pub value: f64,
    /// Ours.
    pub is_ours: bool,
}

/// Draws panels of bars.
#[must_use]
pub fn bars(title: &str, caption: &str, panels: &[Panel]) -> String {
    let rows: usize = panels.iter().map(|panel| panel.bars.len()).sum();
    let height = TOP + rows as f64 * ROW + panels.len() as f64 * HEAD + BOTTOM;
    let mut svg = Svg::new(WIDTH, height, title, caption);
    let mut y = TOP;
    for panel in panels {
        svg.text_of_size(LEFT, y + 16.0, Anchor::Start, &panel.title, 13);
        y += HEAD - 8.0;
        let values = panel.bars.iter().map(|bar| bar.value);
        let scale = (WIDTH - LEFT - RIGHT) / values.fold(f64::MIN_POSITIVE, f64::max);
        for bar in &panel.bars {
            let colour = COLOURS[usize::from(!bar.is_ours)];
            let length = bar.value.max(0.0) * scale;
            svg.text(LEFT - 8.0, y + 13.0, Anchor::End, &bar.name);
            svg.rect(LEFT, y + 3.0, length, ROW - 6.0, colour);
            svg.text(
                LEFT + length + 6.0,
                y + 13.0,
                Anchor::Start,
                &number(bar.value),
            );
            y += ROW;
        }
        y += 8.0;
    }
    svg.finish()
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 30.0;
const HEAD: f64 = 32.0;
const ROW: f64 = 18.0;
