//! Pictures of tables, as SVG.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, SegmentValue, SegmentedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordusize;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::number;

/// Bars that share a scale.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What the bars measure.
    pub title: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar with a name and a length.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What was measured.
    pub name: String,
    /// The length.
    pub value: f64,
    /// Whether this library was measured, rather than another one.
    pub is_ours: bool,
}

/// A line with a name.
#[derive(Clone, Debug)]
pub struct Series {
    /// What was measured.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// The labels of the axes, and their scale.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    /// The label of the horizontal axis.
    pub x: &'a str,
    /// The label of the vertical axis.
    pub y: &'a str,
    /// Both axes are logarithmic. Linear growth is still a straight line, with a slope of one.
    pub are_logarithmic: bool,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws panels of horizontal bars, one below the other.
///
/// # Panics
///
/// If there is nothing to draw.
#[must_use]
pub fn bars(title: &str, caption: &str, panels: &[Panel]) -> String {
    let heights = panels.iter().map(|panel| HEAD + height(panel.bars.len()));
    let ends = heights.scan(0, |end, panel| {
        *end += panel;
        Some(*end)
    });
    let ends: Vec<u32> = ends.collect();
    let total = *ends.last().expect("there is a panel");
    draw(total, title, caption, |area| {
        let areas = area.split_by_breakpoints([0; 0], &ends);
        for (panel, area) in panels.iter().zip(&areas) {
            draw_panel(panel, area)?;
        }
        Ok(())
    })
}

fn draw_panel(panel: &Panel, area: &Area<'_>) -> Drawn {
    let bars: Vec<&Bar> = panel.bars.iter().rev().collect();
    let longest = bars
        .iter()
        .map(|bar| bar.value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let title = (NAMES.cast_signed(), 8);
    area.draw(&Text::new(panel.title.clone(), title, text(14)))?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(HEAD)
        .margin_right(80)
        .set_label_area_size(LabelAreaPosition::Left, NAMES)
        .build_cartesian_2d(0.0..longest, rows(bars.len()))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_labels(bars.len())
        .y_label_style(text(12))
        .y_label_formatter(&|at| name(at, |n| bars.get(n).map(|bar| &*bar.name)))
        .draw()?;
    chart.draw_series(bars.iter().enumerate().map(|(n, bar)| {
        let color = COLORS[usize::from(!bar.is_ours)];
        row(n, 0.0, bar.value.max(0.0), color)
    }))?;
    let labels = bars.iter().enumerate();
    chart.draw_series(labels.map(|(n, bar)| label(n, bar.value.max(0.0), bar.value)))?;
    Ok(())
}

/// Draws one bar per row: a name, and a value for each of the parts.
///
/// # Panics
///
/// If there is nothing to draw.
#[must_use]
pub fn stacks(title: &str, caption: &str, parts: &[&str], stacks: &[(String, Vec<f64>)]) -> String {
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let longest = stacks
        .iter()
        .map(|(_, values)| sum(values))
        .fold(f64::MIN_POSITIVE, f64::max);
    let stacks: Vec<_> = stacks.iter().rev().collect();
    draw(height(stacks.len()) * 3 / 2, title, caption, |area| {
        // The legend takes the right third.
        let mut chart = ChartBuilder::on(area)
            .set_label_area_size(LabelAreaPosition::Left, NAMES)
            .build_cartesian_2d(0.0..longest * 1.5, rows(stacks.len()))?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_labels(stacks.len())
            .y_label_style(text(12))
            .y_label_formatter(&|at| name(at, |n| stacks.get(n).map(|(name, _)| &**name)))
            .draw()?;
        for (part, color) in (0..parts.len()).zip(COLORS) {
            let rows = stacks.iter().enumerate().map(|(n, (_, values))| {
                let from = sum(&values[..part]);
                row(n, from, from + values[part], color)
            });
            chart
                .draw_series(rows)?
                .label(parts[part])
                .legend(move |at| swatch(at, color));
        }
        let labels = stacks.iter().enumerate();
        chart.draw_series(labels.map(|(n, (_, values))| label(n, sum(values), sum(values))))?;
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::MiddleRight)
            .label_font(text(12))
            .draw()
    })
}

/// Draws lines.
///
/// # Panics
///
/// If there is nothing to draw.
#[must_use]
pub fn lines(title: &str, caption: &str, axes: Axes<'_>, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|line| line.points.iter().copied());
    let (x, y) = (
        ends(points().map(|(x, _)| x)),
        ends(points().map(|(_, y)| y)),
    );
    draw(340, title, caption, |area| {
        if axes.are_logarithmic {
            let lowest = 10_f64.powf(y.0.log10().floor());
            let highest = 10_f64.powf(y.1.log10().ceil());
            let (x, y) = ((x.0..x.1).log_scale(), (lowest..highest).log_scale());
            draw_lines(area, axes, x, y, series)
        } else {
            draw_lines(area, axes, 0.0..x.1, 0.0..y.1, series)
        }
    })
}

fn draw_lines<X, Y>(area: &Area<'_>, axes: Axes<'_>, x: X, y: Y, series: &[Series]) -> Drawn
where
    X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .set_label_area_size(LabelAreaPosition::Left, 64)
        .set_label_area_size(LabelAreaPosition::Bottom, 44)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_desc(axes.x)
        .y_desc(axes.y)
        .label_style(text(12))
        .x_label_formatter(&|x| number(*x))
        .y_label_formatter(&|y| number(*y))
        .draw()?;
    for (line, color) in series.iter().zip(COLORS) {
        let points = line.points.iter().copied();
        chart
            .draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?
            .label(&*line.name)
            .legend(move |at| swatch(at, color));
        chart.draw_series(points.map(|point| Circle::new(point, 3, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .margin(16)
        .label_font(text(12))
        .draw()
}

/// Draws on white paper, so that the picture is readable on any page: the title, the picture, the
/// caption.
fn draw(
    height: u32,
    title: &str,
    caption: &str,
    picture: impl FnOnce(&Area<'_>) -> Drawn,
) -> String {
    let mut svg = String::new();
    let size = (WIDTH, TITLE + height + CAPTION);
    let drawn = (|| {
        let paper = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paper.fill(&WHITE)?;
        paper.draw(&Text::new(title.to_owned(), (16, 12), text(17)))?;
        let foot = (16, (size.1 - 20).cast_signed());
        paper.draw(&Text::new(caption.to_owned(), foot, text(11)))?;
        picture(&paper.margin(TITLE, CAPTION, 0, 0))?;
        paper.present()
    })();
    drawn.expect("a picture in memory can be drawn");
    svg
}

fn height(rows: usize) -> u32 {
    u32::try_from(rows).expect("a few rows") * ROW
}

/// Returns the coordinate of bars, of which the first is at the bottom.
fn rows(count: usize) -> SegmentedCoord<RangedCoordusize> {
    (0..count - 1).into_segmented()
}

/// Returns the part of a bar that lies between two values.
fn row(n: usize, from: f64, to: f64, color: RGBColor) -> Rectangle<(f64, SegmentValue<usize>)> {
    let corners = [
        (from, SegmentValue::Exact(n)),
        (to, SegmentValue::Exact(n + 1)),
    ];
    let mut row = Rectangle::new(corners, color.filled());
    row.set_margin(3, 3, 0, 0);
    row
}

/// Returns a number just behind the end of a bar.
fn label<'a>(n: usize, end: f64, value: f64) -> Text<'a, (f64, SegmentValue<usize>), String> {
    let style = text(12).pos(Pos::new(HPos::Left, VPos::Center));
    Text::new(
        format!("\u{a0}{}", number(value)),
        (end, SegmentValue::CenterOf(n)),
        style,
    )
}

fn swatch((x, y): (i32, i32), color: RGBColor) -> Rectangle<(i32, i32)> {
    Rectangle::new([(x + 4, y - 6), (x + 16, y + 6)], color.filled())
}

fn name<'a>(at: &SegmentValue<usize>, names: impl FnOnce(usize) -> Option<&'a str>) -> String {
    let name = match at {
        SegmentValue::CenterOf(n) => names(*n),
        _ => None,
    };
    name.unwrap_or_default().to_owned()
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Returns the smallest and the largest value.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::MIN_POSITIVE), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

const WIDTH: u32 = 860;
const TITLE: u32 = 44;
const CAPTION: u32 = 30;
const NAMES: u32 = 250;
const HEAD: u32 = 30;
const ROW: u32 = 18;
const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
/// Okabe and Ito's colors, which color-blind readers can tell apart.
const COLORS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x99, 0x99, 0x99),
    RGBColor(0xf0, 0xe4, 0x42),
];
