//! An explanation as a waterfall: from the prior, term by term, to the score.

use std::fmt::Write;

use super::Explanation;

/// How many characters a bar has to each side.
const HALF: usize = 14;

struct Bar<'a> {
    name: &'a str,
    level: &'a str,
    bits: f64,
    /// The sum with this step.
    sum: f64,
}

impl Explanation {
    fn steps(&self) -> Vec<Bar<'_>> {
        let prior = [("prior", "", self.prior_bits)];
        let terms = self.terms.iter().map(|term| (term.term.as_str(), term.level.as_str(), term.bits));
        let household = [("household", "", self.household_bits)];
        let mut sum = 0.0;
        let steps = prior.into_iter().chain(terms).chain(household).map(|(name, level, bits)| {
            sum += bits;
            Bar { name, level, bits, sum }
        });
        steps.collect()
    }

    /// One line per step, in bits: what it says, as a bar to the left (against one person) or right (for it), and the sum so
    /// far. Terms for which a record has no value say nothing and have no bar.
    pub fn to_text(&self) -> String {
        let steps = self.steps();
        let most = steps.iter().map(|step| step.bits.abs()).fold(1.0, f64::max);
        let width = |wide: for<'a> fn(&Bar<'a>) -> &'a str| {
            steps.iter().map(|step| wide(step).chars().count()).max().unwrap_or(0).max(5)
        };
        let (names, levels) = (width(|step| step.name), width(|step| step.level));
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = writeln!(
            out,
            "{:names$}  {:levels$}  {:>7}  {:^w$}  {:>7}",
            "term",
            "level",
            "bits",
            "against | for",
            "sum",
            w = 2 * HALF + 1
        );
        for step in &steps {
            let length = (step.bits.abs() / most * HALF as f64).round();
            let filled = (0..HALF).filter(|place| (*place as f64) < length).count();
            let (against, is_for) = if step.bits < 0.0 { (filled, 0) } else { (0, filled) };
            let bar = format!("{:>HALF$}|{:<HALF$}", "-".repeat(against), "+".repeat(is_for));
            let _ = writeln!(
                out,
                "{:names$}  {:levels$}  {:>+7.1}  {bar}  {:>+7.1}",
                step.name, step.level, step.bits, step.sum
            );
        }
        out
    }

    /// The waterfall as an SVG document.
    pub fn to_svg(&self) -> String {
        const ROW: f64 = 22.0;
        const LEFT: f64 = 300.0;
        const ROOM: f64 = 480.0;
        let steps = self.steps();
        let low = steps.iter().map(|step| step.sum).fold(0.0, f64::min);
        let high = steps.iter().map(|step| step.sum).fold(0.0, f64::max);
        let x = |bits: f64| LEFT + (bits - low) / (high - low).max(1.0) * ROOM;
        let height = ROW * (steps.len() as f64 + 3.0);
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"{height}\" viewBox=\"0 0 860 {height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<title>Score, term by term, in bits</title>\n\
             <rect width=\"860\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <line x1=\"{zero:.1}\" y1=\"10\" x2=\"{zero:.1}\" y2=\"{end:.1}\" stroke=\"#888888\"/>",
            zero = x(0.0),
            end = ROW * (steps.len() as f64 + 1.0),
        );
        for (row, step) in steps.iter().enumerate() {
            let y = ROW * (row as f64 + 0.8);
            let (from, to) = (x(step.sum - step.bits), x(step.sum));
            let colour = if step.bits < 0.0 { "#c0504d" } else { "#3f7f5f" };
            let label = [step.name, step.level].join(" ");
            let _ = writeln!(
                out,
                "<text x=\"10\" y=\"{text:.1}\">{}</text><text x=\"290\" y=\"{text:.1}\" text-anchor=\"end\">{:+.1}</text>\
                 <rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"14\" fill=\"{colour}\"/>",
                escaped(label.trim()),
                step.bits,
                from.min(to),
                (to - from).abs().max(1.0),
                text = y + 12.0,
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"10\" y=\"{:.1}\" font-weight=\"bold\">sum {:+.1} bits: {:.2} % one person, {:.2} % one household</text>\n</svg>",
            ROW * (steps.len() as f64 + 2.0),
            self.bits,
            100.0 * self.probability,
            100.0 * self.household
        );
        out
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::ExplainedTerm;
    use super::*;

    fn explanation() -> Explanation {
        let term = |term: &str, level: &str, bits| ExplainedTerm {
            term: term.into(),
            level: level.into(),
            bits,
            frequency: None,
            shared_by: None,
        };
        Explanation {
            prior_bits: -10.0,
            terms: vec![term("name", "equal", 12.0), term("a<b", "x & y", -1.0), term("dob", "missing", 0.0)],
            household_bits: -0.5,
            bits: 0.5,
            probability: 0.585_786,
            household: 0.1,
            held_back: Vec::new(),
        }
    }

    #[test]
    fn the_text_has_the_prior_first_and_the_household_last() {
        let expected = "\
term       level       bits          against | for             sum
prior                 -10.0    ------------|                 -10.0
name       equal      +12.0                |++++++++++++++    +2.0
a<b        x & y       -1.0               -|                  +1.0
dob        missing     +0.0                |                  +1.0
household              -0.5               -|                  +0.5
";
        let plain = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(plain(&explanation().to_text()), plain(expected));
        assert_eq!(
            explanation().to_text().lines().map(str::len).collect::<std::collections::BTreeSet<_>>().len(),
            1
        );
    }

    #[test]
    fn the_picture_escapes_names_and_closes_its_tags() {
        let svg = explanation().to_svg();
        assert!(svg.contains("a&lt;b x &amp; y") && !svg.contains("a<b"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(svg.matches("<rect").count(), 6, "the ground and one bar per step");
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
