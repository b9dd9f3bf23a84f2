//! Options that mean something only beside another one. Whoever gives one alone expects something that would not happen:
//! a preview that writes, a filter that does not filter. So they are refused.
//!
//! This is not `requires` of clap, which asks nothing for an option that conflicts with another one that is given.

use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Options of commands that go only with, or not with, one of some others.
struct Rule {
    /// The commands, by their whole path.
    commands: &'static [&'static str],
    options: &'static [&'static str],
    when: When,
    /// What else helps, for people.
    hint: &'static str,
}

enum When {
    Only(&'static str),
    Either(&'static str, &'static str),
    Not(&'static str),
}

const ROW_FILTERS: &[&str] =
    &["run", "source", "system", "rule", "severity", "text", "since", "until", "after"];
const ONE_OR_MANY: &str = "one row is done at once, --bulk is for many";

const RULES: &[Rule] = &[
    Rule {
        commands: &["fix", "requeue", "suppress"],
        options: &["apply", "most"],
        when: When::Only("bulk"),
        hint: "without it, the command does what it says at once",
    },
    Rule {
        commands: &["suppress"],
        options: &["preview"],
        when: When::Only("bulk"),
        hint: "without it, the command does what it says at once; `fix ROW --exempt CODE --preview` shows one row",
    },
    Rule {
        commands: &["fix"],
        options: &["preview"],
        when: When::Not("file"),
        hint: "a corrected file is imported at once; `fix ROW --set ... --preview` shows one of its rows",
    },
    Rule {
        commands: &["fix", "requeue", "suppress"],
        options: ROW_FILTERS,
        when: When::Only("bulk"),
        hint: ONE_OR_MANY,
    },
    Rule {
        commands: &["fix", "requeue", "suppress"],
        options: &["most"],
        when: When::Not("apply"),
        hint: "it limits what a preview lists",
    },
    Rule {
        commands: &["suppress"],
        options: &["most"],
        when: When::Not("wont_fix"),
        hint: "that lists no rows; `quarantine` with the same filters does",
    },
    Rule {
        commands: &["suppress"],
        options: &["current_mapping"],
        when: When::Only("exempt"),
        hint: "no row is read otherwise",
    },
    Rule {
        commands: &["create"],
        options: &["current_mapping"],
        when: When::Only(NOTHING),
        hint: "who is made by hand comes from no file",
    },
    Rule {
        commands: &["fix"],
        options: &["field", "find", "replace", "autofix"],
        when: When::Only("bulk"),
        hint: "one row is corrected with --set FIELD=VALUE",
    },
    Rule {
        commands: &["fix"],
        options: &["set"],
        when: When::Only("row"),
        hint: "many rows are corrected with --field, --find and --replace, or with --autofix",
    },
    Rule {
        commands: &["fix"],
        options: &["exempt"],
        when: When::Only("row"),
        hint: "many rows are exempted with `suppress --bulk --exempt CODE`",
    },
    Rule {
        commands: &["quarantine"],
        options: ROW_FILTERS,
        when: When::Not("row"),
        hint: "a row is shown alone, filters are for the list",
    },
    Rule {
        commands: &["quarantine"],
        options: &["status", "limit"],
        when: When::Not("row"),
        hint: "a row is shown alone, filters are for the list",
    },
    Rule {
        commands: &["people"],
        options: &["text", "after", "limit"],
        when: When::Not("person"),
        hint: "a person is shown alone, filters are for the list",
    },
    Rule {
        commands: &["runs"],
        options: &["source", "limit"],
        when: When::Not("run"),
        hint: "a run is shown alone, filters are for the list",
    },
    Rule {
        commands: &["rollback"],
        options: &["after", "limit", "outcome"],
        when: When::Only("list"),
        hint: "it pages or filters a list",
    },
    Rule {
        commands: &["merge"],
        options: &["after", "limit"],
        when: When::Either("list", "preview"),
        hint: "it pages a list",
    },
    Rule {
        commands: &["merge", "rollback"],
        options: &["survivor", "keep", "set", "policy", "reason"],
        when: When::Not("list"),
        hint: "a list changes nothing",
    },
    Rule {
        commands: &["review accept", "review reject", "review defer", "review reopen"],
        options: &["kind", "run", "from", "below", "dry_run"],
        when: When::Only("matching"),
        hint: "suggestions that are named by their ids are all decided about; `review show ID` shows one",
    },
    Rule {
        commands: &["run"],
        options: &["summary_json"],
        when: When::Not("preview"),
        hint: "a preview makes no run to sum up; --dry-run does",
    },
    Rule {
        commands: &["runs resume", "runs retry", "runs approve", "runs rerun"],
        options: &["auto_merge"],
        when: When::Only(NOTHING),
        hint: "how far rows are merged was settled when the run began, and stays",
    },
];

/// No option has this name.
const NOTHING: &str = "";

/// Refuses the first option that means nothing where it stands.
pub(crate) fn check(root: &mut Command, matches: &ArgMatches) -> Result<(), Error> {
    let (path, given) = innermost(matches);
    let name = path.join(" ");
    for rule in RULES.iter().filter(|rule| rule.commands.contains(&name.as_str())) {
        let allowed = match rule.when {
            When::Only(other) => is_given(given, other),
            When::Either(one, other) => is_given(given, one) || is_given(given, other),
            When::Not(other) => !is_given(given, other),
        };
        let Some(option) = rule.options.iter().find(|option| !allowed && is_given(given, option)) else {
            continue;
        };
        let command = innermost_command(root, &path);
        let option = shown(command, option);
        let says = match rule.when {
            When::Only(NOTHING) => format!("{option} means nothing for `{name}`: {}", rule.hint),
            When::Only(other) => format!("{option} goes with {} only: {}", shown(command, other), rule.hint),
            When::Either(one, other) => {
                let (one, other) = (shown(command, one), shown(command, other));
                format!("{option} goes with {one} or {other} only: {}", rule.hint)
            }
            When::Not(other) => format!("{option} does not go with {}: {}", shown(command, other), rule.hint),
        };
        return Err(command.error(ErrorKind::ArgumentConflict, says));
    }
    Ok(())
}

/// The command that was called in the end, by its path, with what was given to it.
fn innermost(matches: &ArgMatches) -> (Vec<&str>, &ArgMatches) {
    let (mut path, mut given) = (Vec::new(), matches);
    while let Some((name, inner)) = given.subcommand() {
        path.push(name);
        given = inner;
    }
    (path, given)
}

pub(crate) fn innermost_command<'a>(root: &'a mut Command, path: &[&str]) -> &'a mut Command {
    let Some((first, rest)) = path.split_first() else { return root };
    if root.find_subcommand(first).is_none() {
        return root;
    }
    match root.find_subcommand_mut(first) {
        Some(inner) => innermost_command(inner, rest),
        None => unreachable!("it was found a moment ago"),
    }
}

/// Given by whoever calls: defaults and variables of the environment are there for every command.
fn is_given(matches: &ArgMatches, name: &str) -> bool {
    let known = matches.try_contains_id(name).unwrap_or(false);
    known && matches.value_source(name) == Some(ValueSource::CommandLine)
}

/// An option as it is written, `--most`, or the name of what stands without one, `ROW`.
fn shown(command: &Command, name: &str) -> String {
    let arg = command.get_arguments().find(|arg| arg.get_id() == name);
    match arg.and_then(clap::Arg::get_long) {
        Some(long) => format!("--{long}"),
        None => name.to_uppercase(),
    }
}
