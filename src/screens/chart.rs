//! What each day cost, as a picture: how it goes up and down over weeks, which a list does not show.
//!
//! Drawn by `plotters`. The one font is part of the program, so that the picture looks the same on
//! every machine.

use std::sync::Once;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use epaint_default_fonts::UBUNTU_LIGHT;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::{
        BitMapBackend, Cartesian2d, ChartBuilder, ChartContext, DrawingArea, IntoDrawingArea,
        IntoFont, RGBColor, Rectangle, Text, TextStyle, WHITE,
    },
    style::{
        Color, FontStyle, register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::{claude::usage::Usage, screens::words};

/// Days of the picture.
pub const DAYS: u64 = 30;
/// Days with a cost that it takes: fewer are said as well in words.
const FEWEST: usize = 3;
/// Pixels: sharp on a phone, and a message of some 20 KB.
const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 640;
/// Pixels of a letter, and what the letters are called.
const LETTERS: u32 = 26;
const FONT: &str = "sans-serif";
/// Room above the highest bar, as a part of it, for its figure.
const HEADROOM: f64 = 1.12;

const BAR: RGBColor = RGBColor(0xd9, 0x77, 0x57);
const TODAY: RGBColor = RGBColor(0xb3, 0x4d, 0x2e);
const INK: RGBColor = RGBColor(0x40, 0x40, 0x40);
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

type Chart<'c> = ChartContext<'c, BitMapBackend<'c>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A PNG of what each of the last [`DAYS`] days cost, the last one `today`; `None` where few of them
/// have cost anything, or where it cannot be drawn.
pub fn days(usage: &Usage, today: NaiveDate) -> Option<Vec<u8>> {
    let costs = costs(usage, today, DAYS);
    if costs.iter().filter(|(_, cost)| *cost > 0.0).count() < FEWEST {
        return None;
    }
    let mut pixels = vec![0; (WIDTH * HEIGHT * 3) as usize];
    let drawn = draw(&mut pixels, &costs).and_then(|()| {
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8)
            .map_err(|error| error.to_string())?;
        Ok(png)
    });
    drawn.inspect_err(|error| tracing::warn!(error, "no chart")).ok()
}

/// What each of the last `days` days cost, the last one `today`.
pub(super) fn costs(usage: &Usage, today: NaiveDate, days: u64) -> Vec<(NaiveDate, f64)> {
    let last = (0..days).rev().filter_map(|ago| today.checked_sub_days(Days::new(ago)));
    let cost = |day| usage.days.get(&day).map_or(0.0, |sum| sum.cost);
    last.map(|day| (day, cost(day))).collect()
}

fn draw(pixels: &mut [u8], costs: &[(NaiveDate, f64)]) -> Result<(), String> {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| drop(register_font(FONT, FontStyle::Normal, UBUNTU_LIGHT)));
    paint(pixels, costs).map_err(|error| error.to_string())
}

fn paint(
    pixels: &mut [u8],
    costs: &[(NaiveDate, f64)],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let root = BitMapBackend::with_buffer(pixels, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = costs.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    let mut chart: Chart<'_> = ChartBuilder::on(&root)
        .margin(24)
        .x_label_area_size(2 * LETTERS)
        .y_label_area_size(5 * LETTERS)
        .build_cartesian_2d(0.0..costs.len() as f64, 0.0..most * HEADROOM)?;
    let letters = (FONT, LETTERS).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|cost| amount(*cost))
        .label_style(letters.clone())
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .draw()?;
    let last = costs.len() - 1;
    chart.draw_series(costs.iter().enumerate().map(|(at, (_, cost))| {
        let color = if at == last { TODAY } else { BAR };
        Rectangle::new([(at as f64 + 0.12, 0.0), (at as f64 + 0.88, *cost)], color.filled())
    }))?;
    label(&root, &chart, costs, &letters)?;
    root.present()?;
    Ok(())
}

/// Writes the weeks below the bars, and its figure above the highest.
fn label(
    root: &DrawingArea<BitMapBackend<'_>, Shift>,
    chart: &Chart<'_>,
    costs: &[(NaiveDate, f64)],
    letters: &TextStyle<'_>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let at = |x: f64, y: f64| chart.plotting_area().map_coordinate(&(x, y));
    for (number, (day, _)) in costs.iter().enumerate() {
        if day.weekday() == Weekday::Mon {
            let (x, y) = at(number as f64 + 0.5, 0.0);
            let style = letters.pos(Pos::new(HPos::Center, VPos::Top));
            root.draw(&Text::new(day.format("%-d %b").to_string(), (x, y + 12), style))?;
        }
    }
    let highest = costs.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1));
    if let Some((number, (_, cost))) = highest {
        let (x, y) = at(number as f64 + 0.5, *cost);
        let style = letters.pos(Pos::new(HPos::Center, VPos::Bottom));
        root.draw(&Text::new(words::dollars(*cost), (x, y - 6), style))?;
    }
    Ok(())
}

/// An amount on the axis: without cents where it has none.
fn amount(cost: f64) -> String {
    let is_whole = (cost - cost.round()).abs() < 1e-9;
    if is_whole { format!("${cost:.0}") } else { format!("${cost:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude::usage::Sum;

    fn usage(costs: &[(u64, f64)], today: NaiveDate) -> Usage {
        let mut usage = Usage::default();
        for (ago, cost) in costs {
            let day = today.checked_sub_days(Days::new(*ago)).unwrap();
            usage.days.insert(day, Sum { cost: *cost, ..Sum::default() });
        }
        usage
    }

    #[test]
    fn a_chart_has_a_bar_for_each_day_as_high_as_it_cost() {
        let today = NaiveDate::from_ymd_opt(2026, 5, 14).unwrap();
        let few = usage(&[(0, 1.0), (3, 2.0), (31, 5.0)], today);
        assert_eq!(days(&few, today), None);
        let many = usage(&[(0, 2.0), (10, 4.0), (29, 1.0)], today);
        let png = days(&many, today).unwrap();
        let picture = image::load_from_memory(&png).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (WIDTH, HEIGHT));
        let height = |color: RGBColor, x: u32| {
            (0..HEIGHT)
                .filter(|y| picture.get_pixel(x, *y).0 == [color.0, color.1, color.2])
                .count()
        };
        let of = |color| (0..WIDTH).map(|x| height(color, x)).max().unwrap();
        let (bar, now) = (of(BAR), of(TODAY));
        assert!(bar > HEIGHT as usize / 2 && now.abs_diff(bar / 2) < 4, "{bar} {now}");
        let columns = (0..WIDTH).filter(|x| height(BAR, *x) > 40).collect::<Vec<_>>();
        let bars = columns.windows(2).filter(|pair| pair[1] > pair[0] + 1).count() + 1;
        assert_eq!(bars, 2, "{columns:?}");
    }
}
