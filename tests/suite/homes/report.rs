//! What goes wrong for each kind, as a table with the smallest files.

use super::law::{Mode, Told, live, pairs_of_rows};
use super::rows::Sheet;
use super::{Kind, asked, history, in_another_order, kinds, smallest, told};
use crate::support;

/// What went wrong for a kind in a mode.
#[derive(Default)]
struct Sum {
    rows: usize,
    not_loaded: usize,
    mixed: usize,
    strayed: usize,
    pairs: usize,
    together: usize,
    untold: usize,
    other_order: usize,
}

impl Sum {
    fn add(&mut self, sheets: &[Sheet], told: &Told) {
        self.rows += sheets.iter().map(|sheet| sheet.rows.len()).sum::<usize>();
        self.not_loaded += told.not_loaded;
        self.mixed += told.mixed().len();
        self.strayed += told.strayed.len();
        self.untold += told.untold.len();
        self.pairs += pairs_of_rows(sheets);
        self.together += told.together();
    }
}

fn lived(sheets: &[Sheet], mode: Mode) -> Told {
    live(&support::database_for_a_history("sqlite"), sheets, mode)
}

/// What a kind gets wrong in a mode. Each way to go wrong is shown once, with the smallest files.
fn tried(kind: (&'static str, Kind), mode: Mode, cases: u64, shown: &mut String) -> Sum {
    let mut sum = Sum::default();
    let mut show = |what: &str, sheets: &[Sheet], wrong: &dyn Fn(&[Sheet]) -> bool| {
        if !shown.contains(what) {
            *shown += &format!("{what} ({mode:?})\n{}", told(&smallest::smallest(sheets.to_vec(), wrong)));
        }
    };
    for seed in 0..cases {
        let sheets = history(seed, &[kind], 2);
        let other = in_another_order(seed, &sheets);
        let became = [lived(&sheets, mode), lived(&other, mode)];
        for (sheets, told) in [&sheets, &other].into_iter().zip(&became) {
            sum.add(sheets, told);
            if !told.mixed().is_empty() {
                show("two people in one record", sheets, &|files| !lived(files, mode).mixed().is_empty());
            } else if !told.strayed.is_empty() {
                show("a value of somebody else", sheets, &|files| !lived(files, mode).strayed.is_empty());
            }
            if !told.untold.is_empty() {
                show("two records, and nobody is told", sheets, &|files| {
                    !lived(files, mode).untold.is_empty()
                });
            }
        }
        if became[0].parts != became[1].parts {
            sum.other_order += 1;
            let wrong = |files: &[Sheet]| {
                lived(files, mode).parts != lived(&in_another_order(seed, files), mode).parts
            };
            show("another order of rows, other people", &sheets, &wrong);
        }
    }
    sum
}

/// `CASES` is how many histories of each kind are tried; `KIND` keeps to some kinds.
#[test]
#[ignore = "a report for people, which takes minutes"]
fn what_goes_wrong() {
    let cases = std::env::var("CASES").map_or(4, |cases| cases.parse().unwrap());
    let head = ["rows", "held", "mixed", "values", "found", "untold", "order"];
    eprintln!("{:44} {:8} {}", "kind", "mode", head.map(|word| format!("{word:>9}")).concat());
    for kind in asked().unwrap_or_else(|| kinds().collect()) {
        let mut shown = String::new();
        for mode in Mode::ALL {
            let sum = tried(kind, mode, cases, &mut shown);
            let found = format!("{}/{}", sum.together, sum.pairs);
            let before =
                [sum.rows, sum.not_loaded, sum.mixed, sum.strayed].map(|count| format!("{count:>9}"));
            let behind = [sum.untold, sum.other_order].map(|count| format!("{count:>9}"));
            eprintln!(
                "{:44} {:8} {}{found:>9}{}",
                kind.0,
                format!("{mode:?}"),
                before.concat(),
                behind.concat()
            );
        }
        eprint!("{shown}");
    }
}
