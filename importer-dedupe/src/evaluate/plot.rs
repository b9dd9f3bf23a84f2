//! Precision and recall as a picture.

use std::fmt::{self, Write};

use super::metrics::{AtThreshold, Point};
use super::report::Report;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 50.0;
const RIGHT: f64 = 30.0;
const BOTTOM: f64 = 60.0;

/// The part of the plane that is drawn: from these values up to 1.
struct Frame {
    recall: f64,
    precision: f64,
}

impl Frame {
    /// All that is to be seen, from a tenth on.
    fn around(points: &[Point]) -> Self {
        let lowest = |of: fn(&Point) -> f64| {
            let least = points.iter().map(of).fold(0.9, f64::min);
            (least * 10.0).floor() / 10.0
        };
        // The first pairs have almost no recall and say little; the picture is about where the curve bends.
        Self { recall: 0.0, precision: lowest(|point| point.precision) }
    }

    fn x(&self, recall: f64) -> f64 {
        LEFT + (recall - self.recall) / (1.0 - self.recall) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, precision: f64) -> f64 {
        TOP + (1.0 - precision) / (1.0 - self.precision) * (HEIGHT - TOP - BOTTOM)
    }
}

impl Report {
    /// A precision–recall curve as SVG, with the thresholds marked.
    pub fn to_svg(&self) -> String {
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = self.draw(&mut out);
        out
    }

    fn draw(&self, out: &mut String) -> fmt::Result {
        let marks: Vec<(String, &AtThreshold)> = vec![
            (format!("best F1 {:.4}", self.best.rates.f1), &self.best),
            (format!("review {:.2}", self.review.threshold), &self.review),
            (format!("auto-merge {:.2}", self.auto_merge.threshold), &self.auto_merge),
        ];
        let place =
            |mark: &AtThreshold| Some(Point { recall: mark.rates.recall?, precision: mark.rates.precision? });
        let mut all = self.curve.clone();
        all.extend(marks.iter().filter_map(|(_, mark)| place(mark)));
        let frame = Frame::around(&all);
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">"
        )?;
        writeln!(out, "<title>Precision and recall of {} records</title>", self.records)?;
        writeln!(out, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>")?;
        writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"28\" font-size=\"16\">Precision and recall of pairs, {} records, {} true pairs</text>",
            self.records, self.truth.pairs
        )?;
        for step in 0..=5 {
            let part = f64::from(step) / 5.0;
            let (recall, precision) = (
                frame.recall + part * (1.0 - frame.recall),
                frame.precision + part * (1.0 - frame.precision),
            );
            let (x, y) = (frame.x(recall), frame.y(precision));
            writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>")?;
            writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{recall:.2}</text>",
                bottom + 20.0
            )?;
            writeln!(
                out,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{precision:.2}</text>",
                LEFT - 8.0,
                y + 4.0
            )?;
        }
        writeln!(out, "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>")?;
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">Recall: share of true pairs that are found</text>",
            (LEFT + right) / 2.0,
            HEIGHT - 15.0
        )?;
        let middle = (TOP + bottom) / 2.0;
        writeln!(
            out,
            "<text x=\"20\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 20 {middle})\">Precision: share of found pairs that are true</text>"
        )?;
        let points: Vec<String> = (self.curve.iter())
            .map(|point| format!("{:.1},{:.1}", frame.x(point.recall), frame.y(point.precision)))
            .collect();
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f6fb4\" stroke-width=\"2\"/>",
            points.join(" ")
        )?;
        for (row, (text, mark)) in (0..).zip(&marks) {
            let Some(point) = place(mark) else { continue };
            let (x, y) = (frame.x(point.recall), frame.y(point.precision));
            // The labels stand in a column of their own: the marks often lie on one spot.
            let (label, line) = (LEFT + 40.0, bottom - 70.0 + 22.0 * f64::from(row));
            let colour = ["#2a8f3c", "#c77700", "#b3261e"][usize::try_from(row).unwrap_or(0) % 3];
            writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>")?;
            writeln!(
                out,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/>",
                label - 14.0,
                line - 4.0
            )?;
            writeln!(
                out,
                "<text x=\"{label:.1}\" y=\"{line:.1}\">{text}: precision {:.4}, recall {:.4}</text>",
                point.precision, point.recall
            )?;
        }
        writeln!(out, "</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Settings, Table, evaluate};

    /// The names of elements in the order in which they end; panics when they do not nest.
    fn closed(xml: &str) -> Vec<String> {
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for tag in xml.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("a tag ends");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_matches('/').split([' ', '/']).next().unwrap().to_owned();
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => {
                    assert_eq!(open.pop().as_ref(), Some(&name));
                    closed.push(name);
                }
                (_, true) => closed.push(name),
                _ => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        closed
    }

    #[test]
    fn the_picture_is_well_formed_also_without_a_single_right_pair() {
        for other in ["Lovelace", "Dijkstra"] {
            let mut people = Table::new(["id", "name", "truth"]);
            let rows = [("1", "Lovelace"), ("2", other), ("3", "Turing"), ("4", "Hopper")];
            for (line, (id, name)) in (2..).zip(rows) {
                people.push(line, [Some(id), Some(name), Some(if line < 4 { "x" } else { id })]);
            }
            let settings = Settings::default();
            let svg = evaluate(&people, Answer::Column("truth"), &settings).unwrap().to_svg();
            let elements = closed(&svg);
            assert_eq!(elements.iter().filter(|name| *name == "polyline").count(), 1);
            assert_eq!(elements.last().map(String::as_str), Some("svg"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
