//! A small picture of one run: what the carrier would have taken and what it got, over time.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// Room for the scales, on the left and below.
const LEFT: f64 = 46.0;
const BELOW: f64 = 28.0;
const ABOVE: f64 = 24.0;
/// Points of a line at most.
const POINTS: usize = 240;

/// A curve: mails taken by when.
pub struct Curve<'a> {
    pub name: &'a str,
    pub colour: &'a str,
    pub points: &'a [(f64, f64)],
}

/// The picture as SVG.
pub fn svg(title: &str, curves: &[Curve<'_>]) -> String {
    let most =
        |of: fn(&(f64, f64)) -> f64| curves.iter().flat_map(|curve| curve.points).map(of).fold(0.0, f64::max).max(1e-9);
    let (seconds, mails) = (most(|p| p.0), most(|p| p.1));
    let x = |s: f64| LEFT + s / seconds * (WIDTH - LEFT - 12.0);
    let y = |m: f64| HEIGHT - BELOW - m / mails * (HEIGHT - BELOW - ABOVE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"15\" font-size=\"13\">{title}</text>\n"
    );
    for part in 0..=4 {
        let (s, m) = (seconds * f64::from(part) / 4.0, mails * f64::from(part) / 4.0);
        let (at_x, at_y) = (x(s), y(m));
        let _ = writeln!(out, "<path d=\"M{LEFT} {at_y:.0}H{:.0}\" stroke=\"#ddd\"/>", WIDTH - 12.0);
        let _ =
            writeln!(out, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{m:.0}</text>", LEFT - 4.0, at_y + 4.0);
        let _ =
            writeln!(out, "<text x=\"{at_x:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{s:.0} s</text>", HEIGHT - 10.0);
    }
    for (place, curve) in curves.iter().enumerate() {
        let every = curve.points.len().div_ceil(POINTS).max(1);
        let last = curve.points.len().saturating_sub(1);
        let kept = curve.points.iter().enumerate().filter(|(n, _)| n % every == 0 || *n == last);
        let path: Vec<String> = kept.map(|(_, (s, m))| format!("{:.1},{:.1}", x(*s), y(*m))).collect();
        let colour = curve.colour;
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
            path.join(" ")
        );
        let (at_x, at_y) = (WIDTH - 180.0, HEIGHT - BELOW - 34.0 + 15.0 * place as f64);
        let _ = writeln!(out, "<text x=\"{at_x}\" y=\"{at_y}\" fill=\"{colour}\">{}</text>", curve.name);
    }
    out.push_str("</svg>\n");
    out
}
