//! Plots as SVG files: bars for one question with many answers, lines for what grows.

use std::fmt::Display;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Who something belongs to, which is what the colours say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare loop: grey.
    Bare,
    Ours,
    Other,
}

const GREY: RGBColor = RGBColor(130, 130, 130);
const BLUES: [RGBColor; 4] =
    [RGBColor(8, 81, 156), RGBColor(66, 146, 198), RGBColor(0, 130, 110), RGBColor(102, 178, 140)];
const WARM: [RGBColor; 5] = [
    RGBColor(203, 67, 53),
    RGBColor(230, 126, 34),
    RGBColor(183, 149, 11),
    RGBColor(142, 68, 173),
    RGBColor(121, 85, 72),
];

/// A bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) value: f64,
    /// What is written at its end.
    pub(crate) label: String,
}

/// A line.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What is drawn on could not be drawn on.
pub(crate) type Trouble = Box<dyn std::error::Error>;

const WIDTH: u32 = 860;

/// Bars from top to bottom, as they are given.
///
/// # Errors
///
/// What the drawing says; on a string there is nothing that could fail.
pub(crate) fn bars(title: &str, note: &str, bars: &[Bar]) -> Result<String, Trouble> {
    const ROW: i32 = 26;
    const TOP: i32 = 64;
    const LEFT: i32 = 300;
    const MOST: i32 = 450;
    let height = TOP + ROW * bars.len() as i32 + 14;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        heading(&area, title, note)?;
        let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        for (number, bar) in (0..).zip(bars) {
            let (top, bottom) = (TOP + ROW * number + 3, TOP + ROW * (number + 1) - 3);
            let length = (bar.value / most * f64::from(MOST)).max(1.0) as i32;
            let colour = match bar.kind {
                Kind::Bare => GREY,
                Kind::Ours => BLUES[0],
                Kind::Other => WARM[1],
            };
            area.draw(&Rectangle::new([(LEFT, top), (LEFT + length, bottom)], colour.filled()))?;
            let middle = i32::midpoint(top, bottom);
            let name = text(14, BLACK, HPos::Right);
            area.draw(&Text::new(bar.name.clone(), (LEFT - 8, middle), name))?;
            let label = text(13, BLACK, HPos::Left);
            area.draw(&Text::new(bar.label.clone(), (LEFT + length + 6, middle), label))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// How an axis is divided.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From nothing, evenly.
    Even,
    /// Each step is ten times the last.
    Tenfold,
}

/// Lines over numbers that grow tenfold, with their names at their right ends.
///
/// # Errors
///
/// What the drawing says; on a string there is nothing that could fail.
pub(crate) fn lines(
    title: &str,
    note: &str,
    below: &str,
    scale: Scale,
    lines: &[Line],
) -> Result<String, Trouble> {
    const HEIGHT: u32 = 470;
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let least_x = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let most_x = points().map(|point| point.0).fold(0.0, f64::max);
    let least_y = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let most_y = points().map(|point| point.1).fold(0.0, f64::max);
    let mut svg = String::new();
    if most_x <= 0.0 {
        return Ok(svg);
    }
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        area.fill(&WHITE)?;
        heading(&area, title, note)?;
        let (chart, _) = area.split_horizontally(600);
        let (_, chart) = chart.split_vertically(52);
        let across = (least_x * 0.9..most_x * 1.15).log_scale();
        match scale {
            Scale::Even => {
                let up = 0.0..most_y * 1.08;
                let mut context = builder(&chart).build_cartesian_2d(across, up)?;
                let mut mesh = context.configure_mesh();
                mesh.x_desc(below).x_label_formatter(&whole).disable_x_mesh();
                mesh.light_line_style(WHITE).y_label_formatter(&|y| format!("{y}")).draw()?;
                for (number, line) in lines.iter().enumerate() {
                    let colour = colour(lines, number);
                    context.draw_series(LineSeries::new(
                        line.points.clone(),
                        colour.stroke_width(2),
                    ))?;
                    context.draw_series(dots(line, colour))?;
                }
                labels(&area, lines, |x, y| context.backend_coord(&(x, y)))?;
            }
            Scale::Tenfold => {
                let up = (least_y * 0.7..most_y * 1.5).log_scale();
                let mut context = builder(&chart).build_cartesian_2d(across, up)?;
                let mut mesh = context.configure_mesh();
                mesh.x_desc(below).x_label_formatter(&whole).disable_x_mesh();
                mesh.light_line_style(WHITE).y_label_formatter(&whole).draw()?;
                for (number, line) in lines.iter().enumerate() {
                    let colour = colour(lines, number);
                    context.draw_series(LineSeries::new(
                        line.points.clone(),
                        colour.stroke_width(2),
                    ))?;
                    context.draw_series(dots(line, colour))?;
                }
                labels(&area, lines, |x, y| context.backend_coord(&(x, y)))?;
            }
        }
        area.present()?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn builder<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(8).x_label_area_size(44).y_label_area_size(64);
    builder
}

fn dots(line: &Line, colour: RGBColor) -> impl Iterator<Item = Circle<(f64, f64), i32>> {
    line.points.clone().into_iter().map(move |point| Circle::new(point, 3, colour.filled()))
}

/// Names beside the lines' ends, moved apart where lines meet.
fn labels(
    area: &Area<'_>,
    lines: &[Line],
    place: impl Fn(f64, f64) -> (i32, i32),
) -> Result<(), Trouble> {
    const STEP: i32 = 17;
    let mut names: Vec<(i32, i32, usize)> = lines
        .iter()
        .enumerate()
        .filter_map(|(number, line)| {
            let &(x, y) = line.points.last()?;
            let (x, y) = place(x, y);
            Some((y, x, number))
        })
        .collect();
    names.sort_unstable();
    let heights = apart(&names.iter().map(|name| name.0).collect::<Vec<_>>(), STEP, 60..440);
    for ((y, x, number), height) in names.into_iter().zip(heights) {
        let colour = colour(lines, number);
        area.draw(&PathElement::new(
            vec![(x + 6, y), (606, height)],
            colour.mix(0.4).stroke_width(1),
        ))?;
        let style = text(13, colour, HPos::Left);
        area.draw(&Text::new(lines[number].name.clone(), (610, height), style))?;
    }
    Ok(())
}

/// Places at least `step` apart and within `room` as long as there is any, each as near as may be
/// to where it was wanted. `wanted` is in order.
fn apart(wanted: &[i32], step: i32, room: Range<i32>) -> Vec<i32> {
    let mut places: Vec<i32> = Vec::with_capacity(wanted.len());
    for &place in wanted {
        let least = places.last().map_or(room.start, |last| last + step);
        places.push(place.max(least));
    }
    let mut most = room.end;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - step;
    }
    places
}

fn colour(lines: &[Line], number: usize) -> RGBColor {
    let kind = lines[number].kind;
    let place = lines[..number].iter().filter(|line| line.kind == kind).count();
    match kind {
        Kind::Bare => GREY,
        Kind::Ours => BLUES[place % BLUES.len()],
        Kind::Other => WARM[place % WARM.len()],
    }
}

fn heading(area: &Area<'_>, title: &str, note: &str) -> Result<(), Trouble> {
    let bold = text(18, BLACK, HPos::Left);
    area.draw(&Text::new(title.to_owned(), (16, 20), bold))?;
    area.draw(&Text::new(note.to_owned(), (16, 42), text(13, RGBColor(90, 90, 90), HPos::Left)))?;
    Ok(())
}

fn text(size: i32, colour: RGBColor, across: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour).pos(Pos::new(across, VPos::Center))
}

fn whole(value: &impl Display) -> String {
    crate::page::thousands(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_their_names_and_values_and_the_longest_is_the_most() {
        let bar = |name: &str, value| Bar {
            name: name.into(),
            kind: Kind::Ours,
            value,
            label: format!("{value} M"),
        };
        let svg = bars("Title", "what a bar is", &[bar("one", 1.0), bar("two", 2.0)]).unwrap();
        for word in ["Title", "what a bar is", "one", "two", "1 M", "2 M", "</svg>"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        assert!(svg.contains("width=\"450\"") && svg.contains("width=\"225\""), "{svg}");
    }

    #[test]
    fn lines_are_named_at_their_ends_on_either_scale() {
        let line = |name: &str, kind| Line {
            name: name.into(),
            kind,
            points: vec![(10.0, 5.0), (1000.0, 50.0)],
        };
        for scale in [Scale::Even, Scale::Tenfold] {
            let two = [line("bare", Kind::Bare), line("ours", Kind::Ours)];
            let svg = lines("Title", "note", "readers", scale, &two).unwrap();
            for word in ["bare", "ours", "readers", "1,000", "</svg>"] {
                assert!(svg.contains(word), "{word} in {svg}");
            }
        }
        assert_eq!(lines("Title", "note", "readers", Scale::Even, &[]).unwrap(), "");
    }

    #[test]
    fn names_that_would_cover_each_other_are_moved_apart() {
        assert_eq!(apart(&[10, 50, 90], 17, 0..100), [10, 50, 90]);
        assert_eq!(apart(&[10, 12, 14], 17, 0..100), [10, 27, 44]);
        assert_eq!(apart(&[90, 95, 99], 17, 0..100), [66, 83, 100]);
    }
}
