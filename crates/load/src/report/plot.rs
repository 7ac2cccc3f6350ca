//! Plots as SVG text that reads well on light and on dark: no background, lines in middle tones.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// What is plotted.
pub struct Plot<'a> {
    /// Stands over it.
    pub title: &'a str,
    /// What the horizontal axis shows, with its unit.
    pub across: &'a str,
    /// What the vertical axis shows, with its unit.
    pub up: &'a str,
    /// How both axes grow.
    pub scale: Scale,
    /// The lines.
    pub series: Vec<Series>,
    /// What stands at a place of the horizontal axis; the number itself if there is none.
    pub across_label: fn(f64) -> String,
}

/// How the axes grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Both evenly, the vertical one from 0.
    Linear,
    /// Both by powers of ten: what grows with its cause is a straight line.
    Logarithmic,
}

/// One line of a plot.
pub struct Series {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub points: Vec<(f64, f64)>,
}

/// Size of a plot, in pixels.
const SIZE: (u32, u32) = (760, 400);

/// The text and the axes: readable on white and on black.
const INK: RGBColor = RGBColor(128, 128, 128);

/// One colour after another: told apart by most people who see colours differently, too.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 120, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 60, 60),
    RGBColor(150, 140, 40),
];

/// A number for an axis: short.
pub fn short(number: f64) -> String {
    let text = match number.abs() {
        1e9.. => format!("{:.1} G", number / 1e9),
        1e6.. => format!("{:.1} M", number / 1e6),
        1e3.. => format!("{:.1} k", number / 1e3),
        1.0.. | 0.0 => format!("{number:.1}"),
        _ => format!("{number:.3}"),
    };
    text.replace(".0", "")
}

impl Plot<'_> {
    /// The plot as an SVG element; one that says so if there is nothing to plot.
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        let points = || self.series.iter().flat_map(|series| series.points.iter().copied());
        let bounds = |of: fn((f64, f64)) -> f64| {
            let values = points().map(of).filter(|value| value.is_finite());
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                (least.min(value), most.max(value))
            })
        };
        let (across, up) = (bounds(|point| point.0), bounds(|point| point.1));
        let drawn = if across.0 > across.1 || up.0 > up.1 {
            Ok(())
        } else {
            match self.scale {
                Scale::Linear => {
                    let across = across.0.min(0.0)..across.1.max(across.0 + 1e-9);
                    let up = 0.0..(up.1 * 1.08).max(1e-9);
                    self.draw(&mut svg, across, up)
                }
                Scale::Logarithmic => {
                    let wide = |(least, most): (f64, f64)| {
                        let least = least.max(1e-9);
                        (least / 1.15)..(most.max(least) * 1.3)
                    };
                    let (across, up) = (wide(across).log_scale(), wide(up).log_scale());
                    self.draw(&mut svg, across, up)
                }
            }
        };
        // Writing to a string does not fail; a plot that is missing says so.
        if drawn.is_err() || svg.is_empty() {
            return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"30\">\
                    <text y=\"20\" fill=\"#808080\">(nothing to plot)</text></svg>"
                .into();
        }
        svg
    }

    fn draw<X, Y>(&self, svg: &mut String, across: X, up: Y) -> Result<(), String>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let text = |size: i32| ("sans-serif", size).into_font().color(&INK);
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, text(17))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(42)
            .y_label_area_size(72)
            .build_cartesian_2d(across, up)
            .map_err(|error| said(&error))?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(INK.mix(0.3))
            .light_line_style(INK.mix(0.08))
            .label_style(text(12))
            .x_desc(self.across)
            .y_desc(self.up)
            .x_label_formatter(&|value| (self.across_label)(*value))
            .y_label_formatter(&|value| short(*value))
            .draw()
            .map_err(|error| said(&error))?;
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(series.points.iter().copied(), style))
                .map_err(|error| said(&error))?
                .label(series.name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            if series.points.len() <= 12 {
                let dots = series.points.iter().map(|&at| Circle::new(at, 3, colour.filled()));
                chart.draw_series(dots).map_err(|error| said(&error))?;
            }
        }
        if self.series.len() > 1 {
            chart
                .configure_series_labels()
                .label_font(text(13))
                .border_style(INK.mix(0.4))
                .position(SeriesLabelPosition::UpperLeft)
                .draw()
                .map_err(|error| said(&error))?;
        }
        root.present().map_err(|error| said(&error))
    }
}
