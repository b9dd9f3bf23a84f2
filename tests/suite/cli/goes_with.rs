//! An option that would mean nothing where it stands is refused, and nothing is done.

use super::{CORE, Desk};

#[test]
fn options_that_mean_nothing_are_refused_and_nothing_is_written() {
    let desk = Desk::new();
    desk.file("people.csv", "id,first name,last name,email\n1,Ann,Lee,ann@@example.org\n");
    desk.run("people.csv", &[]).succeeds();
    let row = desk.db.number("SELECT staging_id AS t FROM quarantine").to_string();
    let row = row.as_str();
    let tables = CORE.iter().chain(&["audit_log", "import_runs"]);
    let state = || tables.clone().map(|table| desk.rows(table)).collect::<Vec<_>>();
    let before = state();
    let fix = ["fix", row, "--set", "email=ann@example.org"];
    let bulk = ["fix", "--bulk", "--autofix", "FMT-101"];
    let reject_row = ["suppress", row, "--wont-fix"];
    let accept = ["review", "accept", "1"];
    for (command, option, says) in [
        (&fix[..], &["--apply"][..], "--apply goes with --bulk only"),
        (&fix, &["--most", "20"], "--most goes with --bulk only"),
        (&fix, &["--run", "1"], "--run goes with --bulk only"),
        (&fix, &["--field", "email", "--find", "@@", "--replace", "@"], "--field goes with --bulk only"),
        (&fix, &["--autofix", "FMT-101"], "--autofix goes with --bulk only"),
        (&bulk, &["--set", "email=x"], "--set goes with ROW only"),
        (&bulk, &["--exempt", "FMT-101"], "`suppress --bulk --exempt CODE`"),
        (&bulk, &["--apply", "--most", "3"], "--most does not go with --apply"),
        (&["fix", "--file", "people.csv"], &["--preview"], "--preview does not go with --file"),
        (&["fix", "--file", "people.csv"], &["--after", "3"], "--after goes with --bulk only"),
        (&["requeue", row], &["--most", "3"], "--most goes with --bulk only"),
        (&["requeue", row], &["--text", "ann"], "--text goes with --bulk only"),
        (&reject_row, &["--preview"], "--preview goes with --bulk only"),
        (&reject_row, &["--source", "csv"], "--source goes with --bulk only"),
        (&reject_row, &["--current-mapping"], "--current-mapping goes with --exempt only"),
        (
            &["create", "--set", "city=Oslo"],
            &["--current-mapping"],
            "--current-mapping means nothing for `create`",
        ),
        (&["suppress", "--bulk", "--wont-fix"], &["--most", "2"], "--most does not go with --wont-fix"),
        (&["merge", "1", "2"], &["--after", "1"], "--after goes with --list or --preview only"),
        (&["merge", "--obvious"], &["--limit", "1"], "--limit goes with --list or --preview only"),
        (&["merge", "--list"], &["--set", "city=Oslo"], "--set does not go with --list"),
        (&["rollback", "1"], &["--outcome", "kept"], "--outcome goes with --list only"),
        (&accept, &["--kind", "household"], "--kind goes with --matching only"),
        (&accept, &["--dry-run"], "--dry-run goes with --matching only"),
        (&["runs", "resume", "1"], &["--auto-merge", "off"], "--auto-merge means nothing for `runs resume`"),
    ] {
        println!("{command:?} {option:?}");
        let why = ["--reason", "why"];
        let why = if command.contains(&"--list") { &[][..] } else { &why[..] };
        desk.call(command.iter().chain(option).chain(why)).fails(2, &[says, "Usage: importer "]);
    }
    for (command, says) in [
        (&["quarantine", row, "--rule", "FMT-101"][..], "--rule does not go with ROW"),
        (&["quarantine", row, "--status", "all"], "--status does not go with ROW"),
        (&["people", "1", "--text", "ann"], "--text does not go with PERSON"),
        (&["runs", "1", "--limit", "2"], "--limit does not go with RUN"),
        (&["merge", "--list", "--reason", "why"], "--reason does not go with --list"),
    ] {
        desk.call(command).fails(2, &[says]);
    }
    desk.run("people.csv", &["--preview", "--summary-json"])
        .fails(2, &["--summary-json does not go with --preview"]);
    assert_eq!(state(), before);
}

#[test]
fn usage_shows_what_must_be_given_and_no_more() {
    let desk = Desk::new();
    let ended = desk.call(["fix", "1", "--set", "a=b", "--actor", "sam"]);
    ended.fails(2, &["Usage: importer fix [OPTIONS] --reason <REASON> <ROW|--bulk|--file <FILE>>"]);
    assert!(!ended.err.contains("--db"), "{ended:?}");
    desk.call(["runs", "resume", "1"])
        .fails(2, &["Usage: importer runs resume [OPTIONS] --reason <REASON> <RUN>"]);
}
