use std::process::ExitCode;

use importer::{Error, ErrorKind, Result};

use crate::count::counted;
use crate::export::check_name;
use crate::shared_args::{ScoreArgs, TrainArgs};
use crate::{out, say, scan, setup};

pub(crate) fn score(args: &ScoreArgs) -> Result<ExitCode> {
    if let Some(file) = &args.svg {
        check_name("--svg", file)?;
    }
    let (importer, bar) = scan::watched(&args.database, args.json)?;
    let model = args.model.as_deref().map(scan::model).transpose()?;
    let score = importer.desk(args.who.actor()).score(&args.entity, args.one, args.other, model.as_ref());
    bar.finish();
    let score = score?;
    if let Some(file) = &args.svg {
        write(file, &score.explanation.to_svg())?;
    }
    if args.json {
        out::as_is(serde_json::to_string(&score).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let explanation = &score.explanation;
    say!(
        "Records {} and {}, by the model {} ({})\n",
        score.left,
        score.right,
        score.model_checksum,
        score.model
    );
    out::text(&explanation.to_text());
    say!(
        "\n{:.2} % one person, {:.2} % two people of one household",
        100.0 * explanation.probability,
        100.0 * explanation.household
    );
    let why: Vec<&str> = explanation.held_back.iter().map(|objection| objection.text()).collect();
    if score.left_out > 0 {
        say!(
            "{} about fields that this role does not see: a scan weighs them, too.",
            counted(score.left_out as u64, "term is left out,", "terms are left out,")
        );
    }
    if why.is_empty() && score.left_out > 0 {
        say!("Nothing that this role sees speaks against merging them.");
    } else if why.is_empty() {
        say!("Nothing speaks against merging them.");
    } else {
        say!("Not merged automatically: {}.", why.join(", "));
    }
    if let Some(pairing) = &score.pairing {
        match pairing.why_not() {
            Some(why) => say!("A scan does not compare them: {why}."),
            None if pairing.shared_keys.is_empty() => say!("A scan of so few records compares all pairs."),
            None => say!("A scan compares them by: {}.", pairing.shared_keys.join(", ")),
        }
    }
    if !score.as_scanned {
        say!(
            "The core is large: names were counted by records; a scan counts them by people and may differ a little."
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn train(args: &TrainArgs) -> Result<ExitCode> {
    check_name("--out", &args.out)?;
    let (importer, bar) = scan::watched(&args.database, args.json)?;
    let training = importer.desk(args.who.actor()).train(&args.entity, args.weight, &args.reason);
    bar.finish();
    let training = training?;
    write(&args.out, &training.document.write())?;
    setup::tell_if_not_audited(&importer, "this training");
    if args.json {
        out::as_is(serde_json::to_string(&training).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    say!("{:<20} {:<26} {:>9} {:>12} {:>7}", "term", "level", "m", "u", "bits");
    for term in &training.document.terms {
        for level in &term.levels {
            let bits = (level.m / level.u).log2();
            say!("{:<20} {:<26} {:>9.4} {:>12.8} {bits:>+7.1}", term.name, level.name, level.m, level.u);
        }
    }
    say!("\nTo be expected, if these probabilities are right:");
    say!("{:>9} {:>10} {:>12} {:>10} {:>10}", "threshold", "pairs", "one person", "precision", "recall");
    for e in &training.expectations {
        say!(
            "{:>9} {:>10} {:>12.1} {:>10.4} {:>10.4}",
            e.threshold,
            e.pairs,
            e.expected_matches,
            e.precision,
            e.recall
        );
    }
    say!(
        "\nLearned from {}, {} and {} ({} one person, {} two people).",
        counted(training.document.records, "record", "records"),
        counted(training.pairs_scored, "scored pair", "scored pairs"),
        counted(training.decided_same + training.decided_other, "decision", "decisions"),
        training.decided_same,
        training.decided_other
    );
    say!("Model {} is in {}; use it with `scan --model`.", training.checksum, args.out.display());
    Ok(ExitCode::SUCCESS)
}

fn write(file: &std::path::Path, text: &str) -> Result<()> {
    std::fs::write(file, text)
        .map_err(|e| Error::new(ErrorKind::Config, "write a file", e.to_string()).at("file", file.display()))
}
