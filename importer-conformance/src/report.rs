use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseResult, Stop};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The promise is kept.
    Passed,
    /// The promise is broken.
    Failed {
        /// What was seen.
        what: String,
    },
    /// There was nothing to check.
    Skipped {
        /// Why.
        why: String,
    },
}

impl From<CaseResult> for Outcome {
    fn from(verdict: CaseResult) -> Self {
        match verdict {
            Ok(()) => Self::Passed,
            Err(Stop::Failed(what)) => Self::Failed { what },
            Err(Stop::Skipped(why)) => Self::Skipped { why },
        }
    }
}

/// A case and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// The name of the case.
    pub case: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What to do; only when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

impl CaseReport {
    pub(crate) fn new(case: &Case, outcome: Outcome) -> Self {
        let advice = matches!(outcome, Outcome::Failed { .. }).then_some(case.advice);
        Self { case: case.name, outcome, advice }
    }
}

/// What a check found, case by case. Its text form is for people, its serialised form for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was checked: a file, or the id of a linked plugin.
    pub plugin: String,
    /// The cases in the order they ran.
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// True when no case failed.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The names of the cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = &'static str> {
        self.cases.iter().filter(|c| matches!(c.outcome, Outcome::Failed { .. })).map(|c| c.case)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for case in &self.cases {
            match &case.outcome {
                Outcome::Passed => {
                    passed += 1;
                    writeln!(f, "passed   {}", case.case)?;
                }
                Outcome::Failed { what } => {
                    failed += 1;
                    writeln!(f, "FAILED   {}: {what}; {}", case.case, case.advice.unwrap_or_default())?;
                }
                Outcome::Skipped { why } => {
                    skipped += 1;
                    writeln!(f, "skipped  {}: {why}", case.case)?;
                }
            }
        }
        write!(f, "{}: {passed} passed, {failed} failed, {skipped} skipped", self.plugin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_was_seen_and_what_to_do() {
        let case = &crate::CASES[0];
        let report = Report {
            plugin: "x.so".into(),
            cases: vec![
                CaseReport::new(case, Outcome::Failed { what: "it is empty".into() }),
                CaseReport::new(case, Outcome::Skipped { why: "there is no adapter".into() }),
            ],
        };
        let text = report.to_string();
        assert!(text.contains(&format!("FAILED   {}: it is empty; {}", case.name, case.advice)), "{text}");
        assert!(text.ends_with("x.so: 0 passed, 1 failed, 1 skipped"), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(
            (&json["cases"][0]["outcome"], &json["cases"][1]["advice"]),
            (&"failed".into(), &serde_json::Value::Null)
        );
    }
}
