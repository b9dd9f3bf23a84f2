//! One file per case; the order is that of a check.

mod absurd_request;
mod batches;
mod cancellation;
mod checking;
mod close_midway;
mod columns;
mod comparing;
mod configuring;
mod deletions;
mod each;
mod empty_source;
mod end;
mod feature_cells;
mod feature_missing;
mod feature_repeatable;
mod feature_symmetric;
mod fields;
mod health;
mod host_failure;
mod loads;
mod missing_option;
mod names;
mod observing;
mod option_specs;
mod reads;
mod repeatable;
mod resume;
mod rule_blank;
mod rule_cells;
mod rule_examples;
mod rule_findings;
mod rule_privacy;
mod rule_repeatable;
mod scan;
mod set_rule_batches;
mod set_rule_cells;
mod set_rule_empty;
mod two_rules;
mod two_sources;
mod unknown_capability;
mod unknown_name;
mod unknown_option;
mod wrong_option;

use crate::case::Case;

/// All cases.
pub static CASES: &[&Case] = &[
    &scan::CASE,
    &loads::CASE,
    &names::CASE,
    &unknown_capability::CASE,
    &unknown_name::CASE,
    &option_specs::CASE,
    &unknown_option::CASE,
    &missing_option::CASE,
    &wrong_option::CASE,
    &reads::CASE,
    &empty_source::CASE,
    &batches::CASE,
    &end::CASE,
    &columns::CASE,
    &repeatable::CASE,
    &resume::CASE,
    &cancellation::CASE,
    &host_failure::CASE,
    &absurd_request::CASE,
    &two_sources::CASE,
    &close_midway::CASE,
    &fields::CASE,
    &health::CASE,
    &deletions::CASE,
    &rule_examples::CASE,
    &rule_cells::CASE,
    &rule_findings::CASE,
    &rule_blank::CASE,
    &rule_privacy::CASE,
    &rule_repeatable::CASE,
    &two_rules::CASE,
    &set_rule_empty::CASE,
    &set_rule_batches::CASE,
    &set_rule_cells::CASE,
    &feature_symmetric::CASE,
    &feature_missing::CASE,
    &feature_repeatable::CASE,
    &feature_cells::CASE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn cases_have_names_of_their_own_and_say_all_there_is_to_say() {
        let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
        for case in CASES {
            assert!(case.demands.ends_with('.') && case.why.ends_with('.'), "{}", case.name);
            assert!(!case.advice.is_empty() && !case.advice.ends_with('.'), "{}", case.name);
        }
    }
}
