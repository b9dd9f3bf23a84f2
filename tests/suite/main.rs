//! What the whole must do, on real databases, with real plugins and the real command line.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail like tests, and say aloud what they leave out"
)]

mod access;
mod any_input;
mod any_value;
mod architecture;
mod changed_contacts;
mod cli;
mod compat;
mod conformance;
mod day_of_a_steward;
mod decisions;
mod docs;
mod documents;
mod embedding;
mod faults;
mod features;
mod find;
mod golden;
mod harmless;
mod homes;
mod housemates;
mod in_one_order;
mod interruption;
mod isolation;
mod known_again;
mod merging;
mod migrations;
mod missing_people;
mod moved_ids;
mod older_file;
mod one_reading;
mod options;
mod order_of_rows;
mod outdated;
mod own_contract;
mod packages;
mod plugin_host;
mod reasons;
mod rehearsals;
mod rejected_pairs;
mod repeated;
mod retention;
mod retrying;
mod review_list;
mod rolling_back;
mod run_control;
mod samples;
mod scale;
mod scan;
mod score;
#[cfg(feature = "postgres")]
mod server;
mod set_rules;
mod shared_ids;
mod side_by_side;
mod stewardship;
mod store;
mod support;
mod surface;
mod told;
mod twice;
mod unfinished_rollback;
mod unreadable_dates;
mod untold;
#[cfg(feature = "postgres")]
mod used_again;
mod versions;
mod web_host;
mod who_is_who;
